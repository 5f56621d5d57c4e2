"""RSS, Atom, the export API and OAI-PMH."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest
from lxml import etree

from digest.sample.data import SampleData
from digest.sample.knobs import Knobs
from tests.faulty import Server

NS = {
    "a": "http://www.w3.org/2005/Atom",
    "x": "http://arxiv.org/schemas/atom",
    "dc": "http://purl.org/dc/elements/1.1/",
    "o": "http://www.openarchives.org/OAI/2.0/",
    "raw": "http://arxiv.org/OAI/arXivRaw/",
}


def xml(answer: httpx2.Response) -> etree._Element:
    return etree.fromstring(answer.content)


def test_the_feed_of_both_categories(get: httpx2.Client) -> None:
    feed = xml(get.get("/atom/CS.sd+eess.as"))  # names in any case
    assert feed.findtext("a:title", namespaces=NS) == "cs.SD, eess.AS updates on arXiv.org"
    entries = feed.findall("a:entry", NS)
    kinds = [entry.findtext("x:announce_type", namespaces=NS) for entry in entries]
    assert [kinds.count(kind) for kind in ("new", "cross", "replace", "replace-cross")] == [22, 5, 15, 2]
    first = entries[0]
    link = first.find("a:link", NS)
    assert link is not None
    assert link.get("href") == "https://arxiv.org/abs/2601.18904"
    assert first.findtext("a:id", namespaces=NS) == "oai:arXiv.org:2601.18904v1"
    assert first.findtext("dc:creator", namespaces=NS) == (
        "Haolong Zheng, Siyin Wang, Zengrui Jin, Mark Hasegawa-Johnson"
    )
    assert [each.get("term") for each in first.findall("a:category", NS)] == ["cs.SD", "cs.AI", "cs.CL"]
    assert (first.findtext("a:summary", "", NS)).startswith(
        "arXiv:2601.18904v1 Announce Type: new \nAbstract: "
    )


def test_the_feed_of_one_category_sees_other_kinds(get: httpx2.Client) -> None:
    alone = xml(get.get("/atom/cs.SD")).findall("a:entry", NS)
    kinds = {
        entry.findtext("a:id", "", NS): entry.findtext("x:announce_type", namespaces=NS) for entry in alone
    }
    assert kinds["oai:arXiv.org:2601.19786v1"] == "cross"  # new in eess.AS


def test_an_unknown_category_gets_a_feed_with_400(get: httpx2.Client) -> None:
    answer = get.get("/atom/cs.XX+eess.AS")
    assert answer.status_code == 400
    assert b"Feed error for query" in etree.tostring(xml(answer))
    assert b"announce_type" not in answer.content


def test_a_feed_without_entries_on_a_day_without_announcement(server: Server, get: httpx2.Client) -> None:
    server.set(today="2026-01-31")
    assert xml(get.get("/atom/cs.SD")).findall("a:entry", NS) == []
    server.set(today="2026-01-31", feed_of="2026-01-28")  # stale
    assert len(xml(get.get("/atom/cs.SD")).findall("a:entry", NS)) == 33


def test_the_arxiv_package_reads_the_api(server: Server) -> None:
    import arxiv

    ids = [record.id for record in SampleData(Knobs()).records]
    client = arxiv.Client(page_size=100, delay_seconds=0, num_retries=0)
    client.query_url_format = server.url + "/api/query?{}"
    client._session.trust_env = False
    results = {
        each.get_short_id(): each for each in client.results(arxiv.Search(id_list=ids, max_results=len(ids)))
    }
    client._session.close()
    assert len(results) == 44
    paper = results["2601.19029v1"]
    wanted = SampleData(Knobs()).get("2601.19029")
    assert wanted is not None
    assert (paper.title, paper.summary, paper.comment) == (wanted.title, wanted.abstract, wanted.comments)
    assert tuple(author.name for author in paper.authors) == wanted.authors
    assert (paper.primary_category, tuple(paper.categories)) == ("cs.SD", wanted.categories)
    assert paper.pdf_url == "https://arxiv.org/pdf/2601.19029v1"
    replaced = results["2510.01812v4"]
    assert replaced.published < replaced.updated


def test_the_api_drops_unknown_ids_and_sends_ten_by_default(server: Server, get: httpx2.Client) -> None:
    ids = [record.id for record in SampleData(Knobs()).records[:12]]
    assert len(xml(get.get("/api/query", params={"id_list": ",".join(ids)})).findall("a:entry", NS)) == 10
    query: dict[str, str | int] = {"id_list": "2601.19029v1,2601.99999,2601.19112", "max_results": 50}
    assert len(xml(get.get("/api/query", params=query)).findall("a:entry", NS)) == 2
    server.set(missing=["2601.19029"])
    assert len(xml(get.get("/api/query", params=query)).findall("a:entry", NS)) == 1


def test_one_malformed_id_spoils_the_whole_batch(get: httpx2.Client) -> None:
    answer = get.get("/api/query", params={"id_list": "2601.19029,abc"})
    assert answer.status_code == 400
    entries = xml(answer).findall("a:entry", NS)
    assert [entry.findtext("a:title", namespaces=NS) for entry in entries] == ["Error"]
    assert entries[0].findtext("a:summary", namespaces=NS) == "incorrect id format for abc"


def test_oai_lists_a_day_in_pages(server: Server, get: httpx2.Client) -> None:
    server.set(page_size=20)
    query = {"metadataPrefix": "arXivRaw", "from": "2026-01-28", "until": "2026-01-28", "set": "cs:cs:SD"}
    page = xml(get.get("/oai", params={"verb": "ListRecords", **query}))
    token = page.findtext(".//o:resumptionToken", namespaces=NS)
    assert token
    rest = xml(get.get("/oai", params={"verb": "ListRecords", "resumptionToken": token}))
    assert not rest.findtext(".//o:resumptionToken", namespaces=NS)
    found = [each.text for part in (page, rest) for each in part.iterfind(".//raw:id", NS)]
    assert len(found) == len(set(found)) == 33
    record = next(
        each
        for each in (*page.iter("{*}arXivRaw"), *rest.iter("{*}arXivRaw"))
        if each.findtext("raw:id", namespaces=NS) == "2510.01812"
    )
    assert [each.get("version") for each in record.findall("raw:version", NS)] == ["v1", "v2", "v3", "v4"]
    assert record.findtext("raw:categories", namespaces=NS) == "cs.SD cs.AI eess.AS"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("verb=ListRecords&metadataPrefix=arXiv&from=2026-01-20&until=2026-01-20", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=arXiv&set=cs:XX", "badArgument"),
        ("verb=ListRecords&metadataPrefix=arXiv&from=soon", "badArgument"),
        ("verb=ListRecords&metadataPrefix=marc", "cannotDisseminateFormat"),
        ("verb=GetRecord&metadataPrefix=arXiv&identifier=oai:arXiv.org:abc", "idDoesNotExist"),
        ("verb=Dance", "badVerb"),
    ],
)
def test_oai_errors_come_with_200(get: httpx2.Client, query: str, code: str) -> None:
    answer = get.get(f"/oai?{query}")
    error = xml(answer).find("o:error", NS)
    assert error is not None
    assert (answer.status_code, error.get("code")) == (200, code)


def test_oai_knows_single_records_with_split_names(get: httpx2.Client) -> None:
    query = "verb=GetRecord&metadataPrefix=arXiv&identifier=oai:arXiv.org:2505.05216"
    names = [each.text for each in xml(get.get(f"/oai?{query}")).iter("{*}keyname")]
    assert names == ["Richter", "Oliveira", "Gerkmann"]


def test_a_paper_announced_in_two_ways_is_in_the_feed_once(
    server: Server, get: httpx2.Client, tmp_path: Path
) -> None:
    common = {
        "id": "2601.00003",
        "title": "T",
        "abstract": "A.",
        "categories": ["cs.SD", "eess.AS"],
        "version": 2,
    }
    rows = [{**common, "kind": "replaced", "pages": ["cs.SD"]}, {**common, "pages": ["eess.AS"]}]
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    server.set(records=[path])
    entries = xml(get.get("/atom/cs.SD+eess.AS")).findall("a:entry", NS)
    assert [entry.findtext("x:announce_type", namespaces=NS) for entry in entries] == ["new"]
