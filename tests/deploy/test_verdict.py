"""What is said of each way in which a run ends, and the code that the service gets."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.examples import first_fast

CODES = [
    ("0", 0, 0, "The digests are complete"),
    ("3", 0, 3, "Published, with flagged papers"),
    ("4", 4, 4, "Not everything could be published"),
    ("killed", 1, 1, "goes on from there"),
    ("5", 0, 5, "not delivered to everybody"),
    ("2", 2, 2, "a setting is missing"),
    ("1", 1, 1, "Please report it"),
    ("127", 127, 127, "an error in the program"),
    ("install", 1, 1, "could not be installed"),
    ("begun", 1, 1, "a step before the digests failed"),
    (None, 1, 1, "could not be installed"),
]


def verdict(root: Path, folder: Path, code: str | None, **more: str) -> tuple[int, str, str]:
    """The exit code, what was printed, and the summary."""
    shutil.copy(root / "deploy/home/automation.sh", folder)
    (folder / "requirements.txt").write_text("# c\nx @ git+https://me:pw@g.example/x\n", encoding="utf-8")
    (folder / ".automation").mkdir(exist_ok=True)
    if code is not None:
        (folder / ".automation/code").write_text(f"{code}\n", encoding="utf-8")
    (folder / ".automation/log").write_text("audio: ~~~~~~~\n::error::from a title\n", encoding="utf-8")
    env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **more}
    words = ["bash", "automation.sh", "verdict"]
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)
    summary = folder / ".automation/summary.md"
    assert done.stderr == ""
    return done.returncode, done.stdout, summary.read_text(encoding="utf-8")


@pytest.mark.parametrize(("code", "github", "gitlab", "said"), first_fast(CODES, 4))
def test_each_end(root: Path, tmp_path: Path, code: str | None, github: int, gitlab: int, said: str) -> None:
    page = tmp_path / "page"
    ended, printed, summary = verdict(
        root, tmp_path, code, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(page), GITHUB_RUN_ID="7"
    )
    assert ended == github
    assert page.read_text(encoding="utf-8") == summary
    assert said in summary
    assert ("::error title=digest::" in printed) == (github != 0)
    assert ("::warning title=digest::" in printed) == (code in {"3", "5"})
    assert "from a title" not in printed  # the runner would take it for a command
    ended, printed, summary = verdict(root, tmp_path, code)
    assert ended == gitlab
    assert said in printed


def test_the_summary_is_one_block_and_holds_no_password(root: Path, tmp_path: Path) -> None:
    _, _, summary = verdict(root, tmp_path, "4")
    assert summary.count("~~~~") == 2
    assert "git+https://g.example/x" in summary
    assert "pw" not in summary


@pytest.mark.parametrize(
    ("key", "said"), [(False, "OPENAI_API_KEY is not set: Settings"), (True, "digest.toml")]
)
def test_a_missing_key_is_told_from_a_wrong_setting(root: Path, tmp_path: Path, key: bool, said: str) -> None:
    (tmp_path / ".automation").mkdir()
    if not key:
        (tmp_path / ".automation/no-key").touch()
    assert said in verdict(root, tmp_path, "2", GITHUB_ACTIONS="true")[2]


def test_a_word_that_is_no_step(root: Path, tmp_path: Path) -> None:
    shutil.copy(root / "deploy/home/automation.sh", tmp_path)
    done = subprocess.run(
        ["bash", "automation.sh", "rm"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "usage" in done.stderr
