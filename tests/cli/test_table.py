"""Tables fit a terminal of 80 columns in both languages, and lose nothing in a pipe."""

from __future__ import annotations

import pytest

from digest.cli import eval_output, run_output, runs_output, table
from digest.cli.run_output import Result
from digest.cli.table import table as table_of
from digest.config import load
from digest.ledger.sql.history import Run
from digest.system.errors import ModelError
from digest.system.terminal import columns_of
from tests.conftest import Run as Command


@pytest.fixture(params=["en", "zh"])
def narrow(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A terminal of 80 columns, and a language."""
    monkeypatch.setenv("DIGEST_LANG", request.param)
    monkeypatch.setattr(table, "width", lambda: 80)
    return str(request.param)


def busy_run(number: int) -> Run:
    report = {
        "counts": {"announced": 1234, "listed": 1234, "summarised": 1200, "flagged": 34},
        "asked": 12345,
        "reused": 0,
        "input": 12_345_678,
        "output": 1_234_567,
        "cost": 123.4567,
        "source": "listing, saved before",
    }
    return Run.model_validate(
        {
            "id": number,
            "command": "run",
            "section": "robotics",
            "date": "2026-01-28",
            "state": "flagged",
            "started": "2026-01-28T00:20:00Z",
            "finished": "2026-01-28T03:20:00Z",
            "report": report,
        }
    )


def test_runs(narrow: str) -> None:
    lines = list(runs_output.table([busy_run(999), busy_run(100_000)]))
    assert max(map(columns_of, lines)) <= 80
    assert "2026-01-28" in lines[1]
    assert "robotics" in lines[1]
    assert "34" in lines[1]


def test_days(narrow: str, capsys: pytest.CaptureFixture[str]) -> None:
    section = load().chosen_sections()[0]
    run_output.table_of_days([Result(section, None, ModelError("broken"))])
    assert max(map(columns_of, capsys.readouterr().out.splitlines())) <= 80


def test_comparison(narrow: str) -> None:
    head = ("metric", "gold", "base", "this", "difference, 95 %", "p", "w/t/l", "n", "could see", "verdict")
    numbers = ("100.0", "100.0", "100.0", "-24.0 [-39.0, -10.5]", "1.0000", "13/1/27", "41", "20.6")
    verdict = "undecided: needs ≈ 189 papers"
    lines = list(
        table_of(head, [("long_attributive", *numbers, verdict)], right=head[1:-1], spare=eval_output._SPARE)
    )
    assert max(map(columns_of, lines)) <= 80
    assert "-24.0 [-39.0, -10.5]" in lines[1]
    assert verdict in lines[1]


def test_doctor_and_rules(narrow: str, digest: Command) -> None:
    for words in (("doctor", "--sample"), ("lint", "--rules")):
        lines = digest(*words).out.splitlines()
        long = [line for line in lines if columns_of(line) > 80 and max(map(len, line.split())) < 50]
        assert not long  # an address or a path stays whole


def test_a_pipe_gets_every_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    head, row = runs_output.table([busy_run(1)])
    for name in runs_output._SPARE:
        assert name in head
    assert "listing, saved before" in row


def test_what_would_leave_its_cell_is_escaped() -> None:
    (row,) = table_of(("", ""), [("a\nb\tc\x1b[31m", "d")])
    assert row == "a\\nb\\tc\\u001b[31m  d"


def test_chinese_and_latin_stand_in_line() -> None:
    lines = list(table_of(("name", "n"), [("语音识别", 1), ("a", 22)], right=("n",)))
    assert lines == ["name       n", "语音识别   1", "a         22"]
