"""A page as MuPDF reads it. Imports pymupdf: only workers import this module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, TypeAlias

import pymupdf

from digest.text.glyphs import Box, Untyped, Word
from digest.text.ink import INKED, Ink
from digest.text.layout import Line, around_all, core, widened

_mupdf: Untyped = pymupdf

FLAGS = (
    _mupdf.TEXTFLAGS_TEXT & ~_mupdf.TEXT_PRESERVE_LIGATURES
) | _mupdf.TEXT_IGNORE_ACTUALTEXT  # ActualText says whatever its author likes; glyphs are what is seen
_EXACT = FLAGS | _mupdf.TEXT_ACCURATE_BBOXES
_UNCLIPPED = (FLAGS & ~_mupdf.TEXT_CLIP) | _mupdf.TEXT_PRESERVE_IMAGES

CLIPPED = 64
"""MuPDF's FZ_STEXT_CLIPPED: what characters with this flag say is cut out of what is painted next."""

_TYPE_3 = "Type3 ("
"""So MuPDF begins the name of a font without a name."""

_ABOVE, _BELOW = (
    0.8,
    0.25,
)  # of the size of a Type 3 font, whose own box may be anything
_PIXEL = 1.0  # points; at a glance, and as much of a pixel may lie outside of what is looked at
_LONG = 4  # letters that are not drawn in a word that is
_MOST = 0.5

Span: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[float, float, str]
"""Where a character begins, and which it is."""

IsUsed: TypeAlias = Callable[[Sequence[str]], bool]
"""True if the words of a line are among those that are wanted."""


