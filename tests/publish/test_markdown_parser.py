from __future__ import annotations

import contextlib
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Digest, RoundTripHints
from digest.publish.markdown import render
from digest.publish.markdown_parser import parse
from digest.system.errors import FormatError
from tests.publish.samples import PAGE

NAME = "20260128_Wed/audio.md"
LINK = "[https://arxiv.org/pdf/2601.00001v1](https://arxiv.org/pdf/2601.00001v1)"


def accept(old: str, new: str) -> Digest:
    """The digest of PAGE with `old` replaced once, after making sure that it comes back."""
    text = PAGE.replace(old, new, 1)
    assert text != PAGE
    digest = parse(text, NAME)
    assert render(digest) == text
    return digest


def test_every_field_is_read() -> None:
    digest = parse(PAGE, NAME)
    first, second, third = digest.entries
    assert digest.section.key == "audio"
    assert digest.section.title == "音频"
    assert digest.section.categories == ("cs.SD", "eess.AS")
    assert digest.date == date(2026, 1, 28)
    assert digest.counts.kept
    assert first.paper.versioned_id == "2601.00001v1"
    assert first.paper.title == "A Kettle That Listens"
    assert first.paper.authors == ("Ada Byron", "Émilie du Châtelet")
    assert first.paper.comments == "4 pages, $x < y$ | **bold**"
    assert first.paper.abstract == "We listen to kettles."
    assert first.summary is not None
    assert first.summary.line == "该论文属于声音事件检测任务，旨在解决水壶误报问题。"
    assert second.paper.categories == ("eess.AS", "68T05, 91A80", "I.2.7")
    assert second.paper.comments is None
    assert (second.listing.position, second.listing.category) == (2, "eess.AS")
    assert (third.listing.kind, third.listing.position, third.listing.version) == ("replaced", 1, 4)


@pytest.mark.parametrize(
    ("link", "identifier", "version", "base"),
    [
        ("http://arxiv.org/pdf/2505.08175v1", "2505.08175", 1, "http://arxiv.org/pdf/"),
        ("https://arxiv.org/pdf/2603.08574", "2603.08574", None, None),
        (
            "https://export.arxiv.org/abs/math.GT/0309136v12",
            "math.GT/0309136",
            12,
            "https://export.arxiv.org/abs/",
        ),
        ("https://arxiv.org/pdf/hep-th/9901001", "hep-th/9901001", None, None),
        ("", "", None, None),
    ],
)
def test_links(link: str, identifier: str, version: int | None, base: str | None) -> None:
    digest = accept(LINK, f"[{link}]({link})")
    first = digest.entries[0]
    assert (first.paper.id, first.paper.version, first.link_base) == (identifier, version, base)
    assert first.listing.id == identifier
    assert digest.form is None


def test_entry_without_a_line_counts_as_neither() -> None:
    digest = accept("- **简介: 该论文属于调音任务。**\n\n", "")
    assert digest.entries[1].summary is None
    assert (digest.counts.listed, digest.counts.summarised, digest.counts.kept) == (3, 2, False)


def test_marks_become_flags() -> None:
    doubtful = accept("调音任务。**", "调音任务。〔待核〕**").entries[1]
    missing = accept("该论文属于调音任务。", "〔未生成：模型拒绝〔再试〕〕").entries[1]
    assert doubtful.summary is not None
    assert doubtful.flag is not None
    assert (doubtful.summary.line, doubtful.flag.reason) == ("该论文属于调音任务。", "待核")
    assert missing.summary is None
    assert missing.flag is not None
    assert missing.flag.reason == "模型拒绝〔再试〕"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("4 pages, ", "4 pages,\n\n5 figures\n> more, "),
        ("水壶误报问题。", "水壶误报问题：\n- 第一**\n\n- 第二\f\r"),
        ("We listen", "We\n---\nlisten  \n"),
        ("On Bells", "On  Bells "),
        ("On Bells\n", "On\nBells\n"),
        ("该论文属于调音任务。", ""),
        ("Hermann Helmholtz", ""),
        ("eess.AS; 68T05, 91A80; I.2.7", ""),
        ("4 pages, $x < y$ | **bold**", ""),
        ("Forks hum.", "\u00a0"),
    ],
)
def test_spacing_and_empty_fields_are_kept(old: str, new: str) -> None:
    digest = accept(old, new)
    assert len(digest.entries) == 3
    assert digest.form in {None, RoundTripHints(verbatim=True)}


