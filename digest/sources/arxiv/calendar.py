"""The calendar of arXiv's announcements. Source: arXiv, help/availability.

An announcement comes at 20:00 US Eastern on the evenings of Sunday to Thursday, and carries the date of the
day after. On evenings that arXiv lists as holidays there is none; others are cancelled ad hoc, so that a
list can explain an absence but never prove one.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")

_EVENING = time(20, 0)
_DEADLINE = time(14, 0)
_ONE_DAY = timedelta(days=1)
_SATURDAY = 5

_HOLIDAY_EVENINGS = frozenset(
    date(2026, month, day)
    for month, day in ((1, 1), (1, 19), (6, 19), (7, 3), (9, 7), (11, 26), (12, 25), (12, 29), (12, 31))
)
"""Evenings without an announcement, as arXiv published them for 2026."""


def is_weekend(day: date) -> bool:
    """True if no announcement ever carries this date."""
    return day.weekday() >= _SATURDAY


def current(now: datetime) -> date:
    """The date of the latest announcement that the schedule has brought by `now` (aware)."""
    local = now.astimezone(EASTERN)
    day = local.date() + _ONE_DAY if local.time() >= _EVENING else local.date()
    while is_weekend(day):
        day -= _ONE_DAY
    return day


def following(day: date) -> date:
    """The date of the announcement after that of `day`."""
    day += _ONE_DAY
    while is_weekend(day):
        day += _ONE_DAY
    return day


def announced_on(submitted: datetime) -> date:
    """The date of the announcement that a submission (aware) goes into by the schedule.

    What arrives by 14:00 Eastern of a working day is announced that evening, on Friday that of Sunday. Papers
    on hold, and evenings that no list has, come later than that.
    """
    local = submitted.astimezone(EASTERN)
    deadline = local.date() if local.time() < _DEADLINE else local.date() + _ONE_DAY
    while is_weekend(deadline):
        deadline += _ONE_DAY
    day = following(deadline)
    while is_listed_holiday(day):
        day = following(day)
    return day


def due(day: date) -> datetime:
    """The instant (UTC) at which the announcement of `day` is expected; `day` must be no weekend."""
    return datetime.combine(day - _ONE_DAY, _EVENING, EASTERN).astimezone(UTC)


def is_due(day: date, now: datetime) -> bool:
    """True if the announcement of `day` should be out by `now` (aware)."""
    return due(day) <= now


def is_listed_holiday(day: date) -> bool:
    """True if arXiv has said beforehand that there will be no announcement of `day`."""
    return any(following(evening) == day for evening in _HOLIDAY_EVENINGS)
