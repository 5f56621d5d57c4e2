"""A worker: a Ray actor that makes entries, several at once. It keeps nothing that is not kept elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import ray
from pydantic import SecretStr

from digest.config import LedgerSettings, Settings
from digest.errors import DigestError
from digest.llm.cached_client import RunUsage
from digest.model import Paper, Text
from digest.pipeline.entry import Others, PaperResult, PaperTask, entry, former_recipes, recipe
from digest.pipeline.progress import Silent
from digest.pipeline.resources import Resources, open_resources
from digest.scale.mirror_reader import MirrorReader, open_reader
from digest.scale.ray_ledger import relayed_ledger, task_ledger
from digest.scale.ray_services import Relay
from digest.scale.ray_shared import RelayEndpoint, RelayHttp
from digest.sources.bulk.mirror import Mirror
from digest.summarize.prompt import Prompt
from digest.text.reader import Download


@dataclass(frozen=True)
class Setup:
    """All that a worker is told; it pickles, and holds no key.

    Attributes:
        mirror: the folder of papers, under the same path on every machine.
        fetch: ask arXiv for PDFs.
    """

    settings: Settings
    prompt: Prompt
    clock: Callable[[], datetime]
    ledger: Relay
    endpoint: Relay
    arxiv: Relay
    mirror: Path | None
    fetch: bool


def without_key(settings: Settings) -> Settings:
    """The settings as workers may know them: with absolute paths, and neither key nor password."""
    model = settings.model.model_copy(update={"key": SecretStr("")})
    run = settings.run.model_copy(update={"out": settings.run.out.absolute()})
    return settings.model_copy(update={"model": model, "run": run, "ledger": LedgerSettings()})


@dataclass(frozen=True)
class _Bridged:
    """A reader of one event loop, for those of other threads."""

    reader: MirrorReader
    loop: asyncio.AbstractEventLoop

    async def read(self, paper: Paper, model: str) -> Text:
        reading = asyncio.run_coroutine_threadsafe(self.reader.read(paper, model), self.loop)
        return await asyncio.wrap_future(reading)


class PaperWorker:
    """The actor. Each paper has a thread, as calls to the ledger are waited for; one process reads files.

    Args:
        setup: see there.
        slots: papers at once.
    """

    def __init__(self, setup: Setup, slots: int) -> None:
        self._setup = setup
        self._threads = ThreadPoolExecutor(slots)
        self._stack = AsyncExitStack()
        self._resources: Resources | None = None
        self._day: tuple[str, Others] = ("", Others())
        self._turn = asyncio.Lock()

    async def ready(self) -> DigestError | None:
        """Open everything; what is wrong with the settings on this machine."""
        try:
            self._resources = await self._open()
        except DigestError as error:
            return error
        return None

    async def make(
        self, task: PaperTask, day: Sequence[ray.ObjectRef[Others]], flags: dict[str, bool]
    ) -> tuple[PaperResult | None, RunUsage, DigestError | None]:
        """One paper's entry, what it took, and what went wrong for all papers, if something did.

        Args:
            task: the paper.
            day: a reference to the papers of its day, in a list, so that they are fetched once a day only.
            flags: those of `Resources` for this digest.
        """
        assert self._resources is not None, "it is ready before it works"
        usage, paper = RunUsage(), task.paper.versioned_id
        ledger, flush = await task_ledger(self._setup.ledger, paper, self._recipes(task))
        resources = replace(self._resources, under_way={}, ledger=ledger, **flags)  # type: ignore[arg-type]
        others = await self._others(day[0])

        def work() -> PaperResult:
            return asyncio.run(entry(task, others, resources, usage))

        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work), usage, None
        except DigestError as error:
            return None, usage, error
        finally:
            flush()

    def _recipes(self, task: PaperTask) -> tuple[str, ...]:
        """Under which the paper's text may be kept; none where no text is asked for."""
        settings = self._setup.settings
        wanted = settings.text.source == "pdf" and self._setup.prompt.reads_text
        if not wanted or task.paper.version is None or settings.run.reuse_unchanged:
            return ()
        return recipe(settings.text), *former_recipes(settings.text)

    async def _others(self, day: ray.ObjectRef[Others]) -> Others:
        async with self._turn:
            if self._day[0] != day.hex():
                self._day = day.hex(), await day
            return self._day[1]

    async def _open(self) -> Resources:
        setup = self._setup
        settings, ledger = setup.settings, relayed_ledger(setup.ledger)
        opening = open_resources(settings, setup.prompt, ledger, Silent(), setup.clock)
        resources = await self._stack.enter_async_context(opening)
        http = RelayHttp(settings.arxiv, ledger, setup.arxiv)
        mirror = None if setup.mirror is None else Mirror(setup.mirror)

        async def get_http() -> RelayHttp:
            return http

        async def download() -> Download:
            return http.download

        fetch = download if setup.fetch else None
        opening_reader = open_reader(settings, mirror, fetch, lambda _: None, workers=1)
        reader = await self._stack.enter_async_context(opening_reader)

        bridged = _Bridged(reader, asyncio.get_running_loop())

        async def get_reader() -> _Bridged:
            return bridged

        endpoint = RelayEndpoint(settings.model, setup.endpoint, ledger)
        return replace(resources, http=get_http, reader=get_reader, endpoint=endpoint)
