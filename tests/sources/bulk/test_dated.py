"""Which announcement a version goes into."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from digest.model import Paper
from digest.sources.arxiv.calendar import announced_on
from digest.sources.bulk.dated import DatedPaper, category_day


@pytest.mark.parametrize(
    ("submitted", "announced"),
    [
        # arXiv: help/availability; hours in UTC, Eastern is five behind in winter and four in summer
        ("2026-01-26T18:59", "2026-01-27"),  # Monday 13:59 -> Monday evening -> Tuesday
        ("2026-01-26T19:00", "2026-01-28"),  # Monday 14:00 -> Tuesday evening
        ("2026-01-29T18:59", "2026-01-30"),  # Thursday
        ("2026-01-29T19:00", "2026-02-02"),  # Thursday 14:00 -> Sunday evening -> Monday
        ("2026-01-30T18:59", "2026-02-02"),  # Friday 13:59 -> Monday
        ("2026-01-30T19:00", "2026-02-03"),  # Friday 14:00 -> Monday evening -> Tuesday
        ("2026-01-31T12:00", "2026-02-03"),  # Saturday
        ("2026-07-06T17:59", "2026-07-07"),  # in summer
        ("2026-07-06T18:00", "2026-07-08"),
        ("2026-01-19T12:00", "2026-01-21"),  # no announcement in the evening of 19 January
    ],
)
def test_the_schedule(submitted: str, announced: str) -> None:
    assert announced_on(datetime.fromisoformat(submitted).replace(tzinfo=UTC)) == date.fromisoformat(
        announced
    )


def dated(paper_id: str, *versions: tuple[int, str], categories: tuple[str, ...] = ("cs.SD",)) -> DatedPaper:
    paper = Paper(id=paper_id, title="t", abstract="a", categories=categories)
    history = tuple(
        (number, datetime.fromisoformat(moment).replace(tzinfo=UTC)) for number, moment in versions
    )
    return DatedPaper(paper=paper, versions=history)


def test_a_paper_is_announced_with_each_version_up_to_the_fifth_and_once_a_day() -> None:
    paper = dated(
        "2601.00001",
        (1, "2026-01-05T10:00"),
        (2, "2026-01-05T11:00"),
        (3, "2026-01-07T10:00"),
        (6, "2026-01-08T10:00"),
    )
    assert dict(paper.announcements()) == {date(2026, 1, 6): 1, date(2026, 1, 8): 3}


def test_kinds_and_order_of_a_category() -> None:
    papers = [
        dated("2601.00002", (1, "2026-01-05T10:00"), categories=("cs.CL", "cs.SD")),
        dated("2601.00001", (1, "2026-01-05T10:00")),
        dated("hep-th/9901001", (1, "1999-01-04T10:00"), (2, "2026-01-05T10:00")),
        dated("2601.00003", (1, "2026-01-05T10:00"), categories=("cs.CL",)),
        dated("2601.00004", (1, "2026-01-06T10:00")),
    ]
    day = category_day("cs.SD", date(2026, 1, 6), papers)
    assert [(one.id, one.version, one.kind, one.position) for one in day.listings] == [
        ("hep-th/9901001", 2, "replaced", 1),
        ("2601.00001", 1, "new", 2),
        ("2601.00002", 1, "cross", 3),
    ]
    assert [paper.version for paper in day.papers] == [2, 1, 1]
