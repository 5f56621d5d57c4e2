"""`digest doctor` in a home made by `digest init`: whether the files of it are there and agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from digest.cli.doctor_checks import Diagnosis
from digest.cli.home import SCRIPT, WORKFLOW
from digest.cli.home_program import REQUIREMENTS, is_reachable, program_in
from digest.cli.prompts import load
from digest.config import Settings, shipped
from digest.system.errors import UsageError
from digest.system.files import read_text


def home_checks(settings: Settings) -> Iterator[Diagnosis]:
    """The prompt, and the files of a home made by `digest init`, where there are any."""
    try:
        prompt = load(settings.run.prompt).speaking(settings.run.languages)
        yield Diagnosis(
            "prompt", "ok", f"{prompt.identity}, for lines in {', '.join((prompt.lang, *prompt.also))}"
        )
    except UsageError as error:
        yield Diagnosis(
            "prompt", "fail", str(error), "Correct run.prompt or run.languages in digest.toml.", 2
        )
    if not any(Path(name).exists() for name in (WORKFLOW, SCRIPT)):
        return
    for name in (WORKFLOW, SCRIPT):
        if not Path(name).exists():
            yield Diagnosis("home", "fail", f"{name} is missing", "`digest init` writes it again.", 2)
        elif read_text(Path(name)) != read_text(shipped(f"deploy/home/{name}")):
            advice = "If you did not change it, `digest init --force` brings it up to date."
            yield Diagnosis("home", "note", f"{name} is not as this version writes it", advice)
        else:
            yield Diagnosis("home", "ok", name)
    program = program_in(Path())
    if is_reachable(program):
        yield Diagnosis("home", "ok", f"{REQUIREMENTS}: {program}")
    else:
        advice = f"Put into {REQUIREMENTS} where others get this program: a git address."
        yield Diagnosis("home", "note", f"{REQUIREMENTS}: {program or 'names no program'}", advice)
    if not settings.site.url:
        advice = "Set site.url in digest.toml to where the pages will be: feeds and mails link to them."
        yield Diagnosis("home", "note", "the address of the pages is not known", advice)
