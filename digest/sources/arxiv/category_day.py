"""One category's announcement from its pages, proved complete; and those of a section made one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date as Date  # noqa: N812 - `date` is the name of a field below

from digest.errors import CountError, SourceError
from digest.model import KINDS, Kind, Listing, Paper, Record
from digest.sources.arxiv.listing_parse import ListingPage, PageSection


class CategoryDay(Record):
    """What arXiv announced in one category on one date."""

    category: str
    date: Date
    declared: dict[Kind, int]
    listings: tuple[Listing, ...]
    papers: tuple[Paper, ...]


def expected_entries(pages: Sequence[ListingPage]) -> int:
    """How many entries all pages together should have, by what the pages at hand say."""
    by_heading = sum(_declared(pages).values())
    return max([by_heading, *(page.total or 0 for page in pages)])


def found_entries(pages: Iterable[ListingPage]) -> int:
    """How many entries were read."""
    return sum(len(section.listings) for page in pages for section in page.sections)


def join_pages(category: str, pages: Sequence[ListingPage]) -> CategoryDay:
    """Make one day of a category's pages, in their order.

    Raises:
        CountError: what was read is not what the pages declare; the message has the figures.
        SourceError: a page states no date, or they state different ones.
    """
    dates = {page.date for page in pages}
    if len(dates) != 1:
        raise SourceError(f"The pages of {category} state different dates; they changed while being read.")
    (date,) = dates
    if date is None:
        raise SourceError(f"The page of {category} does not state which day it is of.")
    sections = [section for page in pages for section in page.sections]
    for section in sections:
        _check_section(category, section)
    declared = _declared(pages)
    _check_kinds(category, declared, sections)
    _check_whole(category, declared, pages)
    return CategoryDay(
        category=category,
        date=date,
        declared=declared,
        listings=tuple(listing for section in sections for listing in section.listings),
        papers=tuple(paper for section in sections for paper in section.papers),
    )


def _declared(pages: Iterable[ListingPage]) -> dict[Kind, int]:
    """The papers of each kind, as the headings say."""
    return {section.kind: section.total for page in pages for section in page.sections}


def _check_section(category: str, section: PageSection) -> None:
    if len(section.listings) != section.shown:
        raise CountError(
            f"A page of {category} says it shows {section.shown} {section.kind} papers, "
            f"but {len(section.listings)} could be read."
        )


def _check_kinds(category: str, declared: dict[Kind, int], sections: Sequence[PageSection]) -> None:
    for kind, total in declared.items():
        if any(section.total != total for section in sections if section.kind == kind):
            raise CountError(f"The pages of {category} give different numbers of {kind} papers.")
        ids = [one.id for section in sections if section.kind == kind for one in section.listings]
        if len(ids) != total:
            raise CountError(f"arXiv declares {total} {kind} papers in {category}, but lists {len(ids)}.")
        if twice := [one for one, times in Counter(ids).items() if times > 1]:
            raise CountError(f"The pages of {category} list {twice[0]} twice among {total} {kind} papers.")


def _check_whole(category: str, declared: dict[Kind, int], pages: Sequence[ListingPage]) -> None:
    found = sum(declared.values())
    for page in pages:
        if page.cut:
            raise CountError(f"A page of {category} breaks off after {found} papers.")
        if page.total is not None and page.total != found:
            raise CountError(f"arXiv declares {page.total} papers in all in {category}, but lists {found}.")


def merge(days: Sequence[CategoryDay]) -> tuple[tuple[Listing, ...], tuple[Paper, ...]]:
    """One listing a paper over all categories, with its paper.

    A paper that is new anywhere is new, then cross-listed before replaced; between equals the earlier
    category counts. The order is that of announcement: kind, category, position.
    """
    best: dict[str, tuple[tuple[int, int, int], Listing, Paper]] = {}
    for number, day in enumerate(days):
        for place, (listing, paper) in enumerate(zip(day.listings, day.papers, strict=True)):
            rank = (KINDS.index(listing.kind), number, place)
            known = best.get(listing.id)
            if known is None or rank < known[0]:
                best[listing.id] = (rank, listing, paper)
    ordered = sorted(best.values(), key=lambda one: one[0])
    return tuple(listing for _, listing, _ in ordered), tuple(paper for _, _, paper in ordered)


def repeats(day: CategoryDay, previous: CategoryDay) -> bool:
    """Whether a day is an earlier one under a new date.

    A paper is new or cross-listed in a category once; one or two may well be replaced twice in a row.
    """
    ids = {(one.kind, one.id) for one in day.listings}
    sure = len(ids) > 2 or any(kind != "replaced" for kind, _ in ids)
    return bool(ids) and sure and ids == {(one.kind, one.id) for one in previous.listings}
