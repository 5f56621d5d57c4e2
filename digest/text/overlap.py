"""Words across whose middle the boxes of others lie. Imports pymupdf: only workers import it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from operator import gt, itemgetter

from digest.text.glyphs import Box, Word
from digest.text.layout import CORE, HUGE, Line, core, size

_ROW = 12.0  # points of the rows by which words are compared with each other
_WHOLE = 360.0  # points; larger words certainly lie across others
_NEIGHBOURS = 64
_SHARED = 0.15


def beside(lines: Sequence[Line], among: Iterable[Line]) -> list[Line]:
    """Those of a page's lines that are as far down as the first of some, or the last, or between these."""
    top = min((line.box[1] for line in lines), default=0.0)
    bottom = max((line.box[3] for line in lines), default=0.0)
    return [line for line in among if line.box[1] < bottom and line.box[3] > top]


def crossing(lines: Iterable[Line]) -> list[Line]:
    """Lines of which words may lie across each other, or words of other lines across their middle."""
    found: dict[int, Line] = {}
    heights: list[tuple[float, float, float, float, Line]] = []
    for line in lines:
        if any(map(gt, line.rights, line.lefts[1:])):
            found[id(line)] = line
        _, top, _, bottom = line.box
        first, last = top, bottom
        if bottom - top <= HUGE:
            edges = set(zip(line.tops, line.bottoms, strict=True))  # mostly a single pair
            first = min([y + CORE[0] * (y1 - y) for y, y1 in edges])
            last = max([y + CORE[1] * (y1 - y) for y, y1 in edges])
        heights.append((top, bottom, first, last, line))
    heights.sort(key=itemgetter(0))
    for i, (_, bottom, _, last, line) in enumerate(heights):
        left, _, right, _ = line.box
        for top, _, first, _, other in islice(heights, i + 1, None):
            if top >= bottom:
                break
            if (top < last or first < bottom) and other.box[0] < right and left < other.box[2]:
                found[id(line)] = line
                found[id(other)] = other
    return list(found.values())


def entangled(words: Iterable[Word]) -> set[Box]:
    """The boxes of words into whose middle others reach, and of the largest."""
    rows: dict[int, list[tuple[Box, Box, float]]] = {}
    found: set[Box] = set()
    for word in words:
        box = word.box
        if box[3] - box[1] > _WHOLE:
            found.add(box)
            continue
        middle = core(box)
        place = box, middle, _SHARED * size(middle)
        for row in range(int(box[1] // _ROW), int(box[3] // _ROW) + 1):
            rows.setdefault(row, []).append(place)
    for places in rows.values():
        places.sort()
        for i, (box, middle, share) in enumerate(places):
            for other_box, other, other_share in places[i + 1 : i + _NEIGHBOURS]:
                if other_box[0] >= box[2]:
                    break
                width = min(box[2], other_box[2]) - other_box[0]
                least = min(share, other_share)
                if width * _height(middle, other_box) > least:
                    found.add(box)
                if width * _height(box, other) > least:
                    found.add(other_box)
    return found


def _height(one: Box, other: Box) -> float:
    """That of what two boxes share; not above zero if they share nothing."""
    return min(one[3], other[3]) - max(one[1], other[1])
