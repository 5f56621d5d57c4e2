"""A digest as Markdown, in the form of the published digest that this project reproduces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from digest.model import Digest, Entry, Paper, RoundTripHints, Section

LINK_BASE = "https://arxiv.org/pdf/"
"""The beginning of our links, before the identifier."""

DOUBT = "〔待核〕"
"""Stands behind a line that somebody should check."""

TITLE = re.compile(r"#### \[(?P<tag>new|replaced) (?P<number>[0-9]{3,6})\] ")
"""The beginning of an entry's title."""

CATEGORIES = "- **分类: "
LINE = "- **简介: "
LINK = "- **链接: "
AUTHORS = "> **作者:** "
COMMENTS = "> **备注:** "
ABSTRACT = "> **摘要:** "
FIELDS = (CATEGORIES, LINE, LINK, AUTHORS, COMMENTS, ABSTRACT)
"""The beginnings of the other fields, in the order in which they stand."""

END = "---"
"""The last line of an entry, below a line that holds `>` alone."""

SAMPLE = "> 示例（sample）：各行是预先录制的回答，并非模型当场所写；PDF 由记录排版而成。"
"""Stands below the heading of a digest of the sample day, and of no other."""

PARTS = ("## 最新发布", "## 更新")
"""The headings of new and of replaced papers."""

_NOT_PLAIN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_OURS = RoundTripHints()


def render(digest: Digest) -> str:
    """The digest as Markdown: new and cross-listed papers first, replaced ones second.

    Every field is one line: white space, line ends and control characters of metadata become single spaces.
    Nothing is escaped, as in the form that is reproduced, yet nothing in a field can be taken for structure:
    `parse` reads the same entries back, but for what Markdown has no place for.

    Args:
        digest: ours, or an imported one, whose `form` says where its file departs from ours.

    Returns:
        Text with line feeds, ending in one; UTF-8 once encoded.
    """
    form = digest.form or _OURS
    new = [entry for entry in digest.entries if entry.listing.kind != "replaced"]
    replaced = [entry for entry in digest.entries if entry.listing.kind == "replaced"]
    declared = form.declared or (len(new), len(replaced))
    heading = form.heading or heading_of(digest.section)
    mark = f"{SAMPLE}\n\n" if digest.sample else ""
    head = f"{heading}\n\n{mark}- **最新发布 {declared[0]} 篇**\n\n- **更新 {declared[1]} 篇**\n\n"
    first, second = _blocks("new", new, form), _blocks("replaced", replaced, form)
    return f"{head}{PARTS[0]}\n\n{first}{PARTS[1]}\n\n{second}"


def heading_of(section: Section) -> str:
    """The first line of the section's digests."""
    return f"# {flattened(section.title)} {';  '.join(section.categories)}"


def link_to(paper: Paper, base: str | None = None) -> str:
    """The address of the paper's PDF; empty for a paper of a published file that does not name it."""
    return f"{base or LINK_BASE}{paper.versioned_id}" if paper.id else ""


def flattened(text: str) -> str:
    """`text` in one line, without control characters, halves of surrogate pairs, and runs of white space."""
    if text.isprintable() and "  " not in text:  # most fields, told ten times as fast
        return text.strip()
    return _NOT_PLAIN.sub(" ", text).strip()


def starts_structure(line: str, before: str) -> bool:
    """True if `line`, below the line `before`, begins something other than more text of a field."""
    is_end = line == END and before == ">"
    return is_end or line in PARTS or line.startswith(FIELDS) or TITLE.match(line) is not None


def _blocks(tag: str, entries: Sequence[Entry], form: RoundTripHints) -> str:
    return "".join(
        f"#### [{tag} {number:03d}] {_block(entry, form.verbatim)}" for number, entry in enumerate(entries, 1)
    )


def _block(entry: Entry, verbatim: bool) -> str:
    paper = entry.paper
    link = link_to(paper, entry.link_base)
    line = _line(entry, verbatim)
    bullets = [f"{CATEGORIES}{_list(paper.categories, verbatim)}**"]
    if line is not None:
        bullets.append(f"{LINE}{line}**")
    bullets.append(f"{LINK}[{link}]({link})**")
    quotes = [f"{AUTHORS}{_list(paper.authors, verbatim)}"]
    if paper.comments is not None and (verbatim or flattened(paper.comments)):
        quotes.append(f"{COMMENTS}{_field(paper.comments, verbatim)}")
    quotes.append(f"{ABSTRACT}{_field(paper.abstract, verbatim)}")
    title = _field(paper.title, verbatim)
    return "\n".join([title, "\n\n".join(bullets), "", "\n>\n".join(quotes), ">", END, ""])


def _line(entry: Entry, verbatim: bool) -> str | None:
    """The text behind 简介; None where the entry has no such field."""
    line = _field(entry.summary.line, verbatim) if entry.summary else ""
    if line or (verbatim and entry.summary):
        return f"{line}{DOUBT}" if entry.flag else line
    return f"〔未生成：{_field(entry.flag.reason, verbatim)}〕" if entry.flag else None


def _list(items: Iterable[str], verbatim: bool) -> str:
    """The items with semicolons between them; one inside a name loses its space, so it parts nothing."""
    return "; ".join(_field(item, verbatim).replace("; ", ";") for item in items)


def _field(text: str, verbatim: bool) -> str:
    """`text` in one line, or as a published file had it, unless a line of it reads as structure."""
    if not verbatim:
        return flattened(text)
    lines = text.split("\n")
    if any(starts_structure(line, before) for before, line in pairwise(lines)):
        return flattened(text)
    return text
