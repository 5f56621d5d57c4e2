"""Days in words, by arXiv's calendar: in New York, without weekends."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from digest.cli.dates import parse_day, parse_days, weekdays
from digest.system.errors import UsageError
from tests.conftest import Run


def at(text: str) -> datetime:
    """An instant of January 2026 (UTC): the 26th is a Monday; New York is five hours behind."""
    return datetime.strptime(f"2026-01-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "today", "yesterday", "last_week"),
    [
        ("26 12:00", 26, 23, (19, 23)),  # Monday
        ("28 00:59", 27, 26, (19, 23)),  # Tuesday 19:59 in New York, Wednesday morning in Beijing
        ("28 01:00", 28, 27, (19, 23)),  # 20:00: Wednesday's announcement
        ("30 12:00", 30, 29, (19, 23)),  # Friday
        ("31 01:30", 31, 30, (26, 30)),  # Friday 20:30: no announcement, and the week is whole
        ("31 18:00", 31, 30, (26, 30)),  # Saturday
    ],
)
def test_words_are_days_of_announcements(
    now: str, today: int, yesterday: int, last_week: tuple[int, int]
) -> None:
    assert parse_day("today", at(now)) == date(2026, 1, today)
    assert parse_day("Yesterday", at(now)) == date(2026, 1, yesterday)
    first, last = parse_days("last-week", at(now))
    assert (first, last) == tuple(date(2026, 1, day) for day in last_week)


def test_sunday_evening_is_mondays_and_summer_is_an_hour_earlier() -> None:
    sunday = datetime(2026, 2, 1, 18, tzinfo=UTC)
    assert parse_day("yesterday", sunday) == date(2026, 1, 30)
    assert parse_day("today", datetime(2026, 2, 2, 1, tzinfo=UTC)) == date(2026, 2, 2)
    assert parse_day("today", datetime(2026, 7, 7, 0, tzinfo=UTC)) == date(2026, 7, 7)
    assert parse_day("today", datetime(2026, 7, 6, 23, 59, tzinfo=UTC)) == date(2026, 7, 6)


def test_words_may_be_ends_of_ranges() -> None:
    now = at("28 12:00")
    assert parse_days("2026-01-20..yesterday", now) == (date(2026, 1, 20), date(2026, 1, 27))
    assert parse_days("last-week..today", now) == (date(2026, 1, 19), date(2026, 1, 28))
    assert len(weekdays(date(2026, 1, 19), date(2026, 1, 28))) == 8
    with pytest.raises(UsageError, match="more than one day: 2026-01-19 to 2026-01-23"):
        parse_day("last-week", now)
    with pytest.raises(UsageError, match="before the first"):
        parse_days("today..last-week", now)


def test_commands_take_words(digest: Run) -> None:
    assert digest("run", "--sample", "--no-pdf", "--limit", "2", "--date", "today").code == 0
    listed = digest("list", "today", "--sample")
    assert (listed.code, "2026-01-28: 44 papers" in listed.out) == (0, True)
    quiet = digest("list", "yesterday", "--sample")
    assert (quiet.code, "nothing on 2026-01-27" in quiet.out) == (0, True)
    week = digest("run", "--sample", "--no-pdf", "--date", "last-week", "--json")
    assert [one["date"] for one in week.json] == [f"2026-01-{day}" for day in range(19, 24)]
