"""One category's pages: asked for until they are all there, checked, and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812 - named as in digest.model
from datetime import timedelta

from digest.config import ArxivSettings
from digest.errors import SourceError, StaleError, UnavailableError, UnreachableError
from digest.ledger import SnapshotStore
from digest.sources.arxiv import calendar
from digest.sources.arxiv.category_day import (
    CategoryDay,
    expected_entries,
    found_entries,
    join_pages,
    repeats,
)
from digest.sources.arxiv.listing_parse import ListingPage, parse_listing
from digest.sources.http_client import Http, Page, snapshot_of
from digest.sources.http_responses import headline

_PAGE_SIZE = 2000
_MOST_PAGES = 20


@dataclass
class Reading:
    """A category's day, with the answers that it was read from."""

    day: CategoryDay
    answers: list[Page]


async def read_listing(category: str, http: Http, settings: ArxivSettings) -> Reading:
    """What /list/<category>/new shows, whatever day it is of."""
    address = f"{settings.pages}/list/{category}/new"

    def url_of(_: int, found: int) -> str:
        return f"{address}?skip={found}&show={_PAGE_SIZE}" if found else address

    return await _read(category, url_of, http)


async def read_catchup(category: str, day: Date, http: Http, settings: ArxivSettings) -> Reading:
    """What /catchup/<category>/<day> shows; an empty day is checked to be no page from before the day.

    Caches keep such a page for a week: it must not be asked for before the announcement is out.
    """
    address = f"{settings.pages}/catchup/{category}/{day}?abs=True"
    reading = await _read(category, lambda number, _: f"{address}&page={number}", http)
    if reading.day.date != day:
        raise StaleError(f"{address}: the page states {reading.day.date}. Try again later.")
    if not reading.day.listings:
        _check_age(reading.answers[0], day)
    return reading


async def _read(category: str, url_of: Callable[[int, int], str], http: Http) -> Reading:
    """Ask for pages until all entries that they declare are there; all of them again when one is damaged.

    Args:
        category: whose pages.
        url_of: number of the page from 1, entries read so far -> its URL.
        http: asks arXiv.

    Raises:
        CountError: the pages do not hold what they declare.
        SourceError: a page could not be had or read. All messages begin with the URL.
    """
    try:
        return await _read_once(category, url_of, http)
    except (UnreachableError, UnavailableError):
        raise
    except SourceError:  # cut on the way, or changed between two pages
        return await _read_once(category, url_of, http)


async def _read_once(category: str, url_of: Callable[[int, int], str], http: Http) -> Reading:
    answers: list[Page] = []
    pages: list[ListingPage] = []
    before = -1
    while before < found_entries(pages) < expected_entries(pages) or not pages:
        before = found_entries(pages)
        if len(pages) == _MOST_PAGES:
            break  # what is missing then is told by `join_pages`
        answer = await http.get(url_of(len(pages) + 1, before))
        if answer.status != 200:
            reason = headline(answer.text.encode())
            raise UnavailableError(
                f"{answer.url}: arXiv refuses (HTTP {answer.status}): {reason.rstrip('.')}."
            )
        try:
            pages.append(parse_listing(answer.text, category))
        except SourceError as error:
            raise type(error)(f"{answer.url}: {error}") from error
        answers.append(answer)
    try:
        return Reading(join_pages(category, pages), answers)
    except SourceError as error:
        raise type(error)(f"{answers[0].url}: {error} Nothing was published; try again later.") from error


def _check_age(page: Page, day: Date) -> None:
    age = page.headers.get("age", "")
    made = page.fetched - timedelta(seconds=int(age) if age.isdigit() else 0)
    if made < calendar.due(day) + timedelta(hours=1):
        raise StaleError(f"{page.url}: the page is older than the announcement. Try again in a few days.")


def saved(category: str, day: Date, snapshots: SnapshotStore) -> CategoryDay | None:
    """The category's day from our own snapshots, if they are there and still found complete."""
    try:
        pages = [parse_listing(one.body, category) for one in snapshots.day(category, day)]
        return join_pages(category, pages) if pages else None
    except SourceError:
        return None


def keep(readings: Sequence[Reading], snapshots: SnapshotStore) -> None:
    """Label the snapshots of a day, so that it need not be asked for again.

    Raises:
        StaleError: a category's page is the one of an earlier day under a new date; nothing is labelled.
    """
    for reading in readings:
        category, date = reading.day.category, reading.day.date
        before = snapshots.before(category, date)
        previous = saved(category, before, snapshots) if before else None
        if previous is not None and repeats(reading.day, previous):
            raise StaleError(
                f"{reading.answers[0].url}: the page is dated {date}, but lists exactly the papers of "
                f"{before}. Nothing was published; try again later."
            )
    for reading in readings:
        label = {"category": reading.day.category, "date": reading.day.date}
        for page in reading.answers:
            snapshots.put(snapshot_of(page).model_copy(update=label))
