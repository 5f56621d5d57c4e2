"""The lines of a PDF's pages as a reader sees them. Imports pymupdf: only workers import this module."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

import pymupdf

from digest.text import characters, hidden_text, membership
from digest.text.errors import PdfError
from digest.text.glyphs import Untyped
from digest.text.hidden_text import Hidden, Run
from digest.text.rows import PageText, Row, TextLine
from digest.text.sheet import Sheet

_mupdf: Untyped = pymupdf

EXTRACTOR = f"pymupdf {_mupdf.VersionBind}"

_PARAGRAPH = '<p style="top:'
_TAG = re.compile(r"<[^>]*>")
_HALF = 8  # letters; fewer stand in any text
_NEARLY_WHITE = re.compile("#[ef].[ef].[ef].")


class Pdf:
    """An open file: the pages that were read, and how many there are. A context manager."""

    def __init__(self, document: Untyped, numbers: Iterable[int]) -> None:
        self.total: int = document.page_count
        self._document = document
        self._sheets: dict[int, Sheet] = {}
        self._pages: dict[int, PageText] = {}
        for number in numbers:
            self._read(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sheets.clear()
        self._document.close()

    @property
    def pages(self) -> tuple[PageText, ...]:
        """In the order of the file."""
        return tuple(self._pages.values())

    def look(self, rows: Iterable[Row]) -> bool:
        """Look whether rows are drawn; whether words were found that are not.

        These are then hidden, so other passages may be chosen, which have to be looked at in turn.
        """
        texts: defaultdict[int, list[str]] = defaultdict(list)
        for row in rows:
            texts[row.page].append(row.content)
        changed = [number for number, found in texts.items() if self._look(number - 1, found)]
        return bool(changed)

    def _look(self, number: int, texts: Sequence[str]) -> bool:
        sheet = self._sheets[number]
        is_used = _Quoted(texts)
        try:
            if not sheet.look(is_used):
                return False
            self._pages[number] = _page(self._document, number, sheet)
        except Exception:  # noqa: BLE001 - mupdf's errors and those of its wrapper have no common base
            del self._pages[number]  # rather none of it than what nobody may have seen
        return True

    def _read(self, number: int) -> None:
        """One page; left out where it cannot be read."""
        try:
            sheet = Sheet(self._document[number])
            self._pages[number] = _page(self._document, number, sheet)
        except Exception:  # noqa: BLE001 - mupdf's errors and those of its wrapper have no common base
            return
        self._sheets[number] = sheet


def read_pages(path: Path, limit: int) -> Pdf:
    """At most `limit` pages of the file: of a longer one the first two thirds of these, and the last third.

    Raises:
        PdfError: it is no PDF, or cannot be opened without a password.
    """
    with path.open("rb") as file:
        head = file.read(1024)
    if not head:
        raise PdfError("PDF is empty")
    if b"%PDF-" not in head:
        raise PdfError("not a PDF", transient=True)
    try:
        document = _mupdf.open(path, filetype="pdf")
    except Exception as error:  # its exceptions have no common base
        raise PdfError("PDF is damaged", transient=True) from error
    try:
        numbers = _numbers(document, limit)
        membership.settle(document)
        pdf = Pdf(document, numbers)
    except PdfError:
        document.close()
        raise
    if not pdf.pages:
        document.close()
        raise PdfError("PDF is damaged", transient=True)
    return pdf


def _numbers(document: Untyped, limit: int) -> Iterable[int]:
    """The pages to read, from 0. Raises `PdfError` if none can be."""
    if not document.is_pdf:
        raise PdfError("not a PDF", transient=True)
    if document.needs_pass:
        raise PdfError("PDF is encrypted")
    count = document.page_count
    if count == 0:
        raise PdfError("PDF is damaged", transient=True)
    if count <= limit:
        return range(count)
    last = limit // 3
    return [*range(limit - last), *range(count - last, count)]


def _page(document: Untyped, number: int, sheet: Sheet) -> PageText:
    blocks = hidden_text.blocks_of(sheet.unclipped)
    if sheet.undrawn or _is_suspect(sheet.styled) or hidden_text.covered(blocks):
        runs = hidden_text.Inspection(sheet).lines()
        lines = tuple(_lines_of_runs(runs))
        unseen = list(hidden_text.together(runs))
        if unseen or sheet.has_type_3:
            sheet.show([[run.span for run in line if run.how is None] for line in runs])
        drawn = "".join(span["text"] for line in sheet.spans for span in line)
    else:
        lines, unseen = tuple(_lines_of_html(sheet.styled)), []
        drawn = "".join(line.content for line in lines)
    unseen += hidden_text.outside(blocks, drawn, sheet.picture.rect)
    unseen += hidden_text.clipping(document[number], drawn)
    unseen += _annotations(document, number)
    return PageText(number + 1, sheet.picture.rect.height, lines, tuple(unseen))


class _Quoted:
    """Tells whether a line, as its words, is in one of some texts: all of it, or half of a long one.

    Only letters and digits count, so a word that is broken at the end of a line is no matter.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._letters = "".join(map(hidden_text.squeezed, texts))

    def __call__(self, line: Sequence[str]) -> bool:
        letters = hidden_text.squeezed(characters.tidy(" ".join(line)))
        half = len(letters) // 2
        parts = (letters[:half], letters[half:]) if half >= _HALF else (letters,)
        return bool(letters) and any(part in self._letters for part in parts)


