"""The best achievable: a client of no cost against the sample server's own rules, in simulated time.

It knows the server's limits beforehand and never asks what they forbid, keeps every slot in use, waits as
long as it is told and not at all where nothing is said, and sends those first that have to be sent again.
What it does not know is which question the next fault hits: the rules choose, with the seeds of the measured
run.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterable

from starlette.datastructures import Headers

from tests.faulty import Fault, Knobs
from tests.faulty.faults import Faults, seconds_to_wait

_PATH = "/v1/chat/completions"


class Client:
    """The perfect client.

    Args:
        knobs: of the server: latency, limits, faults.
        slots: questions under way at once, by the client's own settings.
        timeout: seconds after which a silent question is given up.
    """

    def __init__(self, knobs: Knobs, slots: int, timeout: float) -> None:
        self._latency, self._timeout = knobs.latency, timeout
        self._slots = min(slots, knobs.concurrency or slots)
        self._faults = Faults(knobs, lambda _: None)
        self._room: float
        self._room, self._window = knobs.window or (math.inf, 0.0)
        self._opened, self._used = -math.inf, 0
        self._now = 0.0
        self._sent = 0
        self._again: list[tuple[float, int, str]] = []  # when it may be sent, number of the last try, paper
        self._under_way: list[tuple[float, int, str, bool]] = []  # its end, number, paper, whether answered

    def seconds(self, papers: Iterable[str]) -> float:
        """How long it takes until every paper has its answer, or a refusal that is final."""
        new = deque(papers)
        while new or self._again or self._under_way:
            at = self._next_sending(new=bool(new))
            if self._under_way and (len(self._under_way) >= self._slots or self._under_way[0][0] <= at):
                self._end()
            else:
                self._now = at
                due = self._again and self._again[0][0] <= at
                self._send(heapq.heappop(self._again)[2] if due else new.popleft())
        return self._now

    def _next_sending(self, *, new: bool) -> float:
        """When the next question may be sent, slots aside."""
        ready = self._now if new else self._again[0][0] if self._again else math.inf
        if self._used >= self._room:
            ready = max(ready, self._opened + self._window)
        return max(self._now, ready)

    def _send(self, paper: str) -> None:
        """Send a question; that it is refused, or its connection reset, is known at once."""
        if self._now - self._opened >= self._window:
            self._opened, self._used = self._now, 0
        self._used += 1
        self._sent += 1
        rule = self._faults.choose(_PATH, paper)
        if rule is not None and rule.action in {"answer", "reset"}:
            heapq.heappush(
                self._again, (self._now + seconds_to_wait(Headers(rule.headers)), self._sent, paper)
            )
            return
        silent = rule is not None and rule.action == "silence"
        end = self._now + (self._timeout if silent else self._latency)
        heapq.heappush(self._under_way, (end, self._sent, paper, _answered(rule)))

    def _end(self) -> None:
        """The first of those under way ends: with its answer, or it has to be sent again."""
        self._now, number, paper, answered = heapq.heappop(self._under_way)
        if not answered:
            heapq.heappush(self._again, (self._now, number, paper))


def _answered(rule: Fault | None) -> bool:
    """Whether what comes settles the matter: a right answer does, and a refusal."""
    return rule is None or bool(rule.message.get("refusal"))
