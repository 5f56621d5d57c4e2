"""The one client through which everything is asked of arXiv: polite, and patient within bounds.

Spacing is what arXiv asks for: robots.txt says `Crawl-delay: 15` for its pages, the terms of use of its API
say one request in three seconds over one connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import urlsplit

import httpx2
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from digest import __version__
from digest.config import ArxivSettings
from digest.model import NoSnapshots, SnapshotStore
from digest.sources.http_responses import (
    LONGEST_WAIT,
    Page,
    TransientHttpError,
    as_transient,
    beside,
    copy,
    headline,
    is_throttling,
    read,
    refuses_for_good,
    snapshot_of,
    validators,
    waits,
)
from digest.system.clock import Clock
from digest.system.errors import ClosedError, UnavailableError, UnreachableError, WithdrawnError
from digest.system.network import client_options, explained, on_this_machine
from digest.system.reach import offline_tries
from digest.system.retry_after import retry_after

T = TypeVar("T")

logger = logging.getLogger(__name__)

PAGES_SPACING = 15.0
OTHER_SPACING = 3.0
"""Seconds between the end of one request to a host and the start of the next."""

_RETRIED = frozenset({406, 408, 425, 429, 500, 502, 503, 504})
_RETRIED_PDF = _RETRIED - {500}  # arXiv says 500 for papers whose PDF it failed to make
_WORTH_SAYING = 5.0
_CLOCK = Clock()
_OFFLINE_TRIES, _OFFLINE_WAIT = 2, 2.0
"""Tries where no connection ever came about, and the seconds between them."""

_PAGE_LIMIT = 64 << 20
_CALL_SECONDS = 300.0


@dataclass
class _Host:
    name: str
    spacing: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    free: datetime | None = None
    offline: str = ""
    """The reason why no connection came about, while nothing was ever answered: it is asked no more."""


class Http:
    """An async context manager around one `httpx2.AsyncClient`.

    Args:
        settings: arXiv's addresses and the contact that the User-Agent names.
        snapshots: where answers are kept, and where validators (ETag) come from; None: nowhere.
        sleep: waits so many seconds; tests hand in one that does not.
        clock: says the time (aware, UTC).
        say: tells a person why it takes so long.
        budget: seconds that a run may lose to failed requests and the waits after them. Once they are
            lost, arXiv counts as down, and every further request fails at once.
        attempts: how often one request is sent.
        connect: seconds to reach a host.
        read: seconds of silence before an answer counts as failed.

    Attributes:
        elsewhere: seconds to wait for somebody who goes first.
    """

    def __init__(
        self,
        settings: ArxivSettings,
        snapshots: SnapshotStore | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], datetime] = _CLOCK,
        say: Callable[[str], None] = lambda _: None,
        budget: float = 1800,
        attempts: int = 5,
        connect: float = 10,
        read: float = 60,
    ) -> None:
        self.settings = settings
        self.snapshots = NoSnapshots() if snapshots is None else snapshots
        self._sleep = sleep
        self._clock = clock
        self._say = say
        self._budget = budget
        self._attempts = attempts
        self._hosts: dict[str, _Host] = {}
        self._timeout = httpx2.Timeout(read, connect=connect)
        self._client: httpx2.AsyncClient | None = None
        self.elsewhere: Callable[[], float] = lambda: 0.0
        self._reached = False

    async def __aenter__(self) -> Self:
        places = self.settings
        options = client_options(places.pages, places.api, places.feed, places.pdf, places.oai)
        with explained():
            self._client = httpx2.AsyncClient(
                headers={"User-Agent": _user_agent(self.settings.contact)},
                timeout=self._timeout,
                follow_redirects=True,
                max_redirects=5,
                **options,
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def get(self, url: str, *, attempts: int | None = None) -> Page:
        """The page at `url`, decoded as UTF-8, as all of arXiv is.

        A page that was checked before is asked for conditionally, and its snapshot returned when arXiv
        says that nothing has changed. Whatever comes is kept as a snapshot without a label.

        Raises:
            UnreachableError: no usable answer after `attempts` tries, or the budget is used up.
        """
        known = self.snapshots.get(url)

        async def ask() -> Page:
            async with self._stream(url, validators(known), _RETRIED) as response:
                if response.status_code == 304 and known is not None:
                    return Page(url, known.status, known.body, dict(response.headers), known.fetched)
                body = await read(response, _PAGE_LIMIT)
            if not body.strip() or is_throttling(body):
                raise TransientHttpError(
                    "arXiv answers 'Rate exceeded.'" if body.strip() else "the answer is empty"
                )
            text = body.decode("utf-8", "replace")
            page = Page(url, response.status_code, text, dict(response.headers), self._clock())
            self.snapshots.put(snapshot_of(page))
            return page

        return await self._patiently(url, ask, attempts)

    async def download(self, url: str, target: Path, limit_bytes: int) -> int:
        """Write the PDF at `url` to `target`, which appears only when it is complete; returns its bytes.

        Raises:
            TooLargeError: more than `limit_bytes`.
            UnavailableError: arXiv answers with a page that says why there is no PDF; `WithdrawnError` if
                there will be none.
            UnreachableError: no usable answer now.
        """

        async def ask() -> int:
            async with self._stream(url, {}, _RETRIED_PDF) as response:
                if response.status_code != 200:
                    reason = headline(await read(response, _PAGE_LIMIT))
                    sentence = f"{url}: arXiv has no PDF (HTTP {response.status_code}): {reason}."
                    kind = WithdrawnError if refuses_for_good(sentence) else UnavailableError
                    raise kind(sentence)
                with beside(target) as file:
                    return await copy(response, file, limit_bytes)

        return await self._patiently(url, ask, None)

    async def _patiently(self, url: str, ask: Callable[[], Awaitable[T]], attempts: int | None) -> T:
        """Ask until it works, as often as allowed; others who want the same host wait for their turn."""
        limit = attempts or self._attempts
        host = self._host(url)

        async def attempt() -> T:
            await self._take_turn(host)
            begun = self._clock()
            try:
                async with asyncio.timeout(_CALL_SECONDS):
                    return await ask()
            except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.TooManyRedirects) as error:
                raise UnreachableError(f"{url}: cannot be asked: {error}.") from error
            except (TransientHttpError, httpx2.HTTPError, TimeoutError) as error:
                logger.debug("%s", url, exc_info=error)
                self._budget -= (self._clock() - begun).total_seconds()
                raise self._passing(error, url, host) from error
            finally:
                host.free = self._clock() + timedelta(seconds=0 if host.offline else host.spacing)

        def stop(state: RetryCallState) -> bool:
            most = min(limit, _OFFLINE_TRIES) if host.offline else limit
            return state.attempt_number >= most or self._budget <= state.upcoming_sleep

        def spend(state: RetryCallState) -> None:
            self._budget -= state.upcoming_sleep
            if state.upcoming_sleep >= _WORTH_SAYING and state.outcome:
                self._say(
                    f"{host.name}: {state.outcome.exception()}; trying again in "
                    f"{state.upcoming_sleep:.0f} s (try {state.attempt_number} of {limit})"
                )

        retrying = AsyncRetrying(
            sleep=self._sleep,
            stop=stop,
            wait=waits(max(host.spacing, 0.1)),
            retry=retry_if_exception_type(TransientHttpError),
            before_sleep=spend,
            reraise=True,
        )
        async with host.lock:
            self._refuse_hopeless(url, host)
            try:
                return await retrying(attempt)
            except TransientHttpError as fault:
                tries = retrying.statistics.get("attempt_number", limit)
                said = str(fault) if host.offline else f"no usable answer in {tries} tries: {fault}"
                raise UnreachableError(
                    f"{url}: {said}. Check the network and its proxy, or try again later."
                ) from fault

    def _passing(self, error: Exception, url: str, host: _Host) -> TransientHttpError:
        """The error as one that may pass; where nothing was ever reached, it is hardly waited for."""
        trouble = as_transient(error, url)
        offline = not self._reached and offline_tries(error) is not None
        host.offline = str(trouble) if offline else ""
        if offline:
            trouble.retry_after = _OFFLINE_WAIT
        return trouble

    def _refuse_hopeless(self, url: str, host: _Host) -> None:
        """Do nothing if there is hope of an answer.

        Raises:
            UnreachableError: there is none.
        """
        if host.offline and not self._reached:
            raise UnreachableError(f"{url}: not asked, since {host.name} was not reached: {host.offline}.")
        if self._budget <= 0:
            raise UnreachableError(f"{url}: not asked, because arXiv has failed for too long in this run.")

    async def _take_turn(self, host: _Host) -> None:
        if host.free is not None:
            wait = (host.free - self._clock()).total_seconds()
            if wait > 0:
                if host.spacing >= _WORTH_SAYING:
                    self._say(f"{host.name}: next page in {min(wait, host.spacing):.0f} s, as arXiv asks")
                await self._sleep(min(wait, host.spacing))  # a clock set back must not make it longer
        while (wait := self.elsewhere()) > 0:
            await self._sleep(wait)

    def _host(self, url: str) -> _Host:
        name = urlsplit(url).netloc
        if name not in self._hosts:
            self._hosts[name] = _Host(name, spacing_of(url, self.settings))
        return self._hosts[name]

    @asynccontextmanager
    async def _stream(
        self, url: str, headers: dict[str, str], retried: frozenset[int]
    ) -> AsyncIterator[httpx2.Response]:
        assert self._client is not None, "Http is used inside `async with`"
        async with self._client.stream("GET", url, headers=headers) as response:
            self._reached, self._host(url).offline = True, ""
            if response.status_code in retried:
                wait = retry_after(response.headers, now=self._clock())
                if wait is not None and wait > LONGEST_WAIT:
                    minutes = round(wait / 60)
                    raise ClosedError(f"{url}: arXiv asks not to be asked again for {minutes} minutes.")
                raise TransientHttpError(f"HTTP {response.status_code}", wait)
            yield response


def spacing_of(url: str, settings: ArxivSettings) -> float:
    """Seconds between two requests to the host of an address."""
    if on_this_machine(url):
        return 0.0
    pages = urlsplit(url).netloc == urlsplit(settings.pages).netloc
    return PAGES_SPACING if pages else OTHER_SPACING


def _user_agent(contact: str) -> str:
    name = f"bilingual-arxiv-digest/{__version__}"
    plain = " ".join(contact.encode("ascii", "ignore").decode().split())
    return f"{name} ({plain})" if plain else name
