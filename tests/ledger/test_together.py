"""Runs that are killed, runs at the same time, and days made again: real processes, a counting server."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digest.config import load
from digest.ledger import open_database
from tests.conftest import FULL, Run
from tests.faulty import Server, fault
from tests.ledger.days import DAY, run, start, use, write_records

Start = Callable[..., Server]
Made = Callable[[Path], Path]
Row = Callable[..., dict[str, Any]]
ALONE = (
    "[checks]\noff-topic = 'off'\nnearer-paper = 'off'\n"
    "other-paper = 'off'\nsame-line = 'off'\nwrong-task = 'off'\n"
)  # the answers to invented papers are no lines of theirs
"""Composed answers know nothing of their papers; without these rules they pass."""

PAPERS = 20 if FULL else 12


@pytest.fixture
def server(sample_server: Start, tmp_path: Path) -> Server:
    records = write_records(tmp_path / "records.jsonl", PAPERS)
    return sample_server(records=(records,), synthesize=True)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "runs" / DAY).iterdir()}


@pytest.fixture
def row(monkeypatch: pytest.MonkeyPatch, digest: Run) -> Row:
    """What `digest run --json` says of the one section, run in this process."""

    def made_row(folder: Path, *words: str) -> dict[str, Any]:
        monkeypatch.chdir(folder)
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        (values,) = digest("run", "--no-pdf", "--json", *words).json
        return dict(values)

    return made_row


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def made(request: pytest.FixtureRequest, server: Server) -> Made:
    """Makes a folder with settings, and with a ledger of its own."""

    def make(path: Path) -> Path:
        path.mkdir()
        more = ALONE
        if request.param == "postgres":
            address = request.getfixturevalue("cluster").fresh().get_secret_value()
            more += f"[ledger]\nurl = '{address}'\n"
        return use(server, path, more)

    return make


def test_a_finished_day_is_made_again_without_any_request(
    server: Server, tmp_path: Path, row: Row, made: Made
) -> None:
    folder = made(tmp_path / "a")
    assert row(folder)["asked"] == PAPERS
    before = files(folder)
    stamps = {path: path.stat().st_mtime_ns for path in (folder / "runs" / DAY).iterdir()}
    server.set()  # counts begin anew
    again = row(folder, "--date", DAY)
    assert (again["state"], again["asked"], again["reused"]) == ("complete", 0, PAPERS)
    assert server.stats()["requests"] == {}
    assert files(folder) == before
    assert stamps == {path: path.stat().st_mtime_ns for path in (folder / "runs" / DAY).iterdir()}


@pytest.mark.slow
@pytest.mark.pages
def test_what_a_finished_day_needs_is_little(server: Server, tmp_path: Path, row: Row, made: Made) -> None:
    folder = made(tmp_path / "a")
    row(folder)
    script = (
        "import sys; sys.argv = ['digest', 'run', '--no-pdf', '-q', '--date', sys.argv[1]]\n"
        "from digest.cli.app import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print(*sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, DAY],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OPENAI_API_KEY": "k"},
    )
    heavy = {"openai", "httpx2", "pymupdf", "lxml", "arxiv", "pebble", "tiktoken", "rich"}
    heavy |= {"digest.summarize.checks", "multiprocessing", "requests", "jinja2"}
    assert heavy & set(ran.stdout.split()) == set()


@pytest.mark.slow
def test_one_changed_character_asks_one_question(
    server: Server, tmp_path: Path, row: Row, made: Made
) -> None:
    folder = made(tmp_path / "a")
    row(folder)
    lines = (tmp_path / "records.jsonl").read_text(encoding="utf-8").splitlines()
    random.Random(7).shuffle(lines)
    changed = json.loads(lines[3])
    changed["abstract"] += "!"
    lines[3] = json.dumps(changed)
    (tmp_path / "other.jsonl").write_text("\n".join(lines), encoding="utf-8")
    server.set(records=(tmp_path / "other.jsonl",))
    _forget_announcement(folder)
    again = row(folder, "--concurrency", "3")
    assert (again["asked"], again["reused"]) == (1, PAPERS - 1)


def _forget_announcement(folder: Path) -> None:
    with open_database(load(path=folder / "digest.toml").ledger_at) as database:
        database.write("DELETE FROM announcements")
        database.write("DELETE FROM snapshots")


@pytest.mark.slow
def test_flagged_papers_are_tried_again_and_only_those(
    server: Server, tmp_path: Path, row: Row, made: Made
) -> None:
    folder = made(tmp_path / "a")
    bad = ("2601.30003", "2601.30011")
    server.faults(*(fault("chatter", content="我不知道。", paper=paper) for paper in bad))
    first = row(folder)
    assert (first["state"], set(first["flagged"])) == ("flagged", set(bad))
    server.set()
    second = row(folder, "--date", DAY)
    assert set(server.stats()["asked"]) == set(bad)
    assert (second["state"], second["asked"], second["reused"]) == ("complete", 2, PAPERS - 2)
    server.set()
    assert row(folder, "--date", DAY)["asked"] == 0
    assert server.stats()["requests"] == {}


def test_fresh_asks_again_and_keeps_the_older_answers(
    server: Server, tmp_path: Path, row: Row, digest: Run, made: Made
) -> None:
    folder = made(tmp_path / "a")
    row(folder)
    again = row(folder, "--fresh")
    assert (again["asked"], again["reused"]) == (PAPERS, 0)
    listed = digest("runs", "--json").json
    assert [one["report"]["asked"] for one in listed] == [PAPERS, PAPERS]
    exported = [json.loads(line) for line in digest("runs", "export", "1").out.splitlines()]
    assert sum(line["kind"] == "answer" for line in exported) == PAPERS  # of the first run


@pytest.mark.slow
def test_two_runs_at_once_share_the_questions(server: Server, tmp_path: Path, made: Made) -> None:
    server.set(latency=0.02)
    folder = made(tmp_path / "a")
    both = [start(folder, "run", "--no-pdf", "--json") for _ in range(2)]
    ends = [process.communicate(timeout=240) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    reports = [json.loads(out)[0] for out, _ in ends]
    assert sum(one["asked"] for one in reports) == PAPERS
    asked = server.stats()["asked"]
    assert (len(asked), max(asked.values())) == (PAPERS, 1)
    assert "whole" in run(folder, "runs", "verify")


@pytest.mark.slow
def test_the_one_that_lives_takes_over_from_the_one_that_died(
    server: Server, tmp_path: Path, made: Made
) -> None:
    server.set(latency=0.08)
    folder = made(tmp_path / "a")
    first = start(folder, "run", "--no-pdf", "--json", "--concurrency", "4")
    _until(server, 5, first)
    second = start(folder, "run", "--no-pdf", "--json", "--concurrency", "4")
    _until(server, 14, second)
    first.kill()
    first.communicate()
    out, err = second.communicate(timeout=240)
    assert second.returncode == 0, err
    assert json.loads(out)[0]["counts"]["summarised"] == PAPERS
    asked = server.stats()["asked"]
    assert sum(asked.values()) <= PAPERS + 4  # what the dead one had under way, once more
    states = [one["state"] for one in json.loads(run(folder, "runs", "--json"))]
    assert states == ["stopped", "complete"]
    assert "`digest run --section audio` goes on" in run(folder, "runs", "show", "1")


def _until(server: Server, chats: int, process: subprocess.Popen[str]) -> None:
    give_up = time.monotonic() + 120
    while server.stats()["requests"].get("chat", 0) < chats:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < give_up


@pytest.mark.slow
@pytest.mark.parametrize(("papers", "kills"), [(24, 2), (200, 30)])
def test_killed_at_random_moments(
    server: Server, tmp_path: Path, papers: int, kills: int, made: Made
) -> None:
    """The digest is that of an undisturbed run, and only what was in flight is asked twice."""
    concurrency = 8
    records = write_records(tmp_path / "records.jsonl", papers)
    knobs = {"records": (records,), "synthesize": True, "latency": 0.25}
    server.set(**knobs)
    calm = made(tmp_path / "calm")
    run(calm, "run", "--no-pdf", "--concurrency", "64")
    server.set(**knobs)
    folder, chance = made(tmp_path / "a"), random.Random(20260128)
    killed = 0
    for _ in range(kills):
        process = start(folder, "run", "--no-pdf", "--concurrency", str(concurrency))
        try:
            process.wait(timeout=chance.uniform(0.1, 2.0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.communicate()
    run(folder, "run", "--no-pdf", "--concurrency", "64")
    asked = server.stats()["asked"]
    print(f"killed {killed} times; {sum(asked.values())} questions for {papers} papers")
    assert killed >= kills // 2
    assert len(asked) == papers
    assert sum(asked.values()) <= papers + killed * concurrency
    assert files(folder) == files(calm)
    assert "whole" in run(folder, "runs", "verify")