class Sheet:
    """One page: its text, its text with what lies beyond its edges and clips, and how it is drawn."""

    def __init__(self, page: Untyped) -> None:
        # Annotations are left out of the list, so whatever they say is not on the page.
        self.picture: Untyped = page.get_displaylist(annots=0)
        self.text: Untyped = _mupdf.TextPage(self.picture.get_textpage(FLAGS))
        self.unclipped: Untyped = _mupdf.TextPage(self.picture.get_textpage(_UNCLIPPED))
        self.styled: str = self.text.extractHTML()
        self.undrawn: set[Place] = set()
        """Places of characters that were looked for and are not drawn."""
        self._ink = Ink(self.picture, _annotations(page))
        self._seen: set[Line] = set()
        self._shown: Sequence[Sequence[Span]] | None = None

    @property
    def has_type_3(self) -> bool:
        """True if glyphs are little drawings, whose size says nothing by itself."""
        return _TYPE_3 in self.styled

    @property
    def spans(self) -> list[list[Span]]:
        """The runs of characters, line by line; those of Type 3, and of pages looked at, have `chars`."""
        return self._raw if self.has_type_3 or self.undrawn else self._plain

    @cached_property
    def _plain(self) -> list[list[Span]]:
        lines = [line["spans"] for block in self.text.extractDICT()["blocks"] for line in block["lines"]]
        for row, spans in enumerate(lines):
            for column, span in enumerate(spans):
                span["at"] = row, column
        return lines

    @cached_property
    def _raw(self) -> list[list[Span]]:
        lines = _raw_lines(self.text)
        if self.has_type_3:
            _measure(lines)
        return [line["spans"] for line in lines]

    def _with_chars(self, span: Span, *, nearby: bool = False) -> Span:
        """A run with its characters, from all of the page or, for less than all its runs, from nearby."""
        if "chars" in span:
            return span
        for spans in self._near(span["bbox"]) if nearby else ():
            for each in spans:
                if (each["text"], each["bbox"]) == (span["text"], span["bbox"]):
                    return each
        row, column = span["at"]
        found: Span = self._raw[row][column]
        return found

    def _near(self, box: Box) -> list[list[Span]]:
        """The lines of `_raw`, with those characters only that lie over a box."""
        return self._raw if self.has_type_3 else _lines_over(self.text, box)

    @cached_property
    def _exact(self) -> Untyped:
        """The page's text with the boxes of its glyphs, not of their fonts."""
        return _mupdf.TextPage(self.picture.get_textpage(_EXACT))

    def _free(self, word: Word) -> Box | None:
        """The rows of a word's middle that other glyphs leave free; None if they cannot pass for the word."""
        left, top, right, bottom = core(word.box)
        if self.has_type_3:
            return left, top, right, top
        others = 0.0
        is_own_known = False
        for spans in _lines_over(self._exact, (left, top - _PIXEL, right, bottom + _PIXEL)):
            chars = [char for span in spans for char in span["chars"] if not char["c"].isspace()]
            rest = iter(word.content)
            if not is_own_known and all(char["c"] in rest for char in chars):
                is_own_known = bool(chars)
                continue
            for first, upper, last, lower in (char["bbox"] for char in chars):
                others += max(min(last, right) - max(first, left), 0.0)
                if upper + lower < top + bottom:
                    top = max(top, lower)
                else:
                    bottom = min(bottom, upper)
        return (left, top, right, bottom) if others >= INKED * (right - left) else None

    def show(self, lines: Sequence[Sequence[Span]]) -> None:
        """Take for visible, until it is looked at, these runs only."""
        self._shown = lines

    def _lines(self) -> list[Line]:
        if self._shown is not None:
            lines = ([self._with_chars(span) for span in spans] for spans in self._shown)
            shown = ([(*word.box, word.content) for word in _words(spans)] for spans in lines)
            return [Line.of(words) for words in shown if words]
        return [Line.of(words) for _, words in groupby(self.text.extractWORDS(), key=itemgetter(5, 6))]

    def look(self, is_used: IsUsed) -> bool:
        """Look whether the lines that are used are drawn, and those beside them; whether some are not."""
        lines = self._lines()
        wanted = {i + by for i, line in enumerate(lines) if is_used(line.contents) for by in (-1, 0, 1)}
        unseen = [line for i, line in enumerate(lines) if i in wanted and line not in self._seen]
        self._seen.update(unseen)
        if self.has_type_3 and self._ink.draws_astray():
            doubtful = [word for line in unseen for word in line.words]
        else:
            doubtful = self._ink.doubtful(unseen, lines, self._free)
        known = len(self.undrawn)
        if doubtful:
            corners = {_corner(word.box) for word in doubtful}
            # Of several characters that one glyph stands for, all but the first have no width.
            for spans in self._near(widened(around_all([word.box for word in doubtful]), _PIXEL)):
                words = [word for word in _words(spans) if _corner(word.box) in corners]
                self.undrawn |= self._undrawn(words)
        return len(self.undrawn) > known

    def may_be_drawn(self, span: Span) -> bool:
        """True if a run without a colour may get it otherwise: by its glyphs, or by what it cuts out."""
        return self.has_type_3 or bool(span["char_flags"] & CLIPPED)

    def is_drawn(self, span: Span) -> bool:
        """True if most of the letters of a span are."""
        words = list(_words([self._with_chars(span, nearby=True)]))
        letters = sum(sum(map(str.isalnum, word.content)) for word in words)
        return letters - len(self._undrawn(words)) > _MOST * letters

    def _undrawn(self, words: Sequence[Word]) -> set[Place]:
        """The letters that are not drawn."""
        drawn = self._ink.drawn(words) if words else []
        return {place for word, found in zip(words, drawn, strict=True) for place in _missing(word, found)}


def _annotations(page: Untyped) -> Untyped:
    """The display list of what annotations draw over a page; None if there are none but links and pop-ups."""
    if page.first_annot is None and page.first_widget is None:
        return None
    listed = _mupdf.mupdf.FzDisplayList(_mupdf.mupdf.FzRect(*page.rect))
    device = _mupdf.mupdf.fz_new_list_device(listed)
    loaded = _mupdf.mupdf.FzPage(page.this)
    for run in (_mupdf.mupdf.fz_run_page_annots, _mupdf.mupdf.fz_run_page_widgets):
        run(loaded, device, _mupdf.mupdf.FzMatrix(), _mupdf.mupdf.FzCookie())
    _mupdf.mupdf.fz_close_device(device)
    return listed


def _raw_lines(page: Untyped) -> list[dict[str, Any]]:
    """The lines of a text page, with every character."""
    lines = [line for block in page.extractRAWDICT()["blocks"] for line in block["lines"]]
    for line in lines:
        for span in line["spans"]:
            span["text"] = "".join(char["c"] for char in span["chars"])
    return lines


