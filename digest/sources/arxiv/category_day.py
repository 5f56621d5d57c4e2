"""One category's announcement from its pages, proved complete; and those of a section made one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date as Date

from pydantic import Field

from digest.model import KINDS, AnnounceType, Listing, Paper, Record, taxonomy
from digest.sources.arxiv.listing_parse import ListingPage, PageSection
from digest.system.errors import CountError, SourceError


class CategoryDay(Record):
    """The announcement of one category on one date."""

    category: str
    date: Date
    declared: dict[AnnounceType, int]
    total: int = Field(default=0, description="papers of all kinds that arXiv counts")
    listings: tuple[Listing, ...]
    papers: tuple[Paper, ...]

    @property
    def withheld(self) -> int:
        """The papers that arXiv counts, and does not show."""
        return max(self.total - len(self.listings), 0)

    def shortfall(self) -> Iterator[str]:
        """In words, what arXiv counts and does not show."""
        left = self.withheld
        for kind, declared in self.declared.items():
            shown = sum(listing.kind == kind for listing in self.listings)
            if declared > shown:
                left -= declared - shown
                yield self._short(f", {kind}", declared, shown)
        if left:  # of a kind that has no heading any more
            yield self._short("", self.total, len(self.listings))

    def _short(self, kind: str, declared: int, shown: int) -> str:
        return (
            f"{self.category}{kind}: {declared} declared, {shown} shown; "
            "arXiv took the rest down after the announcement, it seems."
        )


def expected_entries(pages: Sequence[ListingPage]) -> int:
    """The number of entries that all pages together should have, by what the pages at hand say."""
    by_heading = sum(_declared(pages).values())
    return max([by_heading, *(page.total or 0 for page in pages)])


def found_entries(pages: Iterable[ListingPage]) -> int:
    """The number of entries that were read."""
    return sum(len(section.listings) for page in pages for section in page.sections)


def check_page(category: str, page: ListingPage) -> None:
    """Refuse a page that is not of this category, or that contradicts itself.

    Raises:
        SourceError: its heading names another category, a paper is not in this one, or nothing names it.
        CountError: it breaks off, or a heading says another number than stands below it.
    """
    _check_subject(category, page)
    if page.cut:
        raise CountError(f"A page of {category} breaks off after {found_entries([page])} papers.")
    for section in page.sections:
        if len(section.listings) != section.shown:
            raise CountError(
                f"A page of {category} says it shows {section.shown} {section.kind} papers, "
                f"but {len(section.listings)} could be read."
            )


def _check_subject(category: str, page: ListingPage) -> None:
    papers = [paper for section in page.sections for paper in section.papers if paper.categories]
    strange = [
        paper for paper in papers if not any(taxonomy.belongs(code, category) for code in paper.categories)
    ]
    if strange:
        which = f"{strange[0].id} ({', '.join(strange[0].categories)})"
        raise SourceError(
            f"The page is not that of {category}: {len(strange)} of its papers are not in it, as {which}."
        )
    names = taxonomy.names_of(category)
    if names.intersection(page.subjects):
        return
    if others := set(page.subjects).intersection(taxonomy.category_names().values()):
        raise SourceError(f"The page is not that of {category}: its heading is {min(others)!r}.")
    if names and not papers:
        raise SourceError(f"The page does not say that it is that of {category}.")


def join_pages(category: str, pages: Sequence[ListingPage]) -> CategoryDay:
    """Make one day of a category's pages, in their order.

    A whole page may show fewer papers than there were: those that arXiv took down after the announcement
    are counted still, and shown no more.

    Raises:
        CountError: the pages contradict themselves or each other; the message has the figures.
        SourceError: a page states no date, or they state different ones.
    """
    dates = {page.date for page in pages}
    if len(dates) != 1:
        raise SourceError(f"The pages of {category} state different dates; they changed while being read.")
    (date,) = dates
    if date is None:
        raise SourceError(f"The page of {category} does not state which day it is of.")
    sections = [section for page in pages for section in page.sections]
    declared = _declared(pages)
    _check_kinds(category, declared, sections)
    _check_totals(category, declared, pages)
    return CategoryDay(
        category=category,
        date=date,
        declared=declared,
        total=expected_entries(pages),
        listings=tuple(listing for section in sections for listing in section.listings),
        papers=tuple(paper for section in sections for paper in section.papers),
    )


def _declared(pages: Iterable[ListingPage]) -> dict[AnnounceType, int]:
    """The papers of each kind, as the headings say."""
    return {section.kind: section.total for page in pages for section in page.sections}


def _check_kinds(category: str, declared: dict[AnnounceType, int], sections: Sequence[PageSection]) -> None:
    for kind, total in declared.items():
        of_kind = [section for section in sections if section.kind == kind]
        if any(section.total != total for section in of_kind):
            raise CountError(f"The pages of {category} give different numbers of {kind} papers.")
        ids = [one.id for section in of_kind for one in section.listings]
        if twice := [one for one, times in Counter(ids).items() if times > 1]:
            raise CountError(f"The pages of {category} list {twice[0]} twice among {total} {kind} papers.")
        if len(ids) > total:
            raise CountError(f"arXiv declares {total} {kind} papers in {category}, but lists {len(ids)}.")


def _check_totals(category: str, declared: dict[AnnounceType, int], pages: Sequence[ListingPage]) -> None:
    totals = {page.total for page in pages if page.total is not None}
    if len(totals) > 1:
        raise CountError(f"The pages of {category} state different totals: {sorted(totals)}.")
    by_heading = sum(declared.values())
    for total in totals:
        if total < by_heading:
            raise CountError(
                f"arXiv declares {total} papers in all in {category}, but {by_heading} by its headings."
            )
    found, expected = found_entries(pages), expected_entries(pages)
    at_end = pages[-1].whole and not any(section.goes_on for section in pages[-1].sections)
    if found < expected and not at_end:
        raise CountError(f"arXiv declares {expected} papers in {category}, but lists {found}.")


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
    """True for a day that is an earlier one under a new date, be it with some papers gone since.

    A paper is new or cross-listed in a category once; one or two may well be replaced twice in a row.
    """
    ids, before = ({(one.kind, one.id) for one in each.listings} for each in (day, previous))
    once = {one for one in ids if one[0] != "replaced"}
    if once:
        return all(2 * len(each & before) > len(each) for each in (once, ids))
    return len(ids) > 2 and ids <= before


def adds(day: CategoryDay, before: CategoryDay) -> bool:
    """True for a later reading of a day that shows papers which the earlier lacks, or that lacks fewer.

    What was announced stays announced: papers that are gone since are no reason to forget them.
    """
    ids, had = ({one.id for one in each.listings} for each in (day, before))
    if day.withheld > before.withheld or ids < had:
        return False
    return ids != had or day.withheld < before.withheld