def test_counts_of_the_head_that_disagree_are_kept_and_noted() -> None:
    digest = accept("最新发布 2 篇", "最新发布 7 篇")
    assert digest.form == RoundTripHints(declared=(7, 1))
    assert digest.counts.announced == 8
    assert not digest.counts.kept
    assert "7 new" in digest.notes[0]


@pytest.mark.parametrize(
    ("heading", "title", "categories", "form"),
    [
        ("# 音频 cs.SD;  eess.SP", "音频", ("cs.SD", "eess.SP"), None),
        ("# 计算机与社会 cs.CY", "计算机与社会", ("cs.CY",), None),
        ("# AI & law quant-ph;  physics.chem-ph", "AI & law", ("quant-ph", "physics.chem-ph"), None),
        (
            "# 音频  cs.SD; eess.AS",
            "音频",
            ("cs.SD", "eess.AS"),
            RoundTripHints(heading="# 音频  cs.SD; eess.AS"),
        ),
    ],
)
def test_headings(heading: str, title: str, categories: tuple[str, ...], form: RoundTripHints | None) -> None:
    text = PAGE.replace("# 音频 cs.SD;  eess.AS", heading, 1)
    digest = parse(text, NAME)
    assert (digest.section.title, digest.section.categories, digest.form) == (title, categories, form)
    assert render(digest) == text


@pytest.mark.parametrize(
    ("name", "key", "day"),
    [
        ("audio-20260128.md", "audio", date(2026, 1, 28)),
        ("20250514-text.md", "text", date(2025, 5, 14)),
        ("papers/20260128_Wed/robotics.md", "robotics", date(2026, 1, 28)),
        ("runs/2026-01-28/my_section.md", "my_section", date(2026, 1, 28)),
        ("20261399/Audio.md", "audio", None),
        ("2026-01-28.md", "cs.SD", date(2026, 1, 28)),
        ("音频.md", "cs.SD", None),
        ("120260128.md", "cs.SD", None),
    ],
)
def test_date_and_section_from_the_name(name: str, key: str, day: date | None) -> None:
    digest = parse(PAGE, name)
    assert (digest.section.key, digest.date) == (key, day)


LINES = PAGE.split("\n")


def without(*numbers: int) -> str:
    """PAGE without these lines, counted from 1."""
    return "\n".join(line for number, line in enumerate(LINES, 1) if number not in numbers)


