"""Reading a published digest: the exact inverse of `markdown.render`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date as Date
from os.path import commonprefix
from pathlib import PurePath
from typing import NoReturn

from digest.model import AnnounceType, Digest, Entry, Flag, Listing, Paper, RoundTripHints, Section, Summary
from digest.publish import markdown
from digest.publish.counts import counts_of
from digest.system.errors import FormatError

_CATEGORY = r"[a-z-]+(?:\.[A-Za-z-]+)?"
_HEADING = re.compile(rf"# (?P<title>.+?) +(?P<categories>{_CATEGORY}(?:; *{_CATEGORY})*)")
_HEADING_LIMIT = 1000  # characters; bounds the work that the expression above can be made to do
_NEW_COUNT = re.compile(r"- \*\*最新发布 (?P<count>[0-9]{1,6}) 篇\*\*")
_REPLACED_COUNT = re.compile(r"- \*\*更新 (?P<count>[0-9]{1,6}) 篇\*\*")
_ADDRESS = re.compile(
    # arXiv: help/arxiv_identifier; old identifiers carry their archive
    r"(?P<base>https?://(?:[a-z]+\.)?arxiv\.org/(?:pdf|abs)/)"
    r"(?P<id>[0-9]{4}\.[0-9]{4,5}|[a-z-]+(?:\.[A-Z]{2})?/[0-9]{7})"
    r"(?:v(?P<version>[1-9][0-9]{0,3}))?"
)
_MISSING = re.compile(r"〔未生成：(?P<reason>.*)〕", re.DOTALL)
_DATE = re.compile(r"(?<![0-9])(20[0-9]{2})(-?)([0-9]{2})\2([0-9]{2})(?![0-9])")
_DISAGREEMENT = (
    "The head of the file declares {} new and {} replaced papers, but the file lists {} new and {} replaced."
)
_SHOWN = 60  # characters of a line that a message quotes


def parse(text: str, name: str) -> Digest:
    """Read a published digest, ours or an older one of the same project.

    Accepted beyond our own form: other addresses, links without version or without any address (the paper's
    id is then empty), entries without a line, another spacing of the heading, other counts in the head than
    the entries give, and text over several lines. `Digest.form` and `Entry.link_base` hold what it takes to
    write the same file again, and that `render` does so is checked here. Cross-listed papers read back as
    new: the form does not tell them apart.

    Args:
        text: the file's content.
        name: its path. Date and section are taken from it (audio-20260128.md, 2026-01-28/audio.md).

    Raises:
        FormatError: the text is no digest, or would not come back the same; says which line.
    """
    reader = _Reader(text, name)
    heading = reader.heading()
    section = _section(heading, name)
    sample = reader.mark()
    declared = reader.count(_NEW_COUNT), reader.count(_REPLACED_COUNT)
    reader.literal(markdown.PARTS[0])
    reader.literal("")
    new = tuple(reader.entries("new", section))
    reader.literal(markdown.PARTS[1])
    reader.literal("")
    replaced = tuple(reader.entries("replaced", section))
    reader.end()
    listed = len(new), len(replaced)
    form = RoundTripHints(
        heading=None if heading[0] == markdown.heading_of(section) else heading[0],
        declared=None if declared == listed else declared,
    )
    digest = Digest(
        section=section,
        date=_date(name),
        counts=counts_of(new + replaced, announced=sum(declared)),
        notes=() if declared == listed else (_DISAGREEMENT.format(*declared, *listed),),
        entries=new + replaced,
        form=None if form == RoundTripHints() else form,
        sample=sample,
    )
    return _faithful(digest, form, text, name)


def _faithful(digest: Digest, form: RoundTripHints, text: str, name: str) -> Digest:
    """The digest, told to keep its spacing where that is what it takes to write `text` again."""
    if markdown.render(digest) == text:
        return digest
    digest = digest.model_copy(update={"form": form.model_copy(update={"verbatim": True})})
    again = markdown.render(digest)
    if again == text:
        return digest
    before = commonprefix([again, text]).count("\n")  # noqa: RUF071 - of texts, not of paths
    ours, theirs = again.split("\n")[before], text.split("\n")[before]
    message = f"this line would be written as {_shown(ours)}, not {_shown(theirs)}"
    raise FormatError(f"{name}, line {before + 1}: {message}.", before + 1)


class _Reader:
    """The lines of a file, and how far they are read."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.lines = text.split("\n")
        self.at = 0
        if not text.strip():
            self.fail("the file is empty")
        if text.startswith("\ufeff"):
            self.fail("the file begins with a byte order mark; a digest has none. Save it without")
        if self.lines[0].endswith("\r"):
            self.fail("the lines end in CR LF; a digest has LF alone. Convert the file")
        for number, line in enumerate(self.lines):
            if "\0" in line:
                self.fail("the file holds a NUL character: it is no text", number)

    def fail(self, message: str, at: int | None = None) -> NoReturn:
        """Refuse the file because of line `at`, from 0; default: the one to be read next."""
        number = (self.at if at is None else at) + 1
        raise FormatError(f"{self.name}, line {number}: {message}.", number)

    @property
    def last(self) -> int:
        """Place of the last line; behind its line feed stands one more, empty string."""
        return len(self.lines) - (1 if self.lines[-1] else 2)

    def unexpected(self, wanted: str) -> NoReturn:
        """Refuse the next line because `wanted` should stand there."""
        if self.at > self.last:
            self.fail(f"the file ends where {wanted} should follow", self.last)
        self.fail(f"{wanted} should stand here, not {_shown(self.lines[self.at])}")

    def literal(self, wanted: str) -> None:
        """Read the line `wanted`."""
        if self.at == len(self.lines) - 1 and wanted and self.lines[self.at] == wanted:
            self.fail("the file ends here without a line feed: it may have been cut")
        if self.at >= len(self.lines) - 1 or self.lines[self.at] != wanted:
            self.unexpected(_shown(wanted) if wanted else "an empty line")
        self.at += 1

    def heading(self) -> re.Match[str]:
        """Read the first line and the empty one below."""
        line = self.lines[0]
        heading = _HEADING.fullmatch(line) if len(line) <= _HEADING_LIMIT else None
        if heading is None:
            self.unexpected("the heading of a digest, such as '# 音频 cs.SD;  eess.AS',")
        self.at = 1
        self.literal("")
        return heading

    def mark(self) -> bool:
        """Read the mark of the sample day and the empty line below, if it is there."""
        if not self.next_is(markdown.SAMPLE):
            return False
        self.literal(markdown.SAMPLE)
        self.literal("")
        return True

    def count(self, form: re.Pattern[str]) -> int:
        """Read one of the counts of the head and the empty line below."""
        match = form.fullmatch(self.lines[self.at]) if self.at < len(self.lines) else None
        if match is None:
            word = "最新发布" if form is _NEW_COUNT else "更新"
            self.unexpected(f"a count of papers, such as '- **{word} 7 篇**',")
        self.at += 1
        self.literal("")
        return int(match["count"])

    def entries(self, tag: AnnounceType, section: Section) -> Iterator[Entry]:
        """Read the entries of one part."""
        number = 1
        while self.at < len(self.lines) and (title := markdown.TITLE.match(self.lines[self.at])):
            if title["tag"] != tag or int(title["number"]) != number:
                self.unexpected(f"[{tag} {number:03d}], or what follows the entries,")
            yield self.entry(title[0], Listing(id="", kind=tag, category="", position=number), section)
            number += 1

    def entry(self, opening: str, place: Listing, section: Section) -> Entry:
        """Read one entry, from its title to the line that ends it."""
        title = self.field(opening, "")
        categories = tuple(_parts(self.field(markdown.CATEGORIES, "**\n")))
        line = self.field(markdown.LINE, "**\n") if self.next_is(markdown.LINE) else None
        link_at = self.at
        match = self.address(self.field(markdown.LINK, "**\n"), link_at)
        authors = tuple(_parts(self.field(markdown.AUTHORS, "\n>")))
        comments = self.field(markdown.COMMENTS, "\n>") if self.next_is(markdown.COMMENTS) else None
        abstract = self.field(markdown.ABSTRACT, "\n>")
        self.literal(markdown.END)
        paper = Paper(
            id=match["id"] if match else "",
            version=int(match["version"]) if match and match["version"] else None,
            title=title,
            authors=authors,
            abstract=abstract,
            comments=comments,
            categories=categories,
        )
        own = [category for category in categories if category in section.categories]
        category = (own or section.categories)[0]
        listing = place.model_copy(update={"id": paper.id, "version": paper.version, "category": category})
        summary, flag = _answer(line)
        base = match["base"] if match and match["base"] != markdown.LINK_BASE else None
        return Entry(listing=listing, paper=paper, summary=summary, flag=flag, link_base=base)

    def next_is(self, opening: str) -> bool:
        """True if the next line begins so."""
        return self.at < len(self.lines) and self.lines[self.at].startswith(opening)

    def field(self, opening: str, closing: str) -> str:
        """Read a field up to the next piece of structure: what stands between `opening` and `closing`."""
        if not self.next_is(opening):
            self.unexpected(_shown(opening.rstrip()))
        begin = self.at
        self.at += 1
        while self.at < len(self.lines):
            if markdown.starts_structure(self.lines[self.at], self.lines[self.at - 1]):
                break
            self.at += 1
        else:
            name = _shown(opening.rstrip())
            self.fail(f"the file ends inside the entry whose {name} begins in line {begin + 1}", self.last)
        content = "\n".join(self.lines[begin : self.at])
        if not content.endswith(closing) or len(content) < len(opening) + len(closing):
            self.fail(f"this field does not end in {closing.strip()} before the next one begins", self.at - 1)
        return content[len(opening) : len(content) - len(closing)]

    def address(self, link: str, at: int) -> re.Match[str] | None:
        """The parts of a link; None for one without any address, as the days of November 2025 have."""
        if link == "[]()":
            return None
        shown, _, target = link.removeprefix("[").removesuffix(")").partition("](")
        match = _ADDRESS.fullmatch(shown)
        if match is None or shown != target:
            self.fail(f"a link to arXiv, twice the same, should stand here, not {_shown(link)}", at)
        return match

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self.at <= self.last or self.lines[-1]:
            self.unexpected("the next entry, or the end of the file,")


