"""`digest run`: the digests of a day, or of a range of days."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
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
    from digest.cli.session import CommandOptions, Ready
    from digest.llm.batch import Pending
    from digest.model import Digest, Section
    from digest.pipeline.day import Published
    from digest.pipeline.resources import Resources
    from digest.sources.arxiv.no_announcement import NoAnnouncement

DUE = "due"
"""In the place of a date: the latest announcement, and what earlier runs missed."""


def run(
    date: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="Announcement date, or first..last, or due: the latest and what was missed; "
            "default: the latest.",
        ),
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
    from digest.cli.deliver import after_run
    from digest.cli.run_output import Result, nothing_due
    from digest.cli.session import prepared, update_pages, with_resources
    from digest.llm.batch import Pending
    from digest.pipeline.day import Published
    from digest.pipeline.due import not_yet
    from digest.pipeline.priority import before_backfills

    results: list[Result] = []
    with prepared(given) as ready:
        catching_up = days == DUE
        work, several = _work(days, ready)
        if not work:
            nothing_due(json=given.json, quiet=given.quiet)
            return output.COMPLETE

        async def go(tools: Resources) -> None:
            # all batches are handed in before the first is waited for
            begin = replace(tools, wait=given.waits and not given.batch)
            for day, section in work:
                made = _finished_before(section, day, tools) if several or catching_up else None
                outcome = made or await _attempt(section, day, begin, limit)
                late = not_yet(outcome, day, ready.clock()) if catching_up else None
                results.append(Result(section, day, late or outcome))
                if isinstance(outcome, ModelError):
                    return  # the others would meet the same wall
            for index, result in enumerate(results):
                if given.waits and isinstance(result.outcome, Pending):
                    end = replace(tools, batch=False, fresh=False)
                    outcome = await _attempt(result.section, result.outcome.date, end, limit)
                    results[index] = Result(result.section, result.day, outcome)

        with_resources(ready, before_backfills(go), quiet=given.quiet or given.json)
    made = any(isinstance(result.outcome, Published) for result in results)
    pages = update_pages(ready.settings) if made else None
    _show(results, given, table=several)
    if pages and not (given.quiet or given.json):
        output.say(f"to read: {pages}")
    code = max((result.exit_code for result in results), default=0)
    return after_run(ready, (result.published for result in results), code, whole=limit is None)


def _work(days: str | None, ready: Ready) -> tuple[list[tuple[date | None, Section]], bool]:
    """The days and sections of a run, in order; and whether they are those of several days."""
    from digest.cli.session import parse_days
    from digest.pipeline.due import due

    sections = ready.settings.chosen_sections()
    if days == DUE:
        out = ready.settings.run.out
        found = due(sections, out, ready.clock(), _tried(ready), sample=ready.given.sample)
        return list(found), len({day for day, _ in found}) > 1
    first, last = parse_days(days, ready.clock())
    wanted = _weekdays(first, last) if first != last else (first,)
    return [(day, section) for day in wanted for section in sections], first != last


def _tried(ready: Ready) -> set[tuple[str, date]]:
    """Section and day of the runs that the ledger knows; one that cannot be read knows none."""
    from digest.ledger import open_history

    with suppress(DigestError), open_history(ready.settings.ledger_at) as history:
        return {
            (run.section, date.fromisoformat(run.date))
            for run in history.runs()
            if run.command == "run" and run.section and run.date
        }
    return set()


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
