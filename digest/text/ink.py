"""Which of a page's words are drawn, by what is on the paper. Imports pymupdf: only workers import it.

A page is drawn with its text and without it: where the two differ is the text's ink, whatever may hide
text. That settles most lines at a glance, at 72 dots an inch. What is left is looked at closely, each word
beside the shapes of its own glyphs, so that ink of other words does not count as its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from math import ceil, floor
from operator import gt, itemgetter
from typing import Any, NamedTuple

import pymupdf

from digest.text import glyphs
from digest.text.glyphs import Box, Glyphs, Untyped, Word, paper
from digest.text.planes import Pixels, Plane, at_least, below, columns, differing, strong, unlike_background

_pymupdf: Untyped = pymupdf
_mupdf: Untyped = _pymupdf.mupdf
_mupdf.fz_disable_icc()  # colours need not be exact here, and managing them takes longer than drawing

_WORD = re.compile(r"[^\W\d_]{3}|\d\d|[\u3040-\u30ff\u3400-\u9fff]")
"""Characters that say something; letters and digits of formulas do not by themselves."""

_CERTAIN = 48  # levels of 255 by which ink differs, at a glance and without colours
_FAINT = 28  # levels; a fainter difference is not seen

# At a glance, at one pixel a point, or fewer:
_MOST_PIXELS = 2_000_000
_GLANCE = 1.0  # pixels a point
_CORE = (0.40, 0.78)  # of a word's height, from the top: where every letter and digit has ink
INKED = 0.3  # of the length of a line or word
_DENSE = 0.85  # of the core: rather something over the line
_GAP = 4.0  # points without ink, or a word's height: no space between letters or words
_ROW = 12.0  # points of the rows by which words are compared with each other
_HUGE = 72.0, 360.0  # points; larger words lie across others with all of their box, or certainly
_NOTHING = Plane((0, 0, 0, 0), b"")
_WHITE = b"\xff"
_NEIGHBOURS = 64
_SHARED = 0.15
_IN_VAIN = 4000.0  # square points that may be drawn in vain to draw two lines at once
_DEPTH = 64  # clips and groups in each other of which MuPDF keeps count when it bounds what is drawn

# Looked at closely:
_HEIGHT = 24.0  # pixels of a word
_FINEST = 12.0  # pixels a point
_BESIDE = 20  # levels of 255; pixels that a glyph covers less are beside it
_OWN = 0.6  # of a glyph's shape has ink
_OTHER = 0.7  # of that share, beside the glyphs: the ink is another's
_TINY = 0.9  # points; the ink of a word of 2 pt, which cannot be read, is as high


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


class Ink:
    """A page's display list, and what it draws where."""

    def __init__(self, picture: Untyped) -> None:
        self._list = picture.this
        self._rect: Box = tuple(picture.rect)

    def doubtful(
        self, lines: Sequence[Line], among: Sequence[Line], free: Callable[[Word], Box | None]
    ) -> list[Word]:
        """The words of `lines` that a glance does not show to be drawn by ink of their own.

        Args:
            lines: what is looked at.
            among: all lines of the page.
            free: the part of a word, whose box lies across another's, that others' glyphs leave free; None if
                they cannot pass for it.
        """
        entangled = _entangled(word for line in _crossing(among) for word in line.words)
        found: list[Word] = []
        for area, group in _areas(lines):
            scale = min((_MOST_PIXELS / max(_size(area), 1.0)) ** 0.5, _GLANCE)
            pixels = self._on_page(area, scale)
            glance = self._glance(pixels, scale)
            for line in group:
                crossed = entangled.intersection(line.boxes) if entangled else entangled
                if crossed or not glance.shows(line.box, scale):
                    unseen = {word.box for word in line.words if not glance.shows(word.box, scale)}
                    doubted = [word for word in line.words if word.box in unseen or word.box in crossed]
                    if _say_something(doubted):
                        doubted = [
                            word
                            for word in doubted
                            if word.box in unseen
                            or ((rows := free(word)) and not glance.shows_within(rows, word.box, scale))
                        ]
                        found += doubted if _say_something(doubted) else []
        return found

    def _glance(self, area: Pixels, scale: float) -> _Glance:
        if _is_empty(area):
            return _Glance(_NOTHING, _NOTHING)
        drawn, bare = self._draw(area, scale, colours=1), self._bare(area, scale)
        return _Glance(Plane(area, drawn), Plane(area, bare))

    def drawn(self, words: Sequence[Word]) -> list[list[bool]]:
        """Of each character of a line's words whether it has ink of its own, large enough to be read."""
        around = around_all([word.box for word in words])
        # Fonts for formulas and delimiters have high boxes, so the smallest counts.
        sizes = [max(box[2] - box[0], box[3] - box[1]) for word in words for box in word.boxes]
        scale = min(_HEIGHT / max(min(sizes), 0.1), _FINEST, (_MOST_PIXELS / _size(around)) ** 0.5)
        area = self._on_page(around, scale)
        if _is_empty(area):
            return [[False] * len(word.content) for word in words]
        bare = self._draw(area, scale, colours=3, with_text=False)
        alone = strong(area, self._draw(area, scale, colours=3), bare, _FAINT)
        glyphs_here = self._glyphs_at(around)
        views: dict[frozenset[int], _View] = {}
        verdicts = []
        for word in words:
            own = glyphs_here.own(word)
            key = frozenset(map(id, own))
            if key not in views:
                views[key] = self._view(own, alone, scale)
            drawn = _drawn(word, views[key], scale)
            missing = [glyphs_here.is_missing(*place) for place in word.origins]
            verdicts.append([one or other for one, other in zip(drawn, missing, strict=True)])
        return verdicts

    def _view(self, own: Sequence[glyphs.Painted], alone: Plane, scale: float) -> _View:
        covered = glyphs.shape(own, alone.area, scale)
        inside = Plane(alone.area, covered.translate(at_least(max(3 * max(covered) // 4, _FAINT))))
        outside = Plane(alone.area, covered.translate(below(_BESIDE)))
        if any(each.is_ignored for each in own):
            alone = unlike_background(self._draw(alone.area, scale, colours=3), outside, _FAINT)
        return _View(inside, outside, alone)

    def _glyphs_at(self, box: Box) -> Glyphs:
        """All glyphs that were asked for, those within a box among them."""
        within = _mupdf.FzRect(*_widened(box, 1.0))
        _mupdf.fz_run_display_list(self._list, self._glyphs, _mupdf.FzMatrix(), within, _mupdf.FzCookie())
        return self._glyphs

    @cached_property
    def _glyphs(self) -> Glyphs:
        return Glyphs()

    def _on_page(self, box: Box, scale: float) -> Pixels:
        """The pixels of what of a box, and a little around it, is on the page."""
        left, top, right, bottom = _widened(box, 1.0)
        page = self._rect
        return (
            floor(scale * max(left, page[0])),
            floor(scale * max(top, page[1])),
            ceil(scale * min(right, page[2])),
            ceil(scale * min(bottom, page[3])),
        )

    def _draw(self, area: Pixels, scale: float, *, colours: int, with_text: bool = True) -> bytes:
        """An area as it is drawn on white paper, in 1 or 3 colours, each a byte."""
        pixels = paper(area, colours)
        device = _mupdf.fz_new_draw_device(_mupdf.FzMatrix(), pixels.this)
        self._run(device, area, scale, with_text=with_text)
        _mupdf.fz_close_device(device)
        return bytes(pixels.samples)

    def _bare(self, area: Pixels, scale: float) -> bytes:
        """An area without its text; empty if it is certainly white, as most of running text is."""
        marked = _mupdf.FzRect()
        device = _mupdf.fz_new_bbox_device(marked)
        self._run(device, area, scale, with_text=False)
        depth = max(device.m_internal.container_len, device.m_internal.container_cap)
        _mupdf.fz_close_device(device)
        if depth <= _DEPTH and _mupdf.fz_is_empty_rect(marked):
            return b""
        return self._draw(area, scale, colours=1, with_text=False)

    def _run(self, device: Untyped, area: Pixels, scale: float, *, with_text: bool) -> None:
        if not with_text:
            device.m_internal.fill_text = device.m_internal.stroke_text = None
        matrix = _mupdf.FzMatrix(scale, 0, 0, scale, 0, 0)
        within = _mupdf.FzRect(*map(float, area))
        _mupdf.fz_run_display_list(self._list, device, matrix, within, _mupdf.FzCookie())


class _Glance(NamedTuple):
    """An area in grey, with its text and without it; without text, no bytes stand for white."""

    drawn: Plane
    bare: Plane

    def shows(self, box: Box, scale: float) -> bool:
        """True if the middle of a line has ink along its whole length, and paper between."""
        left, top, right, bottom = box
        height = bottom - top
        middle = left, top + _CORE[0] * height, right, top + _CORE[1] * height
        return self._is_inked(_scaled(middle, scale), height * scale, scale)

    def shows_within(self, rows: Box, box: Box, scale: float) -> bool:
        """The same of a part of the middle, and nothing beside it."""
        left, _, right, _ = _scaled(rows, scale)
        inside = left, ceil(scale * rows[1]), right, floor(scale * rows[3])
        return self._is_inked(inside, (box[3] - box[1]) * scale, scale)

    def _is_inked(self, part: Pixels, height: float, scale: float) -> bool:
        rows = self._ink(part)
        inked = columns(rows)
        gap = bytes(int(max(height, _GAP * scale)) + 1)
        return (
            bool(inked)
            and gap not in inked
            and inked.count(1) >= INKED * len(inked)
            and sum(row.count(1) for row in rows) <= _DENSE * len(rows) * len(inked)
        )

    def _ink(self, box: Pixels) -> list[bytes]:
        rows = self.drawn.rows(box)
        beneath = list(self.bare.rows(box))
        if any(row.strip(_WHITE) for row in beneath):
            return [differing(*pair, _CERTAIN) for pair in zip(rows, beneath, strict=True)]
        dark = below(256 - _CERTAIN)
        return [row.translate(dark) for row in rows]


class _View(NamedTuple):
    """Glyphs close up: where they are, where they are not, and where there is ink."""

    inside: Plane
    outside: Plane
    ink: Plane


def _drawn(word: Word, view: _View, scale: float) -> list[bool]:
    area = _filled(view.inside, _scaled(_widened(word.box, 1.0), scale))
    upright = columns(list(view.inside.rows(area))).count(1) / len(word.content)
    if max(area[3] - area[1], upright) < _TINY * scale:
        return [False] * len(word.content)
    inked = view.ink.share(view.inside, area) or 0.0
    if (view.ink.share(view.outside, area) or 0.0) > _OTHER * inked:
        return [False] * len(word.content)
    shares = [view.ink.share(view.inside, _scaled(box, scale)) for box in word.boxes]
    return [(inked if share is None else share) > _OWN for share in shares]


def _filled(plane: Plane, area: Pixels) -> Pixels:
    """The part of an area in which there is anything."""
    rows = list(plane.rows(area))
    high = [place for place, row in enumerate(rows) if 1 in row]
    if not high:
        return 0, 0, 0, 0
    wide = columns(rows)
    left, top = max(area[0], plane.area[0]), max(area[1], plane.area[1])
    return left + wide.find(1), top + high[0], left + wide.rfind(1) + 1, top + high[-1] + 1


def _areas(lines: Iterable[Line]) -> Iterator[tuple[Box, list[Line]]]:
    """Lines in groups that lie close together, so that little else is drawn with them."""
    area: Box | None = None
    group: list[Line] = []
    for line in lines:
        union = _union(area or line.box, line.box)
        if area is not None and _size(union) > 1.3 * (_size(area) + _size(line.box)) + _IN_VAIN:
            yield area, group
            union, group = line.box, []
        area, group = union, [*group, line]
    if area is not None:
        yield area, group


def core(box: Box) -> Box:
    """The part of a word's box that no other word's glyphs may reach into; all of a very large one's."""
    left, top, right, bottom = box
    height = bottom - top
    if height > _HUGE[0]:
        return box
    return left, top + _CORE[0] * height, right, top + _CORE[1] * height


def _say_something(words: Iterable[Word]) -> bool:
    return any(_WORD.search(word.content) for word in words)


def _crossing(lines: Iterable[Line]) -> list[Line]:
    """Lines of which words may lie across each other, or words of other lines across their middle."""
    found: dict[int, Line] = {}
    heights: list[tuple[float, float, float, float, Line]] = []
    for line in lines:
        if any(map(gt, line.rights, line.lefts[1:])):
            found[id(line)] = line
        _, top, _, bottom = line.box
        first, last = top, bottom
        if bottom - top <= _HUGE[0]:
            edges = set(zip(line.tops, line.bottoms, strict=True))  # mostly a single pair
            first = min([y + _CORE[0] * (y1 - y) for y, y1 in edges])
            last = max([y + _CORE[1] * (y1 - y) for y, y1 in edges])
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


def _entangled(words: Iterable[Word]) -> set[Box]:
    """The boxes of words into whose middle others reach, and of the largest."""
    rows: dict[int, list[tuple[Box, Box, float]]] = {}
    found: set[Box] = set()
    for word in words:
        box = word.box
        if box[3] - box[1] > _HUGE[1]:
            found.add(box)
            continue
        middle = core(box)
        place = box, middle, _SHARED * _size(middle)
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


def _is_empty(area: Pixels) -> bool:
    return area[0] >= area[2] or area[1] >= area[3]


def around_all(boxes: Sequence[Box]) -> Box:
    """The box around at least one."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _widened(box: Box, by: float) -> Box:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def _union(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _size(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _scaled(box: Box, scale: float) -> Pixels:
    left, top = int(scale * box[0]), int(scale * box[1])
    return left, top, max(round(scale * box[2]), left + 1), max(round(scale * box[3]), top + 1)
