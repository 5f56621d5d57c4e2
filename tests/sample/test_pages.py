"""The listing and catchup pages, as a parser meets them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from lxml import html

from digest.sample.data import SampleData
from digest.sample.knobs import Knobs
from tests.faulty import Server

DAY = "/catchup/cs.SD/2026-01-28"


def tree(page: str) -> Any:
    """The page as elements; lxml's own types are too wide for what xpath returns."""
    return html.fromstring(page)


def headings(page: str) -> list[str]:
    return [each.text_content() for each in tree(page).iter("h3")]


def ids(page: str) -> list[str]:
    return re.findall(r"\n    arXiv:(\S+)\n", page)


def write(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def record(id: str, **fields: object) -> dict[str, object]:
    common = {
        "title": f"On {id}",
        "abstract": "We study it.",
        "authors": ["Ada Byron"],
        "categories": ["cs.SD"],
    }
    return {"id": id, **common, **fields}


def test_listing_states_its_day_and_its_counts(get: httpx2.Client) -> None:
    page = get.get("/list/cs.SD/new").text
    assert headings(page) == [
        "Showing new listings for Wednesday, 28 January 2026",
        "New submissions (showing 15 of 15 entries)",
        "Cross submissions (showing 6 of 6 entries)",
        "Replacement submissions (showing 12 of 12 entries)",
    ]
    assert len(ids(page)) == 33
    assert "Total of 33 entries" in page


def test_both_categories_together_hold_the_44_papers(get: httpx2.Client) -> None:
    found = [id_ for category in ("cs.SD", "eess.AS") for id_ in ids(get.get(f"/list/{category}/new").text)]
    assert len(set(found)) == 44
    assert len(found) > 44  # some are announced in both


def test_a_paper_new_in_one_category_is_cross_listed_in_the_other(get: httpx2.Client) -> None:
    there = tree(get.get("/list/eess.AS/new").text)
    here = tree(get.get("/list/cs.SD/new").text)
    item = "//a[@id='2601.19786']/.."
    assert "cross-list" not in there.xpath(item)[0].text_content()
    assert "(cross-list from eess.AS)" in here.xpath(item)[0].text_content()


def test_an_item_has_all_that_the_record_has(get: httpx2.Client) -> None:
    page = tree(get.get("/list/cs.SD/new").text)
    details = page.xpath("//a[@id='2601.19029']/../following-sibling::dd[1]")[0]
    authors = details.xpath(".//div[@class='list-authors']/a/text()")
    wanted = SampleData(Knobs()).get("2601.19029")
    assert wanted is not None
    assert tuple(authors) == wanted.authors
    assert wanted.title in details.xpath(".//div[starts-with(@class, 'list-title')]")[0].text_content()
    assert "Sound (cs.SD); Audio and Speech Processing (eess.AS)" in details.text_content()
    comment = details.xpath(".//div[starts-with(@class, 'list-comments')]")[0]
    assert "Code available at this https URL" in comment.text_content()
    assert comment.xpath("./a/@href") == ["https://github.com/Jai-Dhiman/crescendai"]
    assert wanted.abstract[:200] in details.xpath("./div/p")[0].text_content()


def test_most_papers_have_an_html_link_with_their_version(get: httpx2.Client) -> None:
    page = get.get("/list/cs.SD/new").text
    links = set(re.findall(r"arxiv\.org/html/(\S+?)\"", page))
    assert 0 < len(links) < len(ids(page))
    assert all(re.fullmatch(r"\d{4}\.\d{5}v\d", link) for link in links)
    assert "2510.01812v4" in links


def test_pages_of_a_long_listing_continue(get: httpx2.Client) -> None:
    first, second, third = (
        get.get("/list/cs.SD/new", params={"skip": skip, "show": 10}).text for skip in (0, 10, 20)
    )
    assert headings(first)[1:] == ["New submissions (showing first 10 of 15 entries)"]
    assert headings(second)[1:] == [
        "New submissions (continued, showing last 5 of 15 entries)",
        "Cross submissions (showing first 5 of 6 entries)",
    ]
    assert headings(third)[1] == "Cross submissions (continued, showing last 1 of 6 entries)"
    whole = ids(get.get("/list/cs.SD/new").text)
    assert ids(first) + ids(second) + ids(third) == whole[:30]


@pytest.mark.parametrize("path", ["/list/cs.XX/new", "/list/cs.SD/2026-01-28"])
def test_listings_that_do_not_exist(get: httpx2.Client, path: str) -> None:
    assert get.get(path).status_code == 400


def test_catchup_equals_the_listing_of_the_day(get: httpx2.Client) -> None:
    listing, caught = get.get("/list/cs.SD/new").text, get.get(f"{DAY}?abs=True").text
    assert ids(caught) == ids(listing)
    assert headings(caught) == headings(listing)[1:]
    assert "Catchup results for Sound on Wed, 28 Jan 2026" in caught
    assert "mathjax'>\n" in caught
    assert "<p class" not in get.get(DAY).text  # no abstracts unless asked for


def test_catchup_in_pages(server: Server, get: httpx2.Client) -> None:
    whole = ids(get.get(f"{DAY}?abs=True").text)
    server.set(page_size=20)
    first, second, third = (get.get(f"{DAY}?abs=True&page={page}").text for page in (1, 2, 3))
    assert ids(first) + ids(second) == whole
    assert "View page: <span>1</span>" in first
    assert headings(second)[0] == "Cross submissions (continued, showing last 1 of 6 entries)"
    assert "No further updates" in third


def test_an_empty_day(get: httpx2.Client) -> None:
    page = get.get("/catchup/cs.SD/2026-01-24?abs=True").text
    assert "No updates for Sat, 24 Jan 2026" in page
    assert "/catchup/cs.SD/2026-01-26?abs=True" in page  # the next announcement
    assert headings(page) == []


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/catchup/cs.SD/2025-10-01", "only allowed for past 90 days"),
        ("/catchup/cs.SD/2026-01-29", "date later than today"),
        ("/catchup/cs.SD+eess.AS/2026-01-28", "Invalid subject"),
        (f"{DAY}?abs=true", "Invalid abs value"),
        (f"{DAY}?skip=1", "Unexpected parameters"),
        (f"{DAY}?page=0", "Invalid page value"),
        ("/catchup/cs.SD/20260128", "Invalid date format"),
    ],
)
def test_catchup_refuses(get: httpx2.Client, path: str, reason: str) -> None:
    answer = get.get(path)
    assert answer.status_code == 400
    assert reason in tree(answer.text).xpath("//h1")[0].text_content()