def swapped(first: str, second: str) -> str:
    """PAGE with two of its pieces exchanged."""
    return PAGE.replace(first, "\0").replace(second, first).replace("\0", second)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        pytest.param("", 1, "empty", id="empty"),
        pytest.param(" \n\n", 1, "empty", id="blank"),
        pytest.param("\ufeff" + PAGE, 1, "byte order mark", id="byte order mark"),
        pytest.param(PAGE.replace("\n", "\r\n"), 1, "CR LF", id="all lines end in CR LF"),
        pytest.param(PAGE.replace("I.2.7**\n", "I.2.7**\r\n"), 25, "does not end in **", id="one line does"),
        pytest.param(PAGE.replace("hum", "h\0m"), 32, "NUL", id="binary"),
        pytest.param("# Our project\n\nSome words.\n", 3, "最新发布", id="a README"),
        pytest.param("Hello\n", 1, "heading", id="no heading"),
        pytest.param("# " + "a; " * 400, 1, "heading", id="endless heading"),
        pytest.param("# 音频 cs.SD\n", 1, "ends where", id="heading alone"),
        pytest.param("# 音频 cs.SD", 1, "ends where", id="heading without line feed"),
        pytest.param(without(5, 6), 5, "更新", id="one count missing"),
        pytest.param(PAGE.replace("2 篇", "二 篇"), 3, "最新发布", id="count in words"),
        pytest.param(PAGE.replace("2 篇", "02 篇"), 3, "would be written", id="leading zero"),
        pytest.param(without(7, 8), 7, "## 最新发布", id="no first part"),
        pytest.param(without(35, 36), 35, "[new 003], or", id="no second part"),
        pytest.param("\n".join(LINES[:14]), 14, "ends inside", id="cut between fields"),
        pytest.param("\n".join(LINES[:18]) + "\n", 18, "ends inside", id="cut in an entry"),
        pytest.param(PAGE[: PAGE.index("We listen") + 5], 20, "ends inside", id="cut in a word"),
        pytest.param("\n".join(LINES[:23]) + "\n", 23, "ends inside", id="cut behind a title"),
        pytest.param("\n".join(LINES[:34]) + "\n", 34, "ends where '## 更新'", id="cut between entries"),
        pytest.param(PAGE[:-1], 48, "without a line feed", id="no last line feed"),
        pytest.param(PAGE + "\n", 49, "the next entry", id="empty line at the end"),
        pytest.param(PAGE + "more\n", 49, "the next entry", id="words at the end"),
        pytest.param(PAGE.replace("[new 002]", "[new 003]"), 23, "[new 002]", id="number left out"),
        pytest.param(PAGE.replace("[new 002]", "[replaced 002]"), 23, "[new 002]", id="wrong part"),
        pytest.param(PAGE.replace("[new 001]", "[new 1]"), 9, "'## 更新'", id="number of one digit"),
        pytest.param(without(10, 11), 10, "分类", id="no categories"),
        pytest.param(without(14, 15), 14, "链接", id="no link"),
        pytest.param(without(16, 17), 16, "作者", id="no authors"),
        pytest.param(without(21), 21, "before the next", id="no line below the abstract"),
        pytest.param(without(11), 10, "does not end in **", id="no empty line"),
        pytest.param(PAGE.replace(LINK, "[x](y)"), 14, "a link to arXiv", id="no link to arXiv"),
        pytest.param(PAGE.replace(LINK, LINK.replace("v1)", "v2)")), 14, "twice", id="two links in one"),
        pytest.param(PAGE.replace("/arxiv.org", "/evilarxiv.org"), 14, "a link to arXiv", id="another site"),
        pytest.param(
            swapped("> **作者:** Hermann Helmholtz", "> **摘要:** Forks hum."),
            30,
            "作者",
            id="order of fields",
        ),
    ],
)
def test_refusals_name_the_line(text: str, line: int, said: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse(text, NAME)
    assert caught.value.line == line
    assert said in str(caught.value)
    assert re.match(rf"{NAME}, line {line}: .+\.$", str(caught.value))


_edits = st.tuples(
    st.integers(0, len(PAGE)),
    st.integers(0, 40),
    st.sampled_from(["", "\n", " ", "**", ">\n", "---\n", "x", "\r"]),
)


@given(st.lists(_edits, min_size=1, max_size=3))
def test_damaged_digests_come_back_the_same_or_are_refused(edits: list[tuple[int, int, str]]) -> None:
    text = PAGE
    for start, length, piece in edits:
        text = text[:start] + piece + text[start + length :]
    line = 1
    try:
        assert render(parse(text, NAME)) == text
    except FormatError as error:
        line = error.line
    assert 1 <= line <= text.count("\n") + 1


def test_a_cut_digest_is_refused_or_its_counts_are_noted() -> None:
    unnoticed = []
    for end in range(len(PAGE)):
        with contextlib.suppress(FormatError):
            digest = parse(PAGE[:end], NAME)
            if digest.counts.kept or not digest.notes:
                unnoticed.append(end)
    assert unnoticed == []
