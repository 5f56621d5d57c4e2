from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import AnnounceType, Paper
from digest.sources.arxiv.category_day import CategoryDay, check_page, join_pages
from digest.sources.arxiv.listing_parse import parse_listing
from digest.system.errors import CountError, SourceError
from tests.sources.support import entry, page, section


def one_paper(**fields: str) -> Paper:
    read = parse_listing(
        page(section("New submissions (showing 1 of 1 entries)", [entry(1, "2601.00001", **fields)])), "cs.SD"
    )
    return read.sections[0].papers[0]


@pytest.mark.parametrize("address", ["http://[link]", "https://[::1", "http://x]/y", "http://[v1.a/b"])
def test_a_half_written_address_stops_no_day(address: str) -> None:
    paper = one_paper(comments=f'code: <a href="{address}">this http URL</a>')
    assert paper.comments == f"code: {address}"


def test_an_entry_in_full() -> None:
    paper = one_paper(
        title="Hearing &amp; Seeing:\n  A $\\beta$-Study",
        authors='<a href="/s?searchtype=author">Ann Lee</a> (MIT), <a href="/s?searchtype=author">Q. Bo</a>',
        abstract="We say <a href='https://example.org/a_b'>this https URL</a>.<br>\n Twice   so.",
        comments="8 pages, $\\alpha$; code: <a href='https://example.org/x'>this https URL</a>",
        subjects='<span class="primary-subject">Sound (cs.SD)</span>; Mathematical Physics (math-ph); '
        "Chemical Physics (physics.chem-ph)",
        links=', <a href="https://arxiv.org/html/2601.00001v3" title="View HTML">html</a>',
    )
    assert paper == Paper(
        id="2601.00001",
        version=3,
        title="Hearing & Seeing: A $\\beta$-Study",
        authors=("Ann Lee", "Q. Bo"),
        abstract="We say https://example.org/a_b. Twice so.",
        comments="8 pages, $\\alpha$; code: https://example.org/x",
        categories=("cs.SD", "math-ph", "physics.chem-ph"),
    )


@pytest.mark.parametrize(
    ("shown", "names"),
    [
        ("(author list is unavailable)", ()),
        ("<a href='#'>A. Lee</a>, Bo, <a href='#'>C. Diaz</a>", ("A. Lee", "Bo", "C. Diaz")),
        (
            "<a href='#'>A. Lee</a> (1 and 2), <a href='#'>B. Mo</a> (2) ((1) Here, (2) There)",
            ("A. Lee", "B. Mo"),
        ),
        (
            "<a href='#'>A. Lee</a>, for the <a href='#'>DEEP collaboration</a>",
            ("A. Lee", "DEEP collaboration"),
        ),
        (
            "<span class='descriptor'>Authors:</span> <a href='#'>A. Lee</a>, <a href='#'>B. Mo</a>",
            ("A. Lee", "B. Mo"),
        ),
        ("Ann Lee, Bo Chen", ("Ann Lee", "Bo Chen")),
        ("Ann Lee, R&amp;D Lab &amp; Bo Chen", ("Ann Lee", "R&D Lab", "Bo Chen")),
        (
            "<a href='#'>Ed Fox</a>, III, <a href='#'>B. Mo</a>, IV (MIT), Ng, <a href='#'>C. Wu</a>, Jr.",
            ("Ed Fox, III", "B. Mo, IV", "Ng", "C. Wu, Jr."),
        ),
        ("<a href='#'>Ed Fox</a>, III and <a href='#'>B. Mo</a>", ("Ed Fox, III", "B. Mo")),
        ("<a href='#'>Ann Lee</a>, <a href='#'>Bob Stone et al.</a>", ("Ann Lee", "Bob Stone")),
        ("<a href='#'>Ann Lee</a>, <a href='#'>Bob Stone</a>, et. al", ("Ann Lee", "Bob Stone")),
        ("<a href='#'>J. Petal</a>, <a href='#'>Et Alba</a>", ("J. Petal", "Et Alba")),
        (
            ", ".join(f"<a href='#'>Author {n}</a>" for n in range(3000)),
            tuple(f"Author {n}" for n in range(3000)),
        ),
    ],
)
def test_authors(shown: str, names: tuple[str, ...]) -> None:
    assert one_paper(authors=shown).authors == names


def test_words_that_arxiv_took_for_host_names_come_back_as_words() -> None:
    words = ("optimal.We", "Claude.ai", "www.example.org", "http://a.org/b", "http://a.org?c")
    linked = " ".join(f"<a href='http://{word.removeprefix('http://')}'>this http URL</a>" for word in words)
    assert one_paper(abstract=linked).abstract == " ".join(words)
    mail = one_paper(comments="a.b@nus.<a href='http://edu.sg'>this http URL</a>")
    assert mail.comments == "a.b@nus.edu.sg"


