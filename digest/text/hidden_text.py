"""Text on a page that a reader cannot see. Imports pymupdf: only workers import this module.

Most pages show at a glance that all is visible; what follows the glance looks at every run of characters,
and where a colour alone does not tell (white on a dark figure), at the page as it is drawn.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

import pymupdf

from digest.text.glyphs import Box, Untyped
from digest.text.sheet import CLIPPED, FLAGS, Sheet, Span, split

_mupdf: Untyped = pymupdf

TINY = 2.0
"""Points; smaller characters cannot be read."""

_NEAR = 32
"""Levels of 255 by which a colour may differ from the background and still not be seen."""

_BLANK = 0.97  # share of one colour: no ink
_PIXELS = 1500.0  # of the longer side of a page as it is drawn
_COVER = (12.0, 4.0)  # points; smaller images (rules, bullets) cover no words
_ROW, _LAST_ROW = 20.0, 1000  # of points, in which runs are looked for
_ASCII_MARKS = bytes(code for code in range(128) if not chr(code).isalnum())
_WORDS = re.compile(r"[^\W_]+")


class Hidden(NamedTuple):
    """Text that is not visible: how it is hidden, and its lines."""

    how: str
    content: str


class Block(NamedTuple):
    """A paragraph or an image."""

    box: Box
    content: str
    is_image: bool


class Run(NamedTuple):
    """Characters of one style on one line, and how they are hidden, if they are."""

    span: Span
    how: str | None


def blocks_of(page: Untyped) -> list[Block]:
    """All text and images, in the order of painting, also outside the page."""
    box = page.this.m_internal.mediabox
    box.x0 = box.y0 = -1e6  # what lies outside this box would be left out
    box.x1 = box.y1 = 1e6
    return [Block(b[:4], b[4], b[6] == 1) for b in page.extractBLOCKS()]


def covered(blocks: list[Block]) -> list[tuple[int, Block]]:
    """Paragraphs with an image painted over them: the image's place among the blocks, and the paragraph."""
    images = [(place, block) for place, block in enumerate(blocks) if block.is_image and _covers_words(block)]
    return [
        (place, block)
        for place, image in images
        for block in blocks[:place]
        if not block.is_image and block.content.strip() and _overlap(image.box, block.box)
    ]


def outside(blocks: list[Block], visible: str, page: pymupdf.Rect) -> Iterator[Hidden]:
    """Lines of `blocks` that are not in `visible`: beyond the edge of the page, or clipped away."""
    texts = [block for block in blocks if not block.is_image]
    if _weight("".join(block.content for block in texts)) == _weight(visible):
        return
    seen = squeezed(visible)
    for block in texts:
        lines = [line for line in block.content.splitlines() if squeezed(line) not in seen]
        if lines:
            how = "clipped away" if _mupdf.Rect(block.box) in page else "outside the page"
            yield Hidden(how, "\n".join(lines))


def clipping(page: Untyped, listed: str) -> Iterator[Hidden]:
    """Text in render mode 7 that is not in `listed`: a display list forgets it where it clips nothing."""
    if b" Tr" not in page.read_contents():
        return
    seen = squeezed(listed)
    for block in page.get_text("dict", flags=FLAGS)["blocks"]:
        spans = [span for line in block["lines"] for span in line["spans"]]
        clipped = [s["text"] for s in spans if s["char_flags"] & CLIPPED and s["alpha"] == 0]
        clipped = [content for content in clipped if squeezed(content) not in seen]
        if clipped:
            yield Hidden("render mode 7", "\n".join(clipped))


