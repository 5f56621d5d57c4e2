"""The three services by what they serve, and what stands for each where it is used."""

from __future__ import annotations

import asyncio
import pickle
import tempfile
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

from digest.config import ArxivSettings, ModelSettings
from digest.ledger import Ledger, SnapshotStore
from digest.llm.endpoint import Endpoint
from digest.model import Completion, Request
from digest.pipeline.priority import Courtesy
from digest.scale.ray_services import Relay, relay
from digest.sources.http_client import PAGES_SPACING, Http, Page
from digest.sources.http_responses import beside

# The ledger


class _LedgerHost:
    def __init__(self, ledger: bytes) -> None:
        self._ledger: Ledger = pickle.loads(ledger)  # noqa: S301 - our own

    def do(self, method: str, *args: object) -> object:
        return getattr(self._ledger, method)(*args)

    def batch(self, endpoint: str, method: str, *args: object) -> object:
        return getattr(self._ledger.batches(endpoint), method)(*args)


def _ledger_host(ledger: bytes, restarted: bool) -> _LedgerHost:  # noqa: ARG001 - see `Make`
    return _LedgerHost(ledger)


class _RelayLog:
    """Stands for a `BatchLog`."""

    def __init__(self, service: Relay, endpoint: str) -> None:
        self._service = service
        self._endpoint = endpoint

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return partial(self._service.now, "batch", self._endpoint, method)


class _RelayLedger:
    """Stands for a `Ledger`: each call is one to the service.

    What can be made again is sent and not waited for; it is there before what is kept after it, for calls of
    one process are carried out in order.
    """

    def __init__(self, service: Relay) -> None:
        self._service = service

    def __reduce__(self) -> tuple[type[_RelayLedger], tuple[Relay]]:
        return type(self), (self._service,)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("_"):
            raise AttributeError(method)
        return partial(self._service.now, "do", method)

    def event(self, *args: object) -> None:
        self._service.send("do", "event", *args)

    def keep_text(self, *args: object) -> None:
        self._service.send("do", "keep_text", *args)

    def keep_outcome(self, *args: object) -> None:
        self._service.send("do", "keep_outcome", *args)

    def release(self, key: str) -> None:
        self._service.send("do", "release", key)

    def batches(self, endpoint: str) -> _RelayLog:
        return _RelayLog(self._service, endpoint)


def ledger_service(ledger: Ledger) -> Relay:
    """The service that keeps this ledger, which pickles as where it is."""
    return relay("ledger", partial(_ledger_host, pickle.dumps(ledger)))


def relayed_ledger(service: Relay) -> Ledger:
    """A ledger that is kept by the service."""
    return cast("Ledger", _RelayLedger(service))


# The endpoint


class _EndpointHost:
    """One endpoint for all; a question that is under way already is not asked beside itself."""

    def __init__(self, settings: ModelSettings, ledger: Ledger, *, restarted: bool) -> None:
        self._said: list[str] = []
        self._endpoint = endpoint = Endpoint(
            settings,
            recall=lambda model: ledger.traits(endpoint.address, model),
            remember=lambda model, traits: ledger.keep_traits(endpoint.address, model, traits),
            say=self._said.append,
        )
        Courtesy(ledger).slows(endpoint)
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

    def news(self) -> list[str]:
        said = [*self._said]
        self._said.clear()
        return said


def _endpoint_host(settings: ModelSettings, ledger: Relay, restarted: bool) -> _EndpointHost:
    return _EndpointHost(settings, relayed_ledger(ledger), restarted=restarted)


def endpoint_service(settings: ModelSettings, ledger: Relay) -> Relay:
    """The service that asks the endpoint, within its limits."""
    return relay("endpoint", partial(_endpoint_host, settings, ledger))


class RelayEndpoint(Endpoint):
    """An endpoint whose questions the service sends; what it says of itself it knows here.

    Args:
        settings: of the model; the key is only needed for batches.
        service: see `endpoint_service`.
        ledger: what was learned of the endpoint is read from it.
    """

    def __init__(self, settings: ModelSettings, service: Relay, ledger: Ledger) -> None:
        super().__init__(
            settings,
            recall=lambda model: ledger.traits(self.address, model),
            remember=lambda model, traits: ledger.keep_traits(self.address, model, traits),
        )
        self._service = service

    async def complete(self, request: Request) -> Completion:
        """See `Endpoint.complete`."""
        completion: Completion = await self._service.later("complete", request)
        return completion

    def fits(self, request: Request) -> bool:
        """See `Endpoint.fits`."""
        return bool(self._service.now("fits", request))

    async def settled(self) -> None:
        """See `Endpoint.settled`."""
        await self._service.later("settled")


# The connection to arXiv


class _ArxivHost:
    def __init__(
        self,
        settings: ArxivSettings,
        ledger: Ledger,
        clock: Callable[[], datetime],
        *,
        restarted: bool,
    ) -> None:
        self._said: list[str] = []
        self._http = Http(settings, ledger, clock=clock, say=self._said.append)
        self._http.elsewhere = Courtesy(ledger).wait
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

    def news(self) -> list[str]:
        said = [*self._said]
        self._said.clear()
        return said

    async def _open(self) -> Http:
        async with self._opening:
            if not self._opened:
                await asyncio.sleep(self._pause)
                await self._http.__aenter__()
                self._opened = True
        return self._http


def _arxiv_host(
    settings: ArxivSettings,
    ledger: Relay,
    clock: Callable[[], datetime],
    restarted: bool,
) -> _ArxivHost:
    return _ArxivHost(settings, relayed_ledger(ledger), clock, restarted=restarted)


def arxiv_service(settings: ArxivSettings, ledger: Relay, clock: Callable[[], datetime]) -> Relay:
    """The service that asks arXiv, over one connection, with the pauses that it wants."""
    return relay("arxiv", partial(_arxiv_host, settings, ledger, clock))


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

    async def download(self, url: str, target: Path, limit_bytes: int) -> int:
        """See `Http.download`."""
        content: bytes = await self._service.later("download", url, limit_bytes)
        with beside(target) as file:
            file.write(content)
        return len(content)
