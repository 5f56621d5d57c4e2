from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.arxiv import calendar, no_announcement

INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given one


@pytest.mark.parametrize(
    ("eastern", "label"),
    [
        ("2026-01-28 10:00", date(2026, 1, 28)),
        ("2026-01-28 19:59", date(2026, 1, 28)),
        ("2026-01-28 20:00", date(2026, 1, 29)),
        ("2026-01-30 20:00", date(2026, 1, 30)),  # no announcement on Friday evenings
        ("2026-01-31 21:00", date(2026, 1, 30)),
        ("2026-02-01 19:59", date(2026, 1, 30)),
        ("2026-02-01 20:00", date(2026, 2, 2)),
    ],
)
def test_label_of_the_current_announcement(eastern: str, label: date) -> None:
    now = datetime.fromisoformat(eastern).replace(tzinfo=calendar.EASTERN)
    assert calendar.current(now) == label
    assert calendar.current(now.astimezone(ZoneInfo("Asia/Shanghai"))) == label


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        (date(2026, 3, 6), datetime(2026, 3, 6, 1, tzinfo=UTC)),
        (date(2026, 3, 9), datetime(2026, 3, 9, 0, tzinfo=UTC)),  # clocks went forward that Sunday
        (date(2026, 10, 30), datetime(2026, 10, 30, 0, tzinfo=UTC)),
        (date(2026, 11, 2), datetime(2026, 11, 2, 1, tzinfo=UTC)),  # and back that Sunday
    ],
)
def test_due_across_daylight_saving(day: date, utc: datetime) -> None:
    assert calendar.due(day) == utc
    assert not calendar.is_due(day, utc - timedelta(seconds=1))
    assert calendar.is_due(day, utc)


@given(INSTANTS)
def test_current_is_the_last_that_is_due(now: datetime) -> None:
    label = calendar.current(now)
    assert not calendar.is_weekend(label)
    assert calendar.is_due(label, now)
    assert not calendar.is_due(calendar.following(label), now)


def test_listed_holidays_empty_the_day_after() -> None:
    assert calendar.is_listed_holiday(date(2026, 1, 20))
    assert calendar.is_listed_holiday(date(2026, 7, 6))  # the evening of Friday, 3 July
    assert not calendar.is_listed_holiday(date(2026, 1, 19))


def test_weekend_and_early_have_their_own_sentences() -> None:
    now = datetime(2026, 1, 28, 18, tzinfo=UTC)
    weekend = no_announcement.without_asking(date(2026, 1, 31), now)
    assert weekend is not None
    assert weekend.kind == "weekend"
    assert "2026-01-31 is a Saturday" in weekend.sentence
    early = no_announcement.without_asking(date(2026, 1, 29), now, ZoneInfo("Asia/Shanghai"))
    assert early is not None
    assert early.kind == "early"
    assert early.expected == datetime(2026, 1, 29, 1, tzinfo=UTC)
    assert "2026-01-29 09:00 (UTC+08:00)" in early.sentence
    assert no_announcement.without_asking(date(2026, 1, 28), now) is None
