"""Everything with a side effect that a run needs: opened in one place, and put away there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import date as Date
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from digest.config import Settings
from digest.ledger import Ledger
from digest.llm.endpoint import Endpoint
from digest.model import Completion, Digest
from digest.pipeline.progress import Progress
from digest.publish.files import complete_digest
from digest.publish.keeping import of_sample
from digest.summarize.prompt import Prompt

if TYPE_CHECKING:
    from digest.model import Paper, Text
    from digest.sources.http_client import Http
    from digest.sources.source import AnnouncementSource
    from digest.summarize.checks import Rule

T = TypeVar("T")

_FLAGS = "fresh", "approximate", "batch", "wait", "sample"


class Reader(Protocol):
    """Turns papers into texts; a `TextReader` is one."""

    async def read(self, paper: Paper, model: str) -> Text:
        """See `TextReader.read`."""
        ...


@dataclass(frozen=True)
class Resources:
    """The settings of a run, and its ledger, endpoint and connections to arXiv.

    These reach out when they are first used: a day in the ledger needs no connection.

    An async context manager, which closes them. They pickle as the settings (with the key), prompt, clock and
    ledger that they were made of. Where they are unpickled they have connections of their own, which `close`
    ends, and show no progress.

    Attributes:
        under_way: questions that are being asked in this process, by their keys.
        collects: look at the open batches of the endpoint before a digest is made.
        source: where announcements come from; None: arXiv's own pages. It does not pickle.
    """

    settings: Settings
    prompt: Prompt
    ledger: Ledger
    http: Callable[[], Awaitable[Http]]
    reader: Callable[[], Awaitable[Reader]]
    endpoint: Endpoint
    progress: Progress
    clock: Callable[[], datetime]
    rules: Callable[[], tuple[Rule, ...]]
    opened: AsyncExitStack
    under_way: dict[str, asyncio.Task[Completion]] = field(default_factory=dict)
    fresh: bool = False
    approximate: bool = False
    batch: bool = False
    wait: bool = False
    sample: bool = False
    collects: bool = True
    source: AnnouncementSource | None = None

    def __reduce__(self) -> tuple[Callable[..., Resources], tuple[Any, ...]]:
        """As what they were made of."""
        flags = {name: getattr(self, name) for name in _FLAGS}
        return open_resources, (self.settings, self.prompt, self.ledger, Progress(), self.clock, flags)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connections. The ledger stays open: it belongs to whoever opened it."""
        await self.opened.aclose()

    def own(self, digest: Digest | None) -> Digest | None:
        """The digest, unless it is of the sample day and this is real work."""
        return None if digest is not None and of_sample(digest) and not self.sample else digest

    def finished(self, day: Date, section: str) -> Digest | None:
        """The published digest, if it is this work's own and nothing of it is left to do."""
        return self.own(complete_digest(self.settings.run.out, day, section))


def open_resources(
    settings: Settings,
    prompt: Prompt,
    ledger: Ledger,
    progress: Progress,
    clock: Callable[[], datetime],
    flags: Mapping[str, Any] | None = None,
) -> Resources:
    """Resources, a context manager that closes them; `flags`: those of `Resources`, by their names."""

    @cache
    def rules() -> tuple[Rule, ...]:
        from digest.summarize.checks import rules_for

        return rules_for(settings.checks)

    endpoint = Endpoint(
        settings.model,
        recall=lambda model: ledger.capabilities(endpoint.address, model),
        remember=lambda model, learned: ledger.keep_capabilities(endpoint.address, model, learned),
        say=progress.say,
    )
    opened = AsyncExitStack()
    opened.push_async_callback(endpoint.close)

    async def open_http() -> Http:
        from digest.sources.http_client import Http

        return await opened.enter_async_context(Http(settings.arxiv, ledger, clock=clock, say=progress.say))

    async def open_reader() -> Reader:
        from digest.text.reader import TextReader

        folder, address, client = settings.run.out / "pdf", settings.arxiv.pdf, await http()

        async def download(url: str, target: Path, limit_bytes: int) -> int:
            try:
                return await client.download(url, target, limit_bytes)
            finally:
                progress.step("PDFs")

        reader = TextReader(settings.text, folder, address, download, progress.say)
        return await opened.enter_async_context(reader)

    http, reader = _once(open_http), _once(open_reader)
    made = Resources(settings, prompt, ledger, http, reader, endpoint, progress, clock, rules, opened)
    return replace(made, **(flags or {}))


def _once(open_it: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
    """A function that opens the first time only, and gives all who ask what came of it."""
    lock, opened = asyncio.Lock(), list[T]()

    async def get() -> T:
        async with lock:
            if not opened:
                opened.append(await open_it())
            return opened[0]

    return get
