"""The scripts of `digest completion` in the shells that are on this machine."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Run

PATIENCE = 120.0
"""Seconds after which a shell that says nothing is given up; a busy machine takes some."""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Of a shell that finds this program and no settings of the user's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digest.toml").write_text(
        '[sections.heaven]\ntitle = "Heaven"\ncategories = ["astro-ph.GA"]\n', encoding="utf-8"
    )
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "HOME": str(tmp_path), "DIGEST_LANG": "en", "TERM": "dumb"}


def there(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not on this machine")
    return found


def script(digest: Run, shell: str) -> Path:
    said = digest("completion", shell)
    assert said.code == 0
    path = Path(f"script.{shell}")
    path.write_text(said.out, encoding="utf-8")
    return path


WANTED = {
    "digest ru": {"run", "runs"},
    "digest run --section he": {"heaven"},
    "digest run --max-": {"--max-cost"},
    "digest run --prompt li": {"line"},
    "digest eval judge ": {"run", "export", "import"},
    "digest completion z": {"zsh"},
}


@pytest.mark.parametrize("line", WANTED)
def test_words(line: str, digest: Run, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As bash's script asks for them, without a shell."""
    monkeypatch.setenv("DIGEST_LANG", "en")
    for name, value in _asked(line).items():
        monkeypatch.setenv(name, value)
    assert set(digest().out.split()) == WANTED[line]


def _asked(line: str) -> dict[str, str]:
    return {
        "_DIGEST_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", ["digest run --section he", pytest.param("digest eval judge ", marks=pytest.mark.slow)]
)
def test_bash(line: str, digest: Run, environment: dict[str, str]) -> None:
    words = line.split(" ")
    commands = (
        f"source {script(digest, 'bash')}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; "
        "_digest_completion digest; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    ran = subprocess.run(
        [there("bash"), "--norc", "-c", commands], env=environment, capture_output=True, text=True, check=True
    )
    assert set(ran.stdout.split()) == WANTED[line]


@pytest.mark.slow  # bash asks the same of the program
def test_fish(digest: Run, environment: dict[str, str]) -> None:
    line = "digest run --section he"
    commands = f"source {script(digest, 'fish')}; complete -C '{line}'"
    ran = subprocess.run(
        [there("fish"), "--no-config", "-c", commands],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert {row.split("\t")[0] for row in ran.stdout.splitlines()} == WANTED[line]


@pytest.mark.slow  # bash asks the same of the program
def test_zsh(digest: Run, environment: dict[str, str]) -> None:
    """zsh completes for a terminal only, so it gets one."""
    shell = there("zsh")
    path = script(digest, "zsh")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [shell, "-f", "-i"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        begin = f"PS1=; autoload -U compinit; compinit -u -D; source {path}; echo rea''dy\n"
        os.write(ours, begin.encode())
        assert "ready" in until("ready", ours)
        os.write(ours, b"digest run --section he\t")
        assert "heaven" in until("heaven", ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def until(word: str, terminal: int) -> str:
    """What the terminal shows, until the word is there."""
    shown, end = "", time.monotonic() + PATIENCE
    while word not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 1.0)[0]:
            shown += os.read(terminal, 4096).decode(errors="replace")
    return shown


def test_settings_that_cannot_be_read_complete_nothing(
    digest: Run, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "digest.toml").write_text("[sections", encoding="utf-8")
    for name, value in _asked("digest run --section ").items():
        monkeypatch.setenv(name, value)
    assert not digest().out.strip()


def test_a_shell_that_is_not_known(digest: Run) -> None:
    said = digest("completion", "tcsh")
    assert said.code == 2
    assert "zsh" in said.err
