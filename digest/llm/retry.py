"""The retry policy of one question, for tenacity.

Trouble of one question costs one of its tries. Trouble of the endpoint, which others have too, costs time
only: a server is restarted in minutes, and a rate limit is over when it is over.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from digest.llm.error_mapping import TransientError

T = TypeVar("T")

PATIENCE = 900.0
"""Seconds that one question may spend waiting for a rate limit, or for an endpoint that is overloaded. What
it waits for its turn in our own queue does not count."""

BY_THE_DAY = 60.0
"""Seconds that a limit by the day may keep a question waiting, where no longer time is told."""

_SHORTEST, _LONGEST = 0.5, 30.0
"""Seconds that the first wait takes at most, and any wait, where the endpoint says nothing."""

_Kind = Literal["own", "limited", "down"]
"""Trouble of this question alone; a rate limit or too much load; an endpoint that answers nobody."""

_BELIEVED = 10
"""So many times in a row an endpoint is taken at its word: one that says `soon` for ever is not hammered."""


class RetryPolicy:
    """The tries of one question so far, and the decision about the next.

    Args:
        most: how often it may fail; rate limits are no failures.
        patience: see `PATIENCE`.
        clock: seconds, monotonic.
        outage: seconds that it may wait for an endpoint that is down; 0: each time is a failure.

    Attributes:
        since: when it failed first, if it did.
        said: why it failed last, in words; empty: it did not.
    """

    def __init__(
        self,
        most: int,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        outage: float = 0.0,
    ) -> None:
        self._most = most
        self._patience = patience
        self._outage = outage
        self._clock = clock
        self.since: float | None = None
        self.said = ""
        self._waited: defaultdict[_Kind, float] = defaultdict(float)
        self._kind: _Kind = "own"
        self._failures = 0
        self._in_a_row = 0
        self._accepted = 0
        self._wait_told = 0.0

    async def carry_out(
        self,
        call: Callable[[], Awaitable[T]],
        sleep: Callable[[float], Awaitable[None]],
        accepted: Callable[[], int] = lambda: 0,
    ) -> T:
        """The result of a call, carried out again while its trouble may pass.

        Args:
            call: raises TransientError where it may.
            sleep: how to wait.
            accepted: see `failed`.

        Raises:
            TransientError: the last one, when there is no next try.
        """
        self._accepted = accepted()

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
        stray = error.limited and accepted > self._accepted
        self._in_a_row = 1 if stray else self._in_a_row + 1
        self._kind = self._kind_of(error, accepted)
        self._failures += self._kind == "own"
        if error.tries is not None:
            self._most = min(self._most, error.tries)
        if error.by_day:
            self._patience = min(self._patience, BY_THE_DAY)
        self._waited[self._kind] += error.took
        self._accepted, self._wait_told = accepted, error.retry_after or 0.0
        self.said = str(error)

    def _kind_of(self, error: TransientError, accepted: int) -> _Kind:
        if error.limited or (error.unavailable and error.retry_after):
            return "limited"
        silent = 0 < accepted == self._accepted  # it answered before, and nobody since
        return "down" if self._outage and (error.unavailable or silent) else "own"

    def wait(self, _: RetryCallState) -> float:
        """Seconds until the next try: as the endpoint says, to the letter; else exponential with jitter."""
        steps = self._in_a_row - 1 - (_BELIEVED if self._wait_told else 0)
        own = random.uniform(0, min(_LONGEST, _SHORTEST * 2**steps)) if steps >= 0 else 0.0
        wait = max(self._wait_told, own)
        self._waited[self._kind] += wait
        return wait

    def over(self, _: RetryCallState) -> bool:
        """True if there is no next try."""
        patience = self._outage if self._kind == "down" else self._patience
        return self._failures >= self._most or self._waited[self._kind] + self._wait_told > patience
