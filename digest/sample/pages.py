"""arXiv's HTML: the listing of the latest announcement, catchup, and the pages that say no.

The structure (element and class names, headings, counts, paging) is that of arxiv.org's listing pages of 2025
and 2026; everything that no parser reads is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from datetime import timedelta
from functools import lru_cache
from html import escape

from digest.model import KINDS, AnnounceType
from digest.model.taxonomy import category_names
from digest.sample.data import SampleData, SamplePaper, is_subject, share
from digest.sample.knobs import Knobs
from digest.sample.links import linked_authors, with_links

REACH = timedelta(days=91)
"""The reach of catchup into the past: 90 days, and one for the time zones."""

_HEADINGS: dict[AnnounceType, tuple[str, str]] = {
    "new": ("New submissions", "New submissions"),
    "cross": ("Cross-lists", "Cross submissions"),
    "replaced": ("Replacements", "Replacement submissions"),
}
"""The words of the index at the top, and of the section's own heading."""


class MovedError(Exception):
    """A category that goes by another code: this one."""


class BadRequestError(Exception):
    """A request that arXiv answers with 400 and these words."""


def listing(library: SampleData, knobs: Knobs, subject: str, skip: str, show: str) -> str:
    """`/list/<subject>/new`: the latest announcement.

    Raises:
        BadRequestError: there is no such category or archive.
    """
    if not is_subject(subject):
        raise BadRequestError("Invalid archive or category.")
    last = library.last_day(knobs.today)
    records = library.day(knobs.listing_of or last, [subject])
    heading = knobs.listing_as or knobs.listing_of or last
    start = int(skip) if skip.isdigit() else 0
    size = min(int(show) if show.isdigit() and int(show) else knobs.page_size, knobs.page_size)
    body = [
        f"<h1>{escape(_name(subject))}</h1>",
        _index(records, subject),
        f"<p>See <a id='recent-{subject}' href='/list/{subject}/recent'>recent</a> articles</p>",
        f"<h3>Showing new listings for {heading:%A}, {heading.day} {heading:%B %Y}</h3>",
        _paging(records, subject, start, size),
        _sections(records, subject, start, size, knobs, with_abstract=True),
        _paging(records, subject, start, size),
    ]
    if not records:
        body.insert(-1, "<p>No updates today.</p>")
    return document(_name(subject), "\n".join(body))


