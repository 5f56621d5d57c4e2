"""Rate limits of an endpoint: rules that only count, without clocks or waiting of their own.

Each takes the time as an argument (seconds, monotonic) and says how long the next question has to wait.
`limiter.py` asks them all.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from digest.system.retry_after import seconds

NEVER = float("inf")
IN_A_ROW = 5
"""So many refusals in a row concern everybody: of strays, one in five, five in a row are 1 in 3,000."""

SHORTEST_GUESS, LONGEST_GUESS = 0.5, 30.0
"""Seconds to wait for an endpoint that refuses everybody and does not say how long."""

ON_ITS_WAY = 0.5
"""Seconds that a question may take to be counted at the endpoint."""

REFUSED_WITHIN = 1.0
"""Seconds in which a refusal comes back; a question that is under way for longer was accepted."""


@dataclass
class Use:
    """The use that one question made of a minute."""

    at: float
    amount: int


@dataclass
class SlidingWindow:
    """At most so much in any sixty seconds: requests, or tokens."""

    limit: int
    _uses: deque[Use] = field(default_factory=deque)
    _sum: int = 0

    def wait(self, now: float, amount: int) -> float:
        """Seconds until `amount` more fits; more than the limit goes alone."""
        while self._uses and self._uses[0].at <= now - 60:
            old = self._uses.popleft()
            self._sum -= old.amount
            old.at = -NEVER
        excess = self._sum + min(amount, self.limit) - self.limit
        for use in self._uses:
            if excess <= 0:
                break
            excess -= use.amount
            if excess <= 0:
                return use.at + 60 - now
        return 0.0

    def use(self, now: float, amount: int) -> Use:
        """Count what is sent."""
        use = Use(now, amount)
        self._uses.append(use)
        self._sum += amount
        return use

    def correct(self, use: Use, amount: int) -> None:
        """Count what it really took."""
        if use.at > -NEVER:
            self._sum += amount - use.amount
            use.amount = amount


@dataclass
class ConsecutiveRejections:
    """Refusals in a row, in the order of sending: one alone may be a stray, several concern everybody."""

    _refused: set[int] = field(default_factory=set)

    def refused(self, number: int) -> int:
        """The question sent as the `number`th was refused; how many in a row it stands with."""
        self._refused.add(number)
        first = last = number
        while first - 1 in self._refused:
            first -= 1
        while last + 1 in self._refused:
            last += 1
        return last - first + 1

    def answered(self, number: int) -> None:
        """The question sent as the `number`th was answered: what was refused before it is history."""
        self._refused = {refused for refused in self._refused if refused > number}


@dataclass
class RetryAfterGate:
    """Closed while the endpoint as a whole said to wait.

    A 429 with Retry-After may concern one question only; several in a row concern all: then nobody asks
    before the time. An answer to something sent after them proves the gate wrong; it opens, and is harder to
    close from then on.
    """

    patience: int = IN_A_ROW
    _until: float = 0.0
    _closed_by: int | None = None

    def wait(self, now: float) -> float:
        """Seconds until it opens."""
        if self._closed_by is not None and now >= self._until:
            self._closed_by, self.patience = None, max(IN_A_ROW, self.patience // 2)  # it was right
        return 0.0 if self._closed_by is None else self._until - now

    def refused(self, number: int, now: float, retry_after: float, in_a_row: int) -> None:
        """The question sent as the `number`th was told to wait."""
        if self._closed_by is not None or in_a_row >= self.patience:
            self._closed_by = max(self._closed_by or 0, number)
            self._until = max(self._until, now + retry_after)

    def answered(self, number: int) -> None:
        """The question sent as the `number`th was answered."""
        if self._closed_by is not None and number > self._closed_by:
            self._closed_by, self._until = None, 0.0
            self.patience *= 2


@dataclass
class BackoffEstimate:
    """The time for which an endpoint refuses everybody that does not say how long.

    Refusals in a row are a matter of load first, which `Concurrency` sees to. Where questions sent after that
    are refused while not even half as many are under way as the endpoint held then, it is a matter of time.
    That is guessed; then one question goes ahead, and if it is refused too the next guess is twice as long.
    """

    _length: float = SHORTEST_GUESS
    _until: float = 0.0
    _state: Literal["open", "closed", "trying"] = "open"
    _held: tuple[int, int] | None = None
    """Numbers of questions: the last sent before the refusals in a row were known; those under way after."""

    @property
    def open(self) -> bool:
        """True if nothing is known of such a time."""
        return self._state == "open"

    def wait(self, now: float) -> float:
        """Seconds until the next question may be sent."""
        if self._state == "trying" and now >= self._until:
            self._state = "open"
        return 0.0 if self.open else max(0.0, self._until - now)

    def sent(self, now: float) -> None:
        """A question is sent: after a guess it is alone, for as long as a refusal may take."""
        if self._state == "closed":
            self._state, self._until = "trying", now + REFUSED_WITHIN

    def refused(self, number: int, now: float, in_a_row: int, under_way: int, last: int) -> None:
        """The question sent as the `number`th, of `last` so far, was refused without a time."""
        if self._state == "closed" or (
            self.open and not self._concerns_all(number, in_a_row, under_way, last)
        ):
            return
        self._state, self._until = "closed", now + self._length
        self._length = min(LONGEST_GUESS, 2 * self._length)

    def _concerns_all(self, number: int, in_a_row: int, under_way: int, last: int) -> bool:
        if in_a_row < IN_A_ROW:
            return False
        sent, held = self._held or (last, under_way)
        if number <= sent:
            self._held = sent, under_way
            return False
        return under_way <= held / 2

    def answered(self, number: int) -> None:
        """The question sent as the `number`th was answered; if that was after the refusals, they are over."""
        if self._held is not None and number > self._held[0]:
            self._held, self._state, self._length = None, "open", SHORTEST_GUESS


@dataclass
class ReportedQuota:
    """The rest of a limit that the endpoint itself reports (x-ratelimit-*), of requests or of tokens.

    When its time is over there is the whole limit again, for the longest time that was reported: so it is
    kept to before the next report comes.
    """

    left: float = NEVER
    until: float = 0.0
    _least: float = NEVER
    _as_of: int = -1
    """The reported rest, and the last question that was sent by then."""

    _limit: int | None = None
    _longest: float = 0.0
    _sent: int = 0
    _before: int = 0
    _latest: deque[Use] = field(default_factory=lambda: deque(maxlen=64))

    def wait(self, now: float, amount: int) -> float:
        """Seconds until `amount` may be sent; more than the limit goes alone.

        When the limit is there again, what was sent just before may count as part of it, and what answers to
        earlier questions report does not.
        """
        if self._limit is not None:
            amount = min(amount, self._limit)
            if now >= self.until:
                just = sum(use.amount for use in self._latest if use.at > now - ON_ITS_WAY)
                self.left, self.until, self._before = self._limit - just, now + self._longest, self._sent
        return 0.0 if self.left >= amount or now >= self.until else self.until - now

    def use(self, now: float, amount: int) -> None:
        """Count what is sent: one question."""
        self.left -= amount
        self._sent += 1
        self._latest.append(Use(now, amount))

    def report(self, headers: Mapping[str, str], kind: str, number: int, now: float, under_way: int) -> None:
        """Take the report in the answer to the `number`th question; `under_way` is what it may not know of.

        Questions are not counted in the order in which they were sent. So of the answers to those that were
        under way together the least counts: it knows of all that were answered.
        """
        left = headers.get(f"x-ratelimit-remaining-{kind}", "")
        reset = seconds(headers.get(f"x-ratelimit-reset-{kind}", ""))
        if not re.fullmatch(r"[0-9]{1,15}", left) or reset is None:
            return
        if number <= self._before:
            return
        if number > self._as_of or now >= self.until:
            self._least, self.until, self._as_of = int(left), now + reset, self._sent
        elif int(left) < self._least:
            self._least, self.until = int(left), now + reset
        self.left = self._least - under_way
        limit = headers.get(f"x-ratelimit-limit-{kind}", "")
        self._limit = int(limit) if re.fullmatch(r"[1-9][0-9]{0,11}", limit) else None
        self._longest = max(self._longest, reset)
