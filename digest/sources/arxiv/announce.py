"""The announcement of a section on a day, from the best source there is, or why there is nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime, timedelta, tzinfo

from digest.config import ArxivSettings
from digest.model import Announcement, Listing, Section
from digest.sources.arxiv import calendar, no_announcement, oai_pmh
from digest.sources.arxiv.category_day import CategoryDay, adds, merge
from digest.sources.arxiv.feed import (
    FeedItem,
    disagreements,
    feed_date,
    parse_feed,
    with_authors,
    with_versions,
)
from digest.sources.arxiv.listing_fetch import (
    FetchedListing,
    keep,
    latest_reading,
    read_catchup,
    read_listing,
    saved,
)
from digest.sources.arxiv.wording import clock_words
from digest.sources.http_client import Http
from digest.sources.http_responses import snapshot_of
from digest.sources.source import NoAnnouncement
from digest.system.errors import SourceError, StaleError

CATCHUP_REACH = timedelta(days=90)
"""The age up to which arXiv keeps catch-up pages (arXiv's browse code, controllers/catchup_page.py)."""

_CLOCKS_DIFFER = timedelta(hours=1)
"""The time that this computer's clock may be behind arXiv's."""


@dataclass
class _Found:
    """The days of all categories of a section."""

    days: list[CategoryDay]
    source: str
    notes: tuple[str, ...] = ()
    saved: bool = False


async def announce(
    section: Section,
    day: Date | None,
    http: Http,
    settings: ArxivSettings,
    now: datetime,
    earlier: Callable[[str, Date], Date | None],
    approximate: bool = False,
    zone: tzinfo | None = None,
) -> Announcement | NoAnnouncement:
    """The announcement of one section, proved complete by arXiv's own counts.

    Args:
        section: whose categories are read.
        day: the announcement date; None: the latest, by the date that arXiv's page states.
        http: asks arXiv, and knows the snapshots.
        settings: arXiv's addresses.
        now: the time, aware.
        earlier: paper id and date -> date of an earlier digest of this section that held the paper.
        approximate: take days that are out of the reach of catch-up pages from OAI-PMH.
        zone: the user's time zone, for sentences; default: that of the computer.

    Raises:
        CountError: a page does not hold what it declares.
        StaleError: the announcement is due, but arXiv shows an earlier one.
        SourceError: arXiv could not be reached or read, or the day is too long ago.
    """
    if day is not None and (nothing := no_announcement.without_asking(day, now, zone)):
        return nothing
    found = await _find(section, day, http, settings, now, approximate, zone)
    if isinstance(found, NoAnnouncement):
        return found
    date, withheld = found.days[0].date, sum(one.withheld for one in found.days)
    listings, papers = merge(found.days)
    if not listings and not withheld:
        return no_announcement.nothing(date, section.categories)
    items, feed_notes = await _feed(section, date, found, http, settings, now)
    notes = [*found.notes, *(words for one in found.days for words in one.shortfall()), *feed_notes]
    if items is not None:
        notes += disagreements(items, listings, section.categories)
    papers = with_authors(papers, items or ())
    listings, papers, pinned = with_versions(listings, papers, items or (), found.source)
    return Announcement(
        date=date,
        listings=tuple(_with_seen(one, date, earlier) for one in listings),
        papers=papers,
        source=found.source,
        saved=found.saved,
        declared={one.category: one.declared for one in found.days if one.declared},
        withheld=withheld,
        notes=(*notes, *pinned),
    )


async def _find(
    section: Section,
    day: Date | None,
    http: Http,
    settings: ArxivSettings,
    now: datetime,
    approximate: bool,
    zone: tzinfo | None,
) -> _Found | NoAnnouncement:
    """The day as it was kept, else from the sources in their order.

    A kept day that lacks papers which arXiv counts is asked for again, and stands if that brings nothing.
    """
    if day is None:
        latest = await _latest(section, None, http, settings, now, zone)
        assert isinstance(latest, _Found), "without a day the latest is taken as it is"
        return latest
    kept = _kept(section, day, http)
    if kept is not None and not any(one.withheld for one in kept.days):
        return kept
    try:
        asked = await _asked(section, day, http, settings, now, approximate, zone)
    except SourceError:
        if kept is None:
            raise
        return kept
    if kept is not None and (isinstance(asked, NoAnnouncement) or asked.days == kept.days):
        return kept
    return asked


def _kept(section: Section, day: Date, http: Http) -> _Found | None:
    """The day from our own snapshots."""
    kept = [saved(category, day, http.snapshots) for category in section.categories]
    days = [one for one in kept if one is not None]
    if len(days) < len(kept):
        return None
    from_listing = all(kind == "listing" for _, kind in days)
    return _Found([one for one, _ in days], "listing" if from_listing else "catchup", saved=True)


async def _asked(
    section: Section,
    day: Date,
    http: Http,
    settings: ArxivSettings,
    now: datetime,
    approximate: bool,
    zone: tzinfo | None,
) -> _Found | NoAnnouncement:
    """The day from arXiv's sources, in their order; every branch ends in papers, a quiet day or an error."""
    newest = calendar.current(now)
    in_reach = newest - CATCHUP_REACH <= day < newest
    if not in_reach and (day == newest or not approximate):
        shown = await _latest(section, day, http, settings, now, zone)
        if not isinstance(shown, Date):
            return shown
        if day == newest and shown < day:
            return _missing(section, day, shown, zone)
    if in_reach or day == newest:
        return await _catchup(section, day, http, settings)
    if approximate:
        return await _approximately(section, day, http, settings)
    raise SourceError(
        f"{day} is out of reach: arXiv keeps its pages for {CATCHUP_REACH.days} days. "
        "--approximate takes the day from OAI-PMH, with papers missing that were changed since."
    )


async def _latest(
    section: Section,
    day: Date | None,
    http: Http,
    settings: ArxivSettings,
    now: datetime,
    zone: tzinfo | None,
) -> _Found | Date:
    """The announcement that the listing pages show, or the date they state when it is not `day`."""
    readings: list[FetchedListing] = []
    for category in section.categories:
        reading = await read_listing(category, http, settings)
        if day is not None and reading.day.date != day and not readings:
            return reading.day.date
        readings.append(reading)
    stated = {reading.day.category: reading.day.date for reading in readings}
    if len(set(stated.values())) > 1:
        which = ", ".join(f"{category} of {date}" for category, date in stated.items())
        raise StaleError(f"arXiv's listing pages are of different days: {which}. Try again in an hour.")
    _refuse_future(readings[0].day.date, now, zone)
    return _Found(_taken(readings, http), "listing")


def _refuse_future(stated: Date, now: datetime, zone: tzinfo | None) -> None:
    """Refuse a page dated later than any announcement that can be out: papers are kept under their day."""
    if stated > calendar.current(now + _CLOCKS_DIFFER):
        raise SourceError(
            f"arXiv's page is dated {stated}, but by this computer's clock ({clock_words(now, zone)}) "
            "that is not announced yet: is the clock right? Nothing was published."
        )


async def _catchup(
    section: Section, day: Date, http: Http, settings: ArxivSettings
) -> _Found | NoAnnouncement:
    """The announcement of a day that is out, from the catch-up pages."""
    readings = [await read_catchup(category, day, http, settings) for category in section.categories]
    if not any(reading.day.total for reading in readings):
        return no_announcement.nothing(day, section.categories)
    return _Found(_taken(readings, http), "catchup")


def _taken(readings: Sequence[FetchedListing], http: Http) -> list[CategoryDay]:
    """The days that were read, which are kept; in place of one that adds nothing, what was kept before."""
    days, new = [], []
    for reading in readings:
        before = saved(reading.day.category, reading.day.date, http.snapshots)
        if before is not None and not adds(reading.day, before[0]):
            days.append(before[0])
        else:
            days.append(reading.day)
            new.append(reading)
    keep(new, http.snapshots)
    return days


def _missing(section: Section, day: Date, stated: Date, zone: tzinfo | None) -> NoAnnouncement:
    """The announcement is due, and arXiv still shows an earlier one."""
    if calendar.is_listed_holiday(day):
        return no_announcement.nothing(day, section.categories)
    due = clock_words(calendar.due(day), zone)
    raise StaleError(
        f"The announcement of {day} was due at {due}, but arXiv's page is still that of {stated}. "
        "Nothing was published; try again later, or tomorrow if it is a holiday at arXiv."
    )


async def _approximately(
    section: Section, day: Date, http: Http, settings: ArxivSettings
) -> _Found | NoAnnouncement:
    days, too_old = [], 0
    for category in section.categories:
        harvested, left_out = await oai_pmh.harvest(category, day, http, settings)
        days.append(harvested)
        too_old += left_out
    if not any(one.listings for one in days):
        return no_announcement.nothing(day, section.categories)
    note = (
        "Approximate, from OAI-PMH: papers changed after this day are missing; which papers are new, "
        f"cross-listed or replaced is inferred; {too_old} records were left out, which have no version "
        "of that week or one above the fifth."
    )
    return _Found(days, "oai", (note,))


async def _feed(
    section: Section, date: Date, found: _Found, http: Http, settings: ArxivSettings, now: datetime
) -> tuple[tuple[FeedItem, ...] | None, tuple[str, ...]]:
    """The feed of the day, where there is one; its failure is a note and nothing more.

    It is made anew at midnight in the East: in the evening of the announcement it is that of the day before.
    """
    query = "+".join(section.categories)
    if found.saved:
        kept = latest_reading(http.snapshots.day(query, date), "feed")
        usable = [one for one in kept if _is_of(date, one.body, one.fetched)]
        return (parse_feed(usable[-1].body) if usable else None), ()
    if found.source != "listing" or now.astimezone(calendar.EASTERN).date() != date:
        return None, ()
    try:
        page = await http.get(f"{settings.feed}/atom/{query}", attempts=2)
        items = parse_feed(page.text)
    except SourceError as error:
        return None, (f"The feed could not be compared: {error}",)
    if not _is_of(date, page.text, page.fetched):
        return None, ()
    label = {"kind": "feed", "category": query, "date": date, "pages": 1}
    http.snapshots.put(snapshot_of(page).model_copy(update=label))
    return items, ()


def _is_of(date: Date, feed: str, fetched: datetime) -> bool:
    """True for the feed of the announcement of `date`, by its own date and by when it came."""
    stated = feed_date(feed)
    return fetched.astimezone(calendar.EASTERN).date() == date and stated in (None, date)


def _with_seen(listing: Listing, date: Date, earlier: Callable[[str, Date], Date | None]) -> Listing:
    seen = earlier(listing.id, date)
    return listing.model_copy(update={"seen": seen}) if seen is not None and seen < date else listing
