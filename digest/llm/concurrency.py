"""The number of questions that an endpoint bears at once: a rule that only counts, see `rate_limits.py`."""

from __future__ import annotations

from dataclasses import dataclass, field

from digest.llm.rate_limits import IN_A_ROW, NEVER

IN_TIME = 0.8
"""Share of the timeout that a question may take when those before it are answered one after another."""


@dataclass
class Concurrency:
    """The number of questions that may be under way: what the endpoint was seen to bear, up to a ceiling.

    A question's load is how many were under way when it was sent, itself included. Accepted at a load: the
    endpoint bears it. Refused at a load that it bears: a stray, and so is a single refusal before the first
    answer. Refused at more, or in a row: back to what is under way now, that is, to what it has taken; where
    nothing is under way, it was no matter of load. Such evidence finds a limit within one burst, where timers
    and fixed factors (0.8 every 15 s) need many.

    A server that answers one question after another refuses none: they time out. What it answered in that
    time is its pace, and half as many wait half as long as is allowed. It gets no more than would be answered
    in time even then. One on this machine, which starts with few, gets fewer again as soon as its answers say
    so: what else the machine does makes it ten times slower within minutes.

    Args:
        ceiling: never more than that.
        start: so many at first; None: the ceiling.
        timeout: seconds that a question may be under way.
    """

    ceiling: int
    start: int | None = None
    timeout: float = NEVER
    limit: float = field(init=False)
    _borne: int = field(default=0, init=False)
    _newest_refused: int = field(default=0, init=False)
    _clean: int = field(default=0, init=False)
    _at_last_answer: float = field(init=False)
    _cut_at: int = field(default=0, init=False)
    _in_time_at: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.limit = self._at_last_answer = min(self.ceiling, self.start or self.ceiling)

    def accepted(self, number: int, load: int, under_way: int, took: float = 0.0) -> None:
        """The question sent as the `number`th was taken: up to its load at once, beyond that in steps.

        While all slots are in use they grow by 5 % a round, and after two rounds without refusal, or before
        the first one, by 100 %.
        """
        if number <= self._cut_at:  # it was under way together with those that timed out
            return
        self._cut_at = 0
        in_time = IN_TIME * self.timeout * load / took if took else NEVER
        if self.start is not None and in_time < load:
            self._fewer(max(1.0, in_time))
            return
        self._borne = max(self._borne, load)
        self._in_time_at = max(self._in_time_at, load)
        self._clean += 1
        if number > self._newest_refused:
            self.limit = max(self.limit, min(load, self.ceiling))
        if under_way + 1 >= 0.8 * self.limit:
            step = 1 if self._clean > 2 * self.limit or not self._newest_refused else 0.05
            self.limit = max(self.limit, min(self.ceiling, self.limit + step, max(self._in_time_at, in_time)))
        self._at_last_answer = self.limit

    def timed_out(self, answered: int, last: int) -> bool:
        """A question got no answer in time, of `last` sent so far; so many others got one meanwhile.

        Returns:
            Whether that may be for too many under way: fewer may be now, or nothing sent since is answered.
        """
        fit = max(1.0, answered / 2)
        if fit < int(self.limit):
            self._fewer(fit)
            self._newest_refused = self._cut_at = last
        return self._cut_at > 0

    def _fewer(self, fit: float) -> None:
        """No more than so many, until answers come in less time."""
        self.limit = self._at_last_answer = min(self.limit, fit)
        self._in_time_at, self._clean = min(self._in_time_at, int(fit)), 0

    def refused(self, number: int, load: int, under_way: int, in_a_row: int) -> None:
        """Fewer slots, unless the endpoint bore as many before."""
        self._newest_refused = max(self._newest_refused, number)
        self._clean = 0
        if in_a_row >= IN_A_ROW:
            self._borne = min(self._borne, under_way)
        if load > self._borne and (self._borne or in_a_row >= IN_A_ROW):
            self.limit = max(1.0, min(self.limit, under_way))
        if not under_way:
            self.limit = self._at_last_answer
