"""arXiv's feed of the day, in Atom 1.0: papers with version and announce type, without comments.

Source of the shape: info.arxiv.org/help/rss_specifications, and feeds recorded in 2025.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from xml.etree import ElementTree as ET  # only builds, never parses

from digest.model.taxonomy import belongs, canonical, category_names
from digest.sample.data import SampleData, SamplePaper, is_subject
from digest.sample.knobs import Knobs

ATOM = "http://www.w3.org/2005/Atom"
ARXIV = "http://arxiv.org/schemas/atom"
DC = "http://purl.org/dc/elements/1.1/"
LICENCE = "http://arxiv.org/licenses/nonexclusive-distrib/1.0/"
EASTERN = timezone(timedelta(hours=-5))
"""US Eastern in winter, the sample day's; a fixed offset needs no database of time zones."""

_ORDER = ("new", "cross", "replace", "replace-cross")


def feed(library: SampleData, knobs: Knobs, query: str) -> tuple[int, bytes]:
    """`/atom/<query>`: status and body.

    Args:
        library: the records.
        knobs: today's date, and perhaps another day that the feed has got stuck at.
        query: archives and categories joined by `+`, in any case.

    Returns:
        200 and the feed of today; 400 and a well-formed feed without entries for a name that does not exist.
    """
    exact = {name.casefold(): name for code in category_names() for name in (code, code.partition(".")[0])}
    subjects = [canonical(exact.get(part.casefold(), part)) for part in query.split("+")]
    url = f"http://rss.arxiv.org/atom/{query}"
    made = knobs.feed_as or knobs.today
    midnight = datetime(made.year, made.month, made.day, tzinfo=EASTERN)
    unknown = [subject for subject in subjects if not is_subject(subject)]
    if unknown:
        archive, _, name = unknown[0].partition(".")
        description = f"Bad subject class '{name}'." if name else f"Bad archive '{archive}'."
        return 400, serialize(_atom(f"Feed error for query: {url}", description, url, midnight, [], subjects))
    title = f"{', '.join(subjects)} updates on"
    records = library.day(knobs.feed_of or knobs.today, subjects)
    records = [record for record in records if record.id not in knobs.deleted]
    records.sort(key=lambda record: _ORDER.index(announce_type(record, subjects)))
    tree = _atom(
        f"{title} arXiv.org", f"{title} the arXiv.org e-print archive.", url, midnight, records, subjects
    )
    return 200, serialize(tree)


def text(parent: ET.Element, tag: str, content: str, **attributes: str) -> None:
    """Add a child with this text."""
    ET.SubElement(parent, tag, attributes).text = content


def announce_type(record: SamplePaper, subjects: Sequence[str]) -> str:
    """new, cross, replace or replace-cross, as seen from these subjects."""
    kind = record.kind_in(subjects)
    if kind != "replaced":
        return kind
    primary = record.categories[0]
    inside = any(belongs(primary, subject) for subject in subjects)
    return "replace" if inside else "replace-cross"


def _summary(record: SamplePaper, subjects: Sequence[str]) -> str:
    kind = announce_type(record, subjects)
    return f"arXiv:{record.versioned_id} Announce Type: {kind} \nAbstract: {record.abstract}"


def _extensions(item: ET.Element, record: SamplePaper, subjects: Sequence[str]) -> None:
    text(item, "arxiv:announce_type", announce_type(record, subjects))
    text(item, "dc:rights", LICENCE)
    if record.doi:
        text(item, "arxiv:DOI", record.doi)
    if record.journal_ref:
        text(item, "arxiv:journal_reference", record.journal_ref)
    text(item, "dc:creator", ", ".join(record.authors))


def _atom(
    title: str,
    description: str,
    url: str,
    midnight: datetime,
    records: Sequence[SamplePaper],
    subjects: Sequence[str],
) -> ET.Element:
    root = ET.Element("feed", {"xmlns": ATOM, "xmlns:arxiv": ARXIV, "xmlns:dc": DC, "xml:lang": "en-us"})
    built = midnight.astimezone(UTC).isoformat()
    text(root, "id", url)
    text(root, "title", title)
    text(root, "updated", built)
    ET.SubElement(root, "link", {"href": url, "rel": "self", "type": "application/atom+xml"})
    text(root, "subtitle", description)
    for record in records:
        entry = ET.SubElement(root, "entry")
        text(entry, "id", f"oai:arXiv.org:{record.versioned_id}")
        text(entry, "title", record.title)
        text(entry, "updated", built)
        link = {"href": f"https://arxiv.org/abs/{record.id}", "rel": "alternate", "type": "text/html"}
        ET.SubElement(entry, "link", link)
        text(entry, "summary", _summary(record, subjects))
        for category in record.categories:
            ET.SubElement(entry, "category", {"term": category})
        text(entry, "published", midnight.isoformat())
        _extensions(entry, record, subjects)
    return root


def serialize(root: ET.Element) -> bytes:
    """An XML document (UTF-8), indented, with its declaration."""
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))
