"""Dates as people write them: announcement dates, ranges, and words for those that move.

Days are arXiv's: the announcement that comes out at 20:00 in New York carries the date of the day after.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from digest.sources.arxiv import calendar
from digest.system.errors import UsageError

_ONE_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_FRIDAY = 4


def _today(now: datetime) -> date:
    """The date that an announcement made now would carry; of a weekend, when there is none."""
    local = now.astimezone(calendar.EASTERN)
    return (local + timedelta(hours=4)).date()


def _yesterday(now: datetime) -> date:
    """The announcement day before today: Friday, on a Monday."""
    day = _today(now) - _ONE_DAY
    while calendar.is_weekend(day):
        day -= _ONE_DAY
    return day


def _last_friday(now: datetime) -> date:
    """The last day of the last whole week: at a weekend, that of the week which has just ended."""
    day = _today(now) - _ONE_DAY
    return day - timedelta(days=(day.weekday() - _FRIDAY) % 7)


WORDS: dict[str, Callable[[datetime], tuple[date, date]]] = {
    "today": lambda now: (_today(now), _today(now)),
    "yesterday": lambda now: (_yesterday(now), _yesterday(now)),
    "last-week": lambda now: (_last_friday(now) - timedelta(days=_FRIDAY), _last_friday(now)),
}
"""Word -> first and last day that it stands for."""


def parse_days(text: str | None, now: datetime) -> tuple[date | None, date | None]:
    """The first and the last day of `2026-01-28`, `2026-01-20..yesterday`, `last-week`; None for the latest.

    Raises:
        UsageError: an end is no date, or lies after arXiv's next announcement; or the last lies before the
            first.
    """
    if text is None:
        return None, None
    first, dots, last = text.partition("..")
    begin, end = _span(first, now)
    if dots:
        end = _span(last, now)[1]
    if end < begin:
        raise UsageError(f"{text}: the last day lies before the first.")
    return begin, end


def parse_day(text: str, now: datetime) -> date:
    """An announcement date.

    Raises:
        UsageError: it is no date, is more than one, or lies after arXiv's next announcement.
    """
    first, last = _span(text, now)
    if first != last:
        raise UsageError(f"{text!r} is more than one day: {first} to {last}. Give one of them.")
    return first


def weekdays(first: date, last: date) -> tuple[date, ...]:
    """The days of a range on which arXiv announces: Monday to Friday."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(day for day in days if not calendar.is_weekend(day))


def _span(text: str, now: datetime) -> tuple[date, date]:
    """The first and the last day that a word or a date stands for."""
    if meant := WORDS.get(text.strip().lower()):
        return meant(now)
    try:
        day = datetime.strptime(text.strip(), "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        words = ", ".join(WORDS)
        raise UsageError(f"{text!r} is no date. Dates look like 2026-01-28; or say {words}.") from None
    following = calendar.following(calendar.current(now))  # not out yet: to be told when it is expected
    if day > following:
        raise UsageError(f"{day} lies in the future: arXiv's next announcement is that of {following}.")
    return day, day
