"""Which passages of a paper go into a prompt, within a budget of tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

from digest.model import Passage
from digest.text import clean, sectioning
from digest.text.rows import Row

_CONCLUSION_SHARE = 0.4  # of the budget that the introduction can't take away
_OPENING_SHARE = 0.4  # of a long introduction; the rest is its end, which states the contributions
_GAP = "[…]"

_ABBREVIATIONS = (
    "al|Fig|Figs|Eq|Eqs|Sec|Secs|Tab|Ref|Refs|No|Nos|vs|cf|approx|resp|Dr|Prof|St|i\\.e|e\\.g|w\\.r\\.t|[A-Z]"
)
_SENTENCE = re.compile(
    r"(?:(?<=[.!?])|(?<=[.!?][\"”’)\]]))\s+(?=[\"“(\[]?[A-Z0-9•\u4e00-\u9fff])|(?<=[。！？])"
)
_ABBREVIATED = re.compile(rf"(?:^|[\s(\[.])(?:{_ABBREVIATIONS})\.$")

Count = Callable[[str], int]


class Chosen(NamedTuple):
    """Passages, and the lines of which anything is in them."""

    passages: tuple[Passage, ...]
    rows: tuple[Row, ...]


def passages(rows: Sequence[Row], budget: int, count: Count) -> tuple[Passage, ...]:
    """The passages of `chosen`."""
    return chosen(rows, budget, count).passages


def chosen(rows: Sequence[Row], budget: int, count: Count) -> Chosen:
    """The introduction and the first paragraph of the conclusion.

    Without an introduction the first pages serve. Nothing stands for a missing conclusion: what papers end
    with otherwise (limitations, appendices, rules of a challenge) misleads.

    Args:
        rows: the paper's lines in reading order.
        budget: tokens of all passages together.
        count: the tokens of a text.
    """
    body = rows[: sectioning.end_of_body(rows)]
    paper = "\n".join(row.content for row in rows)
    beginning = sectioning.introduction(body) or sectioning.first_pages(body)
    end = sectioning.conclusion(body) or sectioning.Part("Conclusion", [])
    read = sectioning.main_text(beginning.rows), sectioning.first_paragraph(sectioning.main_text(end.rows))
    texts = [clean.join((row.content for row in part), paper) for part in read]
    needed = [count(text) for text in texts]
    for_end = min(needed[1], max(int(_CONCLUSION_SHARE * budget), budget - needed[0]))
    opened = _both_ends(texts[0], budget - for_end, count)
    closed = _start(texts[1], for_end, count), ""
    parts = ((beginning.name, read[0], opened), (end.name, read[1], closed))
    return Chosen(
        tuple(_passage(name, part, " ".join(filter(None, ends))) for name, part, ends in parts if any(ends)),
        tuple(row for _, part, ends in parts for row in _told(part, *ends)),
    )


def sentences(text: str) -> list[str]:
    """The sentences of a running text; together they are the text but for the spaces between them."""
    found: list[str] = []
    for piece in _SENTENCE.split(text):
        if found and _ABBREVIATED.search(found[-1][-12:]):
            found[-1] += f" {piece}"
        elif piece:
            found.append(piece)
    return found


def _passage(name: str, rows: Sequence[Row], content: str) -> Passage:
    return Passage(heading=name, pages=tuple(sorted({row.page for row in rows})), content=content)


def _told(rows: Sequence[Row], start: str, end: str) -> list[Row]:
    """The rows of which the start or the end of a text has anything; letters outlive joining and cutting."""
    afters = list(accumulate(_letters(row.content) for row in rows))
    first, last = _letters(start), (afters[-1] if afters else 0) - _letters(end)
    befores = [0, *afters]
    return [
        row
        for row, before, after in zip(rows, befores, afters, strict=False)
        if before < first or after > last
    ]


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _start(text: str, budget: int, count: Count) -> str:
    """As many whole sentences from the start as the budget allows."""
    if count(text) <= budget:
        return text
    pieces = sentences(text)
    return " ".join(pieces[: _fitting(pieces, budget, count)])


def _both_ends(text: str, budget: int, count: Count) -> tuple[str, str]:
    """The start of a text, with a mark for the gap, and its end, in whole sentences; all of it is a start."""
    if count(text) <= budget:
        return text, ""
    pieces = sentences(text)
    room = budget - count(_GAP)
    first = _fitting(pieces, int(_OPENING_SHARE * room), count)
    spent = sum(count(piece) for piece in pieces[:first])
    last = _fitting(pieces[:first:-1], room - spent, count)
    if not first and not last:
        return "", ""
    return " ".join([*pieces[:first], _GAP]), " ".join(pieces[-last:] if last else ())


def _fitting(pieces: Sequence[str], budget: int, count: Count) -> int:
    """The number of pieces that fit."""
    return sum(total <= budget for total in accumulate(count(piece) for piece in pieces))
