"""One category's pages: asked for until they are all there, checked, and kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from typing import Literal

from digest.config import ArxivSettings
from digest.model import Snapshot, SnapshotKind, SnapshotStore
from digest.sources.arxiv import calendar
from digest.sources.arxiv.category_day import (
    CategoryDay,
    check_page,
    expected_entries,
    found_entries,
    join_pages,
    repeats,
)
from digest.sources.arxiv.listing_parse import ListingPage, parse_listing
from digest.sources.http_client import Http
from digest.sources.http_responses import Page, headline, snapshot_of
from digest.system.errors import CountError, SourceError, StaleError, UnavailableError, UnreachableError

PageKind = Literal["listing", "catchup"]

_PAGE_SIZE = 2000
_MOST_PAGES = 20
_MOST_READINGS = 3
_LATER = "Nothing was published; try again later."


@dataclass
class FetchedListing:
    """A category's day, with the answers that it was read from."""

    day: CategoryDay
    kind: PageKind
    answers: list[Page]


async def read_listing(category: str, http: Http, settings: ArxivSettings) -> FetchedListing:
    """The page /list/<category>/new, whatever day it is of."""
    return await _read(category, "listing", f"{settings.pages}/list/{category}/new", http)


async def read_catchup(category: str, day: Date, http: Http, settings: ArxivSettings) -> FetchedListing:
    """The page /catchup/<category>/<day>; an empty day is checked to be no page from before the day.

    Caches keep such a page for a week: it must not be asked for before the announcement is out.
    """
    address = f"{settings.pages}/catchup/{category}/{day}?abs=True"
    reading = await _read(category, "catchup", address, http)
    if reading.day.date != day:
        raise StaleError(f"{address}: the page states {reading.day.date}. Try again later.")
    if not reading.day.listings and _is_early(reading):
        raise StaleError(f"{address}: the page is older than the announcement. Try again in a few days.")
    return reading


async def _read(category: str, kind: PageKind, address: str, http: Http) -> FetchedListing:
    """Ask for pages until all entries that they declare are there; all of them again when one is damaged.

    Pages that show fewer entries than they declare are believed when a second reading is the same.

    Raises:
        CountError: the pages do not hold what they declare.
        SourceError: a page could not be had or read. All messages begin with the URL.
    """
    damage: SourceError | None = None
    short: CategoryDay | None = None
    for _ in range(_MOST_READINGS):
        try:
            reading = await _read_once(category, kind, address, http)
        except (UnreachableError, UnavailableError):
            raise
        except SourceError as error:  # cut on the way, or changed between two pages
            if damage is not None:
                raise
            damage = error
            continue
        if not reading.day.withheld or reading.day == short:
            return reading
        short = reading.day
    raise damage or CountError(f"{address}: the page changes while it is read. {_LATER}")


async def _read_once(category: str, kind: PageKind, address: str, http: Http) -> FetchedListing:
    answers: list[Page] = []
    pages: list[ListingPage] = []
    place: int | None = 0 if kind == "listing" else 1
    while place is not None:
        if len(pages) == _MOST_PAGES:
            raise CountError(f"{answers[0].url}: there are more than {_MOST_PAGES} pages. {_LATER}")
        answer = await http.get(_url(kind, address, place))
        if answer.status != 200:
            reason = headline(answer.text.encode())
            raise UnavailableError(
                f"{answer.url}: arXiv refuses (HTTP {answer.status}): {reason.rstrip('.')}."
            )
        try:
            page = parse_listing(answer.text, category)
            check_page(category, page)
        except SourceError as error:
            raise type(error)(f"{answer.url}: {error} {_LATER}") from error
        pages.append(page)
        answers.append(answer)
        place = _next(kind, place, pages)
    try:
        return FetchedListing(join_pages(category, pages), kind, answers)
    except SourceError as error:
        raise type(error)(f"{answers[0].url}: {error} {_LATER}") from error


def _url(kind: PageKind, address: str, place: int) -> str:
    if kind == "catchup":
        return f"{address}&page={place}"
    return f"{address}?skip={place}&show={_PAGE_SIZE}" if place else address


def _next(kind: PageKind, place: int, pages: Sequence[ListingPage]) -> int | None:
    """The beginning of the page after the last: entries to skip, or its number. None: there is none.

    arXiv is asked for no page that it does not name: it refuses them for minutes.
    """
    found, last = found_entries(pages), pages[-1]
    on_last = found_entries([last])
    if not on_last or found >= expected_entries(pages):
        return None
    if further := [other for other in last.others if other > place]:
        return min(further)
    if on_last >= _PAGE_SIZE or any(section.goes_on for section in last.sections):
        return found if kind == "listing" else place + 1
    return None


def _is_early(reading: FetchedListing) -> bool:
    """True for pages made before the announcement of their day can have been out everywhere."""
    page = reading.answers[0]
    age = page.headers.get("age", "")
    made = page.fetched - timedelta(seconds=int(age) if age.isdigit() else 0)
    return made < calendar.due(reading.day.date) + timedelta(hours=1)


def saved(category: str, day: Date, snapshots: SnapshotStore) -> tuple[CategoryDay, PageKind] | None:
    """The category's day from our own snapshots, if they are there and still found whole.

    The listing goes before catch-up pages, which may show later versions.
    """
    labelled = snapshots.day(category, day)
    kinds: tuple[PageKind, ...] = ("listing", "catchup")
    for kind in kinds:
        try:
            pages = [parse_listing(one.body, category) for one in latest_reading(labelled, kind)]
            for page in pages:
                check_page(category, page)
            if pages:
                return join_pages(category, pages), kind
        except SourceError:
            continue
    return None


def latest_reading(snapshots: Iterable[Snapshot], kind: SnapshotKind) -> tuple[Snapshot, ...]:
    """The pages of the last reading of this kind among a day's snapshots; empty if one is missing."""
    of_kind = sorted((one for one in snapshots if one.kind == kind), key=lambda one: one.fetched)
    if not of_kind or of_kind[-1].pages is None:  # an older label: the last of each URL
        return tuple({one.url: one for one in of_kind if one.pages is None}.values())
    count = of_kind[-1].pages
    by_page = {one.page: one for one in of_kind if one.pages == count}
    return tuple(by_page[number] for number in sorted(by_page)) if len(by_page) == count else ()


def keep(readings: Sequence[FetchedListing], snapshots: SnapshotStore) -> None:
    """Label the snapshots of a day, so that it need not be asked for again.

    A page without papers that is as old as the announcement may get some yet: it is not kept.

    Raises:
        StaleError: a category's page is the one of an earlier day under a new date; nothing is labelled.
    """
    for reading in readings:
        category, date = reading.day.category, reading.day.date
        before = snapshots.before(category, date)
        previous = saved(category, before, snapshots) if before else None
        if previous is not None and repeats(reading.day, previous[0]):
            raise StaleError(
                f"{reading.answers[0].url}: the page is dated {date}, but lists the papers of "
                f"{before}. {_LATER}"
            )
    for reading in readings:
        if not reading.day.total and _is_early(reading):
            continue
        for number, page in enumerate(reading.answers, start=1):
            label = {
                "kind": reading.kind,
                "category": reading.day.category,
                "date": reading.day.date,
                "page": number,
                "pages": len(reading.answers),
            }
            snapshots.put(snapshot_of(page).model_copy(update=label))