class Inspection:
    """One page, looked at run by run."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._picture = sheet.picture
        self._blocks = blocks_of(sheet.unclipped)
        self._masked = {i["number"] for i in sheet.unclipped.extractIMGINFO() if i["has-mask"]}
        self._covered = covered(self._blocks)
        spans = [span for line in sheet.spans for span in line]
        self._visible = Beside(s for s in spans if s["alpha"] and not s["text"].isspace())
        self._pixels: pymupdf.Pixmap | None = None

    def lines(self) -> list[list[Run]]:
        """The runs of every line, in reading order, without hidden ones that stand visible in their place."""
        lines = [[run for span in line for run in self._runs(span)] for line in self._sheet.spans]
        visible = Beside(run.span for line in lines for run in line if run.how is None)
        return [[run for run in line if run.how is None or not _stands(run.span, visible)] for line in lines]

    def _runs(self, span: Span) -> Iterator[Run]:
        how = self._how(span)
        if how is not None or not self._sheet.undrawn:
            yield Run(span, how)
            return
        for is_drawn, part in split(span, self._sheet.undrawn):
            yield Run(part, None if is_drawn else self._suspicion(part) or "not drawn")

    def _how(self, span: Span) -> str | None:
        if span["alpha"] == 0:
            if self._sheet.may_be_drawn(span) and self._sheet.is_drawn(span):
                return None
            return "text layer" if self._depicts(span["bbox"]) else "invisible"
        if span["size"] < TINY:
            return f"{span['size']:.1f} pt"
        suspicion = self._suspicion(span)
        return None if suspicion is None or self._sheet.is_drawn(span) else suspicion

    def _suspicion(self, span: Span) -> str | None:
        """The way in which a run may be hidden, by its colour and by what lies over it."""
        box = _mupdf.Rect(span["bbox"])
        if is_light(span["color"]) and self._is_background(box, span["color"]):
            return "colour of the background"
        for place, block in self._covered:
            if self._hides(place, block, box, span["text"]):
                return "text layer" if self._is_scan(place) else "under an image"
        return None

    def _is_scan(self, place: int) -> bool:
        """True if the image is the page itself, with what was recognised in it below."""
        area = _mupdf.Rect(self._blocks[place].box).get_area()
        below = sum(other == place for other, _ in self._covered)
        texts = sum(not block.is_image and bool(block.content.strip()) for block in self._blocks)
        return bool(area > 0.5 * self._picture.rect.get_area()) and below > 0.8 * texts

    def _depicts(self, box: Box) -> bool:
        """True if a scan or a drawing, and not other text, shows something where the box is."""
        blank = self._background(_mupdf.Rect(box))[0] > _BLANK
        return not blank and next(self._visible.over(box), None) is None

    def _hides(self, place: int, block: Block, box: Untyped, content: str) -> bool:
        if content.strip() not in block.content:
            return False
        common = box & self._blocks[place].box & block.box
        if common.is_empty or common.get_area() < 0.5 * box.get_area():
            return False
        return place not in self._masked or bool(self._background(box)[0] > _BLANK)

    def _is_background(self, box: pymupdf.Rect, color: int) -> bool:
        share, background = self._background(box)
        own = color.to_bytes(3, "big")
        return share >= 0.5 and all(abs(a - b) <= _NEAR for a, b in zip(own, background, strict=True))

    def _background(self, box: pymupdf.Rect) -> tuple[float, bytes]:
        """The most frequent colour where the box is drawn, and its share."""
        if self._pixels is None:
            side = max(self._picture.rect.width, self._picture.rect.height)
            scale = min(1.5, _PIXELS / side)
            self._scale = _mupdf.Matrix(scale, scale)
            self._pixels = self._picture.get_pixmap(matrix=self._scale)
        clip = (box * self._scale).irect & self._pixels.irect
        return self._pixels.color_topusage(clip=clip) if not clip.is_empty else (1.0, b"\xff\xff\xff")


def together(lines: Iterable[list[Run]]) -> Iterator[Hidden]:
    """Hidden runs, those of one kind on consecutive lines in one."""
    found = [
        (how, "".join(run.span["text"] for run in runs if run.how == how).strip())
        for runs in lines
        for how in dict.fromkeys(run.how for run in runs if run.how)
    ]
    for how, group in groupby(found, key=lambda pair: pair[0]):
        content = "\n".join(content for _, content in group if content)
        if content:
            yield Hidden(how, content)


class Beside:
    """Runs, by where they stand."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._rows: defaultdict[int, list[Span]] = defaultdict(list)
        for span in spans:
            for row in _rows(span["bbox"]):
                self._rows[row].append(span)

    def over(self, box: Box) -> Iterator[Span]:
        """Those that a box lies over; some may come twice."""
        return (s for row in _rows(box) for s in self._rows.get(row, ()) if _overlap(box, s["bbox"]))


def _rows(box: Box) -> range:
    return range(max(int(box[1] // _ROW), 0), min(int(box[3] // _ROW), _LAST_ROW) + 1)


def _stands(span: Span, visible: Beside) -> bool:
    """True if the words of a hidden run can be read in its place."""
    near = {id(other): other["text"] for other in visible.over(span["bbox"])}
    return squeezed(span["text"]) in squeezed("".join(near.values()))


def is_light(color: int) -> bool:
    """True if sRGB `color` could pass for white paper."""
    return all(level >= 255 - _NEAR for level in color.to_bytes(3, "big"))


def _covers_words(image: Block) -> bool:
    left, top, right, bottom = image.box
    return right - left > _COVER[0] and bottom - top > _COVER[1]


def _overlap(one: Box, other: Box) -> bool:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return width > 2 and height > 2


def _weight(content: str) -> int:
    """Bytes but for ASCII's spaces, marks and controls: what tells at once that two texts differ."""
    return len(content.encode("utf-8", "surrogatepass").translate(None, _ASCII_MARKS))


def squeezed(content: str) -> str:
    """Its letters and digits."""
    if content.isascii():  # as most lines are
        return content.encode().translate(None, _ASCII_MARKS).decode()
    return "".join(_WORDS.findall(content))