def catchup(library: SampleData, knobs: Knobs, subject: str, day: str, query: dict[str, str]) -> str:
    """`/catchup/<subject>/<day>`: one day of the last 90.

    Raises:
        BadRequestError: a category, date or parameter that arXiv refuses.
    """
    date, page = _catchup_arguments(knobs, subject, day, query)
    records = library.day(date, [subject])
    start = (page - 1) * knobs.page_size
    named = f"{date:%a, %d %b %Y}"
    total = f"Total of {len(records)} entries for {named}"
    following = _next_announcement(date)
    onward = ""
    if following <= knobs.today:
        target = f"/catchup/{subject}/{following}?abs={query.get('abs', 'False')}&amp;page=1"
        onward = f'<a href="{target}">Continue to the next day</a><br><br>'
    pages = -(-len(records) // knobs.page_size)
    links = [
        f"<span>{n}</span>"
        if n == page
        else f'<a href="/catchup/{subject}/{date}?abs=True&amp;page={n}">{n}</a>'
        for n in range(1, pages + 1)
    ]
    paging = f"{total} {'View page: ' + ' '.join(links) if pages > 1 else ''}"
    body = [
        f"<h1>Catchup results for {escape(_name(subject))} on {named}</h1>",
        _index(records, subject),
        f"<div>{onward} {paging}</div>",
        _sections(records, subject, start, knobs.page_size, knobs, query.get("abs") == "True"),
        f"<div></div>{paging} {onward}",
    ]
    if not records:
        reason = "There was either no announcement for this day, or no updates within the requested subject."
        body.insert(-1, f"<div><p>No updates for {named}. {reason}</p></div>")
    elif start >= len(records):
        body.insert(-1, f"<div>No further updates for {named}</div>")
    return document("Catchup", "\n".join(body))


def is_date(value: str) -> bool:
    """True if it is a date of the form YYYY-MM-DD."""
    try:
        return str(Date.fromisoformat(value)) == value
    except ValueError:
        return False


def document(title: str, body: str) -> str:
    """A page around its content."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n'
        f'<head><meta charset="utf-8"><title>{escape(title)}</title></head>\n'
        f"<body><main><div id='content'><div id='content-inner'><div id='dlpage'>\n{body}\n"
        "</div></div></div></main></body></html>\n"
    )


def refusal(message: str) -> str:
    """The page of a 400 or 404."""
    return document(
        "Error", f"<h1>{escape(message)}</h1>\n<p>The sample server cannot answer this request.</p>"
    )


def _catchup_arguments(knobs: Knobs, subject: str, day: str, query: dict[str, str]) -> tuple[Date, int]:
    if query.keys() - {"abs", "page"}:
        raise BadRequestError("Unexpected parameters. Only accepted parameters are: 'page', and 'abs'")
    if not is_subject(subject):
        raise BadRequestError("Invalid subject. Subject must be an archive, category or 'grp_physics'")
    if not is_date(day):
        raise BadRequestError("Invalid date format. Use format: YYYY-MM-DD")
    date = Date.fromisoformat(day)
    if date < knobs.today - REACH:
        raise BadRequestError(f"Invalid date: {day}. Catchup only allowed for past 90 days")
    if date > knobs.today:
        raise BadRequestError(f"Invalid date: {day}. Can't request date later than today")
    if query.get("abs", "False") not in {"True", "False"}:
        raise BadRequestError("Invalid abs value. Use ?abs=True to include abstracts or ?abs=False to not")
    page = query.get("page", "1")
    if not page.isdigit() or int(page) < 1:
        raise BadRequestError("Invalid page value. Page value should be a positive integer like ?page=3")
    return date, int(page)


def _next_announcement(date: Date) -> Date:
    following = date + timedelta(days=1)
    while following.weekday() >= 5:
        following += timedelta(days=1)
    return following


def _name(subject: str) -> str:
    return category_names().get(subject, subject)


def _index(records: Sequence[SamplePaper], subject: str) -> str:
    """The links to the sections; an empty section has none."""
    kinds = [record.kind_in([subject]) for record in records]
    entries = [
        f'<li><a href="#item{kinds.index(kind) + 1}">{_HEADINGS[kind][0]}</a></li>'
        for kind in KINDS
        if kind in kinds
    ]
    return f"<ul>\n{''.join(entries)}\n</ul>"


def _paging(records: Sequence[SamplePaper], subject: str, start: int, size: int) -> str:
    """The number of entries, and links to the other pages."""
    if not records:
        return ""
    count, links = len(records), []
    for first in range(0, count, size):
        label = f"{first + 1}-{min(first + size, count)}"
        target = f"/list/{subject}/new?skip={first}&amp;show={size}"
        links.append(f"<span>{label}</span>" if first == start else f"<a href={target}>{label}</a>")
    return (
        f"<div class='paging'>Total of {count} entries{' : ' + ' '.join(links) if links[1:] else ''}</div>\n"
        f"<div class='morefewer'>Showing up to {size} entries per page:</div>"
    )


def _sections(
    records: Sequence[SamplePaper], subject: str, start: int, size: int, knobs: Knobs, with_abstract: bool
) -> str:
    """The part of the day that this page shows, one list a kind, with its heading.

    Deleted papers are in all counts and places, and in no list, as with arXiv.
    """
    numbered = list(enumerate(records, start=1))
    there = (record for record in records if record.id not in knobs.deleted)
    on_page = list(enumerate(there, start=1))[start : start + size]
    lists = []
    for kind in KINDS:
        whole = [number for number, record in numbered if record.kind_in([subject]) == kind]
        shown = [item for item in on_page if item[1].kind_in([subject]) == kind]
        if not shown:
            continue
        showing = _showing(whole[0] <= start, whole[-1] <= start + size)
        heading = f"{_HEADINGS[kind][1]} ({showing} {len(shown)} of {len(whole) + knobs.miscount} entries)"
        items = "\n".join(_item(number, record, subject, with_abstract) for number, record in shown)
        lists.append(f"<dl id='articles'>\n<h3>{heading}</h3>\n{items}\n</dl>")
    return "\n".join(lists)


def _showing(continued: bool, ends: bool) -> str:
    if continued:
        return "continued, showing last" if ends else "continued, showing"
    return "showing" if ends else "showing first"


@lru_cache(maxsize=1024)
def _item(number: int, record: SamplePaper, subject: str, with_abstract: bool) -> str:
    """One paper as a `dt` and a `dd`."""
    id = record.id
    mark = {"new": "", "cross": f"(cross-list from {record.categories[0]})", "replaced": "(replaced)"}
    html = ""
    if share(id, 5):  # the conversion to HTML fails for some papers
        target = f"https://arxiv.org/html/{record.versioned_id}"
        html = f', <a href="{target}" title="View HTML" id="html-{id}">html</a>'
    meta = [
        _field("title mathjax", "Title", escape(record.title)),
        f"<div class='list-authors'>{linked_authors(record)}</div>",
    ]
    if record.comments:
        meta.append(_field("comments mathjax", "Comments", with_links(record.comments)))
    if record.journal_ref:
        meta.append(_field("journal-ref", "Journal-ref", escape(record.journal_ref)))
    subjects = [f"{escape(_name(code))} ({code})" for code in record.categories]
    subjects[0] = f'<span class="primary-subject">{subjects[0]}</span>'
    meta.append(_field("subjects", "Subjects", "; ".join(subjects)))
    if with_abstract:
        meta.append(f"<p class='mathjax'>\n  {with_links(record.abstract)}\n</p>")
    lines = "\n".join(meta)
    return (
        f"<dt>\n  <a name='item{number}'>[{number}]</a>\n"
        f'  <a href ="/abs/{id}" title="Abstract" id="{id}">\n    arXiv:{id}\n  </a>\n'
        f"  {mark[record.kind_in([subject])]}\n"
        f'  [<a href="/pdf/{id}" title="Download PDF" id="pdf-{id}">pdf</a>{html}, '
        f'<a href="/format/{id}" title="Other formats" id="oth-{id}">other</a>]\n</dt>\n'
        f"<dd>\n<div class='meta'>\n{lines}\n</div>\n</dd>"
    )


def _field(kind: str, label: str, content: str) -> str:
    return f"<div class='list-{kind}'><span class='descriptor'>{label}:</span>\n  {content}\n</div>"
