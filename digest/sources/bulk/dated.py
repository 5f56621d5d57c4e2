"""A paper with its version history, and the announcements that follow from it.

No source in bulk says when a paper was announced. A version is submitted at a known instant, and arXiv's
schedule says which announcement that goes into; papers on hold come later than that, and cross-lists are not
dated at all. So such days are approximate, and say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date as Date
from datetime import datetime

from digest.model import AnnounceType, Listing, Paper, Record, taxonomy
from digest.sources.arxiv.calendar import announced_on
from digest.sources.arxiv.category_day import CategoryDay

LAST_ANNOUNCED = 5
"""Later versions are never announced (arXiv: help/replace)."""


class DatedPaper(Record):
    """A paper as it is now, and when each of its versions was submitted."""

    paper: Paper
    versions: tuple[tuple[int, datetime], ...]

    def announcements(self) -> Iterator[tuple[Date, int]]:
        """Each date on which it was announced, with the version; of two on one date the earlier stands."""
        dates = set[Date]()
        for version, submitted in sorted(self.versions):
            day = announced_on(submitted)
            if version <= LAST_ANNOUNCED and day not in dates:
                dates.add(day)
                yield day, version


def category_day(category: str, day: Date, papers: Sequence[DatedPaper]) -> CategoryDay:
    """The papers announced in a category on a date, as far as version histories tell, by identifier."""
    listings = list[Listing]()
    shown = list[Paper]()
    for one in sorted(papers, key=lambda dated: _age(dated.paper.id)):
        version = dict(one.announcements()).get(day)
        if version is None or not any(taxonomy.belongs(code, category) for code in one.paper.categories):
            continue
        paper = one.paper.model_copy(update={"version": version})
        listings.append(
            Listing(
                id=paper.id,
                version=version,
                kind=_kind(paper, category),
                category=category,
                position=len(listings) + 1,
            )
        )
        shown.append(paper)
    return CategoryDay(
        category=category, date=day, declared={}, listings=tuple(listings), papers=tuple(shown)
    )


def _kind(paper: Paper, category: str) -> AnnounceType:
    if paper.version != 1:
        return "replaced"
    return "new" if taxonomy.belongs(paper.categories[0], category) else "cross"


def _age(paper_id: str) -> tuple[str, str]:
    """Identifiers in the order of submission: hep-th/9901001 before 0704.0001 before 2601.00001."""
    number = paper_id.rpartition("/")[2]
    century = "19" if "/" in paper_id and number[:1] == "9" else "20"
    return century + number, paper_id
