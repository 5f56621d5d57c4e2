"""A day long past, approximately, from OAI-PMH (arXiv: help/oa).

OAI knows when a record last changed, not when a paper was announced: papers changed since are missing, and
papers of which only the record changed are in it. Kinds are inferred.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date as Date
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

from lxml import etree

from digest.config import ArxivSettings
from digest.model import AnnounceType, Listing, Paper, Record, taxonomy
from digest.sources.arxiv import markup
from digest.sources.arxiv.category_day import CategoryDay
from digest.sources.http_client import Http
from digest.system.errors import SourceError

_PHYSICS = (
    *("astro-ph", "cond-mat", "gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th", "math-ph", "nlin"),
    *("nucl-ex", "nucl-th", "physics", "quant-ph"),
)
_FRESH = timedelta(days=7)
"""A version announced on a day was submitted at most so long before; older ones had their record edited."""
_LAST_ANNOUNCED = 5
"""Later versions are never announced (arXiv: help/replace)."""
_PAGES = 40


class OaiPage(Record):
    """One answer to ListRecords."""

    papers: tuple[Paper, ...]
    histories: tuple[tuple[tuple[int, datetime], ...], ...] = ()
    """The versions of each paper: number, and when it was submitted."""
    broken: tuple[str, ...] = ()
    """The faults of records that could not be read."""
    token: str | None = None


def set_of(category: str) -> str:
    """The OAI set of a category: cs:cs:SD, physics:hep-th, physics:astro-ph:CO."""
    archive, _, subject = taxonomy.canonical(category).partition(".")
    if archive in _PHYSICS:
        return ":".join(["physics", archive, subject] if subject else ["physics", archive])
    return ":".join([archive, archive, subject] if subject else [archive, archive])


def parse_oai(text: str, *, strict: bool = True) -> OaiPage:
    """The papers of one page in format arXivRaw, with the version history's first and last date.

    Args:
        text: the answer.
        strict: refuse a page with an incomplete record, instead of reading the others.

    Raises:
        SourceError: it is no OAI answer, an error other than "no records match", or a record is incomplete.
    """
    root = markup.parse_xml(text)
    if root is None or etree.QName(root).localname != "OAI-PMH":
        raise SourceError("OAI-PMH cannot be read: the answer is no OAI-PMH.")
    error = root.find("{*}error")
    if error is not None and error.get("code") != "noRecordsMatch":
        raise SourceError(f"OAI-PMH answers with an error: {markup.collapse(error.text or '')[:200]}")
    records = [
        one for one in root.iterfind(".//{*}record") if one.find("{*}header[@status='deleted']") is None
    ]
    papers, histories, broken = [], [], []
    for record in records:
        try:
            papers.append(_paper(record))
        except SourceError as incomplete:
            if strict:
                raise
            broken.append(str(incomplete))
        else:
            histories.append(tuple(_history(record)))
    token = root.findtext(".//{*}resumptionToken") or ""
    return OaiPage(
        papers=tuple(papers), histories=tuple(histories), broken=tuple(broken), token=token.strip() or None
    )


def _history(record: etree._Element) -> Iterator[tuple[int, datetime]]:
    for version in record.iterfind(".//{http://arxiv.org/OAI/arXivRaw/}version"):
        number, submitted = (version.get("version") or "").removeprefix("v"), _instant(version)
        if number.isdigit() and submitted is not None:
            yield int(number), submitted


def _paper(record: etree._Element) -> Paper:
    raw = "{http://arxiv.org/OAI/arXivRaw/}"

    def field(name: str) -> str:
        return markup.collapse(record.findtext(f".//{raw}{name}") or "")

    arxiv_id, title = field("id"), field("title")
    versions = record.findall(f".//{raw}version")
    if markup.identifier(arxiv_id) is None or not title or not versions:
        raise SourceError(
            f"OAI-PMH gives an incomplete record of {arxiv_id or 'a paper without identifier'}."
        )
    number = (versions[-1].get("version") or "").removeprefix("v")
    return Paper(
        id=arxiv_id,
        version=int(number) if number.isdigit() else None,
        title=title,
        authors=tuple(markup.names_in(field("authors"))),
        abstract=field("abstract"),
        comments=field("comments") or None,
        categories=tuple(field("categories").split()),
        published=_instant(versions[0]),
        updated=_instant(versions[-1]),
        doi=field("doi") or None,
        journal_ref=field("journal-ref") or None,
    )


def _instant(version: etree._Element) -> datetime | None:
    try:
        return parsedate_to_datetime(version.findtext("{*}date") or "")
    except ValueError:
        return None


async def harvest(category: str, day: Date, http: Http, settings: ArxivSettings) -> tuple[CategoryDay, int]:
    """The papers of `category` whose record last changed on `day`, and how many others were left out.

    Raises:
        SourceError: OAI-PMH gave no usable answer.
    """
    asked = {
        "verb": "ListRecords",
        "metadataPrefix": "arXivRaw",
        "from": day.isoformat(),
        "until": day.isoformat(),
        "set": set_of(category),
    }
    papers: list[Paper] = []
    for _ in range(_PAGES):
        page = parse_oai((await http.get(f"{settings.oai}?{urlencode(asked)}")).text)
        papers += page.papers
        if page.token is None:
            return _as_day(category, day, papers), sum(not _is_announced(one, day) for one in papers)
        asked = {"verb": "ListRecords", "resumptionToken": page.token}
    raise SourceError(f"OAI-PMH gave more than {_PAGES} pages for {category} on {day}; there is no such day.")


def _as_day(category: str, day: Date, papers: Sequence[Paper]) -> CategoryDay:
    kept = {paper.id: paper for paper in papers if _is_announced(paper, day)}
    listings = tuple(
        Listing(
            id=paper.id,
            version=paper.version,
            kind=_kind(paper, category),
            category=category,
            position=position,
        )
        for position, paper in enumerate(kept.values(), start=1)
    )
    return CategoryDay(
        category=category, date=day, declared={}, listings=listings, papers=tuple(kept.values())
    )


def _is_announced(paper: Paper, day: Date) -> bool:
    fresh = paper.updated is None or day - paper.updated.date() <= _FRESH
    return fresh and (paper.version or 1) <= _LAST_ANNOUNCED


def _kind(paper: Paper, category: str) -> AnnounceType:
    if paper.version != 1:
        return "replaced"
    primary = paper.categories[0] if paper.categories else ""
    return "new" if taxonomy.belongs(primary, category) else "cross"