def test_a_category_without_papers_has_no_sections(get: httpx2.Client) -> None:
    page = get.get("/list/quant-ph/new").text
    assert headings(page) == ["Showing new listings for Wednesday, 28 January 2026"]
    assert "No updates today." in page


def test_over_the_weekend_the_listing_keeps_its_last_day(server: Server, get: httpx2.Client) -> None:
    server.set(today="2026-01-31")
    assert headings(get.get("/list/cs.SD/new").text)[0].endswith("Wednesday, 28 January 2026")
    assert "No updates" in get.get("/catchup/cs.SD/2026-01-30").text


def test_other_days_from_a_file(server: Server, get: httpx2.Client, tmp_path: Path) -> None:
    path = write(
        tmp_path / "days.jsonl",
        record("2601.00002", date="2026-01-27"),
        record("math/0405482", date="2026-01-28", kind="cross", categories=["math.PR", "cs.SD"], version=3),
        record("2601.00003", kind="replaced", version=2, pages=["cs.SD"], categories=["cs.SD", "eess.AS"]),
        record("2601.00003", categories=["cs.SD", "eess.AS"], version=2, pages=["eess.AS"]),
    )
    server.set(records=[path])
    assert ids(get.get("/list/cs.SD/new").text) == ["math/0405482", "2601.00003"]
    assert headings(get.get("/list/cs.SD/new").text)[1].startswith(
        "Cross submissions"
    )  # no new ones: no heading
    assert ids(get.get("/list/eess.AS/new").text) == ["2601.00003"]
    assert ids(get.get("/catchup/cs.SD/2026-01-27").text) == ["2601.00002"]
    server.set(records=[path], listing_of="2026-01-27")
    assert headings(get.get("/list/cs.SD/new").text)[0].endswith("27 January 2026")
    server.set(records=[path], listing_of="2026-01-27", listing_as="2026-01-28", miscount=1)
    stale = get.get("/list/cs.SD/new").text
    assert headings(stale)[0].endswith("28 January 2026")
    assert headings(stale)[1] == "New submissions (showing 1 of 2 entries)"
    assert ids(stale) == ["2601.00002"]


