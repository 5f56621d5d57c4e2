"""The sample day with a real llama.cpp server as the endpoint, whose model has random weights.

Nothing it says is of use: each paper ends as a flag, none as a crash, and nothing is lost or asked twice.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faulty import Server
from tests.live.llamacpp import LlamaServer

pytestmark = pytest.mark.slow

DAY = "2026-01-28"
QUICK = """+++
name = "quick"
answer = "fields"
temperature = 0.0
max_tokens = 40
+++
# system
Answer with one json object: kind, task, problem, contribution.
# user
{paper}
"""
"""A prompt for a short answer: a model that knows nothing needs no instructions."""

PATIENCE = 300.0
"""Seconds for what takes ten on a machine that has nothing else to do."""


@dataclass
class Job:
    """A folder whose settings name the sample day as arXiv, and a model's server as the endpoint."""

    folder: Path

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start a command in a process of its own; no key is set."""
        keyless = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
        return subprocess.Popen(
            [sys.executable, "-m", "digest", *words],
            cwd=self.folder,
            env=keyless,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, process: subprocess.Popen[str]) -> tuple[int, str, str]:
        """Its exit code, and what it said."""
        out, err = process.communicate(timeout=PATIENCE)
        assert "Traceback" not in out + err
        return process.returncode, out, err

    def run(self, *words: str) -> tuple[int, str, str]:
        """Make the day's digest, from abstracts."""
        return self.end(self.begin("run", "--no-pdf", "--prompt", "quick.md", *words))

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Of the digest, whose counts are checked."""
        digest = json.loads((self.folder / f"runs/{DAY}/audio.json").read_text(encoding="utf-8"))
        counts, entries = digest["counts"], digest["entries"]
        flagged = [entry for entry in entries if entry.get("flag")]
        assert counts["announced"] == 44
        assert counts["listed"] == len(entries) == counts["summarised"] + counts["flagged"]
        assert counts["flagged"] == len(flagged)
        return list(entries)

    @property
    def codes(self) -> set[str | None]:
        """Of the flags; None for a paper without one."""
        return {(entry.get("flag") or {}).get("code") for entry in self.entries}

    def rows(self, query: str) -> list[Any]:
        """What the ledger holds; nothing as long as there is none."""
        try:
            with sqlite3.connect(f"file:{self.folder}/runs/ledger.sqlite3?mode=ro", uri=True) as ledger:
                rows = ledger.execute(query).fetchall()
            ledger.close()
        except sqlite3.OperationalError:
            return []
        return rows

    def wait_for_questions(self, count: int, process: subprocess.Popen[str]) -> None:
        """Until so many were answered, in whatever way."""
        deadline = time.monotonic() + PATIENCE
        while len(self.rows("SELECT 1 FROM events WHERE stage = 'ask'")) < count:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def job(tmp_path: Path, sample_server: Callable[..., Server]) -> Callable[..., Job]:
    """Makes the folder for a model's server; its prompt asks for a short answer."""

    def made(llama: LlamaServer, settings: str = "") -> Job:
        arxiv = sample_server().url
        addresses = "".join(f'{name} = "{arxiv}"\n' for name in ("pages", "api", "feed", "pdf"))
        (tmp_path / "digest.toml").write_text(
            f'[run]\nsections = ["audio"]\n[arxiv]\n{addresses}'
            f'[model]\nname = "tiny"\nbase_url = "{llama.url}"\n{settings}',
            encoding="utf-8",
        )
        (tmp_path / "quick.md").write_text(QUICK, encoding="utf-8")
        return Job(tmp_path)

    return made


@pytest.mark.parametrize("form", ["auto", "json_schema", "json_object", "text"])
def test_every_paper_ends_as_a_flag_in_every_form_of_answers(
    llama: Callable[..., LlamaServer], job: Callable[..., Job], form: str
) -> None:
    made = job(llama(), f'answer_format = "{form}"\n')
    papers = () if form == "auto" else ("--limit", "6")
    code, _, _ = made.run(*papers)
    assert code == 3
    assert len(made.entries) == (6 if papers else 44)
    assert made.codes <= {"cut", "empty", "unreadable", "checks"}


def test_a_context_that_is_too_short_ends_in_words(
    llama: Callable[..., LlamaServer], job: Callable[..., Job]
) -> None:
    made = job(llama(context=512))
    code, out, err = made.run("--limit", "4")
    assert code in {3, 4}
    assert "context" in out + err
    if (made.folder / f"runs/{DAY}").exists():
        assert len(made.entries) == 4


def test_a_server_that_is_killed_and_started_again_in_mid_run_loses_no_paper(
    llama: Callable[..., LlamaServer], job: Callable[..., Job]
) -> None:
    server = llama()
    made = job(server, 'answer_format = "json_object"\n')
    process = made.begin("run", "--no-pdf", "--prompt", "quick.md")
    made.wait_for_questions(8, process)
    server.kill()
    assert process.stderr is not None
    for line in process.stderr:
        if "waited for" in line:
            break
    server.start()
    code, _, _ = made.end(process)
    assert code == 3
    assert len(made.entries) == 44
    assert "unreachable" not in made.codes


def test_two_runs_at_once_ask_nothing_twice(
    llama: Callable[..., LlamaServer], job: Callable[..., Job]
) -> None:
    made = job(llama(), 'answer_format = "json_object"\n')
    words = ("run", "--no-pdf", "--prompt", "quick.md", "--limit", "16", "--json")
    ended = [made.end(process) for process in [made.begin(*words), made.begin(*words)]]
    assert [code for code, _, _ in ended] == [3, 3]
    asked = [json.loads(out)[0]["asked"] for _, out, _ in ended]
    assert sum(asked) == len(made.rows("SELECT DISTINCT key FROM completions")) > 0
    assert len(made.entries) == 16


def test_a_run_that_was_stopped_goes_on_where_it_was(
    llama: Callable[..., LlamaServer], job: Callable[..., Job]
) -> None:
    made = job(llama(), 'answer_format = "json_object"\n')
    process = made.begin("run", "--no-pdf", "--prompt", "quick.md")
    made.wait_for_questions(8, process)
    process.send_signal(signal.SIGINT)
    code, _, err = made.end(process)
    assert code == 130
    assert err.splitlines()[-1].startswith("digest: stopped.")
    kept = made.rows("SELECT key FROM completions")
    assert kept
    code, out, _ = made.run("--json")
    (values,) = json.loads(out)
    assert code == 3
    assert values["reused"] >= len(kept)
    assert len(made.entries) == 44


def test_doctor_finds_a_server_that_answers_and_says_that_its_model_is_none(
    llama: Callable[..., LlamaServer], job: Callable[..., Job]
) -> None:
    made = job(llama())
    code, out, err = made.end(made.begin("doctor", "--json"))
    checks = {check["name"]: check for check in json.loads(out)}
    assert checks["endpoint"]["state"] == "ok"
    assert checks["key"]["found"] == "none is needed"
    assert checks["question"]["state"] != "ok"
    assert code in {0, 4}, err
