"""The sources of the announcements of a run: arXiv's own pages, or what it gives in bulk."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime
from typing import Literal, Protocol

from pydantic import Field

from digest.model import Announcement, Record, Section

APPROXIMATE = frozenset({"oai", "snapshot"})
"""Sources that infer what was announced; see `Announcement.source`."""


class NoAnnouncement(Record):
    """A day with nothing to publish, and why; the run ends well."""

    kind: Literal["weekend", "nothing", "early"]
    date: Date
    sentence: str
    expected: datetime | None = Field(default=None, description="of early: when the announcement is due, UTC")


class AnnouncementSource(Protocol):
    """Gives announcements with metadata. `arxiv.live.ArxivSource` and `bulk.days.BulkDays` are such."""

    def offline(self, day: Date) -> bool:
        """True where nobody has to be asked what was announced on a date."""
        ...

    async def announcement(
        self, section: Section, day: Date | None, limit: int | None = None
    ) -> tuple[Announcement | NoAnnouncement, bool]:
        """The announcement of a section on a date, and True where it is worth keeping: new, and whole.

        Args:
            section: whose categories.
            day: the date; None: the latest.
            limit: only so many papers need all their metadata.

        Raises:
            SourceError: it could not be had; nothing is to be published.
        """
        ...