def test_links_to_papers_keep_their_words_and_name_nobody() -> None:
    paper = one_paper(abstract="Extends <a href='https://arxiv.org/abs/2501.09999'>arXiv:2501.09999</a>.")
    assert paper.id == "2601.00001"
    assert paper.abstract == "Extends arXiv:2501.09999."


@pytest.mark.parametrize("arxiv_id", ["hep-th/9901001", "math.AG/0405482", "0704.0001", "2601.19781"])
def test_identifiers_old_and_new(arxiv_id: str) -> None:
    read = parse_listing(
        page(section("Cross submissions (showing 1 of 1 entries)", [entry(1, arxiv_id)])), "math-ph"
    )
    assert read.sections[0].listings[0].id == arxiv_id


@pytest.mark.parametrize(
    ("heading", "kind", "shown", "total"),
    [
        ("New submissions (showing 2 of 2 entries)", "new", 2, 2),
        ("  Cross-lists   (showing first 2 of 1,234 entries )", "cross", 2, 1234),
        ("Replacement submissions (continued, showing last 2 of 2500 entries)", "replaced", 2, 2500),
        ("Replacements (continued, showing 2 of 9 entries)", "replaced", 2, 9),
        ("New submissions for Wednesday, 28 January 2026 (showing 2 of 2 entries )", "new", 2, 2),
    ],
)
def test_section_headings(heading: str, kind: AnnounceType, shown: int, total: int) -> None:
    read = parse_listing(page(section(heading, [entry(1, "2601.00001"), entry(2, "2601.00002")])), "cs.SD")
    assert [(one.kind, one.shown, one.total) for one in read.sections] == [(kind, shown, total)]


def test_markup_may_differ_in_quotes_case_and_space() -> None:
    plain = page(
        section("New submissions (showing 1 of 1 entries)", [entry(1, "2601.00001", comments="5 pages")]),
        total=1,
    )
    other = (
        plain.replace("<h3>", "<H3 class=x>\n ")
        .replace("href =", "href=")
        .replace("'", '"')
        .replace("</dd>", "")
    )
    assert parse_listing(other, "cs.SD") == parse_listing(plain, "cs.SD")


def test_papers_cannot_speak_for_arxiv() -> None:
    said = "Total of 77 entries. Showing new listings for Monday, 1 June 2020. No updates today."
    read = parse_listing(
        page(
            section(
                "New submissions (showing 1 of 1 entries)",
                [entry(1, "2601.00001", abstract=said, title=said)],
            ),
            total=1,
        ),
        "cs.SD",
    )
    assert (read.date, read.total) == (date(2026, 1, 28), 1)


def test_a_day_without_papers_is_a_page_all_the_same() -> None:
    read = parse_listing(page("<p>No updates today.</p>"), "cs.SD")
    assert join_pages("cs.SD", [read]).listings == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Rate exceeded.",
        "<html><body><h1>Access Denied</h1></body></html>",
        page(entry(1, "2601.00001")),
        page(
            section("New submissions (showing 1 of 1 entries)", ["<dt><a href='/abs/'>[1]</a></dt><dd></dd>"])
        ),
        page(section("New submissions (showing 1 of 1 entries)", [entry(1, "2601.00001", title=" ")])),
    ],
)
def test_what_is_no_listing_is_refused(text: str) -> None:
    with pytest.raises(SourceError):
        parse_listing(text, "cs.SD")


def joined(*texts: str) -> CategoryDay:
    pages = [parse_listing(text, "cs.SD") for text in texts]
    for one in pages:
        check_page("cs.SD", one)
    return join_pages("cs.SD", pages)


def ids(*numbers: int) -> list[str]:
    return [entry(n, f"2601.{n:05}") for n in numbers]


def test_pages_that_continue_each_other() -> None:
    first = page(
        section("New submissions (showing 2 of 2 entries)", ids(1, 2)),
        section("Cross submissions (showing first 1 of 3 entries)", ids(3)),
        total=6,
    )
    second = page(
        section("Cross submissions (continued, showing last 2 of 3 entries)", ids(4, 5)),
        section("Replacement submissions (showing 1 of 1 entries)", ids(6)),
        total=6,
    )
    day = joined(first, second)
    assert day.declared == {"new": 2, "cross": 3, "replaced": 1}
    assert [one.position for one in day.listings] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("texts", "figures"),
    [
        ([page(section("New submissions (showing 3 of 3 entries)", ids(1, 2)))], "shows 3 new papers, but 2"),
        (
            [page(section("New submissions (showing first 2 of 5 entries)", ids(1, 2)))],
            "declares 5 papers in cs.SD, but lists 2",
        ),
        (
            [page(section("New submissions (showing 2 of 2 entries)", ids(1, 2)), total=1)],
            "declares 1 papers in all in cs.SD, but 2 by its headings",
        ),
        ([page(section("New submissions (showing 2 of 2 entries)", ids(1, 1)))], "list 2601.00001 twice"),
        (
            [page(section("New submissions (showing 2 of 2 entries)", ids(1, 2))).replace("</html>", "")],
            "breaks off after 2 papers",
        ),
        (
            [
                page(section("New submissions (showing first 1 of 2 entries)", ids(1))),
                page(section("New submissions (continued, showing last 1 of 3 entries)", ids(2))),
            ],
            "different numbers of new papers",
        ),
    ],
)
def test_counts_that_do_not_hold_are_errors_with_figures(texts: list[str], figures: str) -> None:
    with pytest.raises(CountError, match=re.escape(figures)):
        joined(*texts)


