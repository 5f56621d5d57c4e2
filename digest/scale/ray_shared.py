"""The endpoint's and arXiv's services, and what stands for each where it is used.

Both run on the driver's machine and open the ledger for themselves: what was learned of the endpoint is kept
there, and whether a daily run is at work is seen there.
"""

from __future__ import annotations

import asyncio
import pickle
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from digest.config import CONCURRENCY, ArxivSettings, ModelSettings, Settings
from digest.ledger import Ledger
from digest.llm.endpoint import Endpoint
from digest.model import Completion, Request, SnapshotStore
from digest.pipeline.priority import BackfillThrottle
from digest.scale.ray_services import Relay, relay
from digest.sources.http_client import PAGES_SPACING, Http
from digest.sources.http_responses import Page, beside
from digest.system.errors import AnswerError
from digest.text.reader import Download


class _Host:
    """The part of a service's object that collects sentences for people, until a driver fetches them."""

    def __init__(self) -> None:
        self._said: list[str] = []

    def news(self) -> list[str]:
        said = [*self._said]
        self._said.clear()
        return said


# The endpoint

_REPLIES = 0.1
"""Seconds for the last answers to reach the driver before it hears that there are no more."""


class _EndpointHost(_Host):
    """One endpoint for all; a question that is under way already is not asked beside itself."""

    def __init__(
        self,
        settings: ModelSettings,
        ledger: Ledger,
        clock: Callable[[], float] = time.monotonic,
        *,
        restarted: bool,
    ) -> None:
        super().__init__()
        self._endpoint = endpoint = Endpoint(
            settings,
            recall=lambda model: ledger.capabilities(endpoint.address, model),
            remember=lambda model, learned: ledger.keep_capabilities(endpoint.address, model, learned),
            clock=clock,
            say=self._said.append,
        )
        BackfillThrottle(ledger).apply_to(endpoint)
        if restarted:
            endpoint.assume_used()
        self._under_way: dict[str, asyncio.Task[Completion]] = {}

    async def complete(self, request: Request) -> Completion:
        key = request.key
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._endpoint.complete(request))
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await asyncio.shield(task)

    def fits(self, request: Request) -> bool:
        return self._endpoint.fits(request)

    async def settled(self) -> None:
        await self._endpoint.settled()
        await asyncio.sleep(_REPLIES)


def _endpoint_host(settings: ModelSettings, ledger: bytes, restarted: bool) -> _EndpointHost:
    return _EndpointHost(settings, pickle.loads(ledger), restarted=restarted)  # noqa: S301 - our own


def endpoint_service(settings: Settings, ledger: Ledger) -> Relay:
    """The service that asks the endpoint, within its limits."""
    model = settings.model
    shaping = model.model_dump_json(), model.key.get_secret_value(), _ledger_place(settings)
    return relay("endpoint", partial(_endpoint_host, model, pickle.dumps(ledger)), *shaping)


class RelayEndpoint(Endpoint):
    """An endpoint whose questions the service sends; what it says of itself it knows here.

    No more questions are handed over than may be under way: the service outlives a driver that is killed, and
    what it holds then is asked in vain.

    Args:
        settings: of the model; the key is only needed for batches.
        service: see `endpoint_service`.
        ledger: what was learned of the endpoint is read from it.
    """

    def __init__(self, settings: ModelSettings, service: Relay, ledger: Ledger) -> None:
        super().__init__(
            settings,
            recall=lambda model: ledger.capabilities(self.address, model),
            remember=lambda model, learned: ledger.keep_capabilities(self.address, model, learned),
        )
        self._service = service
        self._places = asyncio.Semaphore(settings.concurrency or CONCURRENCY)
        self._too_long = False

    async def complete(self, request: Request) -> Completion:
        """See `Endpoint.complete`."""
        try:
            async with self._places:
                completion: Completion = await self._service.later("complete", request)
        except AnswerError as error:
            self._too_long |= error.code == "too_long"
            raise
        return completion

    def fits(self, request: Request) -> bool:
        """See `Endpoint.fits`. The service is asked only where something is known to be too long."""
        if not self._too_long and self.capabilities(request.model).longest is None:
            return True
        return bool(self._service.now("fits", request))

    async def settled(self) -> None:
        """See `Endpoint.settled`."""
        await self._service.later("settled")


# The connection to arXiv


class _ArxivHost(_Host):
    def __init__(
        self,
        settings: ArxivSettings,
        ledger: Ledger,
        clock: Callable[[], datetime],
        *,
        restarted: bool,
    ) -> None:
        super().__init__()
        self._http = Http(settings, ledger, clock=clock, say=self._said.append)
        self._http.elsewhere = BackfillThrottle(ledger).wait
        self._opening = asyncio.Lock()
        self._opened = False
        self._pause = PAGES_SPACING if restarted else 0.0  # when the last request was is not known

    async def get(self, url: str, attempts: int | None) -> Page:
        return await (await self._open()).get(url, attempts=attempts)

    async def download(self, url: str, limit_bytes: int) -> bytes:
        with tempfile.TemporaryDirectory(prefix="digest-") as folder:
            target = Path(folder) / "paper.pdf"
            await (await self._open()).download(url, target, limit_bytes)
            return target.read_bytes()

    async def _open(self) -> Http:
        async with self._opening:
            if not self._opened:
                await asyncio.sleep(self._pause)
                await self._http.__aenter__()
                self._opened = True
        return self._http


def _arxiv_host(
    settings: ArxivSettings, ledger: bytes, clock: Callable[[], datetime], restarted: bool
) -> _ArxivHost:
    return _ArxivHost(settings, pickle.loads(ledger), clock, restarted=restarted)  # noqa: S301 - our own


def arxiv_service(settings: Settings, ledger: Ledger, clock: Callable[[], datetime]) -> Relay:
    """The service that asks arXiv, over one connection, with the pauses that it wants."""
    make = partial(_arxiv_host, settings.arxiv, pickle.dumps(ledger), clock)
    return relay("arxiv", make, settings.arxiv.model_dump_json(), _ledger_place(settings))


def _ledger_place(settings: Settings) -> str:
    """The place of the ledger: an address, or an absolute path."""
    return settings.ledger.url.get_secret_value() or str(settings.run.out.absolute())


def download_through(service: Relay) -> Download:
    """Fetches files from arXiv by the service. Raises as `Http.download`, and LedgerError if it is gone."""

    async def download(url: str, target: Path, limit_bytes: int) -> int:
        content: bytes = await service.later("download", url, limit_bytes)
        with beside(target) as file:
            file.write(content)
        return len(content)

    return download


class RelayHttp(Http):
    """Asks arXiv through the service.

    Args:
        settings: arXiv's addresses.
        snapshots: where answers are looked up; the service keeps them.
        service: see `arxiv_service`.
    """

    def __init__(self, settings: ArxivSettings, snapshots: SnapshotStore, service: Relay) -> None:
        super().__init__(settings, snapshots)
        self._service = service

    async def get(self, url: str, *, attempts: int | None = None) -> Page:
        """See `Http.get`."""
        page: Page = await self._service.later("get", url, attempts)
        return page
