"""Papers asked about again, and put into the digests that hold them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from digest.config import ArxivSettings
from digest.model import Digest, Entry, Listing, Paper, RunUsage
from digest.pipeline.day_checks import ending, refuse_silence
from digest.pipeline.entry import Others, PaperTask
from digest.pipeline.entry import entry as make_entry
from digest.pipeline.resources import Resources
from digest.publish.files import digests_with, with_entry, write_digest
from digest.publish.keeping import is_better
from digest.system.errors import LedgerError, SourceError, UsageError

if TYPE_CHECKING:
    from digest.sources.http_client import Http
    from digest.sources.identifiers import Identifier

_PATIENCE = 30.0
_POLL = 0.1


@dataclass(frozen=True)
class Redone:
    """A paper asked about again: its new entry, what it replaces, and the digests that were rewritten."""

    entry: Entry
    older: tuple[Entry, ...]
    digests: tuple[Path, ...]


@dataclass(frozen=True)
class Unknown:
    """A paper that could not be had, with the reason."""

    wanted: str
    error: UsageError | SourceError


async def redo_papers(
    wanted: Sequence[str], resources: Resources, *, keep: bool = False
) -> tuple[tuple[Redone | Unknown, ...], RunUsage]:
    """Ask again about papers, and put the new lines into the digests that hold them.

    A digest that holds the version asked about gets the line; if none does, every digest that holds the paper
    gets the version too. Older lines stay in the ledger.

    Args:
        wanted: arXiv identifiers, in any form. Without a version: the one in the newest digest that holds the
            paper, else arXiv's newest. One that is none does not stop the others.
        resources: see `Resources`; `fresh` makes it a new question even if the ledger has an answer.
        keep: change no digest.

    Raises:
        UsageError: all are no arXiv identifiers; nothing was asked then.
        ModelError: the model answers nobody.
    """
    from digest.sources.identifiers import find_identifiers, no_identifier

    papers: dict[Identifier, str] = {}
    unknown = []
    for word, paper in find_identifiers(" ".join(wanted)):
        if paper is None:
            unknown.append(Unknown(word, no_identifier(word)))
        else:
            papers.setdefault(paper, word)
    if not papers:
        raise no_identifier(*([one.wanted for one in unknown] or wanted))
    run = resources.ledger.begin("paper")
    usage = RunUsage()
    results: list[Redone | Unknown] = list(unknown)
    try:
        for (paper_id, version), name in papers.items():
            try:
                results.append(await _redo(paper_id, version, resources, run, usage, keep=keep))
            except (UsageError, SourceError) as error:  # of this paper; the others can still be had
                results.append(Unknown(name, error))
                resources.ledger.event(run, "source", "unknown", paper_id, str(error))
        refuse_silence([one.entry for one in results if isinstance(one, Redone)], usage)
    except BaseException as error:  # noted in the ledger, and raised again
        state, why = ending(error)
        resources.ledger.finish(run, state, {**why, **usage.report()})
        raise
    done = [one for one in results if isinstance(one, Redone)]
    flagged = {one.entry.paper.id: one.entry.flag.code for one in done if one.entry.flag}
    report = {"papers": [one.entry.paper.versioned_id for one in done], "flagged": flagged}
    state = "complete" if len(done) == len(results) and not flagged else "flagged"
    resources.ledger.finish(run, state, {**report, **usage.report()})
    return tuple(results), usage


async def _redo(
    paper_id: str, version: int | None, resources: Resources, run: int, usage: RunUsage, *, keep: bool
) -> Redone:
    held = _entries(_holders(paper_id, resources), paper_id)
    paper = next((entry.paper for entry in reversed(held) if version in {None, entry.paper.version}), None)
    if paper is None:
        from digest.sources.arxiv.export_api import fetch_paper

        paper = await fetch_paper(paper_id, version, await resources.http(), resources.settings.arxiv)
    replaced = _replaced(held, paper)
    listing = Listing(
        id=paper_id, version=paper.version, kind="new", category=paper.categories[0], position=1
    )
    task = PaperTask(replaced[-1].listing if replaced else listing, paper, run)
    entry = (await make_entry(task, Others(), resources, usage)).entry
    assert entry is not None  # nothing is put aside
    if keep or entry.summary is None:  # nothing better than what is there
        return Redone(entry, replaced, ())
    return Redone(entry, replaced, await _rewrite(entry, resources, run))


async def _rewrite(entry: Entry, resources: Resources, run: int) -> tuple[Path, ...]:
    """Put an entry into every digest that holds the paper now, one process at a time."""
    for _ in range(round(_PATIENCE / _POLL)):
        if resources.ledger.claim_digests():
            break
        await asyncio.sleep(_POLL)
    else:
        raise LedgerError(
            f"Another process has been rewriting digests in {resources.settings.run.out} for {_PATIENCE:.0f} "
            "seconds. The new line is kept; give the same command again when it has ended."
        )
    try:
        written = []
        holders = _holders(entry.paper.id, resources)
        replaced = _replaced(_entries(holders, entry.paper.id), entry.paper)
        replaced = tuple(old for old in replaced if not is_better(old, entry))
        for digest in holders:
            changed = with_entry(digest, entry, replaced)
            if changed != digest:
                written.append(write_digest(changed, resources.settings.run.out)[0])
                resources.ledger.event(run, "publish", "rewritten", entry.paper.id, str(written[-1]))
        return tuple(written)
    finally:
        resources.ledger.release_digests()


def _holders(paper_id: str, resources: Resources) -> list[Digest]:
    """The digests that hold a paper; of the sample day only in its own folder."""
    return [one for one in digests_with(resources.settings.run.out, paper_id) if resources.own(one)]


def _entries(holders: Sequence[Digest], paper_id: str) -> tuple[Entry, ...]:
    return tuple(entry for digest in holders for entry in digest.entries if entry.paper.id == paper_id)


def _replaced(held: tuple[Entry, ...], paper: Paper) -> tuple[Entry, ...]:
    """The entries that a new one for this version of a paper takes the place of."""
    return tuple(entry for entry in held if entry.paper.version == paper.version) or held


async def paper_called(wanted: str, http: Http, settings: ArxivSettings) -> Paper:
    """The paper with an identifier or address, as arXiv has it now.

    Raises:
        UsageError: it is no arXiv identifier, or arXiv has no such paper or version.
        SourceError: arXiv could not be asked.
    """
    from digest.sources.arxiv.export_api import fetch_paper
    from digest.sources.identifiers import identified

    return await fetch_paper(*identified(wanted), http, settings)
