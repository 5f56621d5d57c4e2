"""The changes of a digest since the one before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from digest.model import Digest, Entry


@dataclass(frozen=True)
class Changes:
    """Identifiers of papers by what became of them, in the order of the digest.

    Attributes:
        papers: were not in it.
        lines: had no line, another one, or one that was flagged and is not, or the other way round.
        gone: are not in it any more.
    """

    papers: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """True if there is any."""
        return bool(self.papers or self.lines or self.gone)

    def values(self) -> dict[str, list[str]]:
        """As plain values."""
        return {"papers": list(self.papers), "lines": list(self.lines), "gone": list(self.gone)}


def changes(before: Digest | None, after: Digest) -> Changes:
    """The changes between two digests of one section and day; without one before, all papers are more."""
    old, new = _entries(before), _entries(after)
    return Changes(
        papers=tuple(paper for paper in new if paper not in old),
        lines=tuple(paper for paper in new if paper in old and _shown(old[paper]) != _shown(new[paper])),
        gone=tuple(paper for paper in old if paper not in new),
    )


def _entries(digest: Digest | None) -> Mapping[str, Entry]:
    return {entry.paper.id: entry for entry in digest.entries} if digest else {}


def _shown(entry: Entry) -> tuple[str, bool]:
    return entry.summary.line if entry.summary else "", entry.flag is None
