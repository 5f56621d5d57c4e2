"""What is built of a checkout installs elsewhere, and works there without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from digest import __version__

NOT_OURS = {"PYTHONPATH", "VIRTUAL_ENV", "DIGEST_LANG"}


def carried_out(*command: str | Path, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    ran = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_one_version_everywhere(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__
    assert project["scripts"] == {"digest": "digest.cli.app:main"}


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist, as `python -m build` makes them: the wheel of the sdist."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("dist")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (root / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((root / name).read_bytes())
    carried_out(sys.executable, "-m", "build", "--outdir", out, folder=copy)
    return out


@pytest.mark.slow
def test_both_hold_what_users_need_and_nothing_of_ours(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("digest.toml", "prompts/entry.md", "eval/gold/audio-20260128.jsonl"):
        assert f"digest/defaults/{name}" in names
    assert "digest/locale/zh/digest.po" in names
    assert not [name for name in names if name.startswith("tests/") or "__pycache__" in name]
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        members = archive.getnames()
    prefix = sdist.name.removesuffix(".tar.gz")
    for name in ("README.zh.md", "docs/usage.md", "eval/README.md", "tests/conftest.py", "LICENSE"):
        assert f"{prefix}/{name}" in members


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_what_is_installed_makes_the_sample_day(kind: str, built: Path, tmp_path: Path) -> None:
    (archive,) = built.glob(kind)
    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    carried_out(programs / "python", "-m", "pip", "install", "-q", archive, folder=tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert carried_out(programs / "digest", "--version", folder=empty).strip() == __version__
    assert "summarised 44 + flagged 0" in carried_out(programs / "digest", "run", "--sample", folder=empty)
    assert (empty / "runs/sample/2026-01-28/audio.md").exists()
    assert "用法" in carried_out("env", "DIGEST_LANG=zh", programs / "digest", "--help", folder=empty)
