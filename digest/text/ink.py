"""Which of a page's words are drawn, by what is on the paper. Imports pymupdf: only workers import it.

A page is drawn with its text and without it: where the two differ is the text's ink, whatever may hide
text. That settles most lines at a glance, at 72 dots an inch. What is left is looked at closely, each word
beside the shapes of its own glyphs, so that ink of other words does not count as its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from math import ceil, floor
from typing import NamedTuple

import pymupdf

from digest.text import glyphs
from digest.text.glyphs import Box, Glyphs, Untyped, Word, paper
from digest.text.layout import CORE, Line, around_all, size, union, widened
from digest.text.overlap import beside, crossing, entangled
from digest.text.planes import Pixels, Plane, at_least, below, columns, strong, unlike, unlike_background

_pymupdf: Untyped = pymupdf
_mupdf: Untyped = _pymupdf.mupdf
_mupdf.fz_disable_icc()  # colours need not be exact here, and managing them takes longer than drawing

_WORD = re.compile(r"[^\W\d_]{3}|\d\d|[\u3040-\u30ff\u3400-\u9fff]")
"""Characters that say something; letters and digits of formulas do not by themselves."""

_SPACED = re.compile(r"[^\W\d_]{8}")

_CERTAIN = 48  # levels of 255 by which ink differs, at a glance and without colours
_FAINT = 28  # levels; a fainter difference is not seen

# At a glance, at one pixel a point, or fewer:
_MOST_PIXELS = 2_000_000
_GLANCE = 1.0  # pixels a point
INKED = 0.3  # of the length of a line or word
_DENSE = 0.85  # of the core: rather something over the line
_GAP = 4.0  # points without ink, or a word's height: no space between letters or words
_NOTHING = Plane((0, 0, 0, 0), b"")
_IN_VAIN = 4000.0  # square points that may be drawn in vain to draw two lines at once
_DEPTH = 64  # clips and groups in each other of which MuPDF keeps count when it bounds what is drawn

# Looked at closely:
_HEIGHT = 24.0  # pixels of a word
_FINEST = 12.0  # pixels a point
_BESIDE = 20  # levels of 255; pixels that a glyph covers less are beside it
_OWN = 0.6  # of a glyph's shape has ink
_OTHER = 0.7  # of that share, beside the glyphs: the ink is another's
_TINY = 0.9  # points; the ink of a word of 2 pt, which cannot be read, is as high


class Ink:
    """A page's display list, and what it draws where.

    Args:
        picture: the list of the page's contents.
        over: that of what is painted over them, as annotations are; None for nothing.
    """

    def __init__(self, picture: Untyped, over: Untyped = None) -> None:
        self._list = picture.this
        self._over = over
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
        across = entangled(word for line in crossing(beside(lines, among)) for word in line.words)
        found: list[Word] = []
        for area, group in _areas(lines):
            scale = min((_MOST_PIXELS / max(size(area), 1.0)) ** 0.5, _GLANCE)
            pixels = self._on_page(area, scale)
            glance = self._glance(pixels, scale)
            for line in group:
                crossed = across.intersection(line.boxes) if across else across
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
            return _Glance(_NOTHING)
        drawn, bare = self._draw(area, scale, colours=1), self._bare(area, scale)
        return _Glance(unlike(area, drawn, bare, _CERTAIN))

    def drawn(self, words: Sequence[Word]) -> list[list[bool]]:
        """Of each character of a line's words whether it has ink of its own, large enough to be read."""
        around = around_all([word.box for word in words])
        # Fonts for formulas and delimiters have high boxes, so the smallest counts.
        sizes = [max(box[2] - box[0], box[3] - box[1]) for word in words for box in word.boxes]
        scale = min(_HEIGHT / max(min(sizes), 0.1), _FINEST, (_MOST_PIXELS / max(size(around), 1.0)) ** 0.5)
        area = self._on_page(around, scale)
        if _is_empty(area):
            return [[False] * len(word.content) for word in words]
        everything = self._draw(area, scale, colours=3)
        glyphs_here = self._glyphs_at(around)
        views: dict[frozenset[int], _View] = {}
        verdicts = []
        for word in words:
            own = glyphs_here.own(word)
            key = frozenset(map(id, own))
            if key not in views:
                views[key] = self._view(own, area, everything, scale)
            drawn = _drawn(word, views[key], scale)
            missing = [glyphs_here.is_missing(*place) for place in word.origins]
            verdicts.append([one or other for one, other in zip(drawn, missing, strict=True)])
        return verdicts

    def _view(self, own: Sequence[glyphs.Painted], area: Pixels, everything: bytes, scale: float) -> _View:
        """The ink of some glyphs is what an area lacks without them."""
        covered = glyphs.shape(own, area, scale)
        inside = Plane(area, covered.translate(at_least(max(3 * max(covered) // 4, _FAINT))))
        outside = Plane(area, covered.translate(below(_BESIDE)))
        if any(each.is_ignored for each in own):
            return _View(inside, outside, unlike_background(everything, outside, _FAINT))
        with _left_out(own):
            others = self._draw(area, scale, colours=3)
        return _View(inside, outside, strong(area, everything, others, _FAINT))

    def draws_astray(self) -> bool:
        """True if glyphs of Type 3 draw far from where their words seem to be."""
        return self._glyphs_at(self._rect).draw_astray()

    def _glyphs_at(self, box: Box) -> Glyphs:
        """All glyphs that were asked for, those within a box among them."""
        within = _mupdf.FzRect(*widened(box, 1.0))
        _mupdf.fz_run_display_list(self._list, self._glyphs, _mupdf.FzMatrix(), within, _mupdf.FzCookie())
        return self._glyphs

    @cached_property
    def _glyphs(self) -> Glyphs:
        return Glyphs()

    def _on_page(self, box: Box, scale: float) -> Pixels:
        """The pixels of what of a box, and a little around it, is on the page."""
        left, top, right, bottom = widened(box, 1.0)
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
        matrix = _mupdf.FzMatrix(scale, 0, 0, scale, 0, 0)
        within = _mupdf.FzRect(*map(float, area))
        for each, is_own in ((self._list, True), (self._over, False)):
            if not (with_text and is_own):  # the text of what lies over a page is not the page's
                device.m_internal.fill_text = device.m_internal.stroke_text = None
            if each is not None:
                _mupdf.fz_run_display_list(each, device, matrix, within, _mupdf.FzCookie())


class _Glance(NamedTuple):
    """An area's ink, from afar and without colours."""

    ink: Plane

    def shows(self, box: Box, scale: float) -> bool:
        """True if the middle of a line has ink along its whole length, and paper between."""
        left, top, right, bottom = box
        height = bottom - top
        middle = left, top + CORE[0] * height, right, top + CORE[1] * height
        return self._is_inked(_scaled(middle, scale), height * scale, scale)

    def shows_within(self, rows: Box, box: Box, scale: float) -> bool:
        """The same of a part of the middle, and nothing beside it."""
        left, _, right, _ = _scaled(rows, scale)
        inside = left, ceil(scale * rows[1]), right, floor(scale * rows[3])
        return self._is_inked(inside, (box[3] - box[1]) * scale, scale)

    def _is_inked(self, part: Pixels, height: float, scale: float) -> bool:
        rows = list(self.ink.rows(part))
        inked = columns(rows)
        gap = bytes(int(max(height, _GAP * scale)) + 1)
        return (
            inked.count(1) >= max(INKED * len(inked), 1)
            and gap not in inked
            and b"".join(rows).count(1) <= _DENSE * len(rows) * len(inked)
        )


class _View(NamedTuple):
    """Glyphs close up: where they are, where they are not, and where there is ink."""

    inside: Plane
    outside: Plane
    ink: Plane


def _drawn(word: Word, view: _View, scale: float) -> list[bool]:
    area = _filled(view.inside, _scaled(widened(word.box, 1.0), scale))
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
        both = union(area or line.box, line.box)
        if area is not None and size(both) > 1.3 * (size(area) + size(line.box)) + _IN_VAIN:
            yield area, group
            both, group = line.box, []
        area, group = both, [*group, line]
    if area is not None:
        yield area, group


def _say_something(words: Sequence[Word]) -> bool:
    """True if there is a word among them, or what may be one that is spaced letter by letter."""
    return any(_WORD.search(word.content) for word in words) or bool(
        _SPACED.search("".join(word.content for word in words))
    )


@contextmanager
def _left_out(painted: Iterable[glyphs.Painted]) -> Iterator[None]:
    """Texts that draw nothing for as long as the context lasts: they are empty meanwhile."""
    texts = {int(each.text.m_internal.this): each.text.m_internal for each in painted}
    heads = [(text, text.head) for text in texts.values()]
    try:
        for text, _ in heads:
            text.head = None
        yield
    finally:
        for text, head in heads:
            text.head = head


def _is_empty(area: Pixels) -> bool:
    return area[0] >= area[2] or area[1] >= area[3]


def _scaled(box: Box, scale: float) -> Pixels:
    left, top = int(scale * box[0]), int(scale * box[1])
    return left, top, max(round(scale * box[2]), left + 1), max(round(scale * box[3]), top + 1)
