from __future__ import annotations

import pytest

from digest.text.clean import body, join
from digest.text.rows import PageText, TextLine

WORDS = ["reeds", "dawn", "rain", "road", "marsh", "calls", "birds", "wind", "frost"]


def test_running_heads_page_numbers_and_the_stamp_are_no_text() -> None:
    pages = [
        _page(
            n,
            ("Heron Letters 7", 40),
            *[(f"{word} on {'abcd'[n]}", 100 + 20 * i) for i, word in enumerate(WORDS)],
            (f"– {n} –", 800),
        )
        for n in range(4)
    ]
    stamp = TextLine("arXiv:2601.00001v2  [cs.SD]  3 Jan 2026", 300, 12, 20, bold=False)
    pages[0] = pages[0]._replace(lines=(stamp, *pages[0].lines))

    rows = body(pages)

    assert [row.content for row in rows] == [f"{word} on {page}" for page in "abcd" for word in WORDS]


def test_a_line_that_stands_once_at_the_top_stays() -> None:
    pages = [
        _page(n, (f"Sentence {'abcd'[n]} begins here", 40), (f"and ends {'abcd'[n]}", 60)) for n in range(4)
    ]

    assert len(body(pages)) == 8


def test_a_number_in_the_middle_of_a_page_stays() -> None:
    lines = [(f"line {i}", 100 + 20 * i) for i in range(9)]
    lines[4] = ("42", 180)

    assert "42" in [row.content for row in body([_page(1, *lines)])]


def test_ligatures_are_taken_apart_and_controls_left_out() -> None:
    rows = body([_page(1, ("eﬃcient\u0000 ﬂight\u200b", 100))])

    assert rows[0].content == "efficient flight"


@pytest.mark.parametrize(
    ("lines", "paper", "text"),
    [
        (["a micro-", "phone listens"], "", "a microphone listens"),
        (["an end-", "to-end model"], "the end-to-end model", "an end-to-end model"),
        (["pre-", "trained"], "pre-trained pretrained", "pretrained"),
        (["from 1990-", "2000"], "", "from 1990- 2000"),
        (["Heron-", "Stork"], "", "Heron- Stork"),
        (["我们提出", "一种方法"], "", "我们提出一种方法"),
        (["one line", "and the next"], "", "one line and the next"),
        ([], "", ""),
    ],
)
def test_lines_become_running_text(lines: list[str], paper: str, text: str) -> None:
    assert join(lines, paper) == text


def _page(number: int, *lines: tuple[str, float]) -> PageText:
    return PageText(
        number, 842, tuple(TextLine(content, top, 72, 10, bold=False) for content, top in lines), ()
    )
