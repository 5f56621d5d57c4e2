"""A day: the stages in order, and nothing else.

What arXiv announced -> what it says of each paper -> the paper's text -> one checked line -> the digest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from digest.errors import DigestError, ModelError, QuotaError, UsageError
from digest.llm.batch import Batches, DeferredError, Pending
from digest.llm.cached_client import CachedClient, RunUsage
from digest.model import Announcement, Digest, Entry, Listing, Paper, Section
from digest.pipeline.check_cache import CheckCache
from digest.pipeline.entry import Asks, flag_repeated, make_entry, refuse_silence
from digest.pipeline.plan import pdfs_of, question_kind
from digest.pipeline.resources import Resources
from digest.publish.changes import Changes, changes
from digest.publish.counts import counts_of
from digest.publish.files import published, write_digest
from digest.publish.keeping import keep_lines, standing
from digest.sources.arxiv.no_announcement import NoAnnouncement

if TYPE_CHECKING:
    from digest.summarize.checks import Source

_FAILED_CHECKS = {"checks", "unreadable"}
"""Flags of papers whose answers are in the ledger, but no good: only new answers can help."""


@dataclass(frozen=True)
class Published:
    """A digest, the files it was written to, and what it took."""

    digest: Digest
    markdown: Path
    json: Path
    tally: RunUsage
    kept: Mapping[str, str]
    """Papers whose line of an earlier run stays, as this one has no better; each with the reason."""

    new: bool
    """Whether no earlier run published the whole digest of that day."""

    changes: Changes
    """What it has that the digest before had not; nothing of a new one."""

    @property
    def state(self) -> str:
        """In a word, for the ledger."""
        undone = self.digest.counts.flagged or self.digest.withheld or self.kept
        return "flagged" if undone else "complete"


Known = Announcement | NoAnnouncement | DigestError
"""What asking for an announcement came to."""


async def foresee(
    sections: Iterable[Section], day: date | None, tools: Resources, limit: int | None = None
) -> dict[str, Known]:
    """Section -> what was announced on a day, or why that is not known: for a plan, and for `run_day`."""
    found: dict[str, Known] = {}
    for section in sections:
        try:
            found[section.key] = await _announcement(section, day, tools, limit)
        except DigestError as error:
            found[section.key] = error
    return found


async def run_day(
    section: Section,
    day: date | None,
    tools: Resources,
    limit: int | None = None,
    known: Known | None = None,
) -> Published | NoAnnouncement | Pending:
    """Make one section's digest of one day.

    Args:
        section: what to make.
        day: the announcement date; None: the latest.
        tools: see `Resources`.
        limit: only the first so many papers, for a quick look.
        known: what `foresee` found.

    Raises:
        SourceError: arXiv gave no usable announcement; nothing was published.
        ModelError: the model answers nobody; nothing was published.
    """
    out = tools.settings.run.out
    run = tools.ledger.begin("run", section.key, day)
    asker = CachedClient(tools.endpoint, tools.ledger, run)
    try:
        made = await _make_digest(section, day, tools, asker, limit, known)
        if isinstance(made, NoAnnouncement):
            tools.ledger.finish(run, "quiet", {"why": made.sentence, "kind": made.kind}, made.date)
            return made
        if isinstance(made, Pending):
            tools.ledger.finish(run, "submitted", {"why": made.sentence, **asker.tally.report()}, made.date)
            return made
        refuse_silence(made.entries, asker.tally)
        flags = {entry.paper.id: entry.flag for entry in made.entries if entry.flag}
        before = tools.own(standing(out, made.date, section.key))
        made, kept = keep_lines(made, before, fresh=tools.fresh)
        new = _is_new(made, before, tools)
        markdown, record = write_digest(made, out)
    except BaseException as error:
        why = str(error) or type(error).__name__
        tools.ledger.finish(run, "failed", {"why": why, **asker.tally.report()}, day)
        raise
    tools.ledger.keep_listings(made)
    tools.ledger.event(run, "publish", "written", detail=str(markdown))
    reasons = {paper: flags[paper].reason for paper in kept}
    changed = Changes() if new else changes(before, made)
    result = Published(made, markdown, record, asker.tally, reasons, new, changed)
    flagged = {paper: flag.code for paper, flag in flags.items()}  # the next run tries these again
    asked = {"question": question_kind(tools), **asker.tally.report()}
    report = {"counts": made.counts.model_dump(), "source": made.source, **asked}
    tools.ledger.finish(run, result.state, {**report, "flagged": flagged}, made.date)
    return result


def _is_new(made: Digest, before: Digest | None, tools: Resources) -> bool:
    """Whether this is the first whole digest of its day; one that was lost and is made again is not."""
    if before is not None:
        return made.counts.kept and not before.counts.kept
    assert made.date is not None  # of an announcement
    return made.counts.kept and not tools.ledger.flagged_before(made.section.key, made.date, ())[0]


async def _make_digest(
    section: Section,
    day: date | None,
    tools: Resources,
    asker: CachedClient,
    limit: int | None,
    known: Known | None,
) -> Digest | NoAnnouncement | Pending:
    if isinstance(known, DigestError):
        raise known
    announcement = known or await _announcement(section, day, tools, limit)
    if isinstance(announcement, NoAnnouncement):
        return announcement
    count = len(announcement.listings)
    source = f"{announcement.source}, saved before" if announcement.saved else announcement.source
    tools.progress.say(f"{section.title} {announcement.date}: {count} papers announced (source: {source})")
    _guard(section, announcement, limit, tools)
    tools.ledger.event(asker.run, "source", "announced", detail=f"{count} papers ({source})")
    entries = await _batch(section, announcement, tools, asker, limit)
    if isinstance(entries, Pending):
        return entries
    entries = flag_repeated(entries, tools)
    return Digest(
        section=section,
        date=announcement.date,
        source=announcement.source,
        counts=counts_of(entries, announced=count),
        declared=announcement.declared,
        withheld=announcement.withheld,
        notes=announcement.notes,
        entries=entries,
        sample=tools.sample,
    )


async def _announcement(
    section: Section, day: date | None, tools: Resources, limit: int | None
) -> Announcement | NoAnnouncement:
    """What was announced, with metadata: from the ledger where it is whole, else from arXiv.

    With a limit only so many papers get the metadata of the API.
    """
    if day is not None and (kept := _kept_announcement(section, day, tools)):
        return kept
    from digest.sources.arxiv.announce import announce
    from digest.sources.arxiv.export_api import enrich

    tools.progress.doing(f"{section.title}: asking arXiv what was announced")
    settings, http = tools.settings.arxiv, await tools.http()
    announced = await announce(
        section,
        day,
        http,
        settings,
        tools.clock(),
        lambda paper, before: tools.ledger.seen(section.key, paper, before),
        tools.approximate,
    )
    if isinstance(announced, NoAnnouncement):
        return announced
    kept = _kept_announcement(section, announced.date, tools)
    if kept and [one.id for one in kept.listings] == [one.id for one in announced.listings]:
        return kept  # its metadata need not be asked for again
    tools.progress.doing(f"{section.title}: asking arXiv's API about {len(announced.papers[:limit])} papers")
    papers, notes = await enrich(announced.papers[:limit], http, settings)
    whole = announced.model_copy(
        update={"papers": papers + announced.papers[len(papers) :], "notes": (*announced.notes, *notes)}
    )
    if not notes and not announced.withheld and len(papers) == len(announced.papers):
        tools.ledger.keep_announcement(section.categories, whole)
    return whole


def _kept_announcement(section: Section, day: date, tools: Resources) -> Announcement | None:
    kept = tools.ledger.announcement(section.categories, day)
    if kept is None or not kept.listings or (kept.source == "oai" and not tools.approximate):
        return None
    return kept.model_copy(update={"saved": True})


def _guard(section: Section, announcement: Announcement, limit: int | None, tools: Resources) -> None:
    """A quick look, or a list with gaps, must not take the place of a longer digest."""
    out = tools.settings.run.out
    there = tools.own(standing(out, announcement.date, section.key))
    if there is None:
        return
    place, held = f"{out}/{announcement.date}/{section.key}", len(there.entries)
    if limit is not None and held > limit:
        raise UsageError(
            f"{place} holds {held} papers, and --limit {limit} would leave {limit} of them. "
            "Give another folder with --out."
        )
    missing = {entry.paper.id for entry in there.entries} - {one.id for one in announcement.listings}
    if missing and (announcement.source == "oai" or not announcement.listings):
        raise UsageError(
            f"{place} holds {len(missing)} papers that are not announced by {announcement.source}. "
            "Give another folder with --out."
        )


async def _batch(
    section: Section, announcement: Announcement, tools: Resources, asker: CachedClient, limit: int | None
) -> tuple[Entry, ...] | Pending:
    """The entries of a digest, or the batch that some of them wait for.

    Batches that ended are collected first; questions without answer are handed in as a new one if that is
    wanted, and asked directly if not.
    """
    batches, day = Batches(tools.endpoint, tools.ledger, say=tools.progress.say), announcement.date
    under_way = await batches.collect(asker, wait=tools.wait)
    gathering = batches.gathering(asker, batch=tools.batch)
    entries = await _make_entries(section, announcement, tools, asker, gathering, limit)
    questions, pending = tuple(gathering.questions.values()), None
    if questions:
        try:
            pending = await batches.submit(section.key, day, questions, asker)
        except QuotaError as error:  # what is there is published, the rest flagged
            asker.tally.stopped = str(error)
    if gathering.held:
        pending = Pending(section.key, day, len(gathering.held), None)
    for one in under_way:
        if one.batch in gathering.held.values():
            if one.trouble is not None:
                raise one.trouble
            pending = replace(one, section=section.key, date=day)
        elif one.trouble is not None:
            tools.progress.say(f"The batch of {one.section} {one.date} was not taken up: {one.trouble}")
    if pending is not None:
        return pending
    return await _make_entries(section, announcement, tools, asker, asker, limit) if questions else entries


async def _make_entries(
    section: Section,
    announcement: Announcement,
    tools: Resources,
    asker: CachedClient,
    asks: Asks,
    limit: int | None,
) -> tuple[Entry, ...]:
    """The entries of a digest, made side by side: a paper is asked about as soon as its text is there.

    A paper whose question was put aside has none yet.
    """
    listings, papers = announcement.listings[:limit], announcement.papers[:limit]
    if pdfs := pdfs_of(papers, tools):
        tools.progress.start("PDFs", pdfs)
    tools.progress.start("papers", len(listings))
    tools.progress.spending("papers", asker.tally)

    @cache
    def sources() -> tuple[Source, ...]:
        from digest.summarize.checks import Batch, source_of

        return Batch(source_of(paper) for paper in papers)

    chosen = _chosen(section, announcement.date, tools)
    outcomes = CheckCache(tools.ledger, asker, papers, tools.settings.checks)
    last, flagged = tools.ledger.flagged_before(section.key, announcement.date, _FAILED_CHECKS)

    async def make(listing: Listing, paper: Paper) -> Entry | None:
        since = last + 1 if paper.id in flagged else 0
        if kept := chosen.get(paper.versioned_id):
            asker.note_kept(paper.id)
            tools.progress.step("papers")
            return kept.model_copy(update={"listing": listing, "paper": paper})
        entry = None
        try:
            with suppress(DeferredError):
                entry = await make_entry(
                    listing, paper, tools, asks, sources, since, None if since else outcomes
                )
        except ModelError:  # it ends the run, but what is under way is paid for
            await tools.endpoint.settled()
            raise
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
    return tuple(entry for task in tasks if (entry := task.result()) is not None)


def _chosen(section: Section, day: date, tools: Resources) -> Mapping[str, Entry]:
    """The entries whose lines somebody got with `digest paper`: they stay, until everything is asked anew."""
    asked = frozenset[str]() if tools.fresh else tools.ledger.asked_alone()
    there = None
    if asked:
        with suppress(DigestError):  # a file that was damaged is written anew
            there = tools.own(published(tools.settings.run.out, day, section.key))
    found = {
        entry.paper.versioned_id: entry
        for entry in (there.entries if there else ())
        if entry.summary and not entry.flag and entry.summary.completion in asked
    }
    if found:
        tools.progress.say(f"lines of `digest paper` that stay: {len(found)} (--fresh asks anew)")
    return found
