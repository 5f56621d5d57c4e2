"""`digest backfill`: the digests of weeks and years, on this machine or by Ray on several."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from digest.cli.options import (
    Batch,
    Concurrency,
    Json,
    MaxCost,
    ModelName,
    NoPdf,
    Out,
    PromptName,
    Quiet,
    Sections,
    Wait,
    flags_of,
)
from digest.system.language import translated

if TYPE_CHECKING:
    from digest.cli.session import CommandOptions
    from digest.pipeline.resources import Resources
    from digest.scale.backfill import Backfill, DayResult
    from digest.scale.mirror_reader import MirrorReader
    from digest.scale.old_days import Span
    from digest.scale.plan import BackfillPlan
    from digest.sources.bulk.mirror import Mirror
    from digest.sources.http_client import Http
    from digest.text.reader import Download

EngineName = Literal["local", "ray"]


def backfill(
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="The first announcement date.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="The last one.")],
    section: Sections = None,
    metadata: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="arXiv's metadata as one file, a JSON record a line, also .gz; - for a pipe."
        ),
    ] = None,
    mirror: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Papers, laid out as arXiv's bulk archives.")
    ] = None,
    fetch_pdfs: Annotated[
        bool, typer.Option("--fetch-pdfs", help="Ask arXiv for PDFs that are not there: 1,200 an hour.")
    ] = False,
    engine: Annotated[EngineName, typer.Option(help="What works on the papers.")] = "local",
    address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Of a Ray cluster; default: one on this machine.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes that read papers; default: 2.")
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", "--dry-run", help="Say what it will take, and ask no model.")
    ] = False,
    model: ModelName = None,
    prompt: PromptName = None,
    concurrency: Concurrency = None,
    no_pdf: NoPdf = False,
    max_cost: MaxCost = None,
    batch: Batch = False,
    wait: Wait = False,
    out: Out = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make the digests of a span of days; stop it anywhere, and give it again to go on."""
    from digest.cli.session import CommandOptions
    from digest.system.errors import UsageError

    if address is not None and engine != "ray":
        raise UsageError("--address is that of a Ray cluster: add --engine ray.")
    flags = flags_of(
        section=section,
        prompt=prompt,
        out=out,
        model=model,
        concurrency=concurrency,
        max_cost=max_cost,
        no_pdf=no_pdf,
    )
    given = CommandOptions(flags, json=json, quiet=quiet, approximate=True, batch=batch, wait=wait)
    wanted = _Wanted(first, last, metadata, mirror, fetch_pdfs, engine, address, workers or 2, plan)
    raise typer.Exit(_carry_out(given, wanted))


@dataclass(frozen=True)
class _Wanted:
    """The flags that only this command has."""

    first: str
    last: str
    metadata: str | None
    mirror: Path | None
    fetch_pdfs: bool
    engine: EngineName
    address: str | None
    workers: int
    plan: bool


def _carry_out(given: CommandOptions, wanted: _Wanted) -> int:
    """Plan, make the days, print what became of them, and return the exit code."""
    from digest.cli import output
    from digest.cli.dates import parse_day
    from digest.cli.session import Ready, prepared, update_pages, with_resources
    from digest.scale.backfill import with_patience
    from digest.scale.old_days import Span
    from digest.system.errors import UsageError
    from digest.system.signals import sigterm_interrupts

    rows: list[DayResult] = []
    plans: list[BackfillPlan] = []
    quiet = given.quiet or given.json
    with prepared(given, asks_model=not wanted.plan) as ready:
        first, last = (parse_day(text, ready.clock()) for text in (wanted.first, wanted.last))
        if last < first:
            raise UsageError(f"--to {last} lies before --from {first}.")
        span = Span(first, last, ready.settings.chosen_sections())
        patient = Ready(with_patience(ready.settings), ready.clock, given)

        async def go(resources: Resources) -> None:
            async with _opened(wanted, span, resources) as (work, plan):
                plans.append(plan)
                if not quiet:
                    for line in _plan_lines(plan, span, wanted):
                        output.print_message(line)
                if not wanted.plan:
                    rows.extend(await work.run(plan))

        with sigterm_interrupts():
            with_resources(patient, go, quiet=quiet)
    made = any(row.state in {"complete", "flagged"} for row in rows)
    pages = update_pages(ready.settings) if made else None
    if given.json:
        output.as_json({"plan": _plan_values(plans[0]), "days": [row.values() for row in rows]})
    elif not wanted.plan:
        _show(rows, plans[0], quiet=given.quiet)
        if pages and not given.quiet:
            output.print_message(f"to read: {pages}")
    return max((row.exit_code for row in rows), default=0)


