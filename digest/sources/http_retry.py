"""Failed requests to arXiv: which of them may pass, and how long to wait before the next."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
from tenacity import RetryCallState, wait_exponential, wait_random

from digest.sources.http_responses import TransientError
from digest.system.reach import connecting, reason

LONGEST_WAIT = 300.0
"""Seconds."""


def waits(first: float) -> Callable[[RetryCallState], float]:
    """The wait asked for by the server, else twice as long each time and some by chance, from `first` on."""
    growing = wait_exponential(multiplier=first, max=LONGEST_WAIT) + wait_random(0, first / 2)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, TransientError) else None
        return growing(state) if asked is None else asked

    return wait


def as_transient(error: Exception, url: str) -> TransientError:
    """An error of the network as one that may pass."""
    if isinstance(error, TransientError):
        return error
    if connecting(error):
        return TransientError(f"no connection ({reason(error, url)})")
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return TransientError("it took too long to answer")
    return TransientError(f"the answer broke off ({str(error) or type(error).__name__})")
