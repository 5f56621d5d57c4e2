"""Which passages of a paper go into a prompt, within a budget of tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import accumulate

from digest.model import Passage
from digest.text import clean, sectioning
from digest.text.clean import Row

_CONCLUSION_SHARE = 0.4  # of the budget that the introduction can't take away
_OPENING_SHARE = 0.4  # of a long introduction; the rest is its end, which states the contributions
_CAPTION_LONGEST = 400  # characters of a caption's first sentence
_GAP = "[…]"

_ABBREVIATIONS = (
    "al|Fig|Figs|Eq|Eqs|Sec|Secs|Tab|Ref|Refs|No|Nos|vs|cf|approx|resp|Dr|Prof|St|i\\.e|e\\.g|w\\.r\\.t|[A-Z]"
)
_SENTENCE = re.compile(
    r"(?:(?<=[.!?])|(?<=[.!?][\"”’)\]]))\s+(?=[\"“(\[]?[A-Z0-9•\u4e00-\u9fff])|(?<=[。！？])"
)
_ABBREVIATED = re.compile(rf"(?:^|[\s(\[.])(?:{_ABBREVIATIONS})\.$")

Count = Callable[[str], int]


def passages(rows: Sequence[Row], budget: int, count: Count) -> tuple[Passage, ...]:
    """Introduction, conclusion and captions; the first and last pages where headings are missing.

    Args:
        rows: the paper's lines in reading order.
        budget: tokens of all passages together.
        count: the tokens of a text.
    """
    body = rows[: sectioning.end_of_body(rows)]
    paper = "\n".join(row.content for row in rows)
    beginning = sectioning.introduction(body) or sectioning.first_pages(body)
    end = sectioning.conclusion(body) or sectioning.last_pages(body, beginning.rows)
    texts = [
        clean.join((row.content for row in sectioning.main_text(part.rows)), paper)
        for part in (beginning, end)
    ]
    needed = [count(text) for text in texts]
    for_end = min(needed[1], max(int(_CONCLUSION_SHARE * budget), budget - needed[0]))
    opened = _both_ends(texts[0], budget - for_end, count)
    closed = _start(texts[1], for_end, count)
    chosen = [
        _passage(part.name, part.rows, text) for part, text in ((beginning, opened), (end, closed)) if text
    ]
    left = budget - sum(count(passage.content) for passage in chosen)
    return (*chosen, *_captions(body, paper, left, count))


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


def _start(text: str, budget: int, count: Count) -> str:
    """As many whole sentences from the start as the budget allows."""
    if count(text) <= budget:
        return text
    pieces = sentences(text)
    return " ".join(pieces[: _fitting(pieces, budget, count)])


def _both_ends(text: str, budget: int, count: Count) -> str:
    """The start and the end of a text, in whole sentences, with a mark for the gap."""
    if count(text) <= budget:
        return text
    pieces = sentences(text)
    room = budget - count(_GAP)
    first = _fitting(pieces, int(_OPENING_SHARE * room), count)
    spent = sum(count(piece) for piece in pieces[:first])
    last = _fitting(pieces[:first:-1], room - spent, count)
    return " ".join([*pieces[:first], _GAP, *(pieces[-last:] if last else ())]) if first or last else ""


def _fitting(pieces: Sequence[str], budget: int, count: Count) -> int:
    """How many of the pieces fit."""
    return sum(total <= budget for total in accumulate(count(piece) for piece in pieces))


def _captions(rows: Sequence[Row], paper: str, budget: int, count: Count) -> tuple[Passage, ...]:
    chosen: list[str] = []
    used: list[Row] = []
    for caption in sectioning.captions(rows):
        text = clean.join((row.content for row in caption), paper)
        said = sectioning.without_label(text)
        first = sentences(said)[0]
        line = text[: len(text) - len(said)] + first
        if len(first) > _CAPTION_LONGEST or not re.search(r"[.!?。]$", first):
            continue
        budget -= count(line) + 1
        if budget < 0:
            break
        chosen.append(line)
        used.append(caption[0])
    return (_passage("Captions", used, "\n".join(chosen)),) if chosen else ()