@asynccontextmanager
async def _opened(
    wanted: _Wanted, span: Span, resources: Resources
) -> AsyncIterator[tuple[Backfill, BackfillPlan]]:
    """The back-fill, ready to run, and its plan."""
    from digest.cli.days_progress import DaysProgress
    from digest.scale.backfill import Backfill
    from digest.scale.cost_model import Measurements
    from digest.scale.old_days import FOLDER, open_source
    from digest.scale.plan import make_plan

    settings, progress = resources.settings, DaysProgress(resources.progress)
    key = _measured_with(wanted, resources)
    measurements = Measurements(settings.run.out / FOLDER / "measured.json", key)
    async with _through(wanted, resources) as through:
        source = await open_source(span, wanted.metadata, through)
        own = replace(through, progress=progress, source=source)
        measured = measurements.get()
        plan = await make_plan(span, source, own, measured, wanted.workers, fetch=wanted.fetch_pdfs)
        yield Backfill(own, progress, measurements), plan


@asynccontextmanager
async def _through(wanted: _Wanted, resources: Resources) -> AsyncIterator[Resources]:
    """The resources as they go through the engine; it is closed at the end."""
    from digest.pipeline.priority import backfill_at_work
    from digest.sources.bulk.mirror import Mirror

    mirror = None if wanted.mirror is None else Mirror(wanted.mirror, resources.progress.say)
    if wanted.plan:
        async with _reading(wanted, mirror, resources) as through:
            yield through
    elif wanted.engine == "local":
        with backfill_at_work(resources.ledger):
            async with _reading(wanted, mirror, _yielding(resources)) as through:
                yield through
    else:
        from digest.scale.ray_cluster import cluster

        with backfill_at_work(resources.ledger), cluster(wanted.address, wanted.workers):
            from digest.scale.ray_engine import through_ray

            where = None if wanted.mirror is None else wanted.mirror.absolute()
            async with through_ray(resources, wanted.workers, where, fetch=wanted.fetch_pdfs) as through:
                yield through


@asynccontextmanager
async def _reading(wanted: _Wanted, mirror: Mirror | None, resources: Resources) -> AsyncIterator[Resources]:
    """The resources with a reader of the mirror, which reads on this machine."""
    from digest.scale.mirror_reader import open_reader

    async def download() -> Download:
        return (await resources.http()).download

    fetch, say = download if wanted.fetch_pdfs else None, resources.progress.say
    async with open_reader(resources.settings, mirror, fetch, say, wanted.workers) as reader:

        async def read() -> MirrorReader:
            return reader

        yield replace(resources, reader=read)


def _yielding(resources: Resources) -> Resources:
    """The resources, changed so that nothing new is sent while a daily run is at work."""
    from digest.pipeline.priority import BackfillThrottle

    throttle = BackfillThrottle(resources.ledger)
    throttle.apply_to(resources.endpoint)

    async def http() -> Http:
        opened = await resources.http()
        opened.elsewhere = throttle.wait
        return opened

    return replace(resources, http=http)


def _measured_with(wanted: _Wanted, resources: Resources) -> str:
    """All that shapes what a paper takes."""
    settings = resources.settings
    texts = "mirror" if wanted.mirror else "fetched" if wanted.fetch_pdfs else "none"
    if settings.text.source == "abstract":
        texts = "none"
    shaping = (
        *(settings.model.name, resources.prompt.identity, settings.text.budget, texts),
        *(wanted.engine, wanted.workers, settings.model.concurrency),
    )
    return " ".join(map(str, shaping))


