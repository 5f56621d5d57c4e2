"""The lines of a PDF's pages as a reader sees them. Imports pymupdf: only workers import this module."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pymupdf

from digest.text import hidden_text
from digest.text.errors import PdfError
from digest.text.hidden_text import Hidden, Run, Untyped

_mupdf: Untyped = pymupdf

EXTRACTOR = f"pymupdf {_mupdf.VersionBind}"

_FLAGS = (
    _mupdf.TEXTFLAGS_TEXT & ~_mupdf.TEXT_PRESERVE_LIGATURES
) | _mupdf.TEXT_IGNORE_ACTUALTEXT  # ActualText says whatever its author likes; glyphs are what is seen
_UNCLIPPED = (_FLAGS & ~_mupdf.TEXT_CLIP) | _mupdf.TEXT_PRESERVE_IMAGES

_PARAGRAPH = '<p style="top:'
_TAG = re.compile(r"<[^>]*>")
_NEARLY_WHITE = re.compile("#[ef].[ef].[ef].")


class Line(NamedTuple):
    """A line of text; positions in points from the top left corner."""

    content: str
    top: float
    left: float
    size: float
    bold: bool


class Page(NamedTuple):
    """What is visible on a page (number from 1), in reading order, and what is not."""

    number: int
    height: float
    lines: tuple[Line, ...]
    hidden: tuple[Hidden, ...]


class Pdf(NamedTuple):
    """The pages that were read, and how many there are."""

    pages: tuple[Page, ...]
    total: int


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
        raise PdfError("not a PDF")
    try:
        document = _mupdf.open(path, filetype="pdf")
    except Exception as error:  # its exceptions have no common base
        raise PdfError("PDF is damaged") from error
    with document:
        if not document.is_pdf:
            raise PdfError("not a PDF")
        if document.needs_pass:
            raise PdfError("PDF is encrypted")
        count = document.page_count
        if count == 0:
            raise PdfError("PDF is damaged")
        numbers: Iterable[int] = range(count)
        if count > limit:
            last = limit // 3
            numbers = [*range(limit - last), *range(count - last, count)]
        pages = [page for number in numbers if (page := _read(document, number)) is not None]
    if not pages:
        raise PdfError("PDF is damaged")
    return Pdf(tuple(pages), count)


def _read(document: Untyped, number: int) -> Page | None:
    """One page; None where it cannot be read."""
    try:
        page = document[number]
        # Annotations are left out of the list, so whatever they say is not on the page.
        picture = page.get_displaylist(annots=0)
        text = _mupdf.TextPage(picture.get_textpage(_FLAGS))
        unclipped = _mupdf.TextPage(picture.get_textpage(_UNCLIPPED))
        styled = text.extractHTML()
        blocks = hidden_text.blocks_of(unclipped)
        if _is_suspect(styled) or hidden_text.covered(blocks):
            runs = list(hidden_text.Inspection(text, unclipped, picture).lines())
            lines = tuple(_lines_of_runs(runs))
            unseen = list(hidden_text.together(runs))
            drawn = "".join(run.span["text"] for line in runs for run in line)
        else:
            lines, unseen = tuple(_lines_of_html(styled)), []
            drawn = "".join(line.content for line in lines)
        unseen += hidden_text.outside(blocks, drawn, picture.rect)
        unseen += hidden_text.clipping(page, _FLAGS)
        unseen += _annotations(document, number)
    except Exception:  # noqa: BLE001 - mupdf's errors and those of its wrapper have no common base
        return None
    return Page(number + 1, picture.rect.height, lines, tuple(unseen))


def _is_suspect(styled: str) -> bool:
    """Whether a run is under 2 pt, or has no colour (it is invisible), or nearly that of paper.

    A style without a colour ends with its size, as the styles of lines and of the page do. Names of fonts,
    which may be anything, stand before it.
    """
    return (
        "font-size:0." in styled
        or "font-size:1." in styled
        or styled.count('pt">') != styled.count(_PARAGRAPH) + 1
        or _NEARLY_WHITE.search(styled) is not None
    )


def _lines_of_html(styled: str) -> Iterator[Line]:
    """MuPDF's HTML has one `<p>` a line, and costs far less than its dictionaries."""
    pairs = [line.split('pt">', 1) for line in styled.split(_PARAGRAPH)[1:]]
    if not pairs:
        return
    contents = html.unescape(_TAG.sub("", "\0".join(runs for _, runs in pairs))).split("\0")
    for (style, runs), content in zip(pairs, contents, strict=True):
        if content and not content.isspace():
            top, left, size = style.split("pt;")
            bold = runs.startswith("<b>") and runs.count("<b>") == runs.count("<span")
            yield Line(
                content.strip(),
                float(top),
                float(left.removeprefix("left:")),
                float(size.removeprefix("line-height:")),
                bold,
            )


def _lines_of_runs(lines: list[list[Run]]) -> Iterator[Line]:
    for runs in lines:
        spans = [run.span for run in runs if run.how is None]
        content = "".join(span["text"] for span in spans).strip()
        if content:
            largest = max(spans, key=lambda span: len(span["text"]))
            words = [span for span in spans if any(map(str.isalpha, span["text"]))]
            bold = bool(words) and all(span["flags"] & _mupdf.TEXT_FONT_BOLD for span in words)
            box = _mupdf.Rect(spans[0]["bbox"])
            yield Line(content, box.y0, box.x0, largest["size"], bold)


def _annotations(document: Untyped, number: int) -> Iterator[Hidden]:
    """What notes, stamps and form fields say; links and pop-ups say nothing."""
    for xref, kind, _ in document.page_annot_xrefs(number):
        if kind in (_mupdf.PDF_ANNOT_LINK, _mupdf.PDF_ANNOT_POPUP):
            continue
        for key in ("Contents", "V"):
            what, content = document.xref_get_key(xref, key)
            if what == "string" and content.strip():
                yield Hidden("annotation", content.strip())
