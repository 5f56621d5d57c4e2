"""`digest run`: the digests of a day, or of a range of days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import output
from digest.cli.options import (
    Approximate,
    Concurrency,
    Flags,
    Json,
    Limit,
    MaxCost,
    Model,
    NoPdf,
    Out,
    PromptName,
    Quiet,
    Sample,
    Sections,
)
from digest.errors import DigestError, ModelError

if TYPE_CHECKING:
    from digest.cli.run_output import Result
    from digest.cli.session import CommandOptions
    from digest.llm.batch import Pending
    from digest.model import Digest, Section
    from digest.pipeline.day import Published
    from digest.pipeline.resources import Resources
    from digest.sources.arxiv.no_announcement import NoAnnouncement


def run(
    date: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Announcement date, or first..last; default: the latest."),
    ] = None,
    section: Sections = None,
    limit: Limit = None,
    model: Model = None,
    prompt: PromptName = None,
    concurrency: Concurrency = None,
    out: Out = None,
    no_pdf: NoPdf = False,
    max_cost: MaxCost = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="Hand the questions in as a batch, at half the price.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for batches under way.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask again, even what the ledger can answer.")
    ] = False,
    approximate: Approximate = False,
    sample: Sample = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make the digest of a day: fetch, read, ask, check, write."""
    from digest.cli.session import CommandOptions

    flags: Flags = {
        "run": {"sections": section or None, "prompt": prompt, "out": out},
        "model": {"name": model, "concurrency": concurrency, "max_cost": max_cost},
        "text": {"source": "abstract" if no_pdf else None},
    }
    given = CommandOptions(flags, sample, json, quiet, fresh, approximate, batch, wait)
    raise typer.Exit(run_days(given, date, limit))


def run_days(given: CommandOptions, days: str | None, limit: int | None) -> int:
    """Make the digests of one day, or of a range of days; print what was made; return the exit code."""
    from digest.cli.run_output import Result
    from digest.cli.session import parse_days, prepared, update_pages, with_resources
    from digest.llm.batch import Pending
    from digest.pipeline.day import Published

    results: list[Result] = []
    with prepared(given) as ready:
        first, last = parse_days(days, ready.clock())
        sections = ready.settings.chosen_sections()
        wanted = _weekdays(first, last) if first != last else (first,)

        async def go(tools: Resources) -> None:
            # all batches are handed in before the first is waited for
            begin = replace(tools, wait=given.waits and not given.batch)
            for day in wanted:
                for section in sections:
                    made = _finished_before(section, day, tools) if first != last else None
                    result = Result(section, day, made or await _attempt(section, day, begin, limit))
                    results.append(result)
                    if isinstance(result.outcome, ModelError):
                        return  # the others would meet the same wall
            for index, result in enumerate(results):
                if given.waits and isinstance(result.outcome, Pending):
                    end = replace(tools, batch=False, fresh=False)
                    outcome = await _attempt(result.section, result.outcome.date, end, limit)
                    results[index] = Result(result.section, result.day, outcome)

        with_resources(ready, go, quiet=given.quiet or given.json)
    made = any(isinstance(result.outcome, Published) for result in results)
    pages = update_pages(ready.settings) if made else None
    _show(results, given, table=first != last)
    if pages and not (given.quiet or given.json):
        output.say(f"to read: {pages}")
    return max((result.exit_code for result in results), default=0)


def _show(results: Sequence[Result], given: CommandOptions, *, table: bool) -> None:
    from digest.cli.run_output import table_of_days

    if given.json:
        output.as_json([result.values() for result in results])
    elif table:
        table_of_days(results)
    else:
        for result in results:
            result.show(quiet=given.quiet)


async def _attempt(
    section: Section, day: date | None, tools: Resources, limit: int | None
) -> Published | NoAnnouncement | Pending | DigestError:
    """One section's result; trouble with one section does not take the others with it."""
    import logging

    from digest.pipeline.day import run_day

    try:
        return await run_day(section, day, tools, limit)
    except DigestError as error:
        logging.getLogger(__name__).debug("%s %s ended", section.key, day, exc_info=error)
        return error


def _finished_before(section: Section, day: date | None, tools: Resources) -> Digest | None:
    """The digest that an earlier run completed; None if there is none, or papers of it are flagged."""
    from digest.publish.files import finished

    return None if day is None else tools.own(finished(tools.settings.run.out, day, section.key))


def _weekdays(first: date | None, last: date | None) -> tuple[date, ...]:
    """The days of a range on which arXiv announces: Monday to Friday."""
    assert first is not None  # a range has both ends
    assert last is not None
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(day for day in days if day.weekday() < 5)