def test_text_is_escaped_and_an_author_list_may_be_missing(
    server: Server, get: httpx2.Client, tmp_path: Path
) -> None:
    title = 'A <b>bold</b> & "quoted" claim | {{x}}'
    server.set(records=[write(tmp_path / "r.jsonl", record("2601.00001", title=title, authors=[]))])
    page = get.get("/list/cs.SD/new").text
    assert title in tree(page).xpath("//div[starts-with(@class, 'list-title')]")[0].text_content()
    assert "(author list is unavailable)" in page


def test_lines_of_authors_links_and_counts_are_arxivs_own(
    server: Server, get: httpx2.Client, tmp_path: Path
) -> None:
    names = ["The DEEP Collaboration", "Li", "Ann Lee (MIT)", "Bo King, Jr."]
    rows = [
        record("2601.00001", authors=names, comments="see a.org/x, doi:10.1145/1.2"),
        record("2601.00002", authors=[f"Author N{n}" for n in range(101)]),
        record("2601.00003", authors=[f"Author N{n}" for n in range(102)]),
        record("2601.00004"),
    ]
    server.set(records=(write(tmp_path / "r.jsonl", *rows),), deleted=("2601.00004",))
    page = get.get("/list/cs.SD/new").text
    assert headings(page)[1] == "New submissions (showing 3 of 4 entries)"
    assert "Total of 4 entries" in page
    lines = [html.tostring(one, encoding="unicode") for one in tree(page).find_class("list-authors")]
    plain = re.sub(r"<a [^>]*>([^<]*)</a>", r"[\1]", lines[0])
    assert "The [DEEP Collaboration], Li, [Ann Lee] (MIT), [Bo King Jr.]" in plain
    assert [line.count("<a ") for line in lines] == [3, 101, 100]
    assert '<a href="http://a.org/x" rel="external noopener nofollow"' in page
    assert 'data-doi="10.1145/1.2"' in page


def test_a_category_of_two_codes_has_one_page(server: Server, get: httpx2.Client, tmp_path: Path) -> None:
    rows = [record("2601.00001", categories=["eess.SY"]), record("2601.00002", categories=["cs.NI"])]
    server.set(records=(write(tmp_path / "r.jsonl", *rows),))
    for place in ("/list/{}/new", "/catchup/{}/2026-01-28?abs=True&page=1"):
        moved = get.get(place.format("cs.SY"))
        assert (moved.status_code, moved.headers["location"]) == (301, place.format("eess.SY"))
        assert ids(get.get(place.format("eess.SY")).text) == ["2601.00001"]
    server.set(records=(tmp_path / "r.jsonl",), instead={"eess.SY": "cs.NI"})
    assert ids(get.get("/list/eess.SY/new").text) == ["2601.00002"]


def test_an_unchanged_page_is_not_sent_again(get: httpx2.Client) -> None:
    first = get.get("/list/cs.SD/new")
    again = get.get("/list/cs.SD/new", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