def _plan_lines(plan: BackfillPlan, span: Span, wanted: _Wanted) -> Iterator[str]:
    """The plan for people, in their language."""
    from digest.cli.days_progress import format_short_duration

    made = len(plan.days) - len(plan.todo)
    sections = ", ".join(section.key for section in span.sections)
    yield (
        translated(f"days: {len(span.days)}, sections: {sections}; digests to make: {len(plan.todo)}")
        + (translated(f", made before: {made}") if made else "")
    )
    estimate, known = plan.estimate, translated(f"papers to ask about: {plan.asked:,}")
    if plan.unknown:
        known += translated(
            f", and those of {plan.unknown} digests that arXiv is asked for: {estimate.papers:,} by guess"
        )
    yield known + (translated(f"; answered before: {plan.answered:,}") if plan.answered else "")
    if plan.with_text is not None:
        yield translated(f"with a text, of those that were looked up: {plan.with_text:.0%}")
    cost = translated("no price is known of the model") if estimate.cost is None else f"${estimate.cost:,.2f}"
    if estimate.batch_cost is not None:
        cost += translated(f" (as batches ${estimate.batch_cost:,.2f})")
    usage, seconds = estimate.usage, translated(format_short_duration(estimate.seconds))
    yield (
        translated(f"questions: {estimate.questions:,}; tokens: {usage.input:,} in, {usage.output:,} out")
        + translated("; cost: ")
        + cost
        + translated(f"; time: {seconds}")
    )
    if estimate.measured:
        yield translated(f"by what {estimate.measured:,} papers took before")
    else:
        yield translated("by rule of thumb")
    if wanted.fetch_pdfs:
        yield translated(f"requests to arXiv: {plan.pages} pages, PDFs: as the mirror lacks, one in 3 s")
    else:
        yield translated(f"requests to arXiv: {plan.pages} pages, PDFs: 0")


def _plan_values(plan: BackfillPlan) -> dict[str, Any]:
    """The plan as plain values."""
    return {
        "digests": len(plan.todo),
        "made_before": len(plan.days) - len(plan.todo),
        "asked": plan.asked,
        "answered_before": plan.answered,
        "with_text": plan.with_text,
        "pages": plan.pages,
        **plan.estimate.model_dump(),
        "batch_cost": plan.estimate.batch_cost,
    }


def _show(rows: Sequence[DayResult], plan: BackfillPlan, *, quiet: bool) -> None:
    """Print the days that are not complete one by one, and the sums of all; with `quiet`, failures only."""
    from digest.cli import output

    for row in rows:
        if row.state == "failed":
            output.print_error(row.why, f"{row.day} {row.section}")
        elif row.state == "flagged" and not quiet:
            output.print_message(f"{row.day} {row.section}: {row.words}")
            if stopped := row.why:
                output.print_message(f"stopped: {stopped}")
    if quiet:
        return
    states = Counter(row.state for row in rows)
    left = len(plan.todo) - len(rows)
    shown = ("complete", "flagged", "quiet", "submitted", "failed")
    told = ", ".join(f"{states[state]} {translated(state)}" for state in shown)
    costs = [row.cost for row in rows]
    cost = "no price is known" if None in costs else f"${sum(filter(None, costs)):.4f}"
    output.print_message(f"digests: {told}, {left} not begun" if left else f"digests: {told}")
    output.print_message(
        f"papers {sum(row.papers for row in rows):,}: summarised {sum(row.summarised for row in rows):,}, "
        f"flagged {sum(row.flagged for row in rows):,}; questions asked {sum(row.asked for row in rows):,}, "
        f"answers from the ledger {sum(row.reused for row in rows):,}; cost: {cost}"
    )
    if states["submitted"]:
        output.print_message(
            "Questions are in batches at the endpoint. Give the same command again later, or with --wait."
        )
    elif left or states["failed"]:
        output.print_message("Give the same command again to go on.")
