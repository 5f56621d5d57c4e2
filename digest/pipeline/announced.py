"""The announcement that a digest is made of: from the ledger, else from arXiv."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from digest.model import Announcement, Section
from digest.pipeline.resources import Resources
from digest.sources.source import APPROXIMATE, AnnouncementSource, NoAnnouncement
from digest.system.errors import DigestError

Known = Announcement | NoAnnouncement | DigestError
"""The outcome of asking for an announcement."""


async def foresee(
    sections: Iterable[Section], day: date | None, resources: Resources, limit: int | None = None
) -> dict[str, Known]:
    """Section -> what was announced on a day, or why that is not known: for a plan, and for `run_day`."""
    found: dict[str, Known] = {}
    for section in sections:
        try:
            found[section.key] = await announcement_of(section, day, resources, limit)
        except DigestError as error:
            found[section.key] = error
    return found


async def announcement_of(
    section: Section, day: date | None, resources: Resources, limit: int | None
) -> Announcement | NoAnnouncement:
    """The announcement of a section, with metadata: from the ledger where it is whole, else from arXiv.

    Args:
        section: its categories.
        day: the announcement date; None: the latest.
        resources: of the run.
        limit: only so many papers get the metadata of the API; None: all.

    Raises:
        SourceError: arXiv gave no usable announcement.
    """
    if day is not None and (kept := _kept(section, day, resources)):
        return kept
    source = resources.source or arxiv_source(resources)
    resources.progress.doing(f"{section.title}: asking arXiv what was announced ...")
    announced, whole = await source.announcement(section, day, limit)
    if whole and isinstance(announced, Announcement):
        resources.ledger.keep_announcement(section.categories, announced)
    return announced


def arxiv_source(resources: Resources) -> AnnouncementSource:
    """ArXiv's own pages."""
    from digest.sources.arxiv.live import ArxivSource

    return ArxivSource(
        resources.http,
        resources.settings.arxiv,
        resources.clock,
        resources.ledger.seen,
        lambda section, day: _kept(section, day, resources),
        resources.approximate,
    )


def _kept(section: Section, day: date, resources: Resources) -> Announcement | None:
    kept = resources.ledger.announcement(section.categories, day)
    if kept is None or not kept.listings or (kept.source in APPROXIMATE and not resources.approximate):
        return None
    return kept.model_copy(update={"saved": True})


def source_label(announcement: Announcement) -> str:
    """The origin of an announcement, for people."""
    return f"{announcement.source}, saved before" if announcement.saved else announcement.source
