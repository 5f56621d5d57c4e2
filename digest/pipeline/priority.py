"""The daily run before back-fills: while one is at work with a ledger, these send nothing new.

Each holds a claim in the ledger, which ends with its process, whichever way that ends. So it holds for all
machines that share a ledger.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from digest.ledger import Ledger
from digest.llm.endpoint import Endpoint
from digest.pipeline.resources import Resources

_DAILY, _BACKFILL = "at-work:daily-run", "at-work:back-fill"
_LOOKS = 20
"""Attempts at a claim that another process looks at."""

_INSTANT = 0.01
"""Seconds between these attempts."""

_AGAIN = 1.0
"""Seconds between looks for a daily run at work."""


def before_backfills(go: Callable[[Resources], Awaitable[None]]) -> Callable[[Resources], Awaitable[None]]:
    """The work `go`, done while back-fills wait.

    Where one is at work, requests and tokens a minute are taken to be used up by it in the minute before.
    """

    async def first(resources: Resources) -> None:
        with _held(resources.ledger, _DAILY):
            if _is_held(resources.ledger, _BACKFILL):
                resources.endpoint.assume_used()
            await go(resources)

    return first


@contextmanager
def backfill_at_work(ledger: Ledger) -> Iterator[None]:
    """Let daily runs know of a back-fill, for as long as the block lasts."""
    with _held(ledger, _BACKFILL):
        yield


class BackfillThrottle:
    """Says how long a back-fill has to wait for a daily run.

    Args:
        ledger: of both.
        clock: seconds, monotonic.
    """

    def __init__(self, ledger: Ledger, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._clock = clock
        self._looked = -_AGAIN
        self._busy = False
        self._endpoints: list[Endpoint] = []

    def apply_to(self, endpoint: Endpoint) -> None:
        """Questions to the endpoint wait; afterwards this minute's limits count as used up."""
        endpoint.yield_to(self.wait)
        self._endpoints.append(endpoint)

    def wait(self) -> float:
        """Seconds to wait before looking again; 0: go on."""
        now = self._clock()
        if now - self._looked >= _AGAIN:
            busy, self._looked = _is_held(self._ledger, _DAILY), now
            if self._busy and not busy:
                for endpoint in self._endpoints:
                    endpoint.assume_used()
            self._busy = busy
        return _AGAIN if self._busy else 0.0


@contextmanager
def _held(ledger: Ledger, name: str) -> Iterator[None]:
    """Hold a claim; one that another process looks at in this instant is tried again."""
    for _ in range(_LOOKS):
        if ledger.claim(name):
            break
        time.sleep(_INSTANT)  # as above: nobody tells that it is free
    try:
        yield
    finally:
        ledger.release(name)


def _is_held(ledger: Ledger, name: str) -> bool:
    """True: another, living process holds it."""
    if not ledger.claim(name):
        return True
    ledger.release(name)
    return False
