"""The digests of a span, made one day after another by `run_day`.

A day that is complete is not made again, and answers are in the ledger, so that it can be stopped anywhere.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from typing import Any, Protocol

from digest.config import Settings
from digest.llm.batch import Pending
from digest.llm.retry import PATIENCE
from digest.pipeline.day import Published, run_day
from digest.pipeline.resources import Resources
from digest.scale.cost_model import Measured, Measurements
from digest.scale.plan import BackfillPlan, PlannedDay
from digest.sources.source import NoAnnouncement
from digest.system.errors import DigestError, LedgerError, ModelError

logger = logging.getLogger(__name__)

FLAGGED = 3


@dataclass(frozen=True)
class DayResult:
    """The result of one section's day.

    Attributes:
        state: complete, flagged, quiet, submitted, failed.
        unanswered: of the flagged papers, those that the endpoint gave no answer about.
        cost: US dollars; None: no price is known.
        stops: the days after it would meet the same wall.
    """

    day: Date
    section: str
    state: str
    papers: int = 0
    summarised: int = 0
    flagged: int = 0
    unanswered: int = 0
    asked: int = 0
    reused: int = 0
    cost: float | None = 0.0
    why: str = ""
    exit_code: int = 0
    stops: bool = False

    @property
    def words(self) -> str:
        """For the user."""
        if self.state in {"complete", "flagged"}:
            papers = self.papers
            return f"{papers} papers, {self.flagged} flagged" if self.flagged else f"{papers} papers"
        if self.state == "quiet":
            return "no announcement"
        return f"submitted: {self.why}" if self.state == "submitted" else f"failed: {self.why}"

    def values(self) -> dict[str, Any]:
        """As plain values, for --json."""
        shown = {name: value for name, value in vars(self).items() if name not in {"day", "why", "stops"}}
        return {"date": self.day.isoformat(), **shown, **({"why": self.why} if self.why else {})}


def with_patience(settings: Settings) -> Settings:
    """The settings of a run that nobody waits for: an endpoint that is down is waited for longer."""
    model = settings.model.model_copy(update={"patience": max(settings.model.patience, PATIENCE)})
    return settings.model_copy(update={"model": model})


class DaysWatcher(Protocol):
    """The receiver of a back-fill's reports."""

    def begin(self, plan: BackfillPlan) -> None:
        """The plan is made, and the first day begins."""

    def begin_day(self, section: str, day: Date, papers: int | None) -> None:
        """A section's day begins, with so many papers as far as is known."""

    def end_day(self, row: DayResult) -> None:
        """A section's day is made, or given up."""

    def say(self, sentence: str) -> None:
        """Something worth a line of its own."""


@dataclass(frozen=True)
class Backfill:
    """The maker of the days, with all that it uses.

    Attributes:
        resources: of the run; `batch` hands questions in, `wait` waits for them.
        progress: is told of every day.
        measurements: where it is noted what days take.
        clock: seconds, monotonic.
    """

    resources: Resources
    progress: DaysWatcher
    measurements: Measurements
    clock: Callable[[], float] = time.monotonic

    async def run(self, plan: BackfillPlan) -> list[DayResult]:
        """Make all days that are to be made; those that lack answers are tried once more at the end.

        An endpoint that answers nobody ends it: the others would meet the same wall.
        """
        self.progress.begin(plan)
        hand_in = replace(self.resources, wait=self.resources.wait and not self.resources.batch)
        rows = await self._pass(plan.todo, hand_in)
        collect = replace(self.resources, batch=False, fresh=False)
        again = [
            place
            for place, row in enumerate(rows)
            if row.unanswered or (row.state == "submitted" and self.resources.wait)
        ]
        if again and not any(row.stops for row in rows):
            self.progress.say(f"once more: {len(again)} days that lack answers")
            for place, row in zip(
                again, await self._pass([plan.todo[n] for n in again], collect), strict=False
            ):
                rows[place] = row
        return rows

    async def _pass(self, days: Sequence[PlannedDay], resources: Resources) -> list[DayResult]:
        rows = list[DayResult]()
        for planned in days:
            self.progress.begin_day(planned.section.key, planned.day, planned.papers)
            # the open batches are those of all days: one look at them is enough
            row = await self._day(planned, replace(resources, collects=not rows))
            rows.append(row)
            self.progress.end_day(row)
            gc.collect()  # a day's papers hang in cycles, and a pass over them all comes ever more seldom
            if row.stops:
                break
        return rows

    async def _day(self, planned: PlannedDay, resources: Resources) -> DayResult:
        since = self.clock()
        day, key = planned.day, planned.section.key
        try:
            made = await run_day(planned.section, day, resources)
        except DigestError as error:
            logger.debug("%s %s ended", key, day, exc_info=error)
            stops = isinstance(error, ModelError | LedgerError)
            return DayResult(day, key, "failed", why=str(error), exit_code=error.exit_code, stops=stops)
        if isinstance(made, NoAnnouncement):
            return DayResult(day, key, "quiet", why=made.sentence)
        if isinstance(made, Pending):
            return DayResult(day, key, "submitted", papers=made.questions, why=made.sentence)
        self._measure(made, self.clock() - since)
        return _row(made, day, key)

    def _measure(self, made: Published, seconds: float) -> None:
        usage, listed = made.usage, made.digest.counts.listed
        papers = max(listed - usage.reused, 0)
        if papers and usage.asked and not (self.resources.batch or self.resources.wait):
            one = Measured(
                papers=papers, questions=usage.asked, usage=usage.tokens, cost=usage.cost, seconds=seconds
            )
            self.measurements.add(one)


def _row(made: Published, day: Date, key: str) -> DayResult:
    counts, usage = made.digest.counts, made.usage
    flags = [entry.flag for entry in made.digest.entries if entry.flag]
    return DayResult(
        day=day,
        section=key,
        state=made.state,
        papers=counts.listed,
        summarised=counts.summarised,
        flagged=counts.flagged,
        unanswered=0 if usage.stopped else sum(flag.unanswered for flag in flags),
        asked=usage.asked,
        reused=usage.reused,
        cost=usage.cost,
        why=usage.stopped or "",
        stops=usage.stopped is not None,
        exit_code=FLAGGED if made.state == "flagged" else 0,
    )
