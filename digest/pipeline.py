"""A day, and one paper again: the stages in order, and nothing else.

What arXiv announced -> what it says of each paper -> the paper's text -> one checked line -> the digest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from digest.config import ArxivSettings, Settings
from digest.errors import UsageError
from digest.ledger import Ledger
from digest.llm.asker import Asker, Tally
from digest.llm.endpoint import Endpoint
from digest.model import Digest, Entry, Finding, Listing, Paper, Section, Summary, Text, TextOrigin
from digest.progress import Progress
from digest.publish.counts import counts_of
from digest.publish.files import digests_with, published, with_entry, write_digest
from digest.sources import Quiet, announce, enrich, fetch_paper
from digest.sources.http import Http
from digest.sources.markup import identifier
from digest.summarize.checks import Rule, Source, check_summary, rules_for
from digest.summarize.lint import source_of
from digest.summarize.prompt import Prompt
from digest.summarize.summarise import Job, summarise
from digest.text.reader import TextReader


@dataclass(frozen=True)
class Tools:
    """What the stages are handed: everything with a side effect, and the settings of this run."""

    settings: Settings
    prompt: Prompt
    ledger: Ledger
    http: Http
    reader: TextReader
    endpoint: Endpoint
    progress: Progress
    clock: Callable[[], datetime]
    rules: tuple[Rule, ...]
    fresh: bool = False
    approximate: bool = False


@dataclass(frozen=True)
class Published:
    """A digest, the files it was written to, and what it took."""

    digest: Digest
    markdown: Path
    json: Path
    tally: Tally

    @property
    def state(self) -> str:
        """In a word, for the ledger."""
        return "flagged" if self.digest.counts.flagged else "complete"


@asynccontextmanager
async def open_tools(
    settings: Settings,
    prompt: Prompt,
    ledger: Ledger,
    progress: Progress,
    clock: Callable[[], datetime],
) -> AsyncIterator[Tools]:
    """Open what a run needs, and put it all away again, whatever happens."""
    rules = rules_for(settings.checks)
    address = settings.model.base_url
    endpoint = Endpoint(
        settings.model,
        recall=lambda model: ledger.traits(address, model),
        remember=lambda model, traits: ledger.keep_traits(address, model, traits),
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(endpoint.close)
        http = await stack.enter_async_context(Http(settings.arxiv, ledger, clock=clock))
        reader = await stack.enter_async_context(
            TextReader(settings.text, settings.run.out / "pdf", settings.arxiv.pdf, http.download)
        )
        yield Tools(settings, prompt, ledger, http, reader, endpoint, progress, clock, rules)


async def run_day(
    section: Section, day: date | None, tools: Tools, limit: int | None = None
) -> Published | Quiet:
    """Make one section's digest of one day.

    Args:
        section: what to make.
        day: the announcement date; None: the latest.
        tools: see `Tools`.
        limit: only the first so many papers, for a quick look.

    Raises:
        SourceError: arXiv gave no usable announcement; nothing was published.
        ModelError: the model answers nobody; nothing was published.
    """
    run = tools.ledger.begin("run", section.key)
    asker = Asker(tools.endpoint, tools.ledger, run)
    try:
        made = await _make_digest(section, day, tools, asker, limit)
    except BaseException as error:
        why = str(error) or type(error).__name__
        tools.ledger.finish(run, "failed", {"why": why, **asker.tally.report()}, day)
        raise
    if isinstance(made, Quiet):
        tools.ledger.finish(run, "quiet", {"why": made.sentence}, day)
        return made
    markdown, json = write_digest(made, tools.settings.run.out)
    tools.ledger.keep_listings(made)
    result = Published(made, markdown, json, asker.tally)
    report = {"counts": made.counts.model_dump(), "source": made.source, **asker.tally.report()}
    tools.ledger.finish(run, result.state, report, made.date)
    return result


async def _make_digest(
    section: Section, day: date | None, tools: Tools, asker: Asker, limit: int | None
) -> Digest | Quiet:
    settings = tools.settings.arxiv
    announcement = await announce(
        section,
        day,
        tools.http,
        settings,
        tools.clock(),
        lambda paper, before: tools.ledger.seen(section.key, paper, before),
        tools.approximate,
    )
    if isinstance(announcement, Quiet):
        return announcement
    count = len(announcement.listings)
    source = f"{announcement.source}, saved before" if announcement.saved else announcement.source
    tools.progress.say(f"{section.title} {announcement.date}: {count} papers announced (source: {source})")
    if limit is not None:
        _guard(section, announcement.date, limit, tools.settings.run.out)
    listings = announcement.listings[:limit]
    papers, notes = await enrich(announcement.papers[:limit], tools.http, settings)
    entries = await _make_entries(listings, papers, tools, asker)
    return Digest(
        section=section,
        date=announcement.date,
        source=announcement.source,
        counts=counts_of(entries, announced=count),
        declared=announcement.declared,
        notes=(*announcement.notes, *notes),
        entries=entries,
    )


def _guard(section: Section, day: date, limit: int, out: Path) -> None:
    """A quick look must not take the place of a longer digest."""
    there = published(out, day, section.key)
    if there is not None and len(there.entries) > limit:
        raise UsageError(
            f"{out}/{day}/{section.key}.json holds {len(there.entries)} papers, and --limit {limit} would "
            f"leave {limit} of them. Give another folder with --out."
        )


async def _make_entries(
    listings: tuple[Listing, ...], papers: tuple[Paper, ...], tools: Tools, asker: Asker
) -> tuple[Entry, ...]:
    """The entries of a digest, made side by side: a paper is asked about as soon as its text is there."""
    tools.progress.start("papers", len(listings))

    sources = [source_of(paper) for paper in papers]

    async def make(listing: Listing, paper: Paper) -> Entry:
        entry = await _make_entry(listing, paper, tools, asker, sources)
        tools.progress.step("papers")
        return entry

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(make(listing, paper))
                for listing, paper in zip(listings, papers, strict=True)
            ]
    except BaseExceptionGroup as errors:  # one that stops the whole run; the others were cancelled with it
        raise errors.exceptions[0] from None
    return tuple(task.result() for task in tasks)


async def _make_entry(
    listing: Listing, paper: Paper, tools: Tools, asker: Asker, batch: Sequence[Source] = ()
) -> Entry:
    """One paper's entry; `batch` is what the other papers say, for telling whose line it is."""
    text = await _read(paper, tools)
    source = source_of(paper, "\n".join(passage.content for passage in text.passages))

    def check(summary: Summary) -> tuple[Finding, ...]:
        return check_summary(summary, source, batch, tools.rules)

    job = Job(paper, tools.prompt, tools.settings.model.name, asker.ask, check, tools.fresh)
    outcome = await summarise(job, text)
    if outcome.flag is not None:
        tools.ledger.event(asker.run, "check", "flagged", paper.id, outcome.flag.code)
    return Entry(
        listing=listing,
        paper=paper,
        summary=outcome.summary,
        flag=outcome.flag,
        findings=outcome.findings,
        text=text.origin,
    )


