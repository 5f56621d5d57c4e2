"""What the stages are handed: opened in one place, and put away there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from digest.config import Settings
from digest.ledger import Ledger
from digest.llm.endpoint import Endpoint
from digest.model import Digest
from digest.pipeline.progress import Progress
from digest.publish.keeping import of_sample
from digest.summarize.prompt import Prompt

if TYPE_CHECKING:
    from digest.sources.http_client import Http
    from digest.summarize.checks import Rule
    from digest.text.reader import TextReader

T = TypeVar("T")


@dataclass(frozen=True)
class Resources:
    """What the stages are handed: everything with a side effect, and the settings of this run.

    What reaches out to arXiv is opened when it is first asked for: a day in the ledger needs none of it.
    """

    settings: Settings
    prompt: Prompt
    ledger: Ledger
    http: Callable[[], Awaitable[Http]]
    reader: Callable[[], Awaitable[TextReader]]
    endpoint: Endpoint
    progress: Progress
    clock: Callable[[], datetime]
    rules: Callable[[], tuple[Rule, ...]]
    fresh: bool = False
    approximate: bool = False
    batch: bool = False
    wait: bool = False
    sample: bool = False

    def own(self, digest: Digest | None) -> Digest | None:
        """The digest, unless it is of the sample day and this is real work."""
        return None if digest is not None and of_sample(digest) and not self.sample else digest


@asynccontextmanager
async def open_resources(
    settings: Settings,
    prompt: Prompt,
    ledger: Ledger,
    progress: Progress,
    clock: Callable[[], datetime],
) -> AsyncIterator[Resources]:
    """Open what a run needs, and put it all away again, whatever happens."""

    @cache
    def rules() -> tuple[Rule, ...]:
        from digest.summarize.checks import rules_for

        return rules_for(settings.checks)

    endpoint = Endpoint(
        settings.model,
        recall=lambda model: ledger.traits(endpoint.address, model),
        remember=lambda model, traits: ledger.keep_traits(endpoint.address, model, traits),
        say=progress.say,
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(endpoint.close)

        async def open_http() -> Http:
            from digest.sources.http_client import Http

            return await stack.enter_async_context(
                Http(settings.arxiv, ledger, clock=clock, say=progress.say)
            )

        async def open_reader() -> TextReader:
            from digest.text.reader import TextReader

            folder, address, client = settings.run.out / "pdf", settings.arxiv.pdf, await http()

            async def download(url: str, target: Path, limit_bytes: int) -> int:
                try:
                    return await client.download(url, target, limit_bytes)
                finally:
                    progress.step("PDFs")

            reader = TextReader(settings.text, folder, address, download, progress.say)
            return await stack.enter_async_context(reader)

        http, reader = _once(open_http), _once(open_reader)
        yield Resources(settings, prompt, ledger, http, reader, endpoint, progress, clock, rules)


def _once(open_it: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
    """The same, carried out the first time only; all who ask get what came of it."""
    lock, opened = asyncio.Lock(), list[T]()

    async def get() -> T:
        async with lock:
            if not opened:
                opened.append(await open_it())
            return opened[0]

    return get
