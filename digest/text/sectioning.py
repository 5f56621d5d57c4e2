"""Where a paper's sections begin and end: its introduction, its conclusion, its references."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from digest.text.rows import Row

_LABEL = re.compile(r"(?:§\s*)?((?:\d{1,2}|[IVX]{1,5}|[A-Z])(?:\.\d{1,2})*)[.):]?(?:\s+|(?<=[.):])|$)")
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "X": 10}
_ROMAN |= {f"X{roman}": 10 + value for roman, value in tuple(_ROMAN.items())}


class Title(NamedTuple):
    """A kind of title: letters that each one has, to look for first, and the whole without its spaces."""

    hint: re.Pattern[str]
    whole: re.Pattern[str]


_INTRODUCTION = Title(
    re.compile("ntroduction|NTRODUCTION|引言|绪论|前言|导言|简介"),
    re.compile(r"(?:general)?introduction(?:and.*|to.*)?|引言|绪论|前言|导言|简介"),
)
_CONCLUSION = Title(
    re.compile("onclu|ONCLU|emarks|EMARKS|ummary|UMMARY|总结|结论|结束语|结语"),
    re.compile(
        r"(?:[a-z]{0,40}and)?(?:conclusions?|concluding(?:remarks?|discussions?)|(?:closing|final)remarks)"
        r"(?:(?:and|remarks).*)?|summaryand[a-z]+|(?:总结|结论|结束语|结语)(?:[与和及].*)?"
    ),
)
_DISCUSSION = Title(
    re.compile("iscuss|ISCUSS|ummary|UMMARY|讨论|小结"),
    re.compile(r"(?:general)?discussions?(?:and.*)?|summary|讨论|小结"),
)
_REFERENCES = Title(
    re.compile("eference|EFERENCE|ibliogr|IBLIOGR|iterature|ITERATURE|orks|参考"),
    re.compile(r"references?(?:andnotes)?|bibliography|literaturecited|workscited|参考文献"),
)
_BACK_MATTER = re.compile(
    r"(?:a\s?cknowledg\w*|appendix|appendices|supplementary materials?|funding"
    r"|author contributions?|data availability|致谢|附录)\b",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"relatedworks?|background|preliminaries|methods?|methodology|materialsandmethods|experiments?|results?"
    r"|limitations?|ethic.{0,30}|broaderimpact.{0,20}|impactstatement|data.{0,8}availability.*"
    r"|reproducibility.{0,20}|conflicts?ofinterest|declaration.{0,40}|credit.{0,30}|相关工作"
)
_ENTRY = re.compile(r"\[1\]\s*\S|1\.\s+[A-Z]\S+,")
_WORD = re.compile(r"[^\W\d_]{2,}")
_NO_LETTER = re.compile(r"[\W\d_]")
_LONGEST = 90  # characters of a heading
_LARGER = 1.08
_SENTENCE_END = re.compile(r"[.!?。！？][\"”’)\]]*$")
_FULL = 0.85  # of the usual length: a shorter row that ends a sentence ends a paragraph
_GAP = 1.5  # of the usual distance between rows
_LEAST = 100  # characters of a paragraph


class Heading(NamedTuple):
    """A heading: its first row, the row after it, its words, its number if it has one, and how it is set.

    `content` is the whole row: what looks like a letter before the title may be its first small capital.
    """

    row: int
    after: int
    title: str
    content: str
    number: int | None
    size: float
    bold: bool


class Part(NamedTuple):
    """A stretch of rows."""

    name: str
    rows: list[Row]


def end_of_body(rows: Sequence[Row]) -> int:
    """The row where the references begin; the number of rows where there are none."""
    named = [heading.row for heading in _headings(rows, _REFERENCES)]
    late = [row for row in named if row > 0.35 * len(rows)]
    if named:
        return late[0] if late else named[-1]
    entries = (i for i in range(len(rows) // 2, len(rows)) if _ENTRY.match(rows[i].content))
    return next(entries, len(rows))


def introduction(rows: Sequence[Row]) -> Part | None:
    """The introduction, the first with text below it: a table of contents has the same line."""
    for heading in _headings(rows, _INTRODUCTION):
        part = _section(rows, heading)
        if _letters(part) > 200:
            return Part("Introduction", part)
    return None


def conclusion(rows: Sequence[Row]) -> Part | None:
    """The last section that concludes, of the whole paper rather than of a section of it."""
    size = size_of_body(rows)
    for wanted in (_CONCLUSION, _DISCUSSION):
        parts = [
            ((h.bold or h.size > _LARGER * size, h.number is not None), _section(rows, h))
            for h in _headings(rows, wanted)
            if h.row > len(rows) // 3
        ]
        full = [(rank, part) for rank, part in parts if _letters(part) > 100]
        if full:
            highest = max(rank for rank, _ in full)
            return Part("Conclusion", [part for rank, part in full if rank == highest][-1])
    return None


def first_paragraph(rows: Sequence[Row]) -> list[Row]:
    """The rows up to the first that ends a sentence before the margin, or stands off from the next one.

    All of them where no such row is seen.
    """
    lengths = sorted(len(row.content) for row in rows)
    full = lengths[3 * len(lengths) // 4] if rows else 0
    steps = sorted(step for a, b in pairwise(rows) if (step := b.top - a.top) > 0)
    usual = steps[len(steps) // 2] if steps else 0.0
    read = 0
    for number, (row, after) in enumerate(pairwise(rows), 1):
        read += len(row.content)
        stands_off = usual and after.page == row.page and after.top - row.top > _GAP * usual
        ends = len(row.content) < _FULL * full or stands_off
        if read >= _LEAST and ends and _SENTENCE_END.search(row.content):
            return list(rows[:number])
    return list(rows)


def size_of_body(rows: Sequence[Row]) -> float:
    """The size in which most of the text is set, in points, to the half."""
    sizes: Counter[float] = Counter()
    for row in rows:
        sizes[round(row.size * 2) / 2] += len(row.content)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def main_text(rows: Sequence[Row]) -> list[Row]:
    """The rows set in the size of the text: no footnotes, no captions, no labels of figures."""
    size = size_of_body(rows)
    return [row for row in rows if 0.92 * size < row.size < 1.15 * size and _WORD.search(row.content)]


def _letters(rows: Sequence[Row]) -> int:
    return sum(len(word) for row in rows for word in _WORD.findall(row.content))


def _headings(rows: Sequence[Row], wanted: Title) -> list[Heading]:
    found = []
    for i, row in enumerate(rows):
        if len(row.content) <= _LONGEST and wanted.hint.search(row.content):
            heading = _heading_at(rows, i)
            if _is_title(heading.title) and _is_called(heading, wanted.whole):
                found.append(heading)
    return found


def _heading_at(rows: Sequence[Row], i: int) -> Heading:
    """Row `i` as a heading; its number may stand before it or on a row of its own."""
    row = rows[i]
    label = _LABEL.match(row.content)
    if label and label.end() < len(row.content):
        title = row.content[label.end() :]
        return Heading(i, i + 1, title, row.content, _number(label[1]), row.size, row.bold)
    before = rows[i - 1] if i else None
    if before and before.page == row.page and abs(before.top - row.top) < 4:
        label = _LABEL.fullmatch(before.content)
        if label:
            return Heading(i - 1, i + 1, row.content, row.content, _number(label[1]), row.size, row.bold)
    return Heading(i, i + 1, row.content, row.content, None, row.size, row.bold)


def _number(label: str) -> int | None:
    """The number of a top-level section, -1 for a lower one and for the letter of an appendix."""
    return int(label) if label.isdigit() else _ROMAN.get(label, -1)


def _is_called(heading: Heading, name: re.Pattern[str]) -> bool:
    return any(name.fullmatch(_squeezed(words)) for words in (heading.title, heading.content))


def _squeezed(title: str) -> str:
    """The letters of a title: I NTRODUCTION is one word."""
    return _NO_LETTER.sub("", title).lower()


def _is_title(title: str) -> bool:
    return not title[0].islower() and title[-1] not in ",;-" and len(title.split()) <= 12


def _section(rows: Sequence[Row], heading: Heading) -> list[Row]:
    """The rows from a heading to the next one of its rank."""
    stands_out = heading.bold or heading.size > _LARGER * size_of_body(rows)
    for i in range(heading.after, len(rows)):
        content = rows[i].content
        if _BACK_MATTER.match(content) and not rows[i - 1].content.endswith(
            tuple("abcdefghijklmnopqrstuvwxyz,-")
        ):
            return list(rows[heading.after : i])
        if len(content) <= _LONGEST and _is_title(content):
            other = _heading_at(rows, i)
            if other.row >= heading.after and _is_next(other, heading, stands_out):
                return list(rows[heading.after : other.row])
    return list(rows[heading.after :])


def _is_next(other: Heading, heading: Heading, stands_out: bool) -> bool:
    """True if a row is a heading that ends the section of `heading`."""
    alike = abs(other.size - heading.size) < 0.4 and other.bold == heading.bold
    if not _is_title(other.title):
        return False
    if any(_is_called(other, name) for name in (_CONCLUSION.whole, _REFERENCES.whole, _OTHER)):
        return alike
    if len(_squeezed(other.title)) <= 3 or other.number == -1:
        return False
    if heading.number is not None and other.number is not None:
        return other.number == heading.number + 1 and (alike or other.title.isupper())
    return heading.number is None and alike and stands_out and other.title[-1] not in ".:"


def first_pages(rows: Sequence[Row]) -> Part:
    """The parts set like text on the first two pages, for a paper without an introduction."""
    numbers = sorted({row.page for row in rows})[:2]
    return Part("First pages", [row for row in rows if row.page in numbers])
