"""Where the last days stand: by arXiv's calendar, the files, and what the ledger tells of runs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from digest.cli import status
from digest.cli.status import deliveries_of, lines
from digest.ledger.interface import Delivery, DeliveryState
from digest.model import Counts, Digest, Section
from digest.pipeline.status import DayState, LastRun, Runs, SectionStatus, status_of
from digest.publish.files import write_digest
from digest.sources.arxiv import calendar
from tests.conftest import Run

AUDIO = Section(key="audio", title="音频", categories=("cs.SD",))
MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 6, 15, tzinfo=UTC)
"""Friday of that week, an hour at which its announcement is long out."""


def day(number: int) -> date:
    """Monday is 0."""
    return MONDAY + timedelta(days=number)


def make(out: Path, date: date, *, listed: int = 4, flagged: int = 0, sample: bool = False) -> None:
    counts = Counts(announced=4, listed=listed, summarised=listed - flagged, flagged=flagged)
    write_digest(Digest(section=AUDIO, date=date, counts=counts, entries=(), sample=sample), out)


def ran(
    state: str, date: date, why: str = "", kind: str = "", hours: float = 1
) -> dict[tuple[str, date], LastRun]:
    """A run so many hours after the announcement."""
    return {("audio", date): LastRun(state, calendar.due(date) + timedelta(hours=hours), why, kind)}


def states(found: SectionStatus) -> list[DayState]:
    return [one.state for one in found.days]


def test_each_day_has_its_state_and_its_reason(tmp_path: Path) -> None:
    make(tmp_path, day(0))
    make(tmp_path, day(1), flagged=1)
    last = ran("submitted", day(2), "4 questions are under way", hours=50)
    last |= ran("failed", day(3), "arXiv is down") | ran("quiet", day(4), "a holiday", "nothing")
    found = status_of(AUDIO, tmp_path, Runs(last), NOW)
    assert states(found) == ["complete", "flagged", "pending", "missing", "nothing"]
    assert [one.why for one in found.days[2:]] == ["4 questions are under way", "arXiv is down", "a holiday"]
    assert found.newest is not None
    assert found.newest.date == day(1)
    assert found.calls


def test_nothing_calls_when_all_is_made(tmp_path: Path) -> None:
    for number in (0, 1, 2, 3, 4):
        make(tmp_path, day(number), flagged=number == 1)  # of days past it is told, and wakes nobody
    found = status_of(AUDIO, tmp_path, Runs(), NOW)
    assert states(found) == ["complete", "flagged", "complete", "complete", "complete"]
    assert not found.calls
    make(tmp_path, day(4), flagged=1)
    assert status_of(AUDIO, tmp_path, Runs(), NOW).calls


def test_a_day_is_due_for_hours_and_then_missing(tmp_path: Path) -> None:
    make(tmp_path, day(0))
    evening = calendar.due(day(1))
    for hours, state in ((-0.1, None), (0, "due"), (5.9, "due"), (6, "missing"), (30, "missing")):
        found = status_of(AUDIO, tmp_path, Runs(), evening + timedelta(hours=hours))
        assert states(found)[1:2] == ([state] if state else []), hours
    early = Runs(ran("quiet", day(1), "expected at 20:00", "early", hours=-3))
    assert states(status_of(AUDIO, tmp_path, early, evening + timedelta(hours=8)))[1] == "missing"
    of_old = Runs(ran("quiet", day(1), "expected at 20:00", hours=-3))
    assert states(status_of(AUDIO, tmp_path, of_old, evening + timedelta(hours=8)))[1] == "missing"
    undated = Runs(undated={"audio": LastRun("failed", evening, "the page is that of Monday")})
    (_, late) = status_of(AUDIO, tmp_path, undated, evening + timedelta(hours=8)).days
    assert (late.state, late.why) == ("missing", "the page is that of Monday")


def test_weekends_and_listed_holidays_are_not_missed(tmp_path: Path) -> None:
    make(tmp_path, date(2026, 6, 18))  # Friday's evening of the 19th is a holiday: none of the 22nd
    found = status_of(AUDIO, tmp_path, Runs(), datetime(2026, 6, 22, 15, tzinfo=UTC))
    assert [(one.date.day, one.state) for one in found.days] == [
        (18, "complete"),
        (19, "missing"),
        (22, "nothing"),
    ]
    thanksgiving = date(2026, 11, 27)  # the evening of the 26th is a holiday
    make(tmp_path, date(2026, 11, 26))
    found = status_of(AUDIO, tmp_path, Runs(), datetime(2026, 11, 27, 15, tzinfo=UTC))
    assert (found.days[-1].date, found.days[-1].state) == (thanksgiving, "nothing")


def test_days_before_the_first_are_nobodys(tmp_path: Path) -> None:
    assert states(status_of(AUDIO, tmp_path, Runs(), NOW)) == ["missing"]  # it was never run
    make(tmp_path, day(3))
    assert states(status_of(AUDIO, tmp_path, Runs(), NOW)) == ["complete", "missing"]
    found = status_of(AUDIO, tmp_path, Runs(first={"audio": day(-7)}), NOW)
    assert len(found.days) == 10
    old = status_of(AUDIO, tmp_path, Runs(first={"audio": date(2024, 1, 1)}), NOW)
    assert old.days[0].date == date(2026, 2, 4)


def test_a_part_a_sample_and_a_batch_of_yesterday_are_no_digest(tmp_path: Path) -> None:
    make(tmp_path, day(0))
    make(tmp_path, day(1), listed=3)
    make(tmp_path, day(2), sample=True)
    last = ran("submitted", day(3), "under way", hours=1)
    found = status_of(AUDIO, tmp_path, Runs(last), NOW)
    assert states(found) == ["complete", "missing", "missing", "missing", "missing"]
    assert "only the first 3 of 4" in found.days[1].why
    assert "is not collected" in found.days[3].why


def test_where_it_was_sent_is_told_if_the_ledger_knows(tmp_path: Path) -> None:
    make(tmp_path, day(4))
    assert status_of(AUDIO, tmp_path, Runs(), NOW).days[0].sent is None
    sent = Runs(sent={("audio", day(4)): {"mail/a": "sent"}})
    found = status_of(AUDIO, tmp_path, sent, NOW).days[0]
    assert found.reached
    assert not found.unsent


@pytest.mark.parametrize("state", ["sending", "failed", "unsure"])
def test_somebody_looks_where_a_recipient_may_not_have_it(tmp_path: Path, state: DeliveryState) -> None:
    make(tmp_path, day(4))
    sent = Runs(sent={("audio", day(4)): {"mail/a": "sent", "chat/b": state}})
    found = status_of(AUDIO, tmp_path, sent, NOW)
    assert found.calls
    assert found.days[0].unsent == (("chat/b", state),)
    assert not found.days[0].reached
    assert any(line.endswith(f"chat/b: {state}") for line in lines([found]))


def test_only_the_last_attempt_counts() -> None:
    def at(state: DeliveryState, attempt: int) -> Delivery:
        return Delivery(day(4), "audio", "mail", "a", "", attempt, state, NOW)

    rows = [at("sending", 1), at("failed", 1), at("sending", 2), at("sent", 2)]
    assert deliveries_of(rows) == {("audio", day(4)): {"mail/a": "sent"}}
    assert deliveries_of(rows[:2]) == {("audio", day(4)): {"mail/a": "failed"}}


class Evening(datetime):
    """A clock that stands at NOW: on a day that has an announcement."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Evening:
        return cls.fromtimestamp(NOW.timestamp(), tz)


def test_the_command_reads_files_and_ledger_and_writes_nothing(
    digest: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "datetime", Evening)
    ran = digest("status")
    assert ran.code == 3
    assert all(len(line) <= 80 for line in ran.out.splitlines())
    assert not list(folder.iterdir())
    assert digest("run", "--sample", "--no-pdf", "--limit", "2", "--section", "audio").code == 0
    (found,) = digest("status", "--json", "--out", "runs/sample").json["sections"]
    assert found["section"] == "audio"
    assert len(found["missing"]) == 23
    assert found["newest"] is None
    assert digest("status", "--section", "nope").code == 2
