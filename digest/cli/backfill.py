"""`digest backfill`: the digests of weeks and years, on this machine or by Ray on several."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from digest.cli import options, output

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
    section: options.Sections = None,
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
    model: options.Model = None,
    prompt: options.PromptName = None,
    concurrency: options.Concurrency = None,
    no_pdf: options.NoPdf = False,
    max_cost: options.MaxCost = None,
    batch: options.Batch = False,
    wait: options.Wait = False,
    out: options.Out = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Make the digests of a span of days; stop it anywhere, and give it again to go on."""
    from digest.cli.session import CommandOptions
    from digest.system.errors import UsageError

    if address is not None and engine != "ray":
        raise UsageError("--address is that of a Ray cluster: add --engine ray.")
    flags = options.flags_of(
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
    from digest.cli.backfill_output import plan_lines, plan_values, show
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
                    for line in plan_lines(plan, span, fetch_pdfs=wanted.fetch_pdfs):
                        output.print_message(line)
                if not wanted.plan:
                    rows.extend(await work.run(plan))

        with sigterm_interrupts():
            with_resources(patient, go, quiet=quiet)
    made = any(row.state in {"complete", "flagged"} for row in rows)
    pages = update_pages(ready.settings) if made else None
    if given.json:
        output.as_json({"plan": plan_values(plans[0]), "days": [row.values() for row in rows]})
    elif not wanted.plan:
        show(rows, plans[0], quiet=given.quiet)
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
    async with AsyncExitStack() as stack:
        if not wanted.plan:
            stack.enter_context(backfill_at_work(resources.ledger))
        if wanted.plan or wanted.engine == "local":
            through = _reading(wanted, mirror, resources if wanted.plan else _yielding(resources))
        else:
            from digest.scale.ray_cluster import cluster

            stack.enter_context(cluster(wanted.address, wanted.workers))
            from digest.scale.ray_engine import through_ray

            where = None if wanted.mirror is None else wanted.mirror.absolute()
            through = through_ray(resources, wanted.workers, where, fetch=wanted.fetch_pdfs)
        yield await stack.enter_async_context(through)


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
