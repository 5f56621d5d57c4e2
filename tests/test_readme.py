"""The READMEs say what is true and the same; the page on usage has every command."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer.main

from digest.cli.app import app
from digest.config import load


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


def test_every_command_is_on_the_page_on_usage(root: Path) -> None:
    page = (root / "docs" / "usage.md").read_text(encoding="utf-8")
    for name in typer.main.get_command(app).commands:  # type: ignore[attr-defined]  # a group has them
        assert f"`digest {name}" in page, name


@pytest.mark.parametrize("name", ["README.md", "README.zh.md", "docs/usage.md", "eval/README.md"])
def test_what_a_page_links_to_is_there(name: str, root: Path) -> None:
    page = root / name
    for target in re.findall(r"\]\(([^)#:]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def shape(page: str) -> dict[str, object]:
    """What both languages have to have alike."""
    blocks = re.findall(r"(?:<!-- (\w+) -->\n)?```(\w*)\n(.*?)```", page, re.DOTALL)
    return {
        "commands": [
            (mark, kind, [shlex.split(line, comments=True) for line in text.splitlines()])
            for mark, kind, text in blocks
        ],
        "headings": [len(marks) for marks in re.findall(r"^(#+) ", page, re.MULTILINE)],
        "pictures": re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page),
        "links": sorted(set(re.findall(r"(?<!!)\[[^\]]+\]\((?!README)([^)]+)\)", page))),
        "items": len(re.findall(r"^\* ", page, re.MULTILINE)),
        "flags": sorted(
            set(re.findall(r"`(--[a-z-]+|[A-Z_]{5,}(?:=\w+)?|[\w/<>.]+\.(?:md|toml|html|sqlite3))`", page))
        ),
        "paragraphs": len(
            [one for one in re.sub(r"```.*?```", "", page, flags=re.DOTALL).split("\n\n") if one.strip()]
        ),
    }


def test_both_languages_have_the_same_content(root: Path) -> None:
    english, chinese = (
        shape((root / name).read_text(encoding="utf-8")) for name in ("README.md", "README.zh.md")
    )
    for part, value in english.items():
        assert chinese[part] == value, part


def test_the_commands_of_the_readme_that_this_program_has_take_these_options(root: Path) -> None:
    group = typer.main.get_command(app)
    for line in re.findall(r"^digest (.*)$", (root / "README.md").read_text(encoding="utf-8"), re.MULTILINE):
        name, *words = shlex.split(line.split("&&")[0], comments=True)
        command = group.commands.get(name)  # type: ignore[attr-defined]  # click's own
        known = {option for one in command.params for option in one.opts} if command else set()
        assert {word for word in words if word.startswith("--")} <= known or command is None, line


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_a_channel_is_there_once_what_the_readme_names_is_uncommented(
    name: str, root: Path, tmp_path: Path
) -> None:
    page = (root / name).read_text(encoding="utf-8")
    settings = (root / "digest.toml").read_text(encoding="utf-8")
    for line in ("[deliver.chat.group]", 'url_env = "DIGEST_GROUP_URL"'):
        assert f"`{line}`" in page
        assert settings.count(f"# {line}") == 1
        settings = settings.replace(f"# {line}", line)
    (tmp_path / "digest.toml").write_text(settings, encoding="utf-8")
    assert list(load(path=tmp_path / "digest.toml").deliver.channels) == ["group"]
    assert "export DIGEST_GROUP_URL=" in page
