"""The engine of many processes and machines: workers read the papers, services ask; the rest is as on one.

The driver makes the entries, with the ledger at hand, and holds the papers of one day. A worker that dies,
with its machine or alone, is replaced; its papers go to others.
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

from digest.model import Paper, Text
from digest.pipeline.resources import Resources
from digest.scale.ray_services import Relay
from digest.scale.ray_shared import RelayEndpoint, RelayHttp, arxiv_service, endpoint_service
from digest.scale.ray_worker import PaperWorker, Setup, without_key
from digest.system.errors import DigestError, UsageError

logger = logging.getLogger(__name__)

_SLOTS = 3
"""Papers that a worker has at once: one is read, the others are on their way."""

_LOSSES = 100
"""Workers that may die one after another over one paper."""

_STARTS = 5
"""Workers that may die before they are ready, for each that is wanted, before it is no accident."""

_LONG = 30.0
"""Seconds without a worker after which it is told."""

_NEWS = 1.0
"""Seconds between looks for what services have to say."""


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
        say: tells a person why nothing happens.
    """

    setup: Setup
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
        options = {"num_cpus": 1, "scheduling_strategy": "SPREAD", "max_concurrency": _SLOTS + 1}
        while not self._broken.done():
            worker = _Worker(ray.remote(PaperWorker).options(**options).remote(self.setup))
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
            for _ in range(_SLOTS):
                self._free.put_nowait(worker)
            return

    async def take(self) -> _Worker:
        """A free place of a worker.

        Raises:
            UsageError: no worker can be started.
        """
        while not (worker := await self._next()).alive:
            pass
        return worker

    async def _next(self) -> _Worker:
        getting = asyncio.ensure_future(self._free.get())
        try:
            await self._there(getting)
        except BaseException:  # also when cancelled: no worker is lost; raised again
            if not getting.cancel():
                self.give(getting.result())
            raise
        return getting.result()

    async def _there(self, getting: asyncio.Future[_Worker]) -> None:
        """Wait for it, unless there will be none."""
        told = False
        while not getting.done():
            await asyncio.wait({getting, self._broken}, timeout=_LONG, return_when=asyncio.FIRST_COMPLETED)
            if self._broken.done():
                raise self._broken.exception() or AssertionError
            if not getting.done() and not told and len(self._starting) >= self._wanted:
                told = True
                self.say("No worker can be placed: waiting for a machine to join the Ray cluster.")

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


@dataclass
class _RayReader:
    """Has papers read by workers. See `Reader` of `digest.pipeline.resources`."""

    pool: _Pool
    say: Callable[[str], None]
    _said: set[str] = field(default_factory=set)

    async def read(self, paper: Paper, model: str) -> Text:
        """The passages of a paper for a prompt to `model`, or none, with the reason."""
        text, said, error = await self._read(paper, model)
        for sentence in said:
            if sentence not in self._said:  # each worker has found out for itself
                self._said.add(sentence)
                self.say(sentence)
        if error is not None:
            raise error
        assert text is not None
        return text

    async def _read(self, paper: Paper, model: str) -> tuple[Text | None, list[str], DigestError | None]:
        for _ in range(_LOSSES):
            worker = await self.pool.take()
            try:
                answer: tuple[Text | None, list[str], DigestError | None]
                answer = await worker.actor.read.remote(paper, model)
            except ray.exceptions.RayActorError as died:
                logger.debug("a worker died over %s", paper.id, exc_info=died)
                self.pool.lost(worker)
            except ray.exceptions.ObjectLostError as died:
                logger.debug("a node died with the text of %s", paper.id, exc_info=died)
            else:
                return answer
            finally:
                self.pool.give(worker)
        raise DigestError(f"{_LOSSES} workers died over {paper.id}, one after another.")


@asynccontextmanager
async def through_ray(
    resources: Resources, workers: int, mirror: Path | None, *, fetch: bool
) -> AsyncIterator[Resources]:
    """The run's resources as they go through workers and the services that all share.

    Args:
        resources: of the run.
        workers: how many.
        mirror: the folder of papers, if there is one; an absolute path.
        fetch: ask arXiv for PDFs that are not there.
    """
    settings, say = resources.settings, resources.progress.say
    endpoint = endpoint_service(settings, resources.ledger)
    arxiv = arxiv_service(settings, resources.ledger, resources.clock)
    pool = _Pool(Setup(without_key(settings), arxiv if fetch else None, mirror), say)
    http, reader = RelayHttp(settings.arxiv, resources.ledger, arxiv), _RayReader(pool, say)

    async def get_http() -> RelayHttp:
        return http

    async def get_reader() -> _RayReader:
        return reader

    relayed = RelayEndpoint(settings.model, endpoint, resources.ledger)
    pool.grow(workers)
    news = asyncio.create_task(_pass_on((endpoint, arxiv), say))
    try:
        yield replace(resources, http=get_http, reader=get_reader, endpoint=relayed)
    finally:
        news.cancel()
        await pool.close()
        for service in (endpoint, arxiv):
            with contextlib.suppress(ray.exceptions.RayError, ValueError):
                service.leave()
        await relayed.close()


async def _pass_on(services: Sequence[Relay], say: Callable[[str], None]) -> None:
    """Tell a person what services say; this keeps them alive, too."""
    while True:
        for service in services:
            for sentence in await service.later("news"):
                say(sentence)
        await asyncio.sleep(_NEWS)
