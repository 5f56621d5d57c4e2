"""How often one question is sent, and how long it waits in between: for tenacity."""

from __future__ import annotations

import random

from tenacity import RetryCallState

from digest.llm.trouble import PassingError

PATIENCE = 900.0
"""Seconds that one question may spend waiting, under rate limits above all: these are no failed attempts."""

_SHORTEST, _LONGEST = 0.5, 30.0
"""Seconds that the first wait takes at most, and any wait, where the endpoint says nothing."""


class Tries:
    """What one question has been through.

    Args:
        most: how often it may fail; rate limits are no failures.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.number = 0
        self._failures = 0
        self._in_a_row = 0
        self._accepted = 0
        self._last: PassingError | None = None

    def failed(self, error: PassingError, accepted: int) -> None:
        """Note a try that got no answer.

        Args:
            error: why.
            accepted: how many questions the endpoint has answered so far. Where it answers others between two
                rate limits, these were strays, and no reason to wait longer each time.
        """
        self.number += 1
        self._failures += not error.limited
        stray = error.limited and accepted > self._accepted
        self._in_a_row = 1 if stray else self._in_a_row + 1
        self._accepted, self._last = accepted, error

    def wait(self, _: RetryCallState) -> float:
        """Seconds until the next try: as the endpoint says, to the letter; else exponential with jitter."""
        told = self._last.told if self._last else None
        return told or random.uniform(0, min(_LONGEST, _SHORTEST * 2 ** (self._in_a_row - 1)))  # noqa: S311

    def over(self, state: RetryCallState) -> bool:
        """Whether there is no next try."""
        told = self._last.told if self._last else None
        passed = (state.seconds_since_start or 0) + (told or 0)
        return self._failures >= self._most or passed > PATIENCE
