"""Papers grouped by what the names of their tasks have in common: 语音识别; speech recognition, ..."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from digest.publish.site.view import PaperView

_SMALLEST = 3
_SHORTEST, _LONGEST = 2, 6
_PART_OF_WORD = frozenset("的与和及或在中对于了之一")
_WORD = re.compile(r"[A-Za-z0-9][\w/+'-]*")
_MOST_WORDS = 4
_BETWEEN = frozenset(
    {"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
)
_LEAD = re.compile(r"[^，。；]*(?:[，。；][^，。；]*)?")


@dataclass(frozen=True)
class Group:
    """Papers under one heading.

    Attributes:
        name: what their tasks have in common; empty for those that nothing joins.
        rest: whether a longer name took some of those that have it.
    """

    name: str
    rest: bool
    views: tuple[PaperView, ...]


def grouped(views: Sequence[PaperView]) -> tuple[Group, ...]:
    """The papers by task, largest group first, those that belong to none last.

    A group's name is a piece of at least three tasks; pieces that cover much, and say much, are taken first.
    """
    holders: dict[str, set[int]] = defaultdict(set)
    for index, view in enumerate(views):
        for piece in _pieces(view.task):
            holders[piece].add(index)
    holders = {piece: which for piece, which in holders.items() if len(which) >= _SMALLEST}
    left, taken = dict(enumerate(views)), list[tuple[str, list[PaperView]]]()
    while name := _best(holders):
        inside = {index for index, view in left.items() if _belongs(view, name)}
        taken.append((name, [left.pop(index) for index in sorted(inside)]))
        holders = {piece: which - inside for piece, which in holders.items()}
    names = [name for name, _ in taken]
    found = [
        Group(name, any(name != other and name in other for other in names), tuple(inside))
        for name, inside in sorted(taken, key=lambda one: -len(one[1]))
    ]
    return (*found, Group("", bool(found), tuple(left.values()))) if left else tuple(found)


def _belongs(view: PaperView, name: str) -> bool:
    """True if a paper's task has the name; one without a task may have it where its line begins."""
    if name[0].isascii():
        return f" {name} " in f" {' '.join(_words(view.task))} "
    if view.task:
        return name in view.task
    lead = _LEAD.match(view.line)
    return lead is not None and name in lead[0]


def _best(holders: dict[str, set[int]]) -> str:
    ranked = [
        (len(which) * (_weight(piece) - 1) ** 1.5, piece)
        for piece, which in holders.items()
        if len(which) >= _SMALLEST
    ]
    return max(ranked)[1] if ranked else ""


def _weight(piece: str) -> int:
    """The length of a piece in Chinese characters; an English word is worth two."""
    return 2 * len(piece.split()) if piece[0].isascii() else len(piece)


def _pieces(task: str) -> set[str]:
    """The runs of Chinese characters, and of English words, that may be words of a task's name."""
    found = set()
    for begin in range(len(task)):
        for end in range(begin + _SHORTEST, min(begin + _LONGEST, len(task)) + 1):
            piece = task[begin:end]
            if not ("\u4e00" <= piece[-1] <= "\u9fff" and "\u4e00" <= piece[0] <= "\u9fff"):
                break
            if not _PART_OF_WORD & set(piece):
                found.add(piece)
    words = _words(task)
    for begin in range(len(words)):
        for end in range(begin + 1, min(begin + _MOST_WORDS, len(words)) + 1):
            if not _BETWEEN & {words[begin], words[end - 1]}:
                found.add(" ".join(words[begin:end]))
    return found


def _words(task: str) -> list[str]:
    """The English words of a task's name, small unless they are abbreviations."""
    return [word if word[1:] != word[1:].lower() else word.lower() for word in _WORD.findall(task)]
