"""arXiv's listing pages, /list/<category>/new and /catchup/<category>/<day>, as they state themselves.

Each section's heading says how many entries it shows and how many there are; both are handed on, beside
what was found, to be compared. Markup: arXiv's browse templates list_macros.html and catchup.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date as Date

from lxml import html
from pydantic import Field

from digest.model import AnnounceType, Listing, Paper, Record
from digest.sources.arxiv import markup
from digest.system.errors import SourceError

_KINDS: dict[str, AnnounceType] = {"new": "new", "cross": "cross", "repla": "replaced"}
_SECTION = re.compile(
    r"(New|Cross|Repla)[\w-]*\b[^()]*\("
    r"(continued\s*,)?\s*showing\s+(?:(first|last)\s+)?([\d,]+)\s+of\s+([\d,]+)\s+entr",
    re.IGNORECASE,
)
_CATCHUP = re.compile(r"catchup results for (.*) on \w{3}, \d{1,2} \w{3} \d{4}", re.IGNORECASE)
_FURTHER = re.compile(r"[?&](?:skip|page)=(\d+)")
_DATE = re.compile(r"\b(\d{1,2})\s+([A-Z][a-z]{2})[a-z]*\.?\s+(\d{4})\b")
_STATES_DATE = re.compile(r"showing new listings for|catchup results for", re.IGNORECASE)
_TOTAL = re.compile(r"total of\s+([\d,]+)\s+entr", re.IGNORECASE)
_NO_UPDATES = re.compile(r"no (?:further )?updates\b", re.IGNORECASE)
_END_OF_ENTRY = re.compile(r"</(?:dd|dl|body|html)\b", re.IGNORECASE)
_BEGIN_OF_PAGE = re.compile(r"<html\b", re.IGNORECASE)
_END_OF_PAGE = re.compile(r"</html\s*>\s*(?:<!--.*?-->\s*)*$", re.IGNORECASE | re.DOTALL)
_Heading = tuple[AnnounceType, int, int, bool]
"""Kind, entries on this page, entries on all pages, whether more follow."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class PageSection(Record):
    """One heading of a page with the entries below it."""

    kind: AnnounceType
    shown: int = Field(description="entries on this page, as the heading says")
    total: int = Field(description="entries of this kind on all pages, as the heading says")
    goes_on: bool = Field(default=False, description="whether the heading says that more of them follow")
    listings: tuple[Listing, ...]
    papers: tuple[Paper, ...] = Field(description="papers[i] belongs to listings[i]")


class ListingPage(Record):
    """One page as it states itself."""

    date: Date | None = Field(description="of the announcement; None when the page states none")
    total: int | None = Field(description="entries of all kinds on all pages; None when the page states none")
    sections: tuple[PageSection, ...]
    subjects: tuple[str, ...] = Field(
        default=(), description="its main headings: the name of its category or archive"
    )
    others: frozenset[int] = Field(
        default=frozenset(),
        description="pages that it links to: their skip (listing) or number (catchup)",
    )
    cut: bool = Field(description="whether the page breaks off where entries may be missing")
    whole: bool = Field(default=True, description="whether the page comes to its end")


def parse_listing(text: str, category: str) -> ListingPage:
    """Read one page.

    Args:
        text: the HTML.
        category: whose announcement it is, for the listings.

    Raises:
        SourceError: the page is no listing, or an entry has no identifier or no title.
    """
    root = markup.parse_html(text)
    stated: Date | None = None
    subjects: list[str] = []
    sections: list[PageSection] = []
    found: list[tuple[Listing, Paper]] = []
    heading: _Heading | None = None
    for element in root.iter("h1", "h2", "h3", "h4", "dt"):
        if element.tag == "dt":
            if heading is None:
                raise SourceError(f"The page of {category} has entries before its first section heading.")
            found.append(_entry(element, category, heading[0], len(found) + 1))
            continue
        words = markup.collapse(element.text_content())
        if section := _SECTION.match(words):
            sections += _finished(heading, found)
            goes_on = (section[3] or "").lower() == "first" or bool(section[2] and not section[3])
            heading = (_KINDS[section[1].lower()], _number(section[4]), _number(section[5]), goes_on)
            found = []
        else:
            if _STATES_DATE.search(words):
                stated = _date_in(words)
            if element.tag == "h1":
                subjects.append(named[1] if (named := _CATCHUP.match(words)) else words)
    sections += _finished(heading, found)
    visible = _around_entries(root)
    totals = {_number(one) for one in _TOTAL.findall(visible)}
    if len(totals) > 1:
        raise SourceError(f"The page of {category} states different totals: {sorted(totals)}.")
    if not sections and not totals and not _NO_UPDATES.search(visible):
        raise SourceError(f"The page of {category} is no listing; it says: {_first_words(root)}")
    two = len(_BEGIN_OF_PAGE.findall(text)) > 1  # the page of an error, sent when half of the listing was out
    whole = not two and bool(_END_OF_PAGE.search(text))
    return ListingPage(
        date=stated,
        total=min(totals, default=None),
        sections=tuple(sections),
        subjects=tuple(subjects),
        others=frozenset(_linked_pages(root)),
        cut=two or (not whole and (not totals or not _END_OF_ENTRY.search(_last_entry(text)))),
        whole=whole,
    )


