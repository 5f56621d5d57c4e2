"""The digests that are due: those of the latest announcement, and what earlier runs were to make and did not.

For runs by a clock: one that came too early, was killed, or met an outage is made up for by the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from digest.model import Digest, Section
from digest.publish.files import complete_digest
from digest.publish.keeping import find_digest, of_sample
from digest.sources.arxiv import calendar
from digest.sources.source import NoAnnouncement
from digest.system.errors import StaleError

REACH = timedelta(days=14)
"""The span back in which a missed day is made up for."""

_ONE_DAY = timedelta(days=1)

_LATE = timedelta(hours=12)
"""The span after its hour in which an announcement is late, and not missing."""

_UNASKED = frozenset({"unreachable", "quota", "ceiling", "refusing"})
"""Flags of papers that an endpoint could not be asked about then; it may be possible now."""


def due(
    sections: Sequence[Section],
    out: Path,
    now: datetime,
    tried: Collection[tuple[str, date]] = (),
    *,
    sample: bool = False,
) -> list[tuple[date, Section]]:
    """Days and sections that a run at `now` has to make, oldest day first.

    A section's digest of the latest announcement is due until it is complete. One of the two weeks before is
    due where there is none, or with papers that could not be asked about; but only from the first day on
    that somebody made or tried: a new section begins with today.

    Args:
        sections: those of a run.
        out: where the digests are.
        now: the time, aware.
        tried: section and day of earlier runs, whatever became of them.
        sample: whether digests of the sample day count.
    """

    def own(digest: Digest | None) -> Digest | None:
        return None if digest is not None and of_sample(digest) and not sample else digest

    latest = calendar.current(now)
    found: list[tuple[date, Section]] = []
    for section in sections:
        days = list(_announcement_days(latest - REACH, latest))
        made = {day: own(find_digest(out, day, section.key)) for day in days}
        wanted = [day for day in days if made[day] or (section.key, day) in tried]
        found += [(day, section) for day in days if wanted and day >= wanted[0] and _lacks_answers(made[day])]
        if own(complete_digest(out, latest, section.key)) is None:
            found.append((latest, section))
    order = [section.key for section in sections]
    return sorted(found, key=lambda one: (one[0], order.index(one[1].key)))


def not_yet(error: object, day: date | None, now: datetime) -> NoAnnouncement | None:
    """A page that is still that of an earlier day, on the evening of `day`: late, which the next run sees.

    None for any other outcome.
    """
    if not isinstance(error, StaleError) or day is None or now >= calendar.due(day) + _LATE:
        return None
    return NoAnnouncement(kind="early", date=day, sentence=str(error), expected=calendar.due(day))


def _announcement_days(first: date, end: date) -> Iterator[date]:
    """The days from `first` on, before `end`, on which arXiv announces."""
    for number in range((end - first).days):
        day = first + number * _ONE_DAY
        if not calendar.is_weekend(day):
            yield day


def _lacks_answers(digest: Digest | None) -> bool:
    if digest is None:
        return True
    return any(entry.flag and entry.flag.code in _UNASKED for entry in digest.entries)
