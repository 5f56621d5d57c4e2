"""The progress of a back-fill, over all its days: a bar on a terminal, a line a day elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date as Date
from typing import TYPE_CHECKING

from digest.cli.progress import Bars
from digest.pipeline.progress import Progress
from digest.system.language import translated

if TYPE_CHECKING:
    from digest.scale.backfill import DayResult
    from digest.scale.plan import BackfillPlan


class DaysProgress(Progress):
    """Counts papers over all days. What a day tells of its phases and spending is left out.

    Args:
        inner: where sentences go; on a terminal it shows one bar for all days.
        clock: seconds, monotonic.
    """

    def __init__(self, inner: Progress, clock: Callable[[], float] = time.monotonic) -> None:
        self._inner = inner
        self._bars = isinstance(inner, Bars)
        self._clock = clock
        self._since = clock()
        self._days = self._all_days = 0
        self._done = self._of_day = self._total = 0
        self._cost: float | None = 0.0
        self._day = ""
        self._known: int | None = None

    def begin(self, plan: BackfillPlan) -> None:
        """The plan is made, and the first day begins."""
        self._since = self._clock()
        self._all_days = len(plan.todo)
        self._total = sum(planned.papers or 0 for planned in plan.todo)
        if self._bars:
            self._inner.start("papers", self._total)

    def begin_day(self, section: str, day: Date, papers: int | None) -> None:
        """A section's day begins."""
        self._day = f"{day} {section}"
        self._of_day = 0
        self._known = papers

    def end_day(self, row: DayResult) -> None:
        """A section's day is made, or given up; says how far all is."""
        self._days += 1
        if self._known is None:
            self._total += row.papers
        self._done += row.papers or (self._known or 0)
        self._of_day = 0
        known = self._cost is not None and row.cost is not None
        self._cost = (self._cost or 0) + (row.cost or 0) if known else None
        self._inner.say(f"{self._day}: {translated(row.words)} | {self.state}")

    @property
    def state(self) -> str:
        """Days, papers, cost, pace and what is left of the time, in the user's language."""
        done = self._done + self._of_day
        spent = self._clock() - self._since
        total = max(self._total, done)
        words = [
            translated(f"{self._days} of {self._all_days} days"),
            translated(f"{done:,} of {total:,} papers"),
        ]
        if self._cost is not None:
            words.append(f"${self._cost:.2f}")
        if done and spent > 0:
            pace = done / spent
            words.append(translated(f"{pace:.1f} papers/s"))
            if left := max(self._total - done, 0):
                words.append(translated(f"time left: {format_short_duration(left / pace)}"))
        return ", ".join(words)

    def say(self, sentence: str) -> None:
        """Pass it on."""
        self._inner.say(sentence)

    def start(self, stage: str, total: int) -> None:  # noqa: ARG002 - see `Progress`
        """The papers of a day, once or, with batches, twice: they are counted from the beginning."""
        if stage == "papers":
            self._of_day = 0

    def step(self, stage: str) -> None:
        """A paper is done."""
        if stage != "papers":
            return
        self._of_day += 1
        if self._bars:
            self._inner.step("papers")

    def paused(self) -> AbstractContextManager[None]:
        """Within it nothing moves: somebody is asked."""
        return self._inner.paused()


def format_short_duration(seconds: float) -> str:
    """A span in words: 40 s, 12 min, 3 h 20 min, 4 days 2 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} days {hours % 24} h"
