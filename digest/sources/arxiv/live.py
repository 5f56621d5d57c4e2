"""arXiv's own pages as a source: the announcement, and what the export API adds to its papers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime

from digest.config import ArxivSettings
from digest.model import Announcement, Section
from digest.sources.arxiv.announce import announce
from digest.sources.arxiv.export_api import enrich
from digest.sources.http_client import Http
from digest.sources.source import NoAnnouncement


@dataclass(frozen=True)
class ArxivSource:
    """An `AnnouncementSource` of arXiv's pages and API.

    Attributes:
        http: gives the client, opened when it is first asked for.
        settings: arXiv's addresses.
        clock: the time, aware.
        seen: section, paper and date -> date of an earlier digest of the section that held the paper.
        kept: gives the announcement that is in the ledger, whose metadata need not be asked for again.
        approximate: take days that are out of reach from OAI-PMH.
    """

    http: Callable[[], Awaitable[Http]]
    settings: ArxivSettings
    clock: Callable[[], datetime]
    seen: Callable[[str, str, Date], Date | None]
    kept: Callable[[Section, Date], Announcement | None]
    approximate: bool = False

    def offline(self, day: Date) -> bool:  # noqa: ARG002 - see `Source`
        """ArXiv is asked."""
        return False

    async def announcement(
        self, section: Section, day: Date | None, limit: int | None = None
    ) -> tuple[Announcement | NoAnnouncement, bool]:
        """The announcement by arXiv's pages, with what its API adds; see `announce` for what is raised."""
        http = await self.http()
        announced = await announce(
            section,
            day,
            http,
            self.settings,
            self.clock(),
            lambda paper, before: self.seen(section.key, paper, before),
            self.approximate,
        )
        if isinstance(announced, NoAnnouncement):
            return announced, False
        kept = self.kept(section, announced.date)
        if kept and [one.id for one in kept.listings] == [one.id for one in announced.listings]:
            return kept, False
        papers, notes = await enrich(announced.papers[:limit], http, self.settings)
        added = {"papers": papers + announced.papers[len(papers) :], "notes": (*announced.notes, *notes)}
        whole = not notes and not announced.withheld and len(papers) == len(announced.papers)
        return announced.model_copy(update=added), whole
