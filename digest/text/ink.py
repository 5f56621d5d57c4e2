"""Which of a page's words are drawn, by what is on the paper. Imports pymupdf: only workers import this module.

A page is drawn with its text and without it: where the two differ is the text's ink, whatever may hide
text. That settles most lines at a glance, at 72 dots an inch. What is left is looked at closely, each word
beside the shapes of its own glyphs, so that ink of other words does not count as its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import pymupdf

from digest.text import glyphs
from digest.text.glyphs import FULL, Box, Glyphs, Untyped, Word
from digest.text.planes import Pixels, Plane, at_least, below, columns, strong, unlike_background

Line: TypeAlias = Sequence[Word]
"""The words of a line, or of a part of one."""

_pymupdf: Untyped = pymupdf
_mupdf: Untyped = _pymupdf.mupdf
_mupdf.fz_disable_icc()  # colours need not be exact here, and managing them takes longer than drawing

_CERTAIN = 48  # levels of 255 by which ink differs, at a glance
_FAINT = 26  # levels; a fainter difference is not seen

# At a glance, at one pixel a point:
_CORE = (0.40, 0.78)  # of a word's height, from the top: where every letter and digit has ink
_INKED = 0.3  # of a line's length
_DENSE = 0.85  # of the core: rather something over the line
_GAP = 4.0  # points without ink, or a word's height: no space between letters or words
_ROW = 6.0  # points of the rows by which words are compared with each other
_IN_VAIN = 4000.0  # square points that may be drawn in vain to draw two lines at once

# Looked at closely:
_HEIGHT = 24.0  # pixels of a word
_SCALES = (1.0, 12.0)  # pixels a point
_OWN = 0.6  # of a glyph's shape has ink
_OTHER = 0.7  # of that share, beside the glyphs: the ink is another's
_TINY = 0.9  # points; the ink of a word of 2 pt, which cannot be read, is as high

_APART = bytes(min(abs(2 * level - 255), 255) for level in range(256))
"""A picture and the negative of another, both at half their strength: how far apart the pictures are."""


class Ink:
    """A page's display list, and what it draws where."""

    def __init__(self, picture: Untyped) -> None:
        self._list = picture.this
        self._rect = picture.rect
        self._glyphs: Glyphs | None = None

    def doubtful(self, lines: Iterable[Line], among: Iterable[Word]) -> list[Word]:
        """The words of `lines` that a glance does not show to be drawn; `among` are all words of the page."""
        entangled = _entangled(among)
        found: list[Word] = []
        for area, group in _areas(lines):
            ink = self._text_alone(*self._pixels(area, 1.0), 1.0, _CERTAIN)
            for line in group:
                crossed = any(word.box in entangled for word in line)
                if crossed or not _is_inked(ink, _around(line)):
                    found += [w for w in line if w.box in entangled or not _is_inked(ink, w.box)]
        return [word for word in found if any(map(str.isalnum, word.content))]

    def drawn(self, word: Word) -> list[bool]:
        """Of each character whether it has ink of its own where it stands, large enough to be read."""
        none = [False] * len(word.content)
        height = max(max(box[2] - box[0], box[3] - box[1]) for box in word.boxes)  # upright words are high
        scale = min(max(_HEIGHT / max(height, 0.1), _SCALES[0]), _SCALES[1])
        pixels, area = self._pixels(_widened(word.box, 1.0), scale)
        if area[0] >= area[2] or area[1] >= area[3]:
            return none
        own = self._own(word)
        covered = glyphs.shape(own, area, scale)
        inside = Plane(area, covered.translate(at_least(max(3 * max(covered) // 4, _FAINT))))
        outside = Plane(area, covered.translate(below(20)))
        if not _is_readable(inside, word, scale):
            return none
        if any(each.is_ignored for each in own):
            ink = unlike_background(self._draw(pixels, area, scale), outside, _FAINT)
        else:
            ink = self._text_alone(pixels, area, scale, _FAINT)
        if ink.share(outside, area) > _OTHER * ink.share(inside, area):
            return none
        return [ink.share(inside, _scaled(box, scale)) > _OWN for box in word.boxes]

    def _own(self, word: Word) -> list[glyphs.Painted]:
        if self._glyphs is None:
            self._glyphs = Glyphs()
            everything = _mupdf.FzRect(_mupdf.FzRect.Fixed_INFINITE)
            _mupdf.fz_run_display_list(
                self._list, self._glyphs, _mupdf.FzMatrix(), everything, _mupdf.FzCookie()
            )
        return self._glyphs.own(word)

    def _pixels(self, box: Box, scale: float) -> tuple[Untyped, Pixels]:
        """White pixels for what of a box is on the page, and where they are."""
        rect = (_pymupdf.Rect(box) & self._rect) * _pymupdf.Matrix(scale, scale)
        pixels = _pymupdf.Pixmap(_pymupdf.csRGB, rect.irect, False)
        pixels.clear_with(255)
        return pixels, tuple(rect.irect)

    def _draw(self, pixels: Untyped, area: Pixels, scale: float) -> bytes:
        device = _mupdf.fz_new_draw_device(_mupdf.FzMatrix(), pixels.this)
        self._run(device, area, scale)
        _mupdf.fz_close_device(device)
        return bytes(pixels.samples)

    def _text_alone(self, pixels: Untyped, area: Pixels, scale: float, level: int) -> Plane:
        """Where the page looks different without its text, by at least a level."""
        self._draw(pixels, area, scale)
        pixels.invert_irect(pixels.irect)
        device = _mupdf.fz_new_draw_device(_mupdf.FzMatrix(), pixels.this)
        device.m_internal.fill_text = device.m_internal.stroke_text = None
        box = tuple(map(float, area))
        colours = _mupdf.FzColorspace()
        _mupdf.fz_begin_group(device, _mupdf.FzRect(*box), colours, 1, 0, _mupdf.FZ_BLEND_NORMAL, 0.5)
        sheet, gray = _mupdf.FzPath(), _mupdf.fz_device_gray()
        _mupdf.fz_rectto(sheet, *box)
        _mupdf.fz_fill_path(device, sheet, 0, _mupdf.FzMatrix(), gray, FULL, 1.0, _mupdf.FzColorParams())
        self._run(device, area, scale)
        _mupdf.fz_end_group(device)
        _mupdf.fz_close_device(device)
        return strong(area, bytes(pixels.samples).translate(_APART), level)

    def _run(self, device: Untyped, area: Pixels, scale: float) -> None:
        matrix = _mupdf.FzMatrix(scale, 0, 0, scale, 0, 0)
        within = _mupdf.FzRect(*map(float, area))
        _mupdf.fz_run_display_list(self._list, device, matrix, within, _mupdf.FzCookie())


def _is_inked(ink: Plane, box: Box) -> bool:
    """Whether the middle of a line has ink along its whole length, and paper between."""
    left, top, right, bottom = box
    height = bottom - top
    rows = list(ink.rows(_scaled((left, top + _CORE[0] * height, right, top + _CORE[1] * height), 1.0)))
    inked = columns(rows)
    if not inked:
        return False
    dense = sum(row.count(1) for row in rows) > _DENSE * len(rows) * len(inked)
    gap = max(map(len, inked.split(b"\1")))
    return not dense and inked.count(1) >= _INKED * len(inked) and gap <= max(height, _GAP)


def _is_readable(inside: Plane, word: Word, scale: float) -> bool:
    """Whether the glyphs are high enough; of an upright word, wide enough."""
    rows = list(inside.rows(inside.area))
    high = sum(1 in row for row in rows)
    wide = columns(rows).count(1) / max(len(word.content), 1)
    return max(high, wide) >= _TINY * scale


def _areas(lines: Iterable[Line]) -> Iterator[tuple[Box, list[Line]]]:
    """Lines in groups that lie close together, so that little else is drawn with them."""
    area: Box | None = None
    group: list[Line] = []
    for line in lines:
        box = _widened(_around(line), 1.0)
        union = _union(area or box, box)
        if area is not None and _size(union) > 1.3 * (_size(area) + _size(box)) + _IN_VAIN:
            yield area, group
            union, group = box, []
        area, group = union, [*group, line]
    if area is not None:
        yield area, group


def _entangled(words: Iterable[Word]) -> set[Box]:
    """The boxes of words that lie across other words."""
    rows: defaultdict[int, list[tuple[Box, Box]]] = defaultdict(list)
    for word in words:
        left, top, right, bottom = word.box
        height = bottom - top
        core = (left, top + _CORE[0] * height, right, top + _CORE[1] * height)
        for row in range(int(core[1] // _ROW), int(core[3] // _ROW) + 1):
            rows[row].append((core, word.box))
    found: set[Box] = set()
    for row in rows.values():
        row.sort()
        for i, (core, box) in enumerate(row):
            for other, other_box in row[i + 1 :]:
                if other[0] >= core[2]:
                    break
                if _crosses(core, other):
                    found |= {box, other_box}
    return found


def _crosses(one: Box, other: Box) -> bool:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return width > 0 and height > 0 and width * height > 0.15 * min(_size(one), _size(other))


def _around(line: Line) -> Box:
    lefts, tops, rights, bottoms = zip(*(word.box for word in line), strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _widened(box: Box, by: float) -> Box:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def _union(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _size(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _scaled(box: Box, scale: float) -> Pixels:
    left, top, right, bottom = (scale * edge for edge in box)
    return int(left), int(top), max(round(right), int(left) + 1), max(round(bottom), int(top) + 1)
