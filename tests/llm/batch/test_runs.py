"""`digest run --batch` from the command line: what waits for which batch, and what is said of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digest.cli import app
from tests.faulty import Server, fault
from tests.ledger.days import use

Row = Callable[..., dict[str, Any]]


@pytest.fixture
def row(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> Row:
    """What `digest run --json` says of the one section, run in this process."""
    use(server, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-to-be-seen")

    def made(*words: str) -> dict[str, Any]:
        monkeypatch.setattr(sys, "argv", ["digest", "run", "--no-pdf", "--json", *words])
        with pytest.raises(SystemExit):
            app.main()
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        (values,) = json.loads(out)
        return dict(values)

    return made


def chats(server: Server) -> int:
    return int(server.stats()["requests"].get("chat", 0))


def test_a_batch_becomes_a_digest(server: Server, row: Row) -> None:
    submitted = row("--batch", "--limit", "6")
    assert submitted["state"] == "submitted"
    assert "0 of 5 questions" in submitted["why"]  # the first told in which form the model is asked
    made = row("--batch", "--limit", "6")
    assert (made["state"], made["asked"], made["reused"]) == ("complete", 5, 6)
    assert chats(server) == 1


@pytest.mark.slow
def test_waiting_makes_the_digest_at_once(server: Server, row: Row) -> None:
    assert row("--batch", "--wait", "--limit", "4")["state"] == "complete"
    assert chats(server) == 1


@pytest.mark.slow
def test_only_questions_that_are_in_a_batch_wait_for_it(server: Server, row: Row) -> None:
    server.set(batch_looks=99)
    row("--batch", "--limit", "4")
    other = row("--limit", "4", "--model", "other")
    assert (other["state"], other["asked"]) == ("complete", 4)
    waiting = row("--limit", "4")
    assert (waiting["state"], chats(server)) == ("submitted", 5)
    assert "0 of 3 questions about 2026-01-28" in waiting["why"]
    assert row("--limit", "6")["state"] == "submitted"  # the other two are asked meanwhile
    assert chats(server) == 7


@pytest.mark.slow
def test_a_question_in_a_batch_goes_into_no_second_one(server: Server, row: Row) -> None:
    server.set(batch_looks=99)
    row("--batch", "--limit", "4")
    assert row("--batch", "--limit", "4")["state"] == "submitted"
    assert server.stats()["requests"]["files"] == 1
    row("--batch", "--limit", "6")
    assert server.stats()["requests"]["files"] == 2
    assert chats(server) == 1


@pytest.mark.slow
def test_trouble_with_one_batch_stops_only_what_waits_for_it(server: Server, row: Row) -> None:
    server.faults(fault("bad-key", path="^/v1/files/.*/content"))
    row("--batch", "--limit", "4")
    failed = row("--limit", "4")
    assert (failed["state"], failed["exit_code"]) == ("failed", 4)
    assert "OPENAI_API_KEY" in failed["why"]
    assert row("--limit", "4", "--model", "other")["state"] == "complete"
