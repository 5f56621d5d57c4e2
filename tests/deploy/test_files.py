"""Workflows, units, scripts and the Dockerfile, each checked by the tool that is made for it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.actions import load

Check = Callable[..., None]


@pytest.fixture
def check() -> Check:
    """Runs a tool of the `dev` extra, or of the machine, over a file: it must find nothing."""

    def run(tool: str, *words: str | Path) -> None:
        beside = Path(sys.executable).parent / tool
        program = str(beside) if beside.exists() else shutil.which(tool)
        if program is None:
            pytest.skip(f"{tool} is not on this machine")
        done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_the_workflow(root: Path, check: Check) -> None:
    check("actionlint", root / "deploy/home/.github/workflows/digest.yml")


@pytest.mark.slow
def test_gitlabs_pipeline(root: Path, check: Check) -> None:
    check("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", root / "deploy/home/.gitlab-ci.yml")


@pytest.mark.slow  # its steps are carried out by others
def test_the_script(root: Path, check: Check) -> None:
    check("shellcheck", root / "deploy/home/automation.sh")


def test_the_dockerfile(root: Path, check: Check) -> None:
    check("hadolint", root / "deploy/Dockerfile")
    text = (root / "deploy/Dockerfile").read_text(encoding="utf-8")
    last = text[text.rindex("\nFROM") :]
    assert last.index("USER ") < last.index("ENTRYPOINT")
    assert "USER root" not in last
    assert "VOLUME /digest/runs" in last


def test_what_the_dockerfile_copies_is_all_that_the_wheel_is_made_of(root: Path) -> None:
    let_in = (root / "deploy/Dockerfile.dockerignore").read_text(encoding="utf-8").split("\n")
    sources = re.findall(
        r'^"([\w./]+)" = "digest/defaults', (root / "pyproject.toml").read_text("utf-8"), re.MULTILINE
    )
    assert sources
    for name in (*sources, "digest", "pyproject.toml", "README.md", "LICENSE"):
        assert f"!{name}" in let_in, name


def test_the_units(root: Path, check: Check, tmp_path: Path) -> None:
    for name in ("digest.service", "digest.timer"):
        text = (root / "deploy" / name).read_text(encoding="utf-8")
        # verify looks for the program and the file of variables, which are where they are installed
        text = text.replace("/srv/digest/.venv/bin/digest", "/bin/true").replace(
            "/etc/digest.env", "-/etc/digest.env"
        )
        (tmp_path / name).write_text(text, encoding="utf-8")
    check("systemd-analyze", "verify", "--man=no", tmp_path / "digest.service", tmp_path / "digest.timer")


def test_all_clocks_say_the_same(root: Path, check: Check) -> None:
    """Three times on the days of announcements, in UTC; in Beijing eight hours later on the same days."""
    workflow = (root / "deploy/home/.github/workflows/digest.yml").read_text(encoding="utf-8")
    crons = re.findall(r'- cron: "(.+)"', workflow)
    assert crons == ["20 0 * * 1-5", "20 1 * * 1-5", "20 3 * * 1-5"]
    assert "20 0,1,3 * * 1-5" in (root / "deploy/home/.gitlab-ci.yml").read_text(encoding="utf-8")
    guide = (root / "docs/automation.md").read_text(encoding="utf-8")
    assert re.search(r"<!-- cron -->\n```\n20 8,9,11 \* \* 1-5 ", guide)
    calendar = re.search(r"OnCalendar=(.+)", (root / "deploy/digest.timer").read_text(encoding="utf-8"))
    assert calendar is not None
    assert calendar[1] == "Mon..Fri *-*-* 00,01,03:20:00 UTC"
    check("systemd-analyze", "calendar", calendar[1])


def test_the_line_for_cron_is_shell(root: Path) -> None:
    guide = (root / "docs/automation.md").read_text(encoding="utf-8")
    line = re.search(r"<!-- cron -->\n```\n(?:\S+ ){5} *(.+)\n```", guide)
    assert line is not None
    assert "%" not in line[1]  # cron would take it for the end of a line
    subprocess.run(["sh", "-n", "-c", line[1]], check=True)


def test_every_step_of_both_services_is_the_script(root: Path) -> None:
    """What is tested of one is then true of the other."""
    jobs = load(root / "deploy/home/.github/workflows/digest.yml")["jobs"]
    github = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    job = load(root / "deploy/home/.gitlab-ci.yml")["digest"]
    gitlab = [*job["script"], *job["after_script"]]
    assert sorted(github) == sorted(gitlab)
    assert all(re.fullmatch(r"bash automation\.sh [a-z]+", one) for one in github)