def _linked_pages(root: html.HtmlElement) -> Iterator[int]:
    """The numbers in links to other pages of the same listing; no entries are left in the tree."""
    for anchor in root.iter("a"):
        target = anchor.get("href") or ""
        if ("/list/" in target or "/catchup/" in target) and (number := _FURTHER.search(target)):
            yield int(number[1])


def _last_entry(text: str) -> str:
    """The page from its last entry on; all of it when there is none."""
    return text[max(text.lower().rfind("<dd"), 0) :]


def _around_entries(root: html.HtmlElement) -> str:
    """The words of arXiv on the page, without what papers say; takes the entries out of the tree."""
    for details in list(root.iter("dd")):
        details.drop_tree()
    return str(root.text_content())


def _finished(heading: _Heading | None, found: list[tuple[Listing, Paper]]) -> Iterator[PageSection]:
    if heading is not None:
        kind, shown, total, goes_on = heading
        yield PageSection(
            kind=kind,
            shown=shown,
            total=total,
            goes_on=goes_on,
            listings=tuple(listing for listing, _ in found),
            papers=tuple(paper for _, paper in found),
        )


def _entry(term: html.HtmlElement, category: str, kind: AnnounceType, count: int) -> tuple[Listing, Paper]:
    """One `<dt>` with the `<dd>` that follows it."""
    arxiv_id, version = _identity(term, category)
    details = next(term.itersiblings("dt", "dd"), None)
    fields = _fields(details) if details is not None and details.tag == "dd" else {}
    title = _text(fields, "list-title")
    if not title:
        raise SourceError(f"The entry of {arxiv_id} in the listing of {category} has no title.")
    number = re.search(r"\[\s*(\d+)\s*\]", term.text_content())
    position = int(number[1]) if number and int(number[1]) else count
    paper = Paper(
        id=arxiv_id,
        version=version,
        title=title,
        authors=markup.authors(fields["list-authors"]) if "list-authors" in fields else (),
        abstract=_text(fields, "p") or "",
        comments=_text(fields, "list-comments"),
        categories=_categories(_text(fields, "list-subjects") or ""),
        journal_ref=_text(fields, "list-journal-ref"),
    )
    listing = Listing(id=arxiv_id, version=version, kind=kind, category=category, position=position)
    return listing, paper


def _identity(term: html.HtmlElement, category: str) -> tuple[str, int | None]:
    """Identifier from the link to the abstract, version from the link to the HTML form, if there is one."""
    arxiv_id: str | None = None
    version: int | None = None
    for anchor in term.iter("a"):
        target = (anchor.get("href") or "").strip()
        read = markup.identifier(target)
        if read and "/abs/" in target:
            arxiv_id, version = read[0], read[1] or version
        elif read and "/html/" in target:
            version = read[1] or version
    if arxiv_id is None:
        words = markup.collapse(term.text_content())[:80]
        raise SourceError(f"An entry in the listing of {category} has no identifier: {words!r}.")
    return arxiv_id, version


def _fields(details: html.HtmlElement) -> dict[str, html.HtmlElement]:
    """The first element of each class list-..., and the first paragraph: the abstract, which has no class."""
    fields: dict[str, html.HtmlElement] = {}
    for element in details.iter("div", "span", "p"):
        names = (element.get("class") or "").split()
        if "descriptor" in names:  # "Title:"
            element.text = None
        for name in ("p",) if element.tag == "p" else names:
            fields.setdefault(name, element)
    return fields


def _text(fields: dict[str, html.HtmlElement], name: str) -> str | None:
    return markup.element_text(fields[name]) or None if name in fields else None


def _categories(text: str) -> tuple[str, ...]:
    """The codes in "Sound (cs.SD); Machine Learning (cs.LG)", the primary one first."""
    codes = (re.search(r"\(([^()]*)\)\s*$", part) for part in text.split(";"))
    found = [code[1].strip() for code in codes if code and markup.is_category(code[1].strip())]
    return tuple(dict.fromkeys(found))


def _date_in(words: str) -> Date | None:
    found = _DATE.search(words)
    if not found or found[2] not in _MONTHS:
        return None
    try:
        return Date(int(found[3]), _MONTHS.index(found[2]) + 1, int(found[1]))
    except ValueError:
        return None


def _number(digits: str) -> int:
    return int(digits.replace(",", ""))


def _first_words(root: html.HtmlElement) -> str:
    heading = next(root.iter("h1"), root)
    return repr(markup.collapse(heading.text_content())[:120])