def _is_suspect(styled: str) -> bool:
    """True if a run is under 2 pt, is of Type 3, or has no colour (it is invisible), or nearly that of paper.

    A style without a colour ends with its size, as the styles of lines and of the page do. Names of fonts,
    which may be anything, stand before it.
    """
    return (
        "Type3 (" in styled
        or "font-size:0." in styled
        or "font-size:1." in styled
        or styled.count('pt">') != styled.count(_PARAGRAPH) + 1
        or _NEARLY_WHITE.search(styled) is not None
    )


def _lines_of_html(styled: str) -> Iterator[TextLine]:
    """MuPDF's HTML has one `<p>` a line, and costs far less than its dictionaries."""
    pairs = [line.split('pt">', 1) for line in styled.split(_PARAGRAPH)[1:]]
    if not pairs:
        return
    contents = html.unescape(_TAG.sub("", "\0".join(runs for _, runs in pairs))).split("\0")
    for (style, runs), content in zip(pairs, contents, strict=True):
        if content and not content.isspace():
            top, left, size = style.split("pt;")
            bold = runs.startswith("<b>") and runs.count("<b>") == runs.count("<span")
            yield TextLine(
                content.strip(),
                float(top),
                float(left.removeprefix("left:")),
                float(size.removeprefix("line-height:")),
                bold,
            )


def _lines_of_runs(lines: list[list[Run]]) -> Iterator[TextLine]:
    for runs in lines:
        spans = [run.span for run in runs if run.how is None]
        content = "".join(span["text"] for span in spans).strip()
        if content:
            largest = max(spans, key=lambda span: len(span["text"]))
            words = [span for span in spans if any(map(str.isalpha, span["text"]))]
            bold = bool(words) and all(span["flags"] & _mupdf.TEXT_FONT_BOLD for span in words)
            box = _mupdf.Rect(spans[0]["bbox"])
            yield TextLine(content, box.y0, box.x0, largest["size"], bold)


def _annotations(document: Untyped, number: int) -> Iterator[Hidden]:
    """The text of notes, stamps and form fields; links and pop-ups say nothing."""
    for xref, kind, _ in document.page_annot_xrefs(number):
        if kind in (_mupdf.PDF_ANNOT_LINK, _mupdf.PDF_ANNOT_POPUP):
            continue
        for key in ("Contents", "V"):
            what, content = document.xref_get_key(xref, key)
            if what == "string" and content.strip():
                yield Hidden("annotation", content.strip())
