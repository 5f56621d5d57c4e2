"""Announcements of old days, from papers by day; see `dated` for what they are inferred from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date as Date

from digest.model import Announcement, Section
from digest.sources.arxiv import no_announcement
from digest.sources.arxiv.category_day import merge
from digest.sources.bulk.dated import category_day
from digest.sources.bulk.day_files import DayFiles
from digest.sources.source import NoAnnouncement
from digest.system.errors import UsageError

_WORDS = {"oai": "OAI-PMH", "snapshot": "a snapshot of arXiv's metadata"}


@dataclass(frozen=True)
class BulkSource:
    """An `AnnouncementSource` of papers by day.

    Attributes:
        files: the papers by day.
        name: what they come from: oai, snapshot.
        seen: section, paper and date -> date of an earlier digest of the section that held the paper.
    """

    files: DayFiles
    name: str
    seen: Callable[[str, str, Date], Date | None]

    def offline(self, day: Date) -> bool:  # noqa: ARG002 - see `Source`
        """All is in files."""
        return True

    async def announcement(
        self,
        section: Section,
        day: Date | None,
        limit: int | None = None,  # noqa: ARG002 - all metadata is here
    ) -> tuple[Announcement | NoAnnouncement, bool]:
        """The announcement of a date, by version histories.

        Raises:
            SourceError: a file was damaged.
            UsageError: the snapshot is older than the day; or no day was asked for.
        """
        if day is None:
            raise UsageError("Old days need a date.")
        newest = self.files.newest
        if self.name == "snapshot" and (newest is None or day > newest):
            raise UsageError(
                f"The metadata snapshot ends with {newest}, and says nothing of {day}. End with "
                f"--to {newest}, or get a newer one."
            )
        papers = self.files.day(day)
        listings, shown = merge([category_day(category, day, papers) for category in section.categories])
        if not listings:
            return no_announcement.nothing(day, section.categories), False
        note = (
            f"Approximate, from {_WORDS[self.name]}: the day of each paper is inferred from when its version "
            "was submitted, titles and abstracts are those of its latest version, and later cross-lists "
            "stand under the first day."
        )
        announcement = Announcement(
            date=day,
            listings=tuple(
                one.model_copy(update={"seen": self.seen(section.key, one.id, day)}) for one in listings
            ),
            papers=shown,
            source=self.name,
            notes=(note, *([f"{self.files.unread}."] if self.files.unread else [])),
        )
        return announcement, True
