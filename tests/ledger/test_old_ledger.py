"""A ledger made by the version of 2026-11-25: a day, a run that failed, and one paper again."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from digest.ledger import FILE_NAME, open_history, open_ledger
from digest.ledger.sql.copy import contents
from digest.ledger.sql.schema import migrations
from tests.conftest import Run

ANSWERS = 5


@pytest.fixture
def old(root: Path, folder: Path) -> Path:
    """A folder with that ledger, where the sample day's is."""
    place = folder / "runs" / "sample"
    place.mkdir(parents=True)
    packed = root / "tests" / "data" / "ledger-2026-11-25.sqlite3.gz"
    (place / FILE_NAME).write_bytes(gzip.decompress(packed.read_bytes()))
    return place


def test_everything_in_it_can_be_read_and_is_brought_up_to_date(old: Path) -> None:
    with open_history(old) as history:
        runs = list(history.runs())
        assert [(run.command, run.state) for run in runs] == [
            ("run", "complete"),
            ("run", "failed"),
            ("paper", "complete"),
        ]
        assert sum(len(list(history.answers(run.id))) for run in runs) == ANSWERS
        before = contents(history.database)
    with open_ledger(old) as ledger:
        assert ledger.database.one("PRAGMA user_version") == (len(migrations()),)
        assert ledger.newest() == ANSWERS
        assert contents(ledger.database) == before
        assert ledger.begin("run") == 4


@pytest.mark.slow
def test_its_day_asks_nothing_again(old: Path, digest: Run) -> None:
    (made,) = digest(
        "run", "--sample", "--limit", "4", "--no-pdf", "--prompt", "fields", "--date", "2026-01-28", "--json"
    ).json
    assert (made["state"], made["asked"], made["reused"]) == ("complete", 0, 4)
    assert digest("runs", "verify", "--out", str(old)).code == 0
