"""The shapes of a page's glyphs, whatever covers or clips them. Imports pymupdf: only workers import it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import pymupdf

Untyped: TypeAlias = Any
"""pymupdf and its objects: most of its functions carry no types."""

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom, in points."""

_pymupdf: Untyped = pymupdf
_mupdf: Untyped = _pymupdf.mupdf

FULL: Untyped = _mupdf.new_floats(1)
"""White, as an array of C."""

_mupdf.floats_setitem(FULL, 0, 1.0)

_GRID = 2  # cells a point
_ASTRAY = 2.0  # longer sides of a glyph's ink; an apostrophe is about as far from where it stands


class Word(NamedTuple):
    """Characters without a space: their box, and where each begins and stands."""

    content: str
    box: Box
    origins: tuple[tuple[float, float], ...] = ()
    boxes: tuple[Box, ...] = ()


class Painted(NamedTuple):
    """Glyphs painted in one go: how they are drawn, and where."""

    text: Untyped
    stroke: Untyped
    matrix: Untyped
    is_ignored: bool


class Glyphs(_mupdf.FzDevice2):  # type: ignore[misc]  # pymupdf carries no types
    """A device that receives a page's text, again and again, and tells of a word which of it the word is."""

    def __init__(self) -> None:
        super().__init__()
        self._known: set[tuple[Any, ...]] = set()
        self.use_virtual_fill_text()
        self.use_virtual_stroke_text()
        self.use_virtual_ignore_text()
        self.use_virtual_clip_text()
        self.use_virtual_clip_stroke_text()
        self._at: defaultdict[tuple[int, int], list[tuple[Painted, int]]] = defaultdict(list)
        self._missing: set[tuple[int, int]] = set()
        self._of_type_3: dict[tuple[int, int], Untyped] = {}

    def fill_text(self, _: Untyped, text: Untyped, matrix: Untyped, *_rest: Untyped) -> None:
        """Called by MuPDF."""
        self._keep(text, None, matrix, is_ignored=False)

    def stroke_text(
        self, _: Untyped, text: Untyped, stroke: Untyped, matrix: Untyped, *_rest: Untyped
    ) -> None:
        """Called by MuPDF."""
        kept = _mupdf.FzStrokeState(_mupdf.ll_fz_keep_stroke_state(stroke))
        self._keep(text, kept, matrix, is_ignored=False)

    def ignore_text(self, _: Untyped, text: Untyped, matrix: Untyped) -> None:
        """Called by MuPDF."""
        self._keep(text, None, matrix, is_ignored=True)

    def clip_text(self, _: Untyped, text: Untyped, matrix: Untyped, *_rest: Untyped) -> None:
        """Called by MuPDF."""
        self._keep(text, None, matrix, is_ignored=True, is_cut_out=True)

    def clip_stroke_text(
        self, _: Untyped, text: Untyped, stroke: Untyped, matrix: Untyped, *_rest: Untyped
    ) -> None:
        """Called by MuPDF."""
        kept = _mupdf.FzStrokeState(_mupdf.ll_fz_keep_stroke_state(stroke))
        self._keep(text, kept, matrix, is_ignored=True, is_cut_out=True)

    def _keep(
        self, text: Untyped, stroke: Untyped, m: Untyped, *, is_ignored: bool, is_cut_out: bool = False
    ) -> None:
        a, b, c, d, e, f = m.a, m.b, m.c, m.d, m.e, m.f
        key = int(text.this), stroke and int(stroke.m_internal.this), is_ignored, a, b, c, d, e, f
        if key in self._known:
            return
        self._known.add(key)
        matrix = _mupdf.FzMatrix(a, b, c, d, e, f)
        painted = Painted(_mupdf.FzText(_mupdf.ll_fz_keep_text(text)), stroke, matrix, is_ignored)
        span = text.head
        while span:
            # A glyph of Type 3 in the colours of its surroundings comes as what it consists of, and
            # as text that is not drawn.
            has_procedures = bool(_mupdf.ll_fz_font_t3_procs(span.font))
            if not is_ignored or is_cut_out or has_procedures:
                is_substitute = bool(_mupdf.ll_fz_font_flags(span.font).ft_substitute)
                item_of = _mupdf.FzTextSpan(span).items
                for i in range(span.len):
                    item = item_of(i)
                    across, down = item.x, item.y
                    x, y = across * a + down * c + e, across * b + down * d + f
                    place = round(_GRID * x), round(_GRID * y)
                    self._at[place].append((painted, item.ucs))
                    if has_procedures:
                        self._of_type_3.setdefault((int(span.font.this), item.gid), span.font)
                    if is_substitute and item.gid == 0:
                        self._missing.add(place)
            span = span.next

    def own(self, word: Word) -> list[Painted]:
        """The runs with the glyphs of most of the characters where they begin; else of single ones."""
        count: Counter[int] = Counter()
        found: dict[int, Painted] = {}
        for char, origin in zip(word.content, word.origins, strict=True):
            here = [pair for place in _near(*origin) for pair in self._at.get(place, ())]
            same = [painted for painted, code in here if code == ord(char)]
            painted_here = {id(painted): painted for painted in same or [painted for painted, _ in here]}
            count.update(painted_here.keys())
            found |= painted_here
        most = [painted for key, painted in found.items() if 2 * count[key] >= len(word.content)]
        return most or list(found.values())

    def is_missing(self, x: float, y: float) -> bool:
        """True if the glyph that begins there is of a font that the file lacks, and so is not known here."""
        return not self._missing.isdisjoint(_near(x, y))

    def draw_astray(self) -> bool:
        """True if a glyph of Type 3 that was received draws far from where it stands."""
        return any(_draws_astray(font, gid) for (_, gid), font in self._of_type_3.items())


