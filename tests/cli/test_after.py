"""For scripts: what is new is said once, what changed is named, and a command of the user's is told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run, Start, few, use
from tests.examples import first_fast
from tests.faulty import Server, fault

DAY = "2026-01-28"
JOB = ("run", "--no-pdf", "--json")
FIRST = "2601.18904"

TELLS = """
import json, os, sys
told = {name: value for name, value in os.environ.items() if name.startswith("DIGEST_")}
told["stdin"] = sys.stdin.read()
print("heard")
with open("told.jsonl", "a", encoding="utf-8") as file:
    file.write(json.dumps(told) + "\\n")
sys.exit(int(os.path.exists("fail")))
"""


@pytest.fixture
def server(folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch) -> Server:
    started = sample_server(records=few(folder, 3))
    (folder / "tells.py").write_text(TELLS, encoding="utf-8")
    use(started, folder, monkeypatch, f"after = {json.dumps([sys.executable, '-IS', 'tells.py'])}\n")
    return started


@pytest.fixture
def told(folder: Path) -> Callable[[], list[dict[str, str]]]:
    """What the command was told since this was asked last."""

    def read() -> list[dict[str, str]]:
        path = folder / "told.jsonl"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        path.unlink(missing_ok=True)
        return [json.loads(line) for line in text.splitlines()]

    return read


Told = Callable[[], list[dict[str, str]]]


def result(ran: Any) -> dict[str, Any]:
    (values,) = ran.json
    assert isinstance(values, dict)
    return values


def test_new_is_said_once_and_the_command_is_told(
    digest: Run, folder: Path, server: Server, told: Told
) -> None:
    server.faults(fault("refusal", paper=FIRST))
    ran = digest(*JOB)
    assert ran.code == 3
    assert "heard" in ran.err  # standard output is JSON
    first = result(ran)
    assert (first["new"], first["changed"]) == (True, {"papers": [], "lines": [], "gone": []})
    (one,) = told()
    assert one["DIGEST_DATE"] == DAY
    assert (one["DIGEST_SECTION"], one["DIGEST_NEW"], one["DIGEST_STATE"]) == ("audio", "true", "flagged")
    assert (one["DIGEST_ANNOUNCED"], one["DIGEST_SUMMARISED"], one["DIGEST_FLAGGED"]) == ("3", "2", "1")
    for name, ending in (("MARKDOWN", "audio.md"), ("JSON", "audio.json"), ("PAGE", "audio.html")):
        path = Path(one[f"DIGEST_{name}"])
        assert path.is_absolute()
        assert path.is_file()
        assert path.name == ending
    assert (one["stdin"], one["DIGEST_CHANGED"]) == ("", "")

    again = result(digest(*JOB))  # the same paper fails again: nothing is new
    assert (again["new"], again["changed"]["lines"], told()) == (False, [], [])

    server.faults()
    later = result(digest(*JOB))
    assert (later["new"], later["changed"]) == (False, {"papers": [], "lines": [FIRST], "gone": []})
    (other,) = told()
    assert (other["DIGEST_NEW"], other["DIGEST_CHANGED"], other["DIGEST_STATE"]) == (
        "false",
        FIRST,
        "complete",
    )
    assert "1 lines changed" not in digest("run", "--no-pdf").out
    assert told() == []


def test_a_command_that_fails_is_told_of_and_carried_out_again(
    digest: Run, folder: Path, server: Server, told: Told
) -> None:
    (folder / "fail").touch()
    ran = digest(*JOB)
    assert ran.code == 5
    assert result(ran)["exit_code"] == 0
    assert "ended with exit code 1. The digest itself is published." in ran.err
    before = (folder / f"runs/{DAY}/audio.md").read_bytes()
    both = digest("run", "--no-pdf", "--date", "2026-01-27..2026-01-28")
    assert both.code == 4  # the 27th is out of reach, which is worse
    assert f"{DAY}  audio    skipped" in both.out
    (folder / "fail").unlink()
    assert [one["DIGEST_NEW"] for one in told()] == ["true", "true"]
    assert digest(*JOB).code == 0
    assert [one["DIGEST_NEW"] for one in told()] == ["true"]  # it has not heard of it before
    assert digest(*JOB).code == 0
    assert told() == []
    assert (folder / f"runs/{DAY}/audio.md").read_bytes() == before
    shown = digest("runs").out
    assert shown.count("after") == 3
    number = next(line.split()[0] for line in shown.splitlines() if "after" in line)
    assert "It failed: " in digest("runs", "show", number).out


@pytest.mark.slow
def test_a_digest_made_again_or_looked_at_in_part_is_not_new(
    digest: Run, folder: Path, server: Server, told: Told
) -> None:
    look = result(digest(*JOB, "--limit", "2"))
    assert (look["new"], told()) == (False, [])
    whole = result(digest(*JOB))
    assert whole["new"]
    assert len(told()) == 1
    for path in (folder / "runs" / DAY).iterdir():
        path.unlink()
    assert not result(digest(*JOB))["new"]  # by the ledger
    told()
    for path in (folder / "runs").glob("ledger.sqlite3*"):
        path.unlink()
    assert not result(digest(*JOB))["new"]  # by the file
    assert told() == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "words"),
    first_fast(
        [
            (["/nowhere/notify"], "/nowhere/notify cannot be run: No such file"),
            (["sh", "-c", "kill -9 $$"], "was stopped by signal 9"),
            (["~/bin/notify", "$HOME; ls"], ""),
            (["./plain"], "cannot be run: Permission denied"),
        ],
        3,
    ),
)
def test_whatever_becomes_of_the_command_is_a_sentence(
    digest: Run,
    folder: Path,
    sample_server: Start,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    words: str,
) -> None:
    monkeypatch.setenv("HOME", str(folder))
    (folder / "plain").write_text("", encoding="utf-8")
    (folder / "bin").mkdir()
    (folder / "bin/notify").write_text('#!/bin/sh\necho "got $1"\n', encoding="utf-8")
    (folder / "bin/notify").chmod(0o755)
    use(sample_server(records=few(folder, 1)), folder, monkeypatch, f"after = {json.dumps(command)}\n")
    ran = digest(*JOB)
    assert ran.code == (5 if words else 0)
    assert (words or "got $HOME; ls") in ran.err
    assert (folder / f"runs/{DAY}/audio.md").exists()


@pytest.mark.slow
def test_the_sample_is_nobodys_news(digest: Run, folder: Path, server: Server, told: Told) -> None:
    assert digest("run", "--sample", "--no-pdf", "--limit", "2", "--json").code == 0
    assert told() == []
