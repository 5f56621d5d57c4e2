"""The state of the digests of the last days, by the calendar, the files and the ledger; asks nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from digest.ledger.interface import DeliveryState
from digest.model import Counts, Digest, Section
from digest.publish.keeping import find_digest, of_sample
from digest.sources.arxiv import calendar

REACH = timedelta(days=30)
"""One looks so far back."""

_GRACE = timedelta(hours=6)
"""Between an announcement's time and the moment from which its digest is missed: arXiv is late at times, and
workflows try for three hours."""

_BATCH = timedelta(hours=26)
"""The time that a batch may take; endpoints end one after 24 hours."""

DayState = Literal["complete", "flagged", "pending", "nothing", "due", "missing"]
"""Made; made, with papers to look at; waits for a batch; nothing was announced; expected; overdue."""


@dataclass(frozen=True)
class LastRun:
    """The last run for a section and day, as the ledger tells of it.

    Attributes:
        state: see `Ledger.finish`; stopped where its process died.
        began: when, UTC.
        why: in words, of one that published nothing.
        kind: of a day without a digest, see `NoAnnouncement`; empty in older ledgers.
    """

    state: str
    began: datetime
    why: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Runs:
    """The ledger's knowledge of runs.

    Attributes:
        last: section and day -> the last run.
        undated: section -> the last run, if that ended before it knew its day.
        first: section -> the first day that was ever run.
        sent: section and day -> recipient -> the state of the last attempt to send its digest there; None:
            nothing is sent.
    """

    last: Mapping[tuple[str, Date], LastRun] = field(default_factory=dict)
    undated: Mapping[str, LastRun] = field(default_factory=dict)
    first: Mapping[str, Date] = field(default_factory=dict)
    sent: Mapping[tuple[str, Date], Mapping[str, DeliveryState]] | None = None


@dataclass(frozen=True)
class DayStatus:
    """One section on one day on which an announcement was due."""

    date: Date
    state: DayState
    counts: Counts | None = None
    why: str = ""
    sent: Mapping[str, DeliveryState] | None = None

    @property
    def reached(self) -> bool:
        """True if it was sent, and everybody it was begun to be sent to has it."""
        return bool(self.sent) and not self.unsent

    @property
    def unsent(self) -> tuple[tuple[str, DeliveryState], ...]:
        """Recipients that may not have it, each with the state of the last attempt."""
        return tuple((name, state) for name, state in (self.sent or {}).items() if state != "sent")


@dataclass(frozen=True)
class SectionStatus:
    """One section on its days, oldest first."""

    section: Section
    days: tuple[DayStatus, ...]
    begun: bool
    """True if it was ever run or made."""

    def in_state(self, *states: DayState) -> tuple[DayStatus, ...]:
        """The days that stand so."""
        return tuple(day for day in self.days if day.state in states)

    @property
    def newest(self) -> DayStatus | None:
        """The last day that has a digest."""
        made = self.in_state("complete", "flagged")
        return made[-1] if made else None

    @property
    def calls(self) -> bool:
        """True if somebody should look.

        A day is missing, a message was not sent, or the newest digest has flagged papers.
        """
        flagged = self.newest is not None and self.newest.state == "flagged"
        return flagged or bool(self.in_state("missing")) or any(day.unsent for day in self.days)


def status_of(section: Section, out: Path, runs: Runs, now: datetime) -> SectionStatus:
    """The last 30 days of a section.

    Days before the first digest and the first run of the section are left out: nobody wanted them.

    Args:
        section: which.
        out: the folder of the digests.
        runs: what the ledger knows.
        now: the time, aware.
    """
    newest = calendar.current(now)
    days = [newest - timedelta(days=ago) for ago in reversed(range(REACH.days + 1))]
    found = {day: _standing(out, day, section) for day in days if not calendar.is_weekend(day)}
    made = [day for day, digest in found.items() if digest]
    known = [day for day in (runs.first.get(section.key), *made[:1]) if day]
    first = min(known, default=newest)
    return SectionStatus(
        section,
        tuple(_day(section, day, digest, runs, now) for day, digest in found.items() if day >= first),
        bool(known),
    )


def _early(run: LastRun, due: datetime) -> bool:
    """True if a run that found nothing came before the announcement; older ledgers tell by its time only."""
    return run.kind == "early" or (not run.kind and run.began < due)


def _standing(out: Path, day: Date, section: Section) -> Digest | None:
    digest = find_digest(out, day, section.key)
    return None if digest is None or of_sample(digest) else digest


def _day(section: Section, day: Date, digest: Digest | None, runs: Runs, now: datetime) -> DayStatus:
    sent = None if runs.sent is None else runs.sent.get((section.key, day), {})
    if digest is not None and digest.counts.kept:
        flagged = digest.counts.flagged or digest.withheld
        return DayStatus(day, "flagged" if flagged else "complete", digest.counts, sent=sent)
    part = None if digest is None else digest.counts
    state, why = _unmade(section, day, runs, now)
    if part is not None and state == "missing":
        why = f"only the first {part.listed} of {part.announced} papers are there"
    return DayStatus(day, state, part, why, sent)


def _unmade(section: Section, day: Date, runs: Runs, now: datetime) -> tuple[DayState, str]:
    """The state of a day without a digest, and why it is so."""
    last, due = runs.last.get((section.key, day)), calendar.due(day)
    if last is not None and last.state == "submitted":
        late = now - last.began > _BATCH
        return ("missing", f"its batch is not collected: {last.why}") if late else ("pending", last.why)
    if last is not None and last.state == "quiet" and not _early(last, due):
        return "nothing", last.why
    if last is None and calendar.is_listed_holiday(day):
        return "nothing", "a holiday at arXiv"
    if last is None or last.state == "quiet":
        undated = runs.undated.get(section.key)
        last = undated if undated and day == calendar.current(now) and undated.began >= due else None
    why = last.why if last else "no run has made it"
    return ("due" if now - due < _GRACE else "missing"), why
