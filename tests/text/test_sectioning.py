from __future__ import annotations

import pytest

from digest.text import sectioning
from digest.text.rows import Row

PROSE = "Herons stand still for hours and call rarely, which makes them hard to count."


def test_sections_are_found_whatever_their_titles_look_like() -> None:
    for introduction, following, conclusion in (
        ("1 Introduction", "2 Related Work", "3 Conclusion"),
        ("1. INTRODUCTION", "2. MARSHES", "3. CONCLUSIONS AND FUTURE WORK"),
        ("I. I NTRODUCTION", "II. M ARSHES", "III. C ONCLUSION"),
        ("Introduction", "Marshes", "Discussion and conclusions"),
        ("1 Introduction and Motivation", "2 Marshes", "9 Concluding Remarks"),
        ("引言", "相关工作", "结论与展望"),
    ):
        rows = _paper(introduction, following, conclusion)

        begin, end = sectioning.introduction(rows), sectioning.conclusion(rows)

        assert begin is not None, introduction
        assert [row.content for row in begin.rows] == [f"{PROSE} {i}" for i in range(8)]
        assert end is not None, conclusion
        assert [row.content for row in end.rows] == [f"{PROSE} {i}" for i in range(16, 24)]


def test_a_number_on_a_row_of_its_own_belongs_to_the_title() -> None:
    rows = [_head("1", top=100), _head("Introduction", top=101), *_prose(0, 8), _head("2", top=300)]
    rows += [_head("Marshes", top=301), *_prose(8, 16)]

    part = sectioning.introduction(rows)

    assert part is not None
    assert len(part.rows) == 8


def test_subsections_belong_to_the_introduction() -> None:
    rows = [_head("1 Introduction"), *_prose(0, 8), _head("1.1 Contributions"), *_prose(8, 12)]
    rows += [_head("2 Marshes"), *_prose(12, 20)]

    part = sectioning.introduction(rows)

    assert part is not None
    assert part.rows[-1].content == f"{PROSE} 11"


def test_a_table_of_contents_is_not_the_introduction() -> None:
    contents = [_row("1 Introduction"), _row("2 Marshes"), _row("3 Conclusion")]

    part = sectioning.introduction([*contents, *_paper("1 Introduction", "2 Marshes", "3 Conclusion")])

    assert part is not None
    assert part.rows[0].content == f"{PROSE} 0"


def test_a_sentence_that_starts_with_a_number_ends_no_section() -> None:
    rows = [_head("1 Introduction"), *_prose(0, 4), _row("2 Herons were seen at dawn"), *_prose(4, 8)]

    part = sectioning.introduction([*rows, _head("2 Marshes"), *_prose(8, 16)])

    assert part is not None
    assert len(part.rows) == 9


@pytest.mark.parametrize(
    "title", ["Acknowledgments", "ACKNOWLEDGEMENTS", "A CKNOWLEDGMENTS", "Appendix A", "Funding"]
)
def test_thanks_and_appendices_are_no_conclusion(title: str) -> None:
    rows = _paper("1 Introduction", "2 Marshes", "3 Conclusion")

    part = sectioning.conclusion([*rows, _row(PROSE + "."), _row(title), *_prose(30, 40)])

    assert part is not None
    assert part.rows[-1].content == f"{PROSE}."


@pytest.mark.parametrize("title", ["References", "8. REFERENCES", "Bibliography", "R EFERENCES", "参考文献"])
def test_the_body_ends_where_the_references_begin(title: str) -> None:
    rows = [*_prose(0, 20), _head(title), _row("[1] A. Egret. Standing still.")]

    assert sectioning.end_of_body(rows) == 20


def test_references_without_a_title_are_known_by_their_first_entry() -> None:
    rows = [*_prose(0, 20), _row("[1] A. Egret. Standing still."), _row("[2] B. Stork. Flying.")]

    assert sectioning.end_of_body(rows) == 20
    assert sectioning.end_of_body(_prose(0, 20)) == 20


@pytest.mark.parametrize("title", ["Future Work", "4 Outlook", "Future Directions and Research", "展望"])
def test_what_may_come_is_no_conclusion(title: str) -> None:
    assert sectioning.conclusion(_paper("1 Introduction", "2 Marshes", title)) is None


def test_a_paragraph_ends_with_a_sentence_before_the_margin() -> None:
    first = [_row(f"{PROSE} {i}") for i in range(3)]
    last = _row("They are counted here.")
    second = [_row(f"It rained, and {PROSE} {i}") for i in range(3)]

    assert sectioning.first_paragraph([*first, last, *second]) == [*first, last]
    assert sectioning.first_paragraph([*first, _row("They are counted by"), *second])[-1] == second[-1]
    assert sectioning.first_paragraph(first) == first
    assert sectioning.first_paragraph([]) == []


def test_a_paragraph_ends_where_the_next_row_stands_off() -> None:
    rows = [
        Row(1, f"{PROSE[:-1]} {i}.", 100 + 12 * i + (9 if i > 3 else 0), 10, bold=False) for i in range(8)
    ]

    assert sectioning.first_paragraph(rows) == rows[:4]


def test_a_heading_like_first_line_is_not_a_paragraph_of_its_own() -> None:
    rows = [_row("We conclude."), *(_row(f"{PROSE} {i}") for i in range(3)), _row("That is all.")]

    assert sectioning.first_paragraph([*rows, _row(PROSE)]) == rows


def test_footnotes_and_labels_are_not_main_text() -> None:
    rows = [*_prose(0, 5), _row("1Work done at the marsh.", size=8), _row("0.5 0.7"), _row("Title", size=17)]

    assert sectioning.main_text(rows) == rows[:5]


def _paper(introduction: str, following: str, conclusion: str) -> list[Row]:
    return [
        _head(introduction),
        *_prose(0, 8),
        _head(following),
        *_prose(8, 16),
        _head(conclusion),
        *_prose(16, 24),
    ]


def _prose(start: int, stop: int) -> list[Row]:
    return [_row(f"{PROSE} {i}") for i in range(start, stop)]


def _head(content: str, top: float = 100) -> Row:
    return Row(1, content, top, 12, bold=True)


def _row(content: str, size: float = 10) -> Row:
    return Row(1, content, 500, size, bold=False)
