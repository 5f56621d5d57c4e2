"""Making gold of published digests: one paper a line, with every line that was published for it."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date as Date
from pathlib import Path
from typing import Literal

from digest.evaluate.gold.dataset import SAME_LINE, GoldPaper, Reference, batches, flags_of
from digest.model import Digest, Entry, Record
from digest.summarize.checks import Source, source_of
from digest.system.errors import UsageError

Stratum = Literal["section", "day", "kind"]


class Imported(Record):
    """The papers, and how many entries were left out: by the reason in words."""

    papers: tuple[GoldPaper, ...]
    left_out: dict[str, int]


def import_digests(
    paths: Iterable[Path], read: Callable[[Path], Digest], since: Date | None = None
) -> Imported:
    """The papers of digests, Markdown or JSON, with their lines checked.

    A paper that several digests hold is there once. Its newest version counts, and of the lines those that
    were published for that same title and abstract.

    Args:
        paths: the digests.
        read: reads one.
        since: leave out digests of earlier days, and those without a date.

    Raises:
        UsageError: a file cannot be read or is no digest, or nothing is left.
    """
    left_out: Counter[str] = Counter()
    papers: dict[str, GoldPaper] = {}
    for path in paths:
        digest = read(path)
        if digest.sample:
            raise UsageError(f"{path} is of the sample day: its lines are recorded answers, and no gold.")
        if since and (digest.date is None or digest.date < since):
            left_out[f"before {since}"] += len(digest.entries)
            continue
        for entry in digest.entries:
            if entry.summary is None or entry.flag is not None or not entry.paper.id:
                left_out["without a line, or flagged"] += 1
                continue
            new = _gold(entry, digest)
            papers[new.id] = _merge(papers[new.id], new, left_out) if new.id in papers else new
    if not papers:
        raise UsageError("No paper is left: the digests hold no lines, or are all older than --since.")
    return Imported(papers=_flagged(tuple(papers.values())), left_out=dict(left_out))


def sample(papers: Sequence[GoldPaper], n: int, by: Sequence[Stratum], seed: int) -> tuple[GoldPaper, ...]:
    """So many papers, spread over the strata in proportion (largest remainders), in the order they had.

    Raises:
        UsageError: there are fewer papers.
    """
    if n > len(papers):
        raise UsageError(f"--sample {n}: the digests hold only {len(papers)} papers with a line.")
    strata: dict[tuple[object, ...], list[GoldPaper]] = defaultdict(list)
    for paper in papers:
        strata[tuple(getattr(paper, name) for name in by)].append(paper)
    share = n / len(papers)
    counts = {key: int(len(group) * share) for key, group in strata.items()}
    by_remainder = sorted(strata, key=lambda key: counts[key] - len(strata[key]) * share)
    for key in by_remainder[: n - sum(counts.values())]:
        counts[key] += 1
    generator = random.Random(seed)
    chosen = {paper.id for key, group in strata.items() for paper in generator.sample(group, counts[key])}
    return tuple(paper for paper in papers if paper.id in chosen)


def _gold(entry: Entry, digest: Digest) -> GoldPaper:
    assert entry.summary is not None  # the caller has looked
    return GoldPaper(
        **entry.paper.model_dump(include={"id", "version", "title", "abstract", "comments", "categories"}),
        day=digest.date,
        section=digest.section.key,
        kind=entry.listing.kind,
        references=(Reference(line=entry.summary.line, date=digest.date),),
    )


def _merge(known: GoldPaper, new: GoldPaper, left_out: Counter[str]) -> GoldPaper:
    """One paper of two; what was published for an older text of it is left out."""
    if (known.title, known.abstract) != (new.title, new.abstract):
        left_out["lines for an older version"] += 1
        return max(known, new, key=lambda paper: paper.version or 0)
    if any(reference.line == new.references[0].line for reference in known.references):
        left_out["the same line again"] += 1
        return known
    return known.model_copy(update={"references": (*known.references, *new.references)})


def _flagged(papers: Sequence[GoldPaper]) -> tuple[GoldPaper, ...]:
    sources = [source_of(paper.paper) for paper in papers]
    others = batches(papers, sources)
    times = Counter(reference.line for paper in papers for reference in paper.references)

    def flags(line: str, source: Source, beside: Sequence[Source]) -> tuple[str, ...]:
        return (*flags_of(line, source, beside), *([SAME_LINE] if times[line] > 1 else ()))

    return tuple(
        paper.model_copy(
            update={
                "references": tuple(
                    reference.model_copy(update={"flags": flags(reference.line, source, others[paper.id])})
                    for reference in paper.references
                )
            }
        )
        for paper, source in zip(papers, sources, strict=True)
    )
