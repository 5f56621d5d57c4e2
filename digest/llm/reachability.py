"""The endpoint itself by what came of attempts: is there one at this address, and is it up?"""

from __future__ import annotations

from collections.abc import Callable

from digest.llm.attempt import Attempt
from digest.llm.error_mapping import TransientError
from digest.system.retry_after import format_wait

_FOREIGN = 2
"""So many times something else than an answer, from what never answered, is no accident."""


class Reachability:
    """An observer of attempts.

    Args:
        outage: seconds that an endpoint that is down is waited for; 0: it is not.
        say: tells the user, once in an outage, what is waited for.

    Attributes:
        reached: anything at all came from there.
        timed_out: it took the question that was sent last, and did not answer in time.
        limited: what it said when it last refused to take more; empty: it did not.
    """

    def __init__(self, outage: float, say: Callable[[str], None]) -> None:
        self._outage = outage
        self._say = say
        self._down = False
        self._not_an_endpoint = 0
        self.reached = False
        self.timed_out = False
        self.limited = ""

    @property
    def not_an_endpoint(self) -> bool:
        """True: what is there is no endpoint of a model, if it never answered as one."""
        return self._not_an_endpoint >= _FOREIGN

    def observe(self, attempt: Attempt) -> None:
        """Learn from an attempt."""
        self.reached = self.reached or attempt.status is not None
        self.timed_out = attempt.timed_out
        self._not_an_endpoint += attempt.not_an_endpoint
        if attempt.completion is not None:
            self._down = False
        meaning = attempt.meaning
        if attempt.retry_as is not None or not isinstance(meaning, TransientError):
            return
        if meaning.limited and attempt.error is not None:
            self.limited = attempt.error.quote
        if meaning.unavailable and self._outage and not self._down:
            self._down = True
            self._say(f"{meaning.final}; it is waited for, up to {format_wait(self._outage)}")
