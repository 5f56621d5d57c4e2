"""The shipped gold, and commands run in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from digest.cli import app
from digest.evaluate.gold.dataset import Gold, read


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def gold_file(root: Path) -> Path:
    return root / "eval" / "gold" / "audio-20260128.jsonl"


@pytest.fixture(scope="session")
def gold(gold_file: Path) -> Gold:
    return read(gold_file)


@pytest.fixture(scope="session")
def some_file(gold_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve papers of the shipped gold, where numbers do not matter."""
    path = tmp_path_factory.mktemp("gold") / "some.jsonl"
    rows = gold_file.read_text(encoding="utf-8").splitlines(keepends=True)[:12]
    path.write_text("".join(rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def some(some_file: Path) -> Gold:
    return read(some_file)


@pytest.fixture
def digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in an empty working directory, with an environment that says nothing."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "DIGEST_MODEL"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["digest", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            app.main()
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        assert "a bug" not in err
        return Ran(int(end.value.code or 0), out, err)

    return run
