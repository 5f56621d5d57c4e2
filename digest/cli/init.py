"""`digest init`: a home for a lab's digest. Flags, questions where somebody is there to answer, printing."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import output
from digest.system.errors import UsageError
from digest.system.language import translated

if TYPE_CHECKING:
    from digest.cli.home import FileState


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", show_default=False, help="Made if need be; default: here.")
    ] = Path(),
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
    from digest.cli.home import Answers, write_home
    from digest.cli.home_program import program_for

    flags: dict[str, Any] = {
        "sections": section,
        "endpoint": endpoint,
        "model": model,
        "contact": contact,
        "language": language,
        "interests": interest,
        "url": url,
    }
    given = {name: value for name, value in flags.items() if value is not None}
    if sys.stdin.isatty() and (force or not (folder / "digest.toml").exists()):
        for name, (question, default, read) in _QUESTIONS.items():
            if name not in given:
                given[name] = _asked(name, question, default, read)
    answers = Answers(**given)
    line = program_for(folder, program)
    states = write_home(folder, answers, line, force=force)
    _show(folder, states)
    _next_steps(folder, line)


def _asked(name: str, question: str, default: str, read: Callable[[str], Any]) -> Any:  # noqa: ANN401 - as `read`
    """The answer to one question, which is asked again until it can be used."""
    from digest.cli.home import Answers, settings_text

    while True:
        try:
            answer = read(
                str(typer.prompt(translated(question), default=default, show_default=bool(default)))
            )
            settings_text(Answers(**{name: answer}))
        except UsageError as error:
            output.print_status(str(error))
        except typer.Abort:
            print(file=sys.stderr)
            output.print_error("stopped. Nothing was written.")
            raise typer.Exit(130) from None
        else:
            return answer


def _listed_words(text: str) -> list[str]:
    """The parts of a list with commas, Chinese ones too."""
    return [part.strip() for part in re.split(r"[,，、;；]", text) if part.strip()]


def _sections(text: str) -> list[str]:
    """The sections of a list; those that name their categories have semicolons between them."""
    parts = re.split(r"[;；]", text) if re.search("[=＝]", text) else re.split(r"[,，、;；\s]+", text)
    return [part.strip() for part in parts if part.strip()]


def _languages(text: str) -> str:
    return ",".join(re.split(r"[,，、\s]+", text.strip()))


_QUESTIONS: dict[str, tuple[str, str, Callable[[str], Any]]] = {
    "sections": ("Sections (audio, text, video, ..., or arXiv categories)", "audio", _sections),
    "endpoint": ("Endpoint of the model (openai, deepseek, qwen, ..., or an address)", "", str.strip),
    "model": ("Model, as the endpoint calls it", "", str.strip),
    "contact": ("Your e-mail or page, for arXiv", "", str.strip),
    "language": ("Language of the lines (zh, en, or zh,en)", "zh", _languages),
    "interests": ("What you care for (words, with commas)", "", _listed_words),
    "url": ("Address of the pages, if you know it", "", str.strip),
}
"""Field of the answers -> question, what an empty answer means, and how an answer is read."""


_STATES: dict[FileState, str] = {
    "new": "new file",
    "as it was": "as it was",
    "kept": "kept",
    "replaced": "replaced",
}
"""State of a file -> the message that tells it."""


def _show(folder: Path, states: dict[str, FileState]) -> None:
    for name, state in states.items():
        print(f"{translated(_STATES[state]):<9}  {folder / name}")
    if "kept" in states.values():
        output.print_message("What is kept was there with other content: --force replaces it.")


def _next_steps(folder: Path, program: str) -> None:
    from digest.cli.home import settings_of
    from digest.cli.home_program import REQUIREMENTS, is_reachable
    from digest.llm.presets import preset_of

    model = settings_of(folder).model
    steps = [] if folder.resolve() == Path.cwd() else [f"cd {shlex.quote(str(folder))}"]
    if preset_of(model).key:
        steps.append("export OPENAI_API_KEY=...")
    if not model.name:
        steps.append(f"export DIGEST_MODEL=...  # {translated('or model.name in digest.toml')}")
    steps.append(f"digest doctor                # {translated('checks it all, asks one question')}")
    print()
    print(translated("Next:"))
    print("1. " + "\n   ".join(steps))
    pages = translated("the latest announcement; open runs/site/index.html")
    print(f"2. digest run                   # {pages}")
    output.print_message(
        "3. every morning by itself: push this folder to GitHub or GitLab, set the secret OPENAI_API_KEY;\n"
        "   on GitHub also Settings, Pages, Source: GitHub Actions. README.md here says more."
    )
    if not is_reachable(program):
        output.print_message(
            f"   First name in {REQUIREMENTS} where it gets this program: a git address (--program)."
        )