async def _read(paper: Paper, tools: Tools) -> Text:
    """The paper's text, from the ledger when it was read before: the same question must come of it again."""
    settings = tools.settings.text
    if settings.source == "abstract" or not tools.prompt.reads_text:
        return Text(origin=TextOrigin(source="abstract", reason="only title and abstract were asked for"))
    recipe = f"1:{settings.budget}"
    kept = tools.ledger.text(paper.versioned_id, recipe)
    if kept is not None and not (tools.fresh and kept.transient):
        return kept
    text = await tools.reader.read(paper, tools.settings.model.name)
    tools.ledger.keep_text(paper.versioned_id, recipe, text)
    return text


@dataclass(frozen=True)
class Redone:
    """A paper asked about again: its new entry, what it replaced, and the digests that were rewritten."""

    entry: Entry
    older: tuple[Entry, ...]
    digests: tuple[Path, ...]
    tally: Tally


async def redo_paper(wanted: str, tools: Tools) -> Redone:
    """Ask again about one paper, and put the new line into the digests that hold it.

    A digest that holds the version asked about gets the line; if none does, every digest that holds the paper
    gets the version too.

    Args:
        wanted: an arXiv identifier or address. Without a version: the one in the newest digest that holds the
            paper, else arXiv's newest.
        tools: see `Tools`; `fresh` makes it a new question even if the ledger has an answer.

    Raises:
        UsageError: no arXiv identifier, or arXiv has no such paper or version.
        SourceError: arXiv could not be asked.
        ModelError: the model answers nobody.
    """
    known = _identifier(wanted)
    run = tools.ledger.begin("paper")
    asker = Asker(tools.endpoint, tools.ledger, run)
    try:
        redone = await _redo(*known, tools, asker)
    except BaseException as error:
        why = str(error) or type(error).__name__
        tools.ledger.finish(run, "failed", {"why": why, **asker.tally.report()})
        raise
    state = "complete" if redone.entry.flag is None else "flagged"
    tools.ledger.finish(run, state, {"paper": redone.entry.paper.versioned_id, **asker.tally.report()})
    return redone


async def _redo(paper_id: str, version: int | None, tools: Tools, asker: Asker) -> Redone:
    out = tools.settings.run.out
    holders = digests_with(out, paper_id)
    held = [entry for digest in holders for entry in digest.entries if entry.paper.id == paper_id]
    same = [entry for entry in held if version in {None, entry.paper.version}]
    if same:
        paper = same[-1].paper
    else:
        paper = await fetch_paper(paper_id, version, tools.http, tools.settings.arxiv)
    replaced = [entry for entry in held if entry.paper.version == paper.version] or held
    listing = Listing(
        id=paper_id, version=paper.version, kind="new", category=paper.categories[0], position=1
    )
    entry = await _make_entry(replaced[-1].listing if replaced else listing, paper, tools, asker)
    if entry.summary is None:  # nothing better than what is there
        return Redone(entry, tuple(replaced), (), asker.tally)
    written = []
    for digest in holders:
        changed = with_entry(digest, entry, replaced)
        if changed != digest:
            written.append(write_digest(changed, out)[0])
    return Redone(entry, tuple(replaced), tuple(written), asker.tally)


async def paper_called(wanted: str, http: Http, settings: ArxivSettings) -> Paper:
    """The paper with an identifier or address, as arXiv has it now; raises as `redo_paper` does."""
    return await fetch_paper(*_identifier(wanted), http, settings)


def _identifier(wanted: str) -> tuple[str, int | None]:
    known = identifier(wanted)
    if known is None:
        forms = "2601.19781, 2601.19781v2, hep-th/9901001"
        raise UsageError(f"{wanted!r} is no arXiv identifier. Identifiers look like {forms}.")
    return known
