"""How often one question is sent, and how long it waits in between: for tenacity."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from digest.llm.error_mapping import TransientError

T = TypeVar("T")

PATIENCE = 900.0
"""Seconds that one question may spend waiting because the endpoint refused or failed: rate limits are no
failed attempts. What it waits for its turn in our own queue does not count."""

_SHORTEST, _LONGEST = 0.5, 30.0
"""Seconds that the first wait takes at most, and any wait, where the endpoint says nothing."""

_BELIEVED = 10
"""So many times in a row an endpoint is taken at its word: one that says `soon` for ever is not hammered."""


class RetryPolicy:
    """What one question has been through.

    Args:
        most: how often it may fail; rate limits are no failures.
        patience: see `PATIENCE`.
        clock: seconds, monotonic.

    Attributes:
        since: when it failed first, if it did.
    """

    def __init__(
        self, most: int, patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._patience = patience
        self._clock = clock
        self.since: float | None = None
        self._waited = 0.0
        self._failures = 0
        self._in_a_row = 0
        self._accepted = 0
        self._last: TransientError | None = None

    async def carry_out(
        self,
        call: Callable[[], Awaitable[T]],
        sleep: Callable[[float], Awaitable[None]],
        accepted: Callable[[], int] = lambda: 0,
    ) -> T:
        """What a call returns, carried out again while its trouble may pass.

        Args:
            call: raises TransientError where it may.
            sleep: how to wait.
            accepted: see `failed`.

        Raises:
            TransientError: the last one, when there is no next try.
        """

        async def attempt() -> T:
            try:
                return await call()
            except TransientError as error:
                self.failed(error, accepted())
                raise

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TransientError),
            stop=self.over,
            wait=self.wait,
            sleep=sleep,
            reraise=True,
        )
        return await retrying(attempt)

    def failed(self, error: TransientError, accepted: int) -> None:
        """Note a try that got no answer.

        Args:
            error: why.
            accepted: how many questions the endpoint has answered so far. Where it answers others between two
                rate limits, these were strays, and no reason to wait longer each time.
        """
        if self.since is None:
            self.since = self._clock()
        self._failures += not error.limited
        stray = error.limited and accepted > self._accepted
        self._in_a_row = 1 if stray else self._in_a_row + 1
        self._accepted, self._last = accepted, error

    def wait(self, _: RetryCallState) -> float:
        """Seconds until the next try: as the endpoint says, to the letter; else exponential with jitter."""
        told = self._told or 0.0
        steps = self._in_a_row - 1 - (_BELIEVED if told else 0)
        own = random.uniform(0, min(_LONGEST, _SHORTEST * 2**steps)) if steps >= 0 else 0.0  # noqa: S311
        wait = max(told, own)
        self._waited += wait
        return wait

    def over(self, _: RetryCallState) -> bool:
        """Whether there is no next try."""
        return self._failures >= self._most or self._waited + (self._told or 0.0) > self._patience

    @property
    def _told(self) -> float | None:
        return self._last.told if self._last else None
