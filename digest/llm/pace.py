"""How fast an endpoint may be asked: rules that only count, without clocks or waiting of their own.

Each takes the time as an argument (seconds, monotonic) and says how long the next question has to wait.
`limits.py` asks them all.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

NEVER = float("inf")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass
class Use:
    """What one question used of a minute."""

    at: float
    amount: int


@dataclass
class Minute:
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
class Concurrency:
    """How many questions may be under way: what the endpoint was seen to bear, up to a ceiling.

    A question's load is how many were under way when it was sent, itself included. Accepted at a load: the
    endpoint bears it. Refused at a load that it bears: a stray refusal, which costs nothing but doubt.
    Refused at more: back to what is under way now, that is, to what it has taken. Evidence of this kind finds
    a limit within one burst, where timers and fixed factors (0.8 every 15 s) need many.
    """

    ceiling: int
    limit: float = 0
    borne: float = 0

    def __post_init__(self) -> None:
        self.limit = self.ceiling

    def accepted(self, load: int, under_way: int) -> None:
        """One more slot an answer up to what was borne, 5 % a round beyond, and only when they are in use."""
        self.borne = max(self.borne, load)
        if under_way + 1 >= 0.8 * self.limit:
            step = 1.0 if self.limit < self.borne else 0.05
            self.limit = min(self.ceiling, self.limit + step)

    def refused(self, load: int, under_way: int) -> None:
        """Fewer slots, unless the endpoint bore as many before."""
        if load <= self.borne:
            self.borne *= 0.97  # many strays without an answer in between are none
        else:
            self.limit = max(1.0, min(self.limit, under_way))


@dataclass
class Gate:
    """Closed while the endpoint as a whole said to wait.

    One 429 with Retry-After may concern one question only. Several in a row, without an answer to anything
    sent later, concern all: then nobody asks before the time. An answer to something sent after the gate's
    last refusal proves it wrong; it opens, and is harder to close from then on.
    """

    patience: int = 3
    _refused: int = 0
    _newest_refused: int = -1
    _newest_answered: int = -1
    _until: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until it opens."""
        return max(0.0, self._until - now) if self._refused >= self.patience else 0.0

    def refused(self, number: int, now: float, told: float) -> None:
        """The question sent as the `number`th was told to wait."""
        if number <= self._newest_answered:
            return
        self._refused += 1
        self._newest_refused = max(self._newest_refused, number)
        self._until = max(self._until, now + told)

    def answered(self, number: int, now: float) -> None:
        """The question sent as the `number`th was answered."""
        self._newest_answered = max(self._newest_answered, number)
        if number > self._newest_refused and self._refused:
            if self._refused >= self.patience:  # it was closed: wrongly, or to the end
                self.patience = self.patience * 2 if now < self._until else max(3, self.patience // 2)
            self._refused, self._until = 0, 0.0


@dataclass
class Remaining:
    """What is left of a limit that the endpoint itself reports (x-ratelimit-*), of requests or of tokens."""

    left: float = NEVER
    until: float = 0.0
    _as_of: int = -1

    def wait(self, now: float, amount: int) -> float:
        """Seconds until `amount` may be sent."""
        return 0.0 if self.left >= amount or now >= self.until else self.until - now

    def use(self, amount: int) -> None:
        """Count what was sent since the last report."""
        self.left -= amount

    def report(self, headers: Mapping[str, str], kind: str, number: int, now: float, under_way: int) -> None:
        """Take the report in the answer to the `number`th question; `under_way` is what it may not know of.

        Older reports than the last are passed over.
        """
        left = headers.get(f"x-ratelimit-remaining-{kind}", "")
        reset = seconds(headers.get(f"x-ratelimit-reset-{kind}", ""))
        if not left.isdigit() or reset is None:
            return
        if number < self._as_of and now < self.until and int(left) > self.left:
            return
        self.left, self.until, self._as_of = int(left) - under_way, now + reset, number


def seconds(text: str) -> float | None:
    """A duration such as `1s`, `6m0s`, `12ms`, `1h2m3.5s` or `20`; None when it is none."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text)
    if parts and "".join(a + b for a, b in parts) == text:
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else None
