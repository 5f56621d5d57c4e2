"""What a run by a clock has to make: today's, and what was missed; nothing that nobody wanted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from digest.model import Counts, Digest, Entry, Flag, Listing, Paper, Section
from digest.pipeline.due import due, not_yet
from digest.publish.files import write_digest
from digest.system.errors import CountError, StaleError

AUDIO = Section(key="audio", title="音频", categories=("cs.SD",))
TEXT = Section(key="text", title="语言", categories=("cs.CL",))
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (date(2026, 1, day) for day in range(26, 31))
THURSDAY_NIGHT = datetime(2026, 1, 30, 1, 20, tzinfo=UTC)
"""Twenty minutes after the announcement of Friday, 30 January."""


def made(out: Path, section: Section, day: date, flag: str | None = None, *, sample: bool = False) -> None:
    paper = Paper(id="2601.00001", title="T", abstract="A")
    entry = Entry(
        listing=Listing(id=paper.id, kind="new", category="cs.SD", position=1),
        paper=paper,
        flag=Flag(code=flag or "checks", reason="why"),
    )
    entries = (entry,) if flag else ()
    counts = Counts(announced=len(entries), listed=len(entries), summarised=0, flagged=len(entries))
    write_digest(Digest(section=section, date=day, counts=counts, entries=entries, sample=sample), out)


def found(out: Path, *sections: Section, now: datetime = THURSDAY_NIGHT) -> list[tuple[date, str]]:
    return [(day, section.key) for day, section in due(sections or (AUDIO,), out, now)]


def test_a_new_home_begins_with_the_latest(tmp_path: Path) -> None:
    assert found(tmp_path / "runs") == [(FRIDAY, "audio")]


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-01-30T00:20", THURSDAY),  # winter: forty minutes before the announcement
        ("2026-01-30T01:20", FRIDAY),
        ("2026-01-31T12:00", FRIDAY),  # Saturday
        ("2026-02-01T23:59", FRIDAY),
        ("2026-07-14T00:20", date(2026, 7, 14)),  # summer: twenty minutes after it
        ("2026-07-13T23:50", date(2026, 7, 13)),
        ("2026-03-09T00:20", date(2026, 3, 9)),  # the day on which summer time has begun
        ("2026-11-02T00:20", date(2026, 10, 30)),  # and the one on which it has ended
    ],
)
def test_the_latest_by_the_clock_of_arxiv(tmp_path: Path, now: str, day: date) -> None:
    assert found(tmp_path, now=datetime.fromisoformat(f"{now}+00:00")) == [(day, "audio")]


def test_holes_are_filled_from_the_first_digest_on(tmp_path: Path) -> None:
    made(tmp_path, AUDIO, MONDAY)
    made(tmp_path, AUDIO, WEDNESDAY)
    assert found(tmp_path) == [(TUESDAY, "audio"), (THURSDAY, "audio"), (FRIDAY, "audio")]
    made(tmp_path, AUDIO, FRIDAY)
    assert found(tmp_path) == [(TUESDAY, "audio"), (THURSDAY, "audio")]


def test_a_new_section_begins_with_today_and_order_is_day_then_section(tmp_path: Path) -> None:
    made(tmp_path, AUDIO, WEDNESDAY)
    assert found(tmp_path, TEXT, AUDIO) == [(THURSDAY, "audio"), (FRIDAY, "text"), (FRIDAY, "audio")]


def test_a_day_that_was_tried_in_vain_is_made_up_for(tmp_path: Path) -> None:
    tried = {("audio", WEDNESDAY), ("other", MONDAY)}
    assert [day for day, _ in due((AUDIO,), tmp_path, THURSDAY_NIGHT, tried)] == [WEDNESDAY, THURSDAY, FRIDAY]
    assert found(tmp_path, TEXT) == [(FRIDAY, "text")]


@pytest.mark.parametrize(
    ("flag", "again"), [("unreachable", True), ("quota", True), ("ceiling", True), ("checks", False)]
)
def test_of_earlier_days_only_what_could_not_be_asked_is_tried_again(
    tmp_path: Path, flag: str, again: bool
) -> None:
    made(tmp_path, AUDIO, THURSDAY, flag)
    made(tmp_path, AUDIO, FRIDAY, flag)
    assert found(tmp_path) == [(THURSDAY, "audio")] * again + [(FRIDAY, "audio")]


def test_old_days_and_the_sample_day_do_not_count(tmp_path: Path) -> None:
    made(tmp_path, AUDIO, date(2025, 11, 3))
    made(tmp_path, AUDIO, WEDNESDAY, sample=True)
    assert found(tmp_path) == [(FRIDAY, "audio")]
    made(tmp_path, AUDIO, date(2026, 1, 16))  # two weeks back, and no longer
    assert len(found(tmp_path)) == 10


def test_late_is_no_failure_for_half_a_day(tmp_path: Path) -> None:
    late = StaleError("still that of Thursday")
    quiet = not_yet(late, FRIDAY, THURSDAY_NIGHT)
    assert quiet is not None
    assert quiet.sentence == "still that of Thursday"
    assert not_yet(late, FRIDAY, datetime(2026, 1, 30, 13, 1, tzinfo=UTC)) is None
    assert not_yet(late, THURSDAY, THURSDAY_NIGHT) is None
    assert not_yet(CountError("x"), FRIDAY, THURSDAY_NIGHT) is None
    assert not_yet(late, None, THURSDAY_NIGHT) is None
