"""arXiv's metadata services: the export API (Atom) and OAI-PMH.

Sources: info.arxiv.org/help/api/user-manual, info.arxiv.org/help/oa, and answers recorded in 2026.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree as ET  # only builds, never parses

from digest.sample import pages
from digest.sample.data import SampleData, SamplePaper, is_subject
from digest.sample.feeds import ARXIV, ATOM, LICENCE, serialize, text
from digest.sample.knobs import Knobs

OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"
OAI = "http://www.openarchives.org/OAI/2.0/"


def query(library: SampleData, knobs: Knobs, arguments: dict[str, str]) -> bytes:
    """`/api/query?id_list=...` as Atom; unknown ids are dropped."""
    wanted = [part.strip() for part in arguments.get("id_list", "").split(",") if part.strip()]
    now = _instant(datetime(knobs.today.year, knobs.today.month, knobs.today.day, 12, tzinfo=UTC))
    found = [record for part in wanted if (record := library.get(part)) and record.id not in knobs.missing]
    found.sort(key=lambda record: record.title)  # not in the order of the request, as the real one
    start, size = _number(arguments, "start", 0), _number(arguments, "max_results", 10)
    asked = {"search_query": "", "start": str(start), "max_results": str(size), "id_list": ",".join(wanted)}
    root = ET.Element("feed", {"xmlns:opensearch": OPENSEARCH, "xmlns:arxiv": ARXIV, "xmlns": ATOM})
    text(root, "id", "https://arxiv.org/api/sample")
    text(root, "title", "arXiv Query: " + "&".join(map("=".join, asked.items())))
    text(root, "updated", now)
    link = {"href": "https://arxiv.org/api/query?" + urlencode(asked), "type": "application/atom+xml"}
    ET.SubElement(root, "link", link)
    for name, number in (("itemsPerPage", size), ("totalResults", len(found)), ("startIndex", start)):
        text(root, f"opensearch:{name}", str(number))
    for record in found[start : start + size]:
        _entry(root, record)
    return serialize(root)


def _number(arguments: dict[str, str], name: str, default: int) -> int:
    value = arguments.get(name, "")
    return int(value) if value.isdigit() else default


def _entry(root: ET.Element, record: SamplePaper) -> None:
    entry = ET.SubElement(root, "entry")
    page, pdf = (f"https://arxiv.org/{kind}/{record.versioned_id}" for kind in ("abs", "pdf"))
    text(entry, "id", page.replace("https", "http"))
    text(entry, "title", record.title)
    text(entry, "updated", _instant(record.revised))
    ET.SubElement(entry, "link", {"href": page, "rel": "alternate", "type": "text/html"})
    ET.SubElement(entry, "link", {"href": pdf, "rel": "related", "type": "application/pdf", "title": "pdf"})
    text(entry, "summary", record.abstract)
    for category in record.categories:
        ET.SubElement(entry, "category", {"term": category, "scheme": ARXIV})
    text(entry, "published", _instant(record.submitted))
    if record.comments:
        text(entry, "arxiv:comment", record.comments)
    ET.SubElement(entry, "arxiv:primary_category", {"term": record.categories[0]})
    if record.journal_ref:
        text(entry, "arxiv:journal_ref", record.journal_ref)
    for name in record.names:
        text(ET.SubElement(entry, "author"), "name", name)
    if record.doi:
        text(entry, "arxiv:doi", record.doi)
        ET.SubElement(
            entry, "link", {"rel": "related", "href": f"https://doi.org/{record.doi}", "title": "doi"}
        )


def oai(library: SampleData, knobs: Knobs, arguments: dict[str, str]) -> bytes:
    """`/oai?verb=ListRecords` for arXivRaw, which is all that a harvest asks; errors come with 200."""
    if token := arguments.get("resumptionToken"):
        arguments = dict(parse_qsl(token))
    root = ET.Element("OAI-PMH", {"xmlns": OAI})
    text(root, "responseDate", f"{knobs.today}T12:00:00Z")
    shown = {name: value for name, value in arguments.items() if name != "skip"}
    text(root, "request", "http://localhost/oai", **shown)
    if arguments.get("verb") != "ListRecords":
        text(root, "error", "Illegal or missing verb.", code="badVerb")
    elif arguments.get("metadataPrefix") != "arXivRaw":
        text(root, "error", "Unsupported metadata format.", code="cannotDisseminateFormat")
    else:
        _list_records(root, library, knobs, arguments)
    return serialize(root)


def _list_records(root: ET.Element, library: SampleData, knobs: Knobs, arguments: dict[str, str]) -> None:
    subject = ".".join(arguments.get("set", "").split(":")[1:])
    span = [arguments.get(name, str(knobs.today)) for name in ("from", "until")]
    if not all(map(pages.is_date, span)) or (subject and not is_subject(subject)):
        text(root, "error", "The set does not exist, or a date is none.", code="badArgument")
        return
    found = [
        r
        for r in _current(library)
        if span[0] <= str(r.date) <= span[1] and (not subject or r.shown_in(subject))
    ]
    if not found:
        text(
            root, "error", "The combination of the arguments results in an empty list.", code="noRecordsMatch"
        )
        return
    listed = ET.SubElement(root, "ListRecords")
    skip = _number(arguments, "skip", 0)
    for record in found[skip : skip + knobs.page_size]:
        _oai_record(listed, record)
    if skip + knobs.page_size < len(found):
        text(listed, "resumptionToken", urlencode({**arguments, "skip": str(skip + knobs.page_size)}))
    elif skip:
        text(listed, "resumptionToken", "")


def _current(library: SampleData) -> Iterable[SamplePaper]:
    """One record a paper: a later version takes its paper away from the earlier day."""
    latest = {record.id: record for record in sorted(library.records, key=lambda r: (r.date, r.version))}
    return sorted(latest.values(), key=lambda record: record.id)


def _oai_record(parent: ET.Element, record: SamplePaper) -> None:
    element = ET.SubElement(parent, "record")
    header = ET.SubElement(element, "header")
    text(header, "identifier", f"oai:arXiv.org:{record.id}")
    text(header, "datestamp", str(record.date))
    for category in record.categories:
        archive = category.partition(".")[0]
        text(header, "setSpec", f"{archive}:{category.replace('.', ':')}")
    metadata = ET.SubElement(element, "metadata")
    fields = ET.SubElement(metadata, "arXivRaw", {"xmlns": "http://arxiv.org/OAI/arXivRaw/"})
    text(fields, "id", record.id)
    _raw_fields(fields, record)
    text(fields, "categories", " ".join(record.categories))
    for name, value in (
        ("comments", record.comments),
        ("journal-ref", record.journal_ref),
        ("doi", record.doi),
    ):
        if value:
            text(fields, name, value)
    text(fields, "license", LICENCE)
    text(fields, "abstract", record.abstract)


def _raw_fields(fields: ET.Element, record: SamplePaper) -> None:
    """Submitter, versions with their dates, title and authors in one line."""
    text(fields, "submitter", record.authors[0] if record.authors else "")
    for number in range(1, record.version + 1):
        version = ET.SubElement(fields, "version", {"version": f"v{number}"})
        moment = record.revised if number == record.version else record.submitted
        text(version, "date", f"{moment:%a, %d %b %Y %H:%M:%S} GMT")
        text(version, "size", "0kb")
    text(fields, "title", record.title)
    text(fields, "authors", ", ".join(record.authors))


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
