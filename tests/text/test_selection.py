from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.text.rows import Row
from digest.text.selection import chosen, passages, sentences
from digest.text.tokens import count


def test_introduction_and_conclusion_are_chosen_with_their_pages() -> None:
    chosen = passages(_paper(8, 4), 3000, _count)

    assert [(passage.heading, passage.pages) for passage in chosen] == [
        ("Introduction", (1, 2)),
        ("Conclusion", (3,)),
    ]
    assert chosen[0].content.startswith("Introduced fact 0 about herons is stated here.")
    assert "Figure 1" not in "".join(passage.content for passage in chosen)


def test_only_the_first_paragraph_of_the_conclusion_is_chosen() -> None:
    rows = [
        *_section(1, "1 Introduction", "Introduced", 8),
        *_section(3, "3 Conclusion", "Concluded", 4),
        _row(3, "Herons are counted."),
        *_section(3, "", "Limited", 6),
        _head(3, "References"),
    ]

    conclusion = passages(rows, 3000, _count)[1]

    assert conclusion.content.endswith("Concluded fact 3 about herons is stated here. Herons are counted.")


def test_nothing_is_taken_from_the_references_or_from_behind_them() -> None:
    rows = [*_paper(8, 4), _row(4, "Figure 9: From the appendix."), *_section(4, "B Proofs", "Proved", 20)]

    text = "\n".join(passage.content for passage in passages(rows, 3000, _count))

    assert "Egret" not in text
    assert "appendix" not in text
    assert "Proved" not in text


def test_a_long_introduction_keeps_its_start_and_its_end_and_leaves_the_conclusion_alone() -> None:
    introduction, conclusion = passages(_paper(200, 4), 400, _count)[:2]

    assert introduction.content.startswith("Introduced fact 0 about")
    assert introduction.content.endswith("Introduced fact 199 about herons is stated here.")
    assert " […] " in introduction.content
    assert conclusion.content.endswith("Concluded fact 3 about herons is stated here.")


@pytest.mark.slow
@given(st.integers(1, 40), st.integers(1, 40), st.integers(30, 900), st.booleans())
def test_the_rows_are_those_of_which_something_is_in_the_passages(
    introduced: int, concluded: int, budget: int, has_gap: bool
) -> None:
    rows = _paper(introduced, concluded)
    if has_gap:  # of the paper's own, which is not where it was cut
        rows = [row._replace(content=row.content.replace("about", "[…] about")) for row in rows]

    found = chosen(rows, budget, _count)

    text = " ".join(passage.content for passage in found.passages)
    facts = [row for row in rows if " fact " in row.content]
    assert [row for row in facts if row.content in text] == [row for row in facts if row in found.rows]


def test_a_long_conclusion_gets_what_a_short_introduction_leaves() -> None:
    introduction, conclusion = passages(_paper(10, 100), 400, _count)[:2]

    assert introduction.content.endswith("Introduced fact 9 about herons is stated here.")
    assert conclusion.content.startswith("Concluded fact 0 about")
    assert conclusion.content.endswith("is stated here.")
    assert _count(conclusion.content) > 160


@pytest.mark.slow
@given(st.integers(200, 1200), st.integers(8, 120), st.integers(4, 120))
def test_the_budget_is_kept_and_cuts_are_at_the_ends_of_sentences(
    budget: int, introduced: int, concluded: int
) -> None:
    chosen = passages(_paper(introduced, concluded), budget, _count)

    assert sum(_count(passage.content) for passage in chosen) <= budget
    for passage in chosen:
        for part in passage.content.split(" […] "):
            assert part.endswith(".")


def test_without_headings_the_first_pages_serve_and_nothing_stands_for_the_conclusion() -> None:
    rows = [_row(page, f"Plain fact {page} {i} is stated.") for page in range(1, 6) for i in range(40)]

    (first,) = passages([*rows, _head(6, "References"), _row(6, "[1] A. Egret.")], 3000, _count)

    assert (first.heading, first.pages) == ("First pages", (1, 2))


def test_a_paper_of_one_page_is_not_given_twice() -> None:
    (only,) = passages([_row(1, f"Plain fact {i} is stated.") for i in range(20)], 3000, _count)

    assert only.content.count("Plain fact 3 ") == 1


def test_sentences_end_where_they_end() -> None:
    text = "Egret et al. (1998) counted, cf. Fig. 2, e.g. herons. (They did!) “Did they?” 42 were seen."

    assert sentences(text) == [
        "Egret et al. (1998) counted, cf. Fig. 2, e.g. herons.",
        "(They did!)",
        "“Did they?”",
        "42 were seen.",
    ]
    assert sentences("苍鹭很少鸣叫。我们提出检测器。") == ["苍鹭很少鸣叫。", "我们提出检测器。"]


def _paper(introduced: int, concluded: int) -> list[Row]:
    return [
        *_section(1, "1 Introduction", "Introduced", introduced // 2),
        *_section(2, "", "Introduced", introduced - introduced // 2, introduced // 2),
        *_section(2, "2 Method", "Measured", 40),
        _row(2, "Figure 1: A heron at dawn. It stands.", size=9),
        *_section(3, "3 Conclusion", "Concluded", concluded),
        _head(3, "References"),
        _row(3, "[1] A. Egret. Standing still. Journal of Marshes, 1998."),
    ]


def _section(page: int, title: str, verb: str, number: int, first: int = 0) -> list[Row]:
    facts = [_row(page, f"{verb} fact {first + i} about herons is stated here.") for i in range(number)]
    return [_head(page, title), *facts] if title else facts


def _head(page: int, title: str) -> Row:
    return Row(page, title, 100, 12, bold=True)


def _row(page: int, content: str, size: float = 10) -> Row:
    return Row(page, content, 300, size, bold=False)


def _count(text: str) -> int:
    return count(text, "any-model")[0]
