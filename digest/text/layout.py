"""Lines of words, and boxes: where things stand on a page. Imports pymupdf: only workers import it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from digest.text.glyphs import Box, Word

CORE = (0.40, 0.78)
"""Of a word's height, from the top: where every letter and digit has ink."""

HUGE = 72.0
"""Points; larger words lie across others with all of their box."""


class Line(NamedTuple):
    """A line, or a part of one, word by word, and its box; columns cost far less than an object a word."""

    contents: tuple[str, ...]
    lefts: tuple[float, ...]
    tops: tuple[float, ...]
    rights: tuple[float, ...]
    bottoms: tuple[float, ...]
    box: Box

    @classmethod
    def of(cls, words: Iterable[Sequence[Any]]) -> Line:
        """From at least one word, each of which begins with left, top, right, bottom and content."""
        lefts, tops, rights, bottoms, contents, *_ = zip(*words, strict=True)
        box = min(lefts), min(tops), max(rights), max(bottoms)
        return cls(contents, lefts, tops, rights, bottoms, box)

    @property
    def boxes(self) -> Iterator[Box]:
        """Those of its words."""
        return zip(self.lefts, self.tops, self.rights, self.bottoms, strict=True)

    @property
    def words(self) -> list[Word]:
        """Its words, without their characters' places."""
        return list(map(Word, self.contents, self.boxes))


def core(box: Box) -> Box:
    """The part of a word's box that no other word's glyphs may reach into; all of a very large one's."""
    left, top, right, bottom = box
    height = bottom - top
    if height > HUGE:
        return box
    return left, top + CORE[0] * height, right, top + CORE[1] * height


def around_all(boxes: Sequence[Box]) -> Box:
    """The box around at least one."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def widened(box: Box, by: float) -> Box:
    """A box with as many points more on every side."""
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def union(one: Box, other: Box) -> Box:
    """The box around two."""
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def size(box: Box) -> float:
    """Square points."""
    return (box[2] - box[0]) * (box[3] - box[1])
