"""A day: the stages in order, and nothing else.

What arXiv announced -> what it says of each paper -> the paper's text -> one checked line -> the digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from digest.llm.batch import Pending
from digest.llm.cached_client import CachedClient
from digest.model import Announcement, Digest, Entry, RunUsage, Section
from digest.pipeline.announced import Known, announcement_of, source_label
from digest.pipeline.day_checks import ending, flag_repeated, refuse_shorter, refuse_silence
from digest.pipeline.entries import entries_of
from digest.pipeline.plan import question_kind
from digest.pipeline.resources import Resources
from digest.publish.changes import Changes, changes
from digest.publish.counts import counts_of
from digest.publish.files import write_digest
from digest.publish.keeping import find_digest, keep_lines
from digest.sources.source import NoAnnouncement
from digest.system.errors import DigestError


@dataclass(frozen=True)
class Published:
    """A digest, the files it was written to, and what it took."""

    digest: Digest
    markdown: Path
    json: Path
    usage: RunUsage
    kept: Mapping[str, str]
    """Papers whose line of an earlier run stays, as this one has no better; each with the reason."""

    new: bool
    """True: no earlier run published the whole digest of that day."""

    changes: Changes
    """Papers and lines that it has and the digest before had not; empty for a new one."""

    @property
    def state(self) -> str:
        """In a word, for the ledger."""
        undone = self.digest.counts.flagged or self.digest.withheld or self.kept
        return "flagged" if undone else "complete"


async def run_day(
    section: Section,
    day: date | None,
    resources: Resources,
    limit: int | None = None,
    known: Known | None = None,
) -> Published | NoAnnouncement | Pending:
    """Make one section's digest of one day, and note the run in the ledger.

    Args:
        section: what to make.
        day: the announcement date; None: the latest.
        resources: see `Resources`.
        limit: only the first so many papers, for a quick look.
        known: what `foresee` found.

    Raises:
        SourceError: arXiv gave no usable announcement; nothing was published.
        ModelError: the model answers nobody; nothing was published.
        UsageError: the digest would take the place of a longer one; nothing was published.
    """
    ledger = resources.ledger
    run = ledger.begin("run", section.key, day)
    client = CachedClient(resources.endpoint, ledger, run, under_way=resources.under_way)
    usage = client.usage
    try:
        announcement = _known(known) or await announcement_of(section, day, resources, limit)
        if isinstance(announcement, NoAnnouncement):
            why_not = {"why": announcement.sentence, "kind": announcement.kind}
            ledger.finish(run, "quiet", why_not, announcement.date)
            return announcement
        _tell(section, announcement, resources, run)
        refuse_shorter(section, announcement, limit, resources)
        entries = await entries_of(section, announcement, resources, client, limit)
        if isinstance(entries, Pending):
            ledger.finish(run, "submitted", {"why": entries.sentence, **usage.report()}, entries.date)
            return entries
        made = _digest(section, announcement, flag_repeated(entries, resources), sample=resources.sample)
        refuse_silence(made.entries, usage)
        published = _publish(made, resources, usage)
    except BaseException as error:  # noted in the ledger, and raised again
        state, why = ending(error)
        ledger.finish(run, state, {**why, **usage.report()}, day)
        raise
    _note(published, made, resources, run)
    return published


def _known(known: Known | None) -> Announcement | NoAnnouncement | None:
    """The announcement that is known already, if it is; raises the error that asking for it met."""
    if isinstance(known, DigestError):
        raise known
    return known


def _tell(section: Section, announcement: Announcement, resources: Resources, run: int) -> None:
    count, source = len(announcement.listings), source_label(announcement)
    resources.progress.say(
        f"{section.title} {announcement.date}: {count} papers announced (source: {source})"
    )
    resources.ledger.event(run, "source", "announced", detail=f"{count} papers ({source})")


def _digest(
    section: Section, announcement: Announcement, entries: tuple[Entry, ...], *, sample: bool
) -> Digest:
    return Digest(
        section=section,
        date=announcement.date,
        source=announcement.source,
        counts=counts_of(entries, announced=len(announcement.listings)),
        declared=announcement.declared,
        withheld=announcement.withheld,
        notes=announcement.notes,
        entries=entries,
        sample=sample,
    )


def _publish(made: Digest, resources: Resources, usage: RunUsage) -> Published:
    """Write the digest, with the lines of an earlier one where this one has no better."""
    out = resources.settings.run.out
    before = resources.own(find_digest(out, made.date, made.section.key))
    digest, kept = keep_lines(made, before, fresh=resources.fresh)
    new = _is_new(digest, before, resources)
    markdown, record = write_digest(digest, out)
    flags = {entry.paper.id: entry.flag for entry in made.entries if entry.flag}
    reasons = {paper: flags[paper].reason for paper in kept}
    changed = Changes() if new else changes(before, digest)
    return Published(digest, markdown, record, usage, reasons, new, changed)


def _is_new(made: Digest, before: Digest | None, resources: Resources) -> bool:
    """True for the first whole digest of its day; one that was lost and is made again is not."""
    if before is not None:
        return made.counts.kept and not before.counts.kept
    assert made.date is not None  # of an announcement
    return made.counts.kept and not resources.ledger.flagged_before(made.section.key, made.date, ())[0]


def _note(published: Published, made: Digest, resources: Resources, run: int) -> None:
    """Tell the ledger what was published, and which papers were flagged: the next run tries them again."""
    ledger, digest = resources.ledger, published.digest
    ledger.keep_listings(digest)
    ledger.event(run, "publish", "written", detail=str(published.markdown))
    flagged = {entry.paper.id: entry.flag.code for entry in made.entries if entry.flag}
    asked = {"question": question_kind(resources), **published.usage.report()}
    report = {"counts": digest.counts.model_dump(), "source": digest.source, **asked}
    ledger.finish(run, published.state, {**report, "flagged": flagged}, digest.date)
