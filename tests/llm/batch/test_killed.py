"""Batches whose process is killed for real, at every state, against one server that lives on."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from tests.faulty import Fault, Server, fault
from tests.ledger.days import run, start, use, write_records

Start = Callable[..., Server]
PAPERS = 8
WORDS = ("run", "--no-pdf", "--json", "--batch", "--wait")
LENIENT = (
    "[checks]\noff-topic = 'off'\nnearer-paper = 'off'\n"
    "other-paper = 'off'\nsame-line = 'off'\nwrong-task = 'off'\n"
)  # the answers to invented papers are no lines of theirs
"""Composed answers know nothing of their papers; without these rules they pass."""


def server_of(folder: Path, begin: Start, *faults: Fault) -> Server:
    """A server with some papers, whose answers break off or never come where the faults say."""
    records = write_records(folder / "records.jsonl", PAPERS)
    server = begin(records=(records,), synthesize=True, faults=faults)
    use(server, folder, LENIENT)
    return server


def ledger_says(folder: Path, sql: str) -> Any:
    """One value of the ledger, read beside whoever writes to it; None while there is nothing to read."""
    path = folder / "runs" / "ledger.sqlite3"
    if not path.exists():
        return None
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        row = connection.execute(sql).fetchone()
    except sqlite3.OperationalError:  # it is just being made
        return None
    finally:
        connection.close()
    return None if row is None else row[0]


def until(reached: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait for a process to get so far."""
    give_up = time.monotonic() + 120
    while not reached():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < give_up, "it never got there"


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL: nothing of it is put away."""
    process.kill()
    process.communicate()


def batches_at(server: Server) -> list[Any]:
    request = Request(f"{server.url}/v1/batches", headers={"Authorization": "Bearer k"})
    with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
        return list(json.load(answer)["data"])


def age(folder: Path) -> None:
    """Let the batch be an hour old: the endpoint's list is sure to show it, and nobody waits for that."""
    connection = sqlite3.connect(folder / "runs" / "ledger.sqlite3")
    with connection:
        connection.execute("UPDATE batches SET changed = '2026-01-01T00:00:00.000+00:00'")
    connection.close()


STATES: dict[str, tuple[str, str, str, int]] = {
    # where the server breaks off, and how; what the ledger says then; how often the path was asked for
    "intended": ("^/v1/files$", "silence", "intended", 1),
    "uploaded, unknown to us": ("^/v1/files$", "stalled", "intended", 1),
    "uploaded": ("^/v1/batches$", "silence", "uploaded", 1),
    "submitted, unknown to us": ("^/v1/batches$", "stalled", "uploaded", 1),
    "submitted": ("^/v1/batches/", "silence", "submitted", 2),
    "collecting": ("^/v1/files/.*/content", "stalled", "submitted", 2),
}


@pytest.mark.slow
@pytest.mark.parametrize("state", STATES)
def test_killed_at_a_state_a_batch_is_taken_up_there(
    tmp_path: Path, sample_server: Start, state: str
) -> None:
    path, how, kept, times = STATES[state]
    server = server_of(tmp_path, sample_server, fault(how, path=path, first=1))
    kind = "files" if "files" in path else "batches"
    process = start(tmp_path, *WORDS)
    until(lambda: server.stats()["requests"].get(kind, 0) >= times, process)
    kill(process)
    assert ledger_says(tmp_path, "SELECT state FROM batches") == kept
    age(tmp_path)
    assert_taken_up(tmp_path, server)


@pytest.mark.slow
@pytest.mark.parametrize("answers", [2, 4, 6])
def test_killed_while_answers_are_kept(tmp_path: Path, sample_server: Start, answers: int) -> None:
    server = server_of(tmp_path, sample_server)
    process = start(tmp_path, *WORDS)
    counted = "SELECT count(*) FROM completions"
    until(lambda: (ledger_says(tmp_path, counted) or 0) >= answers, process)
    kill(process)
    assert_taken_up(tmp_path, server)


def assert_taken_up(folder: Path, server: Server) -> None:
    """The next run makes the digest: of one batch, with every answer, and no question asked twice."""
    (made,) = json.loads(run(folder, *WORDS[:3], "--wait", "--quiet"))
    assert (made["state"], made["counts"]["summarised"]) == ("complete", PAPERS)
    stats = server.stats()
    assert len(stats["answered"]) == PAPERS
    assert set(stats["answered"].values()) == {1}
    assert stats["requests"]["chat"] == 1  # in which form the model is asked
    assert len(batches_at(server)) == 1
    assert ledger_says(folder, "SELECT group_concat(state) FROM batches") == "collected"
    assert ledger_says(folder, "SELECT count(*) FROM completions") == PAPERS
    assert ledger_says(folder, "SELECT max(n) FROM (SELECT count(*) n FROM completions GROUP BY key)") == 1


@pytest.mark.slow
def test_two_processes_hand_in_one_batch_each(tmp_path: Path, sample_server: Start) -> None:
    late = fault("delay", path="^/v1/files$", seconds=1.5, first=1)
    server = server_of(tmp_path, sample_server, late)
    first = start(tmp_path, *WORDS[:4])
    until(lambda: server.stats()["requests"].get("files"), first)
    second = start(tmp_path, *WORDS[:4], "--model", "other")
    ends = [process.communicate(timeout=120) for process in (first, second)]
    rows = [json.loads(out)[0] for out, _ in ends]
    assert [row["state"] for row in rows] == ["submitted", "submitted"], ends
    assert len(batches_at(server)) == 2
    assert server.stats()["requests"]["chat"] == 2
