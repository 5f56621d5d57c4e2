"""From the lines of pages to running text: without running heads, page numbers and the arXiv stamp."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from digest.text.characters import tidy
from digest.text.rows import PageText, Row, TextLine

_STAMP = re.compile(r"arXiv:\S{5,20}\s+\[[\w.-]+\]\s+\d{1,2}\s+\w{3}\s+\d{4}")
_PAGE_NUMBER = re.compile(
    r"[-–—\s|]*(?:page\s+)?(?:\d{1,4}|[ivxl]{1,6})(?:\s*(?:of|/)\s*\d{1,4})?[-–—\s|]*", re.IGNORECASE
)
_OUTER = 3  # lines at the top and at the bottom where running heads stand
_OFTEN = 3  # pages with the same words at the same height
_CJK = re.compile("[\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")


def body(pages: Sequence[PageText]) -> list[Row]:
    """All lines in reading order but for running heads, page numbers and arXiv's stamp."""
    tops = {page.number: _outer_tops(page) for page in pages}
    repeated = Counter(
        place
        for page in pages
        for place in {_place(line) for line in page.lines if round(line.top) in tops[page.number]}
    )
    rows = []
    for page in pages:
        for line in page.lines:
            content = tidy(line.content)
            if not content or _STAMP.match(content):
                continue
            if round(line.top) in tops[page.number] and (
                _PAGE_NUMBER.fullmatch(content) or repeated[_place(line)] >= _OFTEN
            ):
                continue
            rows.append(Row(page.number, content, line.top, line.size, line.bold))
    return rows


def join(lines: Iterable[str], paper: str) -> str:
    """Lines as running text. A word broken at the end of a line is mended.

    Args:
        lines: one line each.
        paper: all text of the paper: a compound that stands in it with its hyphen keeps the hyphen.
    """
    text = ""
    for line in lines:
        if not text:
            text = line
        elif text.endswith("-") and line[:1].islower() and text[-2:-1].isalpha():
            text = _mend(text, line, paper)
        elif _CJK.match(text[-1]) and _CJK.match(line[0]):
            text += line
        else:
            text += f" {line}"
    return text


def _mend(text: str, line: str, paper: str) -> str:
    before = re.split(r"[^\w]", text[:-1])[-1]
    after = re.split(r"[^\w]", line, maxsplit=1)[0]
    is_compound = f"{before}-{after}" in paper and f"{before}{after}" not in paper
    return (text if is_compound else text[:-1]) + line


def _outer_tops(page: PageText) -> set[int]:
    tops = sorted({round(line.top) for line in page.lines})
    return {*tops[:_OUTER], *tops[-_OUTER:]}


def _place(line: TextLine) -> tuple[str, int]:
    """The marks of a running head, from page to page: its words, whatever the numbers, and its height."""
    return re.sub(r"\d+", "0", line.content), round(line.top / 4)