def _lines_over(page: Untyped, box: Box) -> list[list[Span]]:
    """The runs of every line, with those characters only that lie over a box on the page."""
    within = page.this.m_internal.mediabox  # what lies outside of it is left out
    whole = within.x0, within.y0, within.x1, within.y1
    edges = map(max, whole[:2], box[:2]), map(min, whole[2:], box[2:])
    try:
        (within.x0, within.y0), (within.x1, within.y1) = edges
        return [line["spans"] for line in _raw_lines(page)]
    finally:
        within.x0, within.y0, within.x1, within.y1 = whole


def _missing(word: Word, drawn: Sequence[bool]) -> list[Place]:
    """Letters of a word that are not drawn; a few do not count, whatever crosses them."""
    letters = [
        (is_drawn, (*origin, char))
        for is_drawn, origin, char in zip(drawn, word.origins, word.content, strict=True)
        if char.isalnum()
    ]
    share = sum(is_drawn for is_drawn, _ in letters) / (len(letters) or 1)
    if share < _MOST:
        return [place for _, place in letters]
    runs = groupby(is_drawn for is_drawn, _ in letters)
    longest = max((len(list(run)) for is_drawn, run in runs if not is_drawn), default=0)
    return [place for is_drawn, place in letters if not is_drawn] if longest >= _LONG else []


def split(span: Span, undrawn: set[Place]) -> Iterator[tuple[bool, Span]]:
    """A span in parts that are drawn, or are not; marks and spaces go with what stands before them."""
    states = [
        (*char["origin"], char["c"]) not in undrawn if char["c"].isalnum() else None for char in span["chars"]
    ]
    last = next((state for state in states if state is not None), True)
    filled = [last := last if state is None else state for state in states]
    for is_drawn, pairs in groupby(zip(filled, span["chars"], strict=True), key=lambda pair: pair[0]):
        chars = [char for _, char in pairs]
        yield (
            is_drawn,
            {
                **span,
                "chars": chars,
                "text": "".join(char["c"] for char in chars),
                "bbox": around_all([char["bbox"] for char in chars]),
            },
        )


def _words(spans: Sequence[Span]) -> Iterator[Word]:
    chars = [char for span in spans for char in span["chars"]]
    for is_space, group in groupby(chars, key=lambda char: char["c"].isspace()):
        if not is_space:
            word = list(group)
            boxes = tuple(char["bbox"] for char in word)
            origins = tuple(char["origin"] for char in word)
            yield Word("".join(char["c"] for char in word), around_all(boxes), origins, boxes)


def _measure(lines: Sequence[dict[str, Any]]) -> None:
    """Give Type 3 fonts the size of a usual font with letters as wide, and their characters fitting boxes."""
    usual: dict[str, float] = {}
    wide: dict[str, float] = {}
    found = [
        (span, line["dir"])
        for line in lines
        for span in line["spans"]
        if span["font"].startswith(_TYPE_3) and span["size"]
    ]
    for span, _ in found:
        font = span["font"]
        for one, other in pairwise(span["chars"]):
            (x0, y0), (x1, y1) = one["origin"], other["origin"]
            wide[font] = wide.get(font, 0.0) + ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
            usual[font] = usual.get(font, 0.0) + _width(one["c"]) * span["size"]
    for span, direction in found:
        span["size"] *= wide.get(span["font"], 0.0) / (usual.get(span["font"], 0.0) or 1.0) or 1.0
        if direction == (1.0, 0.0):
            for char in span["chars"]:
                left, _, right, _ = char["bbox"]
                base = char["origin"][1]
                char["bbox"] = (left, base - _ABOVE * span["size"], right, base + _BELOW * span["size"])
            span["bbox"] = around_all([char["bbox"] for char in span["chars"]])


@cache
def _width(char: str) -> float:
    """Of a character in Times, in sizes."""
    return float(_times().glyph_advance(ord(char)))


@cache
def _times() -> Untyped:
    return _mupdf.Font("tiro")


def _corner(box: Box) -> tuple[int, int]:
    return round(box[0]), round(box[1])
