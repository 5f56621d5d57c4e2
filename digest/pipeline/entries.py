"""The entries of one digest: the work on its papers planned, carried out side by side, and put in order."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date

from digest.llm.batch import Batches, Pending
from digest.llm.cached_client import CachedClient
from digest.model import Announcement, Entry, Listing, Paper, Request, RunUsage, Section
from digest.pipeline.check_cache import recipe_of
from digest.pipeline.entry import Others, PaperResult, PaperTask, entry
from digest.pipeline.plan import pdfs_of
from digest.pipeline.resources import Resources
from digest.publish.files import published_digest
from digest.system.errors import DigestError, ModelError, QuotaError

_FAILED_CHECKS = {"checks", "unreadable"}
"""Flags of papers whose answers are in the ledger, but no good: only new answers can help."""


async def _side_by_side(
    tasks: Sequence[PaperTask], others: Others, resources: Resources, usage: RunUsage
) -> Sequence[PaperResult]:
    """The results, in the order of the tasks; what they took is added to `usage`.

    A paper is asked about as soon as its text is there. Raises as `entry` does.
    """
    if pdfs := pdfs_of((task.paper for task in tasks), resources):
        resources.progress.start("PDFs", pdfs)
    resources.progress.start("papers", len(tasks))
    resources.progress.spending("papers", usage)

    async def carry_out(task: PaperTask) -> PaperResult:
        taken = RunUsage()
        try:
            result = await entry(task, others, resources, taken)
        except ModelError:  # it ends the run, but what is under way is paid for
            await resources.endpoint.settled()
            raise
        finally:
            usage.add(taken)
        resources.progress.step("papers")
        return result

    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(carry_out(task)) for task in tasks]
    except BaseExceptionGroup as errors:  # one that stops the whole run; the others were cancelled with it
        raise errors.exceptions[0] from None
    return [one.result() for one in running]


async def entries_of(
    section: Section,
    announcement: Announcement,
    resources: Resources,
    client: CachedClient,
    limit: int | None = None,
) -> tuple[Entry, ...] | Pending:
    """The entries of a digest in the announcement's order, or the batch that some of them wait for.

    Batches that ended are collected first; questions without answer are handed in as a new one if that is
    wanted, and asked directly if not.

    Args:
        section: of the digest.
        announcement: its papers.
        resources: of the run.
        client: asks what is not asked for one paper alone, and names the run; its usage is the run's.
        limit: only the first so many papers; None: all.

    Raises:
        ModelError: the model answers nobody, or has no Batch API.
        UsageError: the batch could cost more than the ceiling.
    """
    batches, day = (
        Batches(resources.endpoint, resources.ledger, say=resources.progress.say),
        announcement.date,
    )
    open_before = await batches.collect(client, wait=resources.wait) if resources.collects else ()
    listings, others = announcement.listings[:limit], Others(announcement.papers[:limit])
    tasks = _tasks(section, day, listings, others, resources, client.run)
    made = _chosen(section, day, tasks, resources, client)
    todo = [place for place in range(len(tasks)) if place not in made]

    deferral = batches.deferral(batch=resources.batch)
    deferring = [replace(tasks[place], deferral=deferral) for place in todo]
    results = await _side_by_side(deferring, others, resources, client.usage)
    pending = await _hand_in(batches, section, day, results, client)
    pending = _waits_for(open_before, section, day, results, resources) or pending
    if pending is not None:
        return pending

    made |= _entries(todo, results)
    todo = [place for place in todo if place not in made]
    if todo:  # the batch was of one question, which was asked directly; or nobody may be asked any more
        results = await _side_by_side([tasks[place] for place in todo], others, resources, client.usage)
        made |= _entries(todo, results)
    return tuple(made[place] for place in range(len(tasks)))


def _entries(places: Sequence[int], results: Sequence[PaperResult]) -> dict[int, Entry]:
    pairs = zip(places, results, strict=True)
    return {place: result.entry for place, result in pairs if result.entry is not None}


def _tasks(
    section: Section,
    day: date,
    listings: Sequence[Listing],
    others: Others,
    resources: Resources,
    run: int,
) -> list[PaperTask]:
    """The work on each paper. Those whose lines failed the checks last time need answers newer than that."""
    recipe = recipe_of(others.papers, resources.settings.checks)
    last, failed = resources.ledger.flagged_before(section.key, day, _FAILED_CHECKS)

    def task(listing: Listing, paper: Paper) -> PaperTask:
        if paper.id in failed:
            return PaperTask(listing, paper, run, since=last + 1)
        return PaperTask(listing, paper, run, recipe=recipe)

    return [task(*one) for one in zip(listings, others.papers, strict=True)]


def _chosen(
    section: Section, day: date, tasks: Sequence[PaperTask], resources: Resources, client: CachedClient
) -> dict[int, Entry]:
    """The entries whose lines somebody got with `digest paper`, by their places: they stay.

    Until everything is asked anew, with --fresh.
    """
    asked = frozenset[str]() if resources.fresh else resources.ledger.asked_alone()
    there = None
    if asked:
        with suppress(DigestError):  # a file that was damaged is written anew
            there = resources.own(published_digest(resources.settings.run.out, day, section.key))
    held = {
        entry.paper.versioned_id: entry
        for entry in (there.entries if there else ())
        if entry.summary and not entry.flag and entry.summary.completion in asked
    }
    if held:
        resources.progress.say(f"lines of `digest paper` that stay: {len(held)} (--fresh asks anew)")
    made = {}
    for place, task in enumerate(tasks):
        if kept := held.get(task.paper.versioned_id):
            client.note_kept(task.paper.id)
            made[place] = kept.model_copy(update={"listing": task.listing, "paper": task.paper})
    return made


async def _hand_in(
    batches: Batches, section: Section, day: date, results: Sequence[PaperResult], client: CachedClient
) -> Pending | None:
    """The batch of the questions that were put aside for one, or of those that are in one already, if any."""
    pending = None
    questions: dict[str, tuple[Request, str]] = {}
    for result in results:
        questions |= result.questions
    if questions:
        try:
            pending = await batches.submit(section.key, day, tuple(questions.values()), client)
        except QuotaError as error:  # what is there is published, the rest flagged
            client.usage.stopped = str(error)
    held = {key for result in results for key in result.held}
    return Pending(section.key, day, len(held), None) if held else pending


def _waits_for(
    open_before: Sequence[Pending],
    section: Section,
    day: date,
    results: Sequence[PaperResult],
    resources: Resources,
) -> Pending | None:
    """The last of the open batches that holds a question of this digest, if one does.

    Raises:
        ModelError: it could not be looked at.
    """
    held: Mapping[int, str] = {batch: key for result in results for key, batch in result.held.items()}
    found = None
    for one in open_before:
        if one.batch in held:
            if one.trouble is not None:
                raise one.trouble
            found = replace(one, section=section.key, date=day)
        elif one.trouble is not None:
            resources.progress.say(f"The batch of {one.section} {one.date} was not taken up: {one.trouble}")
    return found
