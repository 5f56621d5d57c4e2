from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings

from digest.model import Digest, Entry, Flag, RoundTripHints, Summary
from digest.publish.markdown import DOUBT, flattened, render
from digest.publish.markdown_parser import parse
from tests.conftest import FULL
from tests.publish.samples import PAGE, digest_of, digests, entry

NAME = "20260128_Wed/audio.md"


def test_seed_comes_back_byte_for_byte(root: Path) -> None:
    seed = root / "tests" / "data" / "audio-20260128.md"
    text = seed.read_bytes().decode()
    digest = parse(text, str(seed))
    assert render(digest) == text
    assert digest.form is None
    assert [entry.listing.kind for entry in digest.entries] == ["new"] * 27 + ["replaced"] * 17
    assert all(entry.summary and entry.paper.version for entry in digest.entries)


def test_published_days_come_back_byte_for_byte(shared: Path) -> None:
    files = sorted((shared / "days").glob("*.md"))
    assert files
    for file in files:
        text = file.read_bytes().decode()
        digest = parse(text, str(file))
        assert render(digest) == text, file
        assert digest.counts.listed == text.count("\n#### ["), file


def test_new_and_cross_share_a_part_and_its_numbers() -> None:
    page = render(digest_of(entry("replaced", title="C"), entry("cross", title="B"), entry("new", title="A")))
    titles = [line for line in page.splitlines() if line.startswith("#### ")]
    assert titles == ["#### [new 001] B", "#### [new 002] A", "#### [replaced 001] C"]
    assert page.index("[new 002]") < page.index("## 更新") < page.index("[replaced 001]")


def test_empty_digest_has_both_parts() -> None:
    page = render(digest_of())
    head = "# 音频 cs.SD;  eess.AS\n\n- **最新发布 0 篇**\n\n- **更新 0 篇**\n\n"
    assert page == f"{head}## 最新发布\n\n## 更新\n\n"
    assert parse(page, NAME).entries == ()


@pytest.mark.parametrize(
    ("summary", "flag", "expected"),
    [
        (Summary(line="一行。"), None, "- **简介: 一行。**"),
        (Summary(line="一行。"), Flag(code="checks", reason="待核"), "- **简介: 一行。〔待核〕**"),
        (None, Flag(code="refused", reason="模型拒绝"), "- **简介: 〔未生成：模型拒绝〕**"),
        (Summary(line=" "), Flag(code="empty", reason="空"), "- **简介: 〔未生成：空〕**"),
        (None, None, None),
    ],
)
def test_line_of_an_entry(summary: Summary | None, flag: Flag | None, expected: str | None) -> None:
    page = render(digest_of(entry(summary=summary, flag=flag)))
    lines = [line for line in page.splitlines() if "简介" in line]
    assert lines == ([expected] if expected else [])


def test_link_without_version_and_blank_comments() -> None:
    page = render(digest_of(entry(version=None, comments=" \n")))
    assert "- **链接: [https://arxiv.org/pdf/2601.00009](https://arxiv.org/pdf/2601.00009)**" in page
    assert "备注" not in page


def test_metadata_becomes_one_line_and_is_not_escaped() -> None:
    page = render(digest_of(entry(title="A\n  $x<y$ |\x0c **b**", authors=("X\ty", "Z; W"))))
    assert "#### [new 001] A $x<y$ | **b**\n" in page
    assert "> **作者:** X y; Z;W\n" in page


def test_text_over_several_lines_is_kept_only_where_it_cannot_be_taken_for_structure() -> None:
    verbatim = RoundTripHints(verbatim=True)
    kept = digest_of(entry(abstract="One\ntwo")).model_copy(update={"form": verbatim})
    joined = digest_of(entry(abstract="One\n>\n---\n#### [new 002] two")).model_copy(
        update={"form": verbatim}
    )
    assert "> **摘要:** One\ntwo\n>\n---\n" in render(kept)
    assert "> **摘要:** One > --- #### [new 002] two\n>\n---\n" in render(joined)


@given(digests)
@settings(max_examples=200 if FULL else 12)
def test_whatever_is_rendered_reads_back(digest: Digest) -> None:
    again = parse(render(digest), NAME)
    assert again.section == digest.section
    assert again.form is None or again.form.verbatim
    order = sorted(digest.entries, key=lambda entry: entry.listing.kind == "replaced")
    assert [shown(entry, flattened) for entry in order] == [shown(entry, str) for entry in again.entries]


def shown(entry: Entry, clean: Callable[[str], str]) -> tuple[object, ...]:
    """What Markdown says of an entry."""
    paper = entry.paper
    kind = "replaced" if entry.listing.kind == "replaced" else "new"
    authors = "; ".join(clean(name).replace("; ", ";") for name in paper.authors)
    line = clean(entry.summary.line) if entry.summary else ""
    if entry.flag:
        line = f"{line}{DOUBT}" if line else f"〔未生成：{clean(entry.flag.reason)}〕"
    version = paper.version if paper.id else None
    texts = clean(paper.title), clean(paper.comments or ""), clean(paper.abstract)
    return kind, paper.id, version, paper.categories, authors, line, *texts


def test_page_of_the_samples_is_of_our_form() -> None:
    digest = parse(PAGE, NAME)
    assert render(digest) == PAGE
    assert digest.form is None
