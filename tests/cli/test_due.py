"""`digest run --date due`: the latest and what was missed, and nothing a second time."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from digest.sample.knobs import DATA
from digest.system import clock
from tests.conftest import Run, use
from tests.faulty import Server

TUESDAY, WEDNESDAY = date(2026, 1, 27), date(2026, 1, 28)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the clock."""

    def to(moment: str) -> None:
        instant = datetime.fromisoformat(f"{moment}+00:00")

        class Clock(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Clock:
                return cls.fromtimestamp(instant.timestamp(), tz)

        monkeypatch.setattr(clock, "datetime", Clock)

    return to


@pytest.fixture
def server(
    folder: Path, sample_server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Server:
    """Two days of two papers each."""
    rows = [json.loads(row) for row in (DATA / "papers.jsonl").read_text(encoding="utf-8").splitlines()[:4]]
    dealt = [{**row, "date": str(TUESDAY + timedelta(days=n // 2))} for n, row in enumerate(rows)]
    records = tmp_path / "records.jsonl"
    records.write_text("\n".join(json.dumps(row) for row in dealt), encoding="utf-8")
    started = sample_server(records=(records,), today=TUESDAY)
    use(started, folder, monkeypatch, '[text]\nsource = "abstract"\n')
    return started


@pytest.mark.slow
def test_late_is_told_and_the_next_run_makes_what_was_missed(
    server: Server, digest: Run, folder: Path, at: Callable[[str], None]
) -> None:
    at("2026-01-27T01:20")
    assert [one["date"] for one in digest("run", "--date", "due", "--json").json] == [str(TUESDAY)]
    ran = digest("run", "--date", "due")
    assert (ran.code, ran.out) == (
        0,
        "Nothing is due: the digests of the latest announcement are complete.\n",
    )
    assert digest("run", "--date", "due", "--json").json == []
    assert digest("run", "--date", "due", "--quiet").out == ""

    at("2026-01-28T01:20")  # arXiv shows Tuesday still
    ran = digest("run", "--date", "due")
    assert (ran.code, ran.err.count("digest: ")) == (0, 0)
    assert "is still that of 2026-01-27" in ran.out
    at("2026-01-28T14:00")  # half a day later it is missing, and not late
    assert digest("run", "--date", "due").code == 4

    (folder / f"runs/{TUESDAY}/audio.json").unlink()
    (folder / f"runs/{TUESDAY}/audio.md").unlink()
    server.set(today=WEDNESDAY)
    ran = digest("run", "--date", "due")
    assert ran.code == 0, ran.err
    for day in (TUESDAY, WEDNESDAY):
        assert (folder / f"runs/{day}/audio.md").is_file()
    answered = server.stats()["answered"]
    assert len(answered) == 2  # Tuesday's are in the ledger
    assert set(answered.values()) == {1}
