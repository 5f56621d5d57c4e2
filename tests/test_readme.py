"""The README says what is true: its commands exist, and every command is in it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import typer.main

from digest.cli.app import app


def commands(readme: str, name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```sh\n(.+?)\n```\n", readme, re.DOTALL)
    assert found is not None
    return found[1]


def test_both_commands_are_one_line_of_valid_shell(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    for name, end in (("run", ".venv/bin/digest run --sample"), ("test", ".venv/bin/pytest")):
        command = commands(readme, name)
        assert len(command.splitlines()) == 1
        steps = command.split(" && ")
        assert steps[0] == "python3 -m venv .venv"
        assert steps[1].startswith(".venv/bin/pip install ")
        assert steps[2] == end
        subprocess.run(["bash", "-n", "-c", command], check=True)


def test_every_command_is_in_the_readme(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    for name in typer.main.get_command(app).commands:  # type: ignore[attr-defined]  # a group has them
        assert f"`digest {name}" in readme, name


def test_what_the_readme_names_is_there(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (root / target).exists(), target
