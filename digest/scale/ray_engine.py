"""The engine of many processes and machines: papers are handed to workers, and what comes back is in order.

The driver holds the papers of one day and nothing of the days before. A worker that dies, with its machine or
alone, is replaced; its papers go to others. What its papers were answered is in the ledger by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import ray

from digest.config import CONCURRENCY
from digest.errors import DigestError, ModelError, UsageError
from digest.llm.cached_client import RunUsage
from digest.pipeline.entry import Others, PaperResult, PaperTask
from digest.pipeline.resources import Resources
from digest.scale.ray_ledger import ledger_service
from digest.scale.ray_services import Relay
from digest.scale.ray_shared import (
    RelayEndpoint,
    RelayHttp,
    arxiv_service,
    endpoint_service,
)
from digest.scale.ray_worker import PaperWorker, Setup, without_key

logger = logging.getLogger(__name__)

_SPARE = 3
"""Papers of a worker that are read or checked, beside those whose questions are under way."""

_LOSSES = 100
"""Workers that may die one after another over one paper."""

_STARTS = 5
"""Workers that may die before they are ready, for each that is wanted, before it is no accident."""

_LONG, _NEWS = 30.0, 1.0
"""Seconds without a worker after which it is told, and between looks what services have to say."""


@dataclass
class _Worker:
    """A worker, and whether it is alive as far as is known."""

    actor: Any
    alive: bool = True


@dataclass
class _Pool:
    """The workers' free places.

    Attributes:
        setup: what workers are told.
        slots: papers of one worker at once.
        say: tells a person why nothing happens.
    """

    setup: Setup
    slots: int
    say: Callable[[str], None]
    _free: asyncio.Queue[_Worker] = field(default_factory=asyncio.Queue)
    _starting: set[asyncio.Task[None]] = field(default_factory=set)
    _workers: set[int] = field(default_factory=set)
    _failed: int = 0
    _wanted: int = 0
    _broken: asyncio.Future[_Worker] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def grow(self, count: int) -> None:
        """Start so many workers; each is free to be taken when it is ready."""
        self._wanted += count
        for _ in range(count):
            self._start()

    def _start(self) -> None:
        task = asyncio.create_task(self._ready())
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _ready(self) -> None:
        options = {"num_cpus": 1, "scheduling_strategy": "SPREAD", "max_concurrency": self.slots + 2}
        while not self._broken.done():
            worker = _Worker(ray.remote(PaperWorker).options(**options).remote(self.setup, self.slots))
            try:
                error = await worker.actor.ready.remote()
            except ray.exceptions.RayActorError as died:
                self._failed += 1
                if self._failed <= _STARTS * self._wanted:
                    continue
                error = UsageError(f"Workers die before they begin: {' '.join(str(died).split())[:300]}")
            if error is not None:
                if not self._broken.done():
                    self._broken.set_exception(error)
                return
            self._failed = 0
            for _ in range(self.slots):
                self._free.put_nowait(worker)
            return

    async def take(self) -> _Worker:
        """A free place of a worker.

        Raises:
            UsageError: no worker can be started.
        """
        while True:
            getting = asyncio.ensure_future(self._free.get())
            told = False
            while not getting.done():
                await asyncio.wait(
                    {getting, self._broken}, timeout=_LONG, return_when=asyncio.FIRST_COMPLETED
                )
                if self._broken.done():
                    getting.cancel()
                    raise self._broken.exception() or AssertionError
                if not getting.done() and not told and len(self._starting) >= self._wanted:
                    told = True
                    self.say("No worker can be placed: waiting for a machine to join the Ray cluster.")
            worker = getting.result()
            if worker.alive:
                return worker

    def give(self, worker: _Worker) -> None:
        """The place is free again."""
        if worker.alive:
            self._free.put_nowait(worker)

    def lost(self, worker: _Worker) -> None:
        """The worker is dead: another is started in its place."""
        if worker.alive:
            worker.alive = False
            self._start()

    async def close(self) -> None:
        """Start no more."""
        for task in tuple(self._starting):
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        if not self._broken.done():
            self._broken.cancel()
        elif not self._broken.cancelled():
            self._broken.exception()


@dataclass(frozen=True)
class RayEngine:
    """See `digest.pipeline.entries.Engine`."""

    pool: _Pool

    async def __call__(
        self, tasks: Sequence[PaperTask], others: Others, resources: Resources, usage: RunUsage
    ) -> Sequence[PaperResult]:
        """The results, in the order of the tasks; what they took is added to `usage`."""
        resources.progress.start("papers", len(tasks))
        day = ray.put(others)
        names = ("fresh", "approximate", "batch", "wait", "sample")
        flags = {name: getattr(resources, name) for name in names}

        async def carry_out(task: PaperTask) -> PaperResult:
            result, taken, error = await self._made(task, [day], flags)
            usage.add(taken)
            if isinstance(error, ModelError):  # it ends the run, but what is under way is paid for
                await resources.endpoint.settled()
            if error is not None:
                raise error
            assert result is not None
            resources.progress.step("papers")
            return result

        try:
            async with asyncio.TaskGroup() as group:
                running = [group.create_task(carry_out(task)) for task in tasks]
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [one.result() for one in running]

    async def _made(
        self, task: PaperTask, day: list[Any], flags: dict[str, bool]
    ) -> tuple[PaperResult | None, RunUsage, DigestError | None]:
        for _ in range(_LOSSES):
            worker = await self.pool.take()
            try:
                answer: tuple[PaperResult | None, RunUsage, DigestError | None]
                answer = await worker.actor.make.remote(task, day, flags)
            except ray.exceptions.RayActorError as died:
                logger.debug("a worker died over %s", task.paper.id, exc_info=died)
                self.pool.lost(worker)
            else:
                self.pool.give(worker)
                return answer
        raise DigestError(f"{_LOSSES} workers died over {task.paper.id}, one after another.")


@asynccontextmanager
async def ray_engine(
    resources: Resources, workers: int, mirror: Path | None, *, fetch: bool
) -> AsyncIterator[tuple[RayEngine, Resources]]:
    """The engine, and the run's resources as they go through the services that all share.

    Args:
        resources: of the run.
        workers: how many.
        mirror: the folder of papers, if there is one; an absolute path.
        fetch: ask arXiv for PDFs that are not there.
    """
    settings, say = resources.settings, resources.progress.say
    ledger = ledger_service(resources.ledger)
    endpoint = endpoint_service(settings.model, ledger)
    arxiv = arxiv_service(settings.arxiv, ledger, resources.clock)
    setup = Setup(
        settings=without_key(settings),
        prompt=resources.prompt,
        clock=resources.clock,
        ledger=ledger,
        endpoint=endpoint,
        arxiv=arxiv,
        mirror=mirror,
        fetch=fetch,
    )
    http = RelayHttp(settings.arxiv, resources.ledger, arxiv)

    async def get_http() -> RelayHttp:
        return http

    relayed = RelayEndpoint(settings.model, endpoint, resources.ledger)
    at_once = -(-(settings.model.concurrency or CONCURRENCY) // workers) + _SPARE
    pool = _Pool(setup, at_once, say)
    pool.grow(workers)
    news = asyncio.create_task(_pass_on((endpoint, arxiv), say))
    try:
        yield RayEngine(pool), replace(resources, http=get_http, endpoint=relayed)
    finally:
        news.cancel()
        await pool.close()
        with contextlib.suppress(DigestError, ray.exceptions.RayError):
            ledger.now("do", "close")
        for service in (endpoint, arxiv, ledger):
            with contextlib.suppress(ray.exceptions.RayError, ValueError):
                service.end()
        await relayed.close()


async def _pass_on(services: Sequence[Relay], say: Callable[[str], None]) -> None:
    """Tell a person what services say; this keeps them alive, too."""
    while True:
        for service in services:
            for sentence in await service.later("news"):
                say(sentence)
        await asyncio.sleep(_NEWS)
