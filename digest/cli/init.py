"""`digest init`: a home for a lab's digest. Flags, questions where somebody is there to answer, printing."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from digest.cli.home import State


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("init")(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Made if need be; default: here.")] = Path(),
    section: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="audio, text, video, robotics, society; a category such as cs.LG; or "
            "name=title:category,category. May be repeated.",
        ),
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option(metavar="NAME|URL", help="Such as deepseek, qwen, or https://.../v1.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="What the endpoint calls the model.")
    ] = None,
    contact: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="E-mail or page: arXiv asks whose program it is.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(metavar="LANG", help="Of the lines: zh, en, or zh,en for both.")
    ] = None,
    interest: Annotated[
        list[str] | None, typer.Option(metavar="WORD", help="What comes first. May be repeated.")
    ] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help="Where the pages will be.")] = None,
    program: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="Where CI gets this program: a git address, or name==version."),
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Make a home for a digest: settings, prompts, and what runs it every morning by itself."""
    from digest.cli.home import Answers, program_for, write_home

    asking = sys.stdin.isatty() and (force or not (folder / "digest.toml").exists())
    answers = Answers(
        sections=section or _sections(_ask(None, "Sections (names or arXiv categories)", "audio", asking)),
        endpoint=_ask(
            endpoint, "Endpoint of the model (openai, deepseek, qwen, ..., or an address)", "", asking
        ),
        model=_ask(model, "Model, as the endpoint calls it", "", asking),
        contact=_ask(contact, "Your e-mail or page, for arXiv", "", asking),
        language=_ask(language, "Language of the lines (zh, en, or zh,en)", "zh", asking).replace(" ", ""),
        interests=interest or _words(_ask(None, "What you care for (words, with commas)", "", asking)),
        url=_ask(url, "Address of the pages, if you know it", "", asking),
    )
    line = program_for(folder, program)
    states = write_home(folder, answers, line, force=force)
    _show(folder, states)
    _next_steps(folder, line)


def _ask(given: str | None, question: str, default: str, asking: bool) -> str:
    if given is not None:
        return given
    if not asking:
        return default
    return str(typer.prompt(question, default=default, show_default=bool(default)))


def _words(text: str) -> list[str]:
    """The parts of a list with commas, Chinese ones too."""
    return [part.strip() for part in re.split(r"[,，、;；]", text) if part.strip()]


def _sections(text: str) -> list[str]:
    """The sections of a list; those that name their categories have semicolons between them."""
    return re.split(r"[;；]", text) if "=" in text else re.split(r"[,，、;；\s]+", text.strip())


def _show(folder: Path, states: dict[str, State]) -> None:
    for name, state in states.items():
        print(f"{state:<9}  {folder / name}")
    if "kept" in states.values():
        print("What is kept was there with other content: --force replaces it.")


def _next_steps(folder: Path, program: str) -> None:
    from digest.cli.home import REQUIREMENTS, is_reachable, settings_of
    from digest.llm.presets import profile

    model = settings_of(folder).model
    steps = [] if folder.resolve() == Path.cwd() else [f"cd {shlex.quote(str(folder))}"]
    if profile(model).key:
        steps.append("export OPENAI_API_KEY=...")
    if not model.name:
        steps.append("export DIGEST_MODEL=...  # or model.name in digest.toml")
    print("\nNext:")
    print("1. " + "\n   ".join([*steps, "digest doctor                # checks it all, asks one question"]))
    print("2. digest run                   # the latest announcement; open runs/site/index.html")
    print("3. every morning by itself: push this folder to GitHub or GitLab, set the secret OPENAI_API_KEY;")
    print("   on GitHub also Settings, Pages, Source: GitHub Actions. README.md here says more.")
    if not is_reachable(program):
        print(f"   First name in {REQUIREMENTS} where it gets this program: a git address (--program).")
