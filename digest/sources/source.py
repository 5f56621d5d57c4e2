"""Where the announcements of a run come from: arXiv's own pages, or what it gives in bulk."""

from __future__ import annotations

from datetime import date as Date
from typing import Protocol

from digest.model import Announcement, Section
from digest.sources.arxiv.no_announcement import NoAnnouncement

APPROXIMATE = frozenset({"oai", "snapshot"})
"""Sources that infer what was announced; see `Announcement.source`."""


class Source(Protocol):
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
