"""The sources of a back-fill's days: a metadata snapshot, arXiv's pages while it has them, OAI-PMH."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from datetime import date as Date
from pathlib import Path

from digest.model import Announcement, Section
from digest.pipeline.announced import arxiv_source
from digest.pipeline.resources import Resources
from digest.sources.arxiv import calendar
from digest.sources.arxiv.announce import CATCHUP_REACH
from digest.sources.bulk.dated import DatedPaper
from digest.sources.bulk.day_files import DayFiles, Unread
from digest.sources.bulk.days import BulkSource
from digest.sources.bulk.metadata_file import read_metadata, stamp
from digest.sources.bulk.oai_months import OaiMonths
from digest.sources.source import AnnouncementSource, NoAnnouncement

FOLDER = "backfill"
_TOLD = 500_000
"""Records after which a person is told how far the reading is."""


@dataclass(frozen=True)
class Span:
    """The days of a back-fill, both ends included, and the sections that are made of each."""

    first: Date
    last: Date
    sections: tuple[Section, ...]

    @property
    def days(self) -> tuple[Date, ...]:
        """The dates within it on which arXiv announces."""
        count = (self.last - self.first).days + 1
        days = (self.first + timedelta(days=number) for number in range(count))
        return tuple(day for day in days if not calendar.is_weekend(day))

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories of all sections, each once."""
        return tuple(dict.fromkeys(one for section in self.sections for one in section.categories))


@dataclass(frozen=True)
class _ByAge:
    """Days before `since` from one source, later ones from another."""

    old: AnnouncementSource
    new: AnnouncementSource
    since: Date

    def offline(self, day: Date) -> bool:
        return self.old.offline(day) if day < self.since else self.new.offline(day)

    async def announcement(
        self, section: Section, day: Date | None, limit: int | None = None
    ) -> tuple[Announcement | NoAnnouncement, bool]:
        source = self.old if day is not None and day < self.since else self.new
        return await source.announcement(section, day, limit)


async def open_source(span: Span, metadata: str | None, resources: Resources) -> AnnouncementSource:
    """Get all that is needed to say what was announced on the days of a span.

    Args:
        span: the days.
        metadata: the path of a metadata snapshot, `-` for standard input; None: arXiv is asked.
        resources: of the run.

    Raises:
        UsageError: the snapshot is none.
        SourceError: it breaks off, or arXiv gave no usable answer.
    """
    folder, say = resources.settings.run.out / FOLDER, resources.progress.say
    if metadata is not None:
        files = _day_files(folder, "snapshot", stamp(metadata), span)
        if not files.whole or metadata == "-":
            say("reading the metadata snapshot ...")
            await asyncio.to_thread(_fill, files, lambda unread: read_metadata(metadata, unread), say)
        return BulkSource(files, "snapshot", resources.ledger.seen)
    arxiv = arxiv_source(resources)
    since = calendar.current(resources.clock()) - CATCHUP_REACH
    if span.first >= since:
        return arxiv
    return _ByAge(await _harvested(span, folder, resources), arxiv, since)


async def _harvested(span: Span, folder: Path, resources: Resources) -> BulkSource:
    from digest.sources.http_client import Http

    settings, say = resources.settings.arxiv, resources.progress.say
    today = resources.clock().astimezone(UTC).date()
    first = span.first - timedelta(days=7)  # what was submitted before a weekend
    async with Http(settings, clock=resources.clock, say=say) as http:
        months = OaiMonths(folder / "oai", http, settings.oai, today)
        for category in span.categories:
            say(f"OAI-PMH: {category}, by the month since {first:%Y-%m} ...")
            await months.harvest(category, first)
    files = _day_files(folder, "oai", months.stamp(span.categories, first), span)
    if not files.whole:
        await asyncio.to_thread(
            _fill, files, lambda unread: months.papers(span.categories, first, unread), say
        )
    return BulkSource(files, "oai", resources.ledger.seen)


def _day_files(folder: Path, kind: str, made_from: str, span: Span) -> DayFiles:
    shaping = "\n".join((made_from, str(span.first), str(span.last), *sorted(span.categories)))
    name = f"{kind}-{hashlib.sha256(shaping.encode()).hexdigest()[:12]}"
    return DayFiles(folder / name, span.first, span.last, span.categories)


def _fill(
    files: DayFiles, papers: Callable[[Unread], Iterable[DatedPaper]], say: Callable[[str], None]
) -> None:
    unread = Unread()

    def counted() -> Iterator[DatedPaper]:
        number = 0
        for number, paper in enumerate(papers(unread), start=1):
            if number % _TOLD == 0:
                say(f"{number:,} records read ...")
            yield paper
        say(f"{number:,} records read. {unread.sentence}".rstrip())

    files.fill(counted(), unread)
