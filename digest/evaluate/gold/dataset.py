"""Gold: papers with published lines, as JSONL; what is wrong with a set of them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date as Date
from pathlib import Path

from pydantic import Field, ValidationError

from digest.model import AnnounceType, Paper, Record
from digest.summarize.checks import RULES, Source, about, check, source_of
from digest.summarize.prompt import Prompt
from digest.system.errors import UsageError
from digest.system.files import read_bytes, text_of


class Reference(Record):
    """One line that somebody published for a paper."""

    line: str
    date: Date | None = Field(default=None, description="of the digest that held it")
    flags: tuple[str, ...] = Field(
        default=(),
        description="rules of severity 2 or 3 that it breaks, beside all papers that were imported with it",
    )


class GoldPaper(Record):
    """A paper and the lines that were published for it."""

    id: str
    version: int | None = None
    day: Date | None = None
    section: str
    kind: AnnounceType
    title: str
    abstract: str
    comments: str | None = None
    categories: tuple[str, ...] = ()
    references: tuple[Reference, ...]

    @property
    def paper(self) -> Paper:
        """As a stage takes it."""
        return Paper(
            id=self.id,
            version=self.version,
            title=self.title,
            abstract=self.abstract,
            comments=self.comments,
            categories=self.categories,
        )

    @property
    def lines(self) -> tuple[str, ...]:
        """The references that metrics compare with: those without flags."""
        return tuple(reference.line for reference in self.references if not reference.flags)


class Gold(Record):
    """A gold set as it was read.

    Attributes:
        hash: the first 12 hexadecimal digits of the SHA-256 of the file; it is in every result.
    """

    name: str
    hash: str
    papers: tuple[GoldPaper, ...]


def read(path: Path) -> Gold:
    """Read a gold set.

    Raises:
        UsageError: the file cannot be read, or is no usable gold set; names the line.
    """
    return parse(read_bytes(path), path)


def parse(content: bytes, path: Path) -> Gold:
    """The gold set of a file's content.

    Raises:
        UsageError: it is no usable gold set; names the line.
    """
    rows = text_of(content, str(path)).split("\n")
    papers: dict[str, GoldPaper] = {}
    for number, row in enumerate(rows, start=1):
        if not row.strip():
            continue
        paper = _paper(row, f"{path}, line {number}")
        if paper.id in papers:
            raise UsageError(f"{path}, line {number}: {paper.id} is already there. Import the digests again.")
        papers[paper.id] = paper
    if not papers:
        raise UsageError(f"{path}: there is no paper in it. Make one with `digest gold import`.")
    return Gold(name=path.stem, hash=digest_of(content), papers=tuple(papers.values()))


def _paper(row: str, place: str) -> GoldPaper:
    try:
        paper = GoldPaper.model_validate_json(row)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{place}: {where + ': ' if where else ''}{first['msg']}.") from None
    if not paper.references or not all(reference.line.strip() for reference in paper.references):
        raise UsageError(f"{place}: {paper.id} has no reference, or an empty one. Take it out.")
    return paper


def digest_of(content: bytes) -> str:
    """The identifier of a gold set in results."""
    return hashlib.sha256(content).hexdigest()[:12]


def to_jsonl(papers: Iterable[GoldPaper]) -> str:
    """The file of a gold set: a paper a line, Chinese as it stands."""
    return "".join(paper.model_dump_json(exclude_defaults=True) + "\n" for paper in papers)


SAME_LINE = "same-line"
"""Flag of a line that stands under several papers."""

_BY_OTHERS = {SAME_LINE, *(rule.id for rule in RULES if rule.find is None)}
"""Flags that a line and its paper alone do not tell."""


def flags_of(line: str, source: Source, others: Sequence[Source] = ()) -> tuple[str, ...]:
    """The rules of severity 2 or 3 that a line breaks; without others, those that its paper alone tells."""
    found = [finding.rule for finding in check(line, source) if finding.severity >= 2]
    if (other := about(line, source, others)) and other.severity >= 2:
        found.append(other.rule)
    return tuple(dict.fromkeys(found))


def batches(papers: Sequence[GoldPaper], sources: Sequence[Source]) -> dict[str, list[Source]]:
    """For each paper, the sources of its section and day: those that its line may be mistaken with."""
    groups: dict[tuple[str, Date | None], list[Source]] = {}
    for paper, source in zip(papers, sources, strict=True):
        groups.setdefault((paper.section, paper.day), []).append(source)
    return {paper.id: groups[paper.section, paper.day] for paper in papers}


def problems(gold: Gold, prompts: Iterable[Prompt] = ()) -> Iterator[str]:
    """The faults of a gold set that can be read, in sentences: leaks, stale flags, lines used twice.

    Flags that the other papers told (`other-paper`, ...) are left as they are: a sample no longer holds the
    papers that told them.
    """
    for prompt in prompts:
        for paper in shown_in(prompt, gold.papers):
            yield f"{paper.id}: prompt {prompt.name!r} shows it to the model, so its score would say nothing"
    for paper in gold.papers:
        source = source_of(paper.paper)
        for reference in paper.references:
            flags = flags_of(reference.line, source)
            alone = tuple(flag for flag in reference.flags if flag not in _BY_OTHERS)
            if flags != alone:
                noted, now = _flags_in_words(alone), _flags_in_words(flags)
                yield f"{paper.id}: noted flags {noted}, by today's rules {now}; import the digests again"
    unflagged = (r.line for paper in gold.papers for r in paper.references if SAME_LINE not in r.flags)
    for line, count in Counter(unflagged).items():
        if count > 1:
            yield f"{count} papers have the same line: {line}; import the digests again"


def _flags_in_words(flags: Iterable[str]) -> str:
    return ", ".join(flags) or "none"


def shown_in(prompt: Prompt, papers: Iterable[GoldPaper]) -> list[GoldPaper]:
    """The papers whose identifier, title, or sentence stands in a prompt, as in an example.

    White space, punctuation and case do not count, nor does what several papers say.
    """
    text = f"{prompt.system}\n{prompt.user}"
    bare = _bare(text)
    telling = [(paper, _telling(paper)) for paper in papers]
    times = Counter(sentence for _, sentences in telling for sentence in sentences)
    return [
        paper
        for paper, sentences in telling
        if _is_id(paper.id, text) or any(s in bare for s in sentences if times[s] == 1)
    ]


def _is_id(name: str, text: str) -> bool:
    return re.search(rf"(?<![0-9]){re.escape(name)}(?![0-9])", text) is not None and len(name) > 5


def _telling(paper: GoldPaper) -> set[str]:
    """The sentences of a paper, bare, that are long enough to stand nowhere by chance."""
    lines = [reference.line for reference in paper.references]
    pieces = [(paper.title, 12), *((sentence, 40) for sentence in re.split(r"[.!?]\s", paper.abstract))]
    pieces += [(sentence, 12) for line in lines for sentence in re.split(r"[。！？]", line)]
    return {bare for text, least in pieces if len(bare := _bare(text)) >= least}


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