def _parts(text: str) -> list[str]:
    return text.split("; ") if text else []


def _answer(line: str | None) -> tuple[Summary | None, Flag | None]:
    """The content of 简介: a line, a line that is in doubt, the reason why there is none, or nothing."""
    if line is None:
        return None, None
    if line.endswith(markdown.DOUBT):
        reason = markdown.DOUBT.strip("〔〕")
        return Summary(line=line.removesuffix(markdown.DOUBT)), Flag(code="imported", reason=reason)
    if match := _MISSING.fullmatch(line):
        return None, Flag(code="imported", reason=match["reason"])
    return Summary(line=line), None


def _section(heading: re.Match[str], name: str) -> Section:
    categories = tuple(re.split("; *", heading["categories"]))
    stem = _DATE.sub("", PurePath(name).stem).strip("-_. ").lower()
    key = stem if re.fullmatch(r"[a-z][a-z0-9_-]*", stem) else categories[0]
    return Section(key=key, title=heading["title"], categories=categories)


def _date(name: str) -> Date | None:
    """The date in the name of the file, else of its folder: 20260128, 2026-01-28."""
    path = PurePath(name)
    for part in (path.name, path.parent.name):
        if match := _DATE.search(part):
            try:
                return Date(int(match[1]), int(match[3]), int(match[4]))
            except ValueError:  # digits that are no day
                continue
    return None


def _shown(text: str) -> str:
    """`text` as a message quotes it."""
    return f"{text[:_SHOWN]!r}" + ("…" if len(text) > _SHOWN else "")
