"""One PDF to the text of a prompt. Runs in a worker: a file may hang it, crash it or eat its memory."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING

from digest.model import Finding, Passage, Text, TextOrigin
from digest.text import characters, clean, injection, selection, tokens
from digest.text import title_match as titles
from digest.text.errors import PdfError
from digest.text.rows import Row

if TYPE_CHECKING:
    from digest.text.pdf_pages import Pdf
    from digest.text.rows import PageText

_FIRST_PAGES = 3
_LONGEST = 4 << 20  # characters of a text file
_SCANNED = 200  # letters a page; fewer are the marks on a scan


def extract(path: Path, title: str | None, model: str, budget: int, page_limit: int) -> Text:
    """The passages of the PDF (or text, .txt) at `path` that fit into `budget` tokens of `model`.

    Args:
        path: the file.
        title: what must occur on the first pages; None: any paper will do.
        model: whose tokens are counted.
        budget: tokens of all passages.
        page_limit: pages that are read.

    Raises:
        PdfError: there is no text, or it is not this paper's.
    """
    if path.suffix == ".txt":
        return _extract_plain(path, title, model, budget)
    from digest.text.pdf_pages import EXTRACTOR, read_pages  # pymupdf is loaded where it is used

    with _uncollected(), read_pages(path, page_limit) as pdf:
        rows, passages = _chosen(pdf, budget, lambda text: tokens.count(text, model)[0])
    found = injection.gravest([*_unseen(pdf.pages), *_addressed(rows)])
    if sum(len(row.content) for row in rows) < _SCANNED * len(pdf.pages):
        raise PdfError("hardly any text in PDF, it may be scanned", findings=found)
    if title is not None and not titles.occurs(title, _first_pages(rows)):
        raise PdfError("title not found in PDF", findings=found)
    if not passages:
        raise PdfError("no running text in PDF", findings=found)
    return _text(passages, model, EXTRACTOR, pdf.total, found)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No collection of garbage for as long as one file takes: of its thousands of words hardly any is."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _extract_plain(path: Path, title: str | None, model: str, budget: int) -> Text:
    """The same of a text that somebody extracted before, with form feeds between its pages."""
    pages = path.read_text(encoding="utf-8", errors="replace")[:_LONGEST].split("\f")
    rows = [
        Row(number, line, float(place), 10.0, bold=False)
        for number, page in enumerate(pages, start=1)
        for place, line in enumerate(map(characters.tidy, page.splitlines()))
        if line
    ]
    found = injection.gravest(_addressed(rows))
    if title is not None and not titles.occurs(title, _first_pages(rows)):
        raise PdfError("title not found in text", findings=found)
    passages = selection.passages(rows, budget, lambda text: tokens.count(text, model)[0])
    if not passages:
        raise PdfError("no running text in file", findings=found)
    return _text(passages, model, "plain text", len(pages), found)


def _text(
    passages: tuple[Passage, ...], model: str, extractor: str, pages: int, found: tuple[Finding, ...]
) -> Text:
    """The passages, with where they come from and how many tokens they are for the model."""
    counted, counted_by = tokens.count("\n".join(passage.content for passage in passages), model)
    origin = TextOrigin(
        source="pdf",
        sections=tuple(f"{passage.heading} ({_span(passage.pages)})" for passage in passages),
        tokens=counted,
        counted_by=counted_by,
        extractor=extractor,
        pages=pages,
        findings=found,
    )
    return Text(origin=origin, passages=passages)


def _chosen(pdf: Pdf, budget: int, count: selection.Count) -> tuple[list[Row], tuple[Passage, ...]]:
    """All lines of a PDF, and passages of which all that nobody can see has been taken out."""
    while True:
        rows = clean.body(pdf.pages)
        chosen = selection.chosen(rows, budget, count)
        if not pdf.look(chosen.rows):
            return rows, chosen.passages


def _unseen(pages: Sequence[PageText]) -> Iterator[Finding]:
    for page in pages:
        for hidden in page.hidden:
            finding = injection.of_hidden(page.number, hidden.how, hidden.content)
            if finding is not None:
                yield finding


def _addressed(rows: Sequence[Row]) -> Iterator[Finding]:
    for number, group in groupby(rows, key=lambda row: row.page):
        yield from injection.of_visible(number, " ".join(row.content for row in group))


def _first_pages(rows: Sequence[Row]) -> list[str]:
    pages = groupby(rows, key=lambda row: row.page)
    return [" ".join(row.content for row in group) for _, group in islice(pages, _FIRST_PAGES)]


def _span(pages: Sequence[int]) -> str:
    """Page numbers in words: 1-2, 8."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][-1] + 1:
            runs[-1].append(page)
        else:
            runs.append([page])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