def test_a_page_without_a_date_is_refused() -> None:
    with pytest.raises(SourceError, match="does not state which day"):
        joined(page(section("New submissions (showing 1 of 1 entries)", ids(1)), date_words="today"))


@given(st.integers(0, 10_000))
def test_a_page_cut_anywhere_never_passes_for_whole(where: int) -> None:
    whole = page(
        section("New submissions (showing 2 of 2 entries)", ids(1, 2)),
        section("Cross submissions (showing 1 of 1 entries)", ids(3)),
        total=3,
    )
    cut = whole[: where % len(whole)]
    try:
        day = joined(cut)
    except SourceError:
        return
    assert day == joined(whole)  # nothing but the end of the page is missing


RECORDED = {
    "catchup_cs.SD_2025-05-14_abs": (3, 3, 4),
    "catchup_cs.SD_2025-05-14_abs_seen_2025-05-20": (3, 3, 4),
    "catchup_cs.SD_2025-05-14_noabs": (3, 3, 4),
    "catchup_cs.SD_2025-05-15_abs": (4, 4, 3),
    "catchup_cs.SD_2025-05-16_abs": (7, 4, 7),
    "catchup_cs.SD_2025-05-17_empty_Saturday": (0, 0, 0),
    "catchup_cs.SD_2025-05-19_abs": (7, 6, 6),
    "catchup_eess.AS_2025-05-14_abs": (1, 5, 4),
    "catchup_eess.AS_2025-05-15_abs": (2, 7, 3),
    "catchup_eess.AS_2025-05-16_abs": (3, 7, 7),
    "catchup_eess.AS_2025-05-19_abs": (2, 12, 4),
    "list_cs.SD_new_2025-05-14": (3, 3, 4),
    "list_cs.SD_new_2025-05-19": (7, 6, 6),
    "list_eess.AS_new_2025-05-14": (1, 5, 4),
    "real_list_cs.AI_new_2026-08-12_trimmed_polaris": (2, 2, 2),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_pages(shared: Path, name: str) -> None:
    text = (shared / "arxiv" / "html" / f"{name}.html").read_text(encoding="utf-8")
    day = join_pages("cs.SD", [parse_listing(text, "cs.SD")])
    counts = tuple(sum(one.kind == kind for one in day.listings) for kind in ("new", "cross", "replaced"))
    assert counts == RECORDED[name]
    assert str(day.date) in name
    for paper in day.papers:
        assert paper.authors
        assert paper.categories
        assert "URL" not in f"{paper.abstract}{paper.comments}"
        assert f"/abs/{paper.id}" in text
        assert bool(paper.abstract) == ("noabs" not in name)


def test_every_other_recorded_page_is_refused(shared: Path) -> None:
    others = [one for one in sorted((shared / "arxiv" / "html").glob("*.html")) if one.stem not in RECORDED]
    others += sorted((shared / "arxiv" / "pdf_http").glob("*.html"))
    assert len(others) == 14
    for file in others:
        with pytest.raises(SourceError):
            parse_listing(file.read_text(encoding="utf-8"), "cs.SD")


def test_versions_of_the_recorded_page(shared: Path) -> None:
    name = "real_list_cs.AI_new_2026-08-12_trimmed_polaris"
    text = (shared / "arxiv" / "html" / f"{name}.html").read_text(encoding="utf-8")
    day = join_pages("cs.AI", [parse_listing(text, "cs.AI")])
    assert {one.id: one.version for one in day.listings} == {
        "2608.09949": 1,
        "2608.09967": 1,
        "2505.11635": 2,
        "2607.28646": None,
        "2112.07752": 5,
        "2505.23399": 2,
    }


def test_a_collaboration_keeps_its_article_and_no_preposition() -> None:
    team = "<a>CMS Collaboration</a>"
    assert one_paper(authors=f"<a>Ann Lee</a>, The {team}").authors == ("Ann Lee", "The CMS Collaboration")
    for words in ("for the", "on behalf of the", "on behalf of"):
        assert one_paper(authors=f"<a>Ann Lee</a> {words} {team}").authors == ("Ann Lee", "CMS Collaboration")