def _draws_astray(of_type_3: Untyped, gid: int) -> bool:
    font = _mupdf.FzFont(_mupdf.ll_fz_keep_font(of_type_3))
    box = _mupdf.fz_bound_glyph(font, gid, _mupdf.FzMatrix())
    beyond = max(box.y0, -box.y1, box.x0 - _mupdf.fz_advance_glyph(font, gid, 0), -box.x1)
    return bool(beyond > _ASTRAY * max(box.x1 - box.x0, box.y1 - box.y0))


def _near(x: float, y: float) -> Iterator[tuple[int, int]]:
    column, row = round(_GRID * x), round(_GRID * y)
    return ((column + across, row + down) for across in (-1, 0, 1) for down in (-1, 0, 1))


def paper(area: tuple[int, int, int, int], colours: int) -> Untyped:
    """White pixels of 1 or 3 colours.

    In pixels of pymupdf's own constructor coloured glyphs of Type 3 come out black.
    """
    bounds = _mupdf.FzIrect(*area)
    space = _mupdf.fz_device_rgb() if colours == 3 else _mupdf.fz_device_gray()
    pixels = _mupdf.fz_new_pixmap_with_bbox(space, bounds, _mupdf.FzSeparations(), 0)
    _mupdf.fz_clear_pixmap_with_value(pixels, 255)
    return _pymupdf.Pixmap("raw", pixels)


def shape(painted: Iterable[Painted], area: tuple[int, int, int, int], scale: float) -> bytes:
    """The coverage of each pixel by the glyphs, 0 to 255, with `scale` pixels a point."""
    pixels = _pymupdf.Pixmap(_pymupdf.csGRAY, _pymupdf.IRect(area), True)
    pixels.clear_with()
    device = _mupdf.fz_new_draw_device(_mupdf.FzMatrix(scale, 0, 0, scale, 0, 0), pixels.this)
    gray, parameters = _mupdf.fz_device_gray(), _mupdf.FzColorParams()
    for each in painted:
        if each.stroke is None:
            _mupdf.fz_fill_text(device, each.text, each.matrix, gray, (1.0,), 1.0, parameters)
        else:
            _mupdf.fz_stroke_text(device, each.text, each.stroke, each.matrix, gray, FULL, 1.0, parameters)
    _mupdf.fz_close_device(device)
    return bytes(pixels.samples)[1::2]  # glyphs of Type 3 may have colours of their own
