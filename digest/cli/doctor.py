"""`digest doctor`: whether everything that a run needs is there, each with what to do where it is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import options, output
from digest.cli.doctor_checks import Diagnosis
from digest.cli.table import table
from digest.system.language import translated

if TYPE_CHECKING:
    from digest.cli.session import CommandOptions
    from digest.config import Settings


def command(
    model: options.Model = None,
    prompt: options.PromptName = None,
    out: options.Out = None,
    fetch_vocabulary: Annotated[
        bool, typer.Option("--fetch-vocabulary", help="Download tiktoken's vocabulary for counting tokens.")
    ] = False,
    sample: options.Sample = False,
    json: options.Json = False,
) -> None:
    """Check the whole set-up: settings, key, endpoint, arXiv, disk, ledger; asks one cheap question."""
    from digest.cli.session import CommandOptions

    flags = options.flags_of(prompt=prompt, out=out, model=model)
    raise typer.Exit(doctor(CommandOptions(flags, sample, json), fetch_vocabulary=fetch_vocabulary))


def doctor(given: CommandOptions, *, fetch_vocabulary: bool) -> int:
    """Check the whole set-up, print a table, and return the exit code.

    0: a run can begin; 2: something must be set; 4: something cannot be reached, or the ledger is damaged.
    """
    import asyncio

    from digest.cli.session import prepared

    with prepared(given, asks_model=False) as ready:
        checks = asyncio.run(_all(ready.settings, given, fetch_vocabulary=fetch_vocabulary))
    if given.json:
        output.as_json([asdict(check) for check in checks])
    else:
        for line in table(("", "", ""), _rows(checks)):
            print(line)
    return max((check.code for check in checks if check.state == "fail"), default=0)


def _rows(checks: Sequence[Diagnosis]) -> Iterator[tuple[str, ...]]:
    for check in checks:
        yield translated(check.state), f"{translated(check.name):<10}", translated(check.found)
        if check.advice:
            yield "", "", f"-> {translated(check.advice)}"


async def _all(settings: Settings, given: CommandOptions, *, fetch_vocabulary: bool) -> list[Diagnosis]:
    from digest.cli.doctor_checks import configuration, endpoint, home, surroundings

    checks = [
        configuration.python(),
        *configuration.own_settings(settings, given),
        *configuration.environment(settings),
        *endpoint.model_settings(settings),
        *home.home_checks(settings),
    ]
    if all(check.state != "fail" for check in checks):
        checks += [check async for check in endpoint.questions(settings)]
    return [
        *checks,
        surroundings.vocabulary(settings.model.name, fetch=fetch_vocabulary),
        await surroundings.arxiv(settings),
        surroundings.disk(settings.run.out),
        *surroundings.ledger(settings),
        *configuration.channels(settings, needed=not given.sample),
    ]
