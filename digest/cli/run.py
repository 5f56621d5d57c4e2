"""`digest run`: the digests of a day, or of a range of days."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import options, output
from digest.system.errors import DigestError, ModelError

if TYPE_CHECKING:
    from digest.cli.run_output import Result
    from digest.cli.session import CommandOptions, Ready
    from digest.llm.batch import Pending
    from digest.model import Digest, Section
    from digest.pipeline.announced import Known
    from digest.pipeline.day import Published
    from digest.pipeline.resources import Resources
    from digest.sources.source import NoAnnouncement

DUE = "due"
"""In the place of a date: the latest announcement, and what earlier runs missed."""


def run(
    date: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="Announcement date, first..last, today, yesterday, last-week, or due: the latest and what "
            "was missed; default: the latest.",
        ),
    ] = None,
    section: options.Sections = None,
    limit: options.Limit = None,
    model: options.Model = None,
    prompt: options.PromptName = None,
    concurrency: options.Concurrency = None,
    out: options.Out = None,
    no_pdf: options.NoPdf = False,
    max_cost: options.MaxCost = None,
    batch: options.Batch = False,
    wait: options.Wait = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask again, even what the ledger can answer.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Go ahead above [run] confirm_cost, without a question.")
    ] = False,
    approximate: options.Approximate = False,
    sample: options.Sample = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Make the digest of a day: fetch, read, ask, check, write."""
    from digest.cli.session import CommandOptions

    flags = options.flags_of(
        section=section,
        prompt=prompt,
        out=out,
        model=model,
        concurrency=concurrency,
        max_cost=max_cost,
        no_pdf=no_pdf,
    )
    given = CommandOptions(flags, sample, json, quiet, fresh, approximate, batch, wait, yes)
    raise typer.Exit(run_days(given, date, limit))


def run_days(given: CommandOptions, days: str | None, limit: int | None) -> int:
    """Make the digests of one day, or of a range of days; print what was made; return the exit code."""
    from digest.cli.after import run_after
    from digest.cli.deliver import after_run
    from digest.cli.run_output import in_all, nothing_due
    from digest.cli.session import prepared, update_pages, with_resources
    from digest.pipeline.day import Published
    from digest.pipeline.priority import before_backfills

    results: list[Result] = []
    began = time.monotonic()
    with prepared(given) as ready:
        work, several = _work(days, ready)
        if not work:
            nothing_due(json=given.json, quiet=given.quiet)
            return output.COMPLETE
        catching_up = days == DUE

        async def go(resources: Resources) -> None:
            skip = several or catching_up
            await _make(work, ready, resources, limit, results, skip=skip, catching_up=catching_up)
            await _collect(results, ready, resources, limit)

        with_resources(ready, before_backfills(go), quiet=given.quiet or given.json)
    made = any(isinstance(result.outcome, Published) for result in results)
    pages = update_pages(ready.settings) if made else None
    _show(results, given, table=several)
    if not (given.quiet or given.json):
        in_all(results, time.monotonic() - began, pages)
    code = max((result.exit_code for result in results), default=0)
    failed = 0 if given.sample else run_after(results, ready.settings)  # the sample is nobody's news
    if failed and code in {output.COMPLETE, output.FLAGGED}:
        code = failed
    return after_run(ready, (result.published for result in results), code, whole=limit is None)


async def _make(
    work: Sequence[tuple[date | None, Section]],
    ready: Ready,
    resources: Resources,
    limit: int | None,
    results: list[Result],
    *,
    skip: bool,
    catching_up: bool,
) -> None:
    """Make digests day by day, after the plan of the first that has something to do was agreed to.

    All batches are handed in before the first is waited for.
    """
    from digest.cli.run_output import Result
    from digest.pipeline.announced import foresee
    from digest.pipeline.due import not_yet

    given, agreed = ready.given, False
    begin = replace(resources, wait=given.waits and not given.batch)
    days = list(dict.fromkeys(day for day, _ in work))
    for number, day in enumerate(days):
        sections = [section for of, section in work if of == day]
        done = {one.key: _finished_before(one, day, resources) if skip else None for one in sections}
        known: dict[str, Known] = {}
        if not agreed:
            left = [section for section in sections if done[section.key] is None]
            known = await foresee(left, day, begin, limit)
            agreed = _agreed(known.values(), limit, len(days) - number, begin, yes=given.yes)
        for section in sections:
            outcome = done[section.key] or await _attempt(section, day, begin, limit, known.get(section.key))
            late = not_yet(outcome, day, ready.clock()) if catching_up else None
            results.append(Result(section, day, late or outcome))
            if isinstance(outcome, ModelError):
                return  # the others would meet the same wall


def _agreed(known: Iterable[Known], limit: int | None, days: int, resources: Resources, *, yes: bool) -> bool:
    """True if there is a plan, which is told then.

    Raises:
        UsageError: it is too dear; see `agree`.
    """
    from digest.cli.confirm import agree
    from digest.model import Announcement
    from digest.pipeline.plan import estimate_run

    announced = [one for one in known if isinstance(one, Announcement)]
    plan = estimate_run([paper for one in announced for paper in one.papers[:limit]], resources)
    if plan.papers:
        agree(plan, days, resources, yes=yes)
    return plan.papers > 0


async def _collect(results: list[Result], ready: Ready, resources: Resources, limit: int | None) -> None:
    """Wait for batches that were handed in, where that is wanted, and make their digests."""
    from digest.cli.run_output import Result
    from digest.llm.batch import Pending

    for index, result in enumerate(results):
        if ready.given.waits and isinstance(result.outcome, Pending):
            end = replace(resources, batch=False, fresh=False)
            outcome = await _attempt(result.section, result.outcome.date, end, limit)
            results[index] = Result(result.section, result.day, outcome)


def _work(days: str | None, ready: Ready) -> tuple[list[tuple[date | None, Section]], bool]:
    """The days and sections of a run, in order; and whether they are those of several days."""
    from digest.cli.dates import parse_days, weekdays
    from digest.pipeline.due import due

    sections = ready.settings.chosen_sections()
    if days == DUE:
        out = ready.settings.run.out
        found = due(sections, out, ready.clock(), _tried(ready), sample=ready.given.sample)
        return list(found), len({day for day, _ in found}) > 1
    first, last = parse_days(days, ready.clock())
    wanted: Sequence[date | None] = (first,)
    if first is not None and last is not None and first != last:
        wanted = weekdays(first, last)
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
    section: Section, day: date | None, resources: Resources, limit: int | None, known: Known | None = None
) -> Published | NoAnnouncement | Pending | DigestError:
    """One section's result; trouble with one section does not take the others with it."""
    from digest.pipeline.day import run_day

    try:
        return await run_day(section, day, resources, limit, known=known)
    except DigestError as error:
        import logging

        logging.getLogger(__name__).debug("%s %s ended", section.key, day, exc_info=error)
        return error


def _finished_before(section: Section, day: date | None, resources: Resources) -> Digest | None:
    """The digest that an earlier run completed; None if there is none, or papers of it are flagged."""
    return None if day is None else resources.finished(day, section.key)
