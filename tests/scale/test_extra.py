"""Ray is an extra: without it everything else works, and what needs it says so."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest

from tests.conftest import Run, Start, use
from tests.scale.support import records_of, working_days, world


def test_a_plain_install_pulls_neither_ray_nor_psycopg(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    plain = {re.split(r"[\s<>=\[;]", one)[0].lower() for one in project["dependencies"]}
    assert not plain & {"ray", "psycopg", "psycopg-pool"}
    assert any(one.startswith("ray>=") for one in project["optional-dependencies"]["scale"])


def test_the_help_imports_nothing_of_a_back_fill(root: Path) -> None:
    found = "[m for m in sys.modules if 'scale' in m or m == 'ray']"
    look = f"import sys; from digest.cli import app; print({found})"
    said = subprocess.run([sys.executable, "-c", look], cwd=root, capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


def test_without_ray_the_engine_says_what_to_install(
    digest: Run, folder: Path, tmp_path: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = working_days(date(2025, 1, 6), 1)
    old = world(tmp_path / "old", records_of(days, 1))
    use(sample_server(records=(old.records,), synthesize=True), folder, monkeypatch)
    monkeypatch.setitem(sys.modules, "ray", None)
    span = ("--from", str(days[0]), "--to", str(days[0]), "--metadata", str(old.snapshot))
    assert digest("backfill", *span, "--engine", "ray", "--plan").code == 0
    ran = digest("backfill", *span, "--engine", "ray")
    assert ran.code == 2
    assert "pip install 'bilingual-arxiv-digest[scale]'" in ran.err


def test_a_cluster_that_nobody_runs_is_said_at_once(
    digest: Run, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(sample_server(), folder, monkeypatch)
    span = ("--from", "2025-01-06", "--to", "2025-01-06")
    ran = digest("backfill", *span, "--engine", "ray", "--address", "127.0.0.1:9")
    assert ran.code == 2
    assert "There is no Ray cluster at 127.0.0.1:9" in ran.err
