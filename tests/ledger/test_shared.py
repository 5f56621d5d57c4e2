"""People of a lab share one ledger in PostgreSQL: real processes, folders of their own, a counting server."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from digest.ledger import open_history
from tests.faulty import Server
from tests.ledger.cluster import Cluster
from tests.ledger.days import DAY, run, start, use, write_records
from tests.ledger.test_together import ALONE

pytestmark = pytest.mark.slow

PAPERS, CONCURRENCY = 30, 4
SECTIONS = ("audio", "text", "video")
CATEGORIES = (
    ["cs.SD"],
    ["cs.SD", "cs.CL"],
    ["cs.CL", "cs.CV", "eess.AS"],
    ["cs.CV", "cs.SD"],
    ["cs.CV"],
)
"""Of the papers, in turn: most are announced in several of the sections."""


@pytest.fixture
def server(sample_server: Callable[..., Server], tmp_path: Path) -> Server:
    records = write_records(tmp_path / "records.jsonl", PAPERS)
    rows = [json.loads(line) for line in records.read_text(encoding="utf-8").splitlines()]
    for number, row in enumerate(rows):
        row["categories"] = CATEGORIES[number % len(CATEGORIES)]
    records.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return sample_server(records=(records,), synthesize=True, latency=0.1)


def person(path: Path, server: Server, ledger: SecretStr | None) -> Path:
    """A folder with settings for all three sections."""
    path.mkdir()
    use(server, path, ALONE + (f"[ledger]\nurl = '{ledger.get_secret_value()}'\n" if ledger else ""))
    settings = path / "digest.toml"
    text = settings.read_text(encoding="utf-8").replace('["audio"]', json.dumps(SECTIONS))
    settings.write_text(text, encoding="utf-8")
    return path


def begin(folder: Path, *more: str) -> subprocess.Popen[str]:
    return start(folder, "run", "--no-pdf", "--json", "--concurrency", str(CONCURRENCY), *more)


def end(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    made: list[dict[str, Any]] = json.loads(out)
    return made


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "runs" / DAY).iterdir()}


def wait_for(server: Server, chats: int, *processes: subprocess.Popen[str]) -> None:
    give_up = time.monotonic() + 120
    while server.stats()["requests"].get("chat", 0) < chats:
        assert all(one.poll() is None for one in processes), [one.communicate() for one in processes]
        assert time.monotonic() < give_up
        time.sleep(0.01)  # a look at another process, which tells nobody


@pytest.fixture
def calm(server: Server, tmp_path: Path) -> dict[str, bytes]:
    """The digests of one person with a ledger in a file."""
    folder = person(tmp_path / "calm", server, None)
    end(begin(folder))
    asked = server.stats()["asked"]
    assert (len(asked), max(asked.values())) == (PAPERS, 1)
    records = tmp_path / "records.jsonl"
    server.set(records=(records,), synthesize=True, latency=0.1)
    return files(folder)


def test_three_people_ask_once_for_each_paper(
    server: Server, tmp_path: Path, postgres: SecretStr, calm: dict[str, bytes]
) -> None:
    folders = [person(tmp_path / name, server, postgres) for name in ("ann", "bo", "cy")]
    made = [end(process) for process in [begin(folder) for folder in folders]]
    asked = server.stats()["asked"]
    assert (len(asked), max(asked.values())) == (PAPERS, 1)
    assert sum(section["asked"] for one in made for section in one) == PAPERS
    assert {f"{key}.md" for key in SECTIONS} <= set(calm)
    assert [files(folder) for folder in folders] == [calm] * 3
    server.set()
    assert sum(section["asked"] for section in end(begin(folders[1], "--date", DAY))) == 0
    assert server.stats()["requests"] == {}  # arXiv was not asked either
    assert "whole" in run(folders[2], "runs", "verify")


def test_the_one_who_waits_goes_on_when_the_other_dies(
    server: Server, tmp_path: Path, postgres: SecretStr, calm: dict[str, bytes]
) -> None:
    ann, bo = (person(tmp_path / name, server, postgres) for name in ("ann", "bo"))
    first = begin(ann)
    wait_for(server, 5, first)
    second = begin(bo)
    wait_for(server, 14, second)
    first.kill()
    first.communicate()
    end(second)
    asked = server.stats()["asked"]
    assert len(asked) == PAPERS
    assert sum(asked.values()) <= PAPERS + CONCURRENCY  # what the dead one had under way
    assert files(bo) == calm
    with open_history(postgres) as history:
        states = [one.state for one in history.runs()]
    assert states.count("stopped") == 1
    assert set(states) == {"stopped", "complete"}


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_the_server_restarts_twice_while_two_run(
    cluster: Cluster, server: Server, tmp_path: Path, postgres: SecretStr, calm: dict[str, bytes], mode: str
) -> None:
    ann, bo = (person(tmp_path / name, server, postgres) for name in ("ann", "bo"))
    both = [begin(ann), begin(bo)]
    for chats in (6, 18):
        wait_for(server, chats, *both)
        cluster.stop(mode)
        back = threading.Timer(1.0, cluster.start)
        back.start()
        back.join()
    for process in both:
        end(process)
    asked = server.stats()["asked"]
    print(f"{mode}: {sum(asked.values())} questions for {PAPERS} papers")
    assert len(asked) == PAPERS
    assert sum(asked.values()) <= PAPERS + 2 * 2 * CONCURRENCY  # twice what both had under way
    assert files(ann) == files(bo) == calm
    with open_history(postgres) as history:
        assert {one.state for one in history.runs()} == {"complete"}
    assert "whole" in run(ann, "runs", "verify")
