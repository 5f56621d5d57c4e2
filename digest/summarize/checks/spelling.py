"""The faults of a Latin word of a line: a broken end, a misspelling, or a word that the paper lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from digest.summarize.checks.words import Token, Vocabulary, squash

_READ = 6
"""Doubtful words of a line that are looked at: more of them say nothing new, and each costs time."""

_ANNOUNCED = re.compile(r"(?:提出|名为|称为|命名为|介绍)(?:了)?(?:一种|一个)?[“\"「《]?\s?$")
_CJK_END = re.compile(r"[\u4e00-\u9fff]$")


Kind = Literal["broken", "mangled", "announced", "acronym", "name", "word"]
"""The kinds of fault; `names.py` has a rule for each."""


@dataclass(frozen=True)
class Doubt:
    """A word that the paper does not have as it is.

    A `broken` one is the end of a word of the paper behind a Chinese character, a `mangled` one is one or two
    letters away from one. An `acronym` has two letters, which words in a row begin with. An `announced` name
    follows 提出 or 名为; any other `name` has capitals or digits, a `word` has none.
    """

    kind: Kind
    evidence: str


def doubts(
    line: str, unsupported: Iterable[Token], inferred: Iterable[Token], vocabulary: Vocabulary
) -> tuple[Doubt, ...]:
    """Judge the words of a line that the paper's text does not have.

    Args:
        line: the Chinese line.
        unsupported: its words without any support.
        inferred: its names that the text supports in their parts only.
        vocabulary: the words of the text.
    """
    found = [_doubt(line, token, vocabulary) for token in islice(unsupported, _READ)]
    found += [
        Doubt("mangled", f"{token.text} ~ {meant}")
        for token in islice(inferred, _READ)
        if (meant := _meant_name(token, vocabulary))
    ]
    return tuple(found)


def _doubt(line: str, token: Token, vocabulary: Vocabulary) -> Doubt:
    if _broken(line, token, vocabulary):
        return Doubt("broken", line[max(0, token.start - 2) : token.end])
    if meant := _meant(token, vocabulary):
        return Doubt("mangled", f"{token.text} ~ {meant}")
    if token.lower:
        return Doubt("word", token.text)
    if len(token.text) == 2 and token.text.isupper() and vocabulary.makes(token.text):
        return Doubt("acronym", token.text)
    return Doubt("announced" if _ANNOUNCED.search(line[: token.start]) else "name", token.text)


def _broken(line: str, token: Token, vocabulary: Vocabulary) -> bool:
    key = token.text
    glued = token.start > 0 and _CJK_END.match(line[token.start - 1])
    if not (glued and token.lower and len(key) >= 3):
        return False
    words = vocabulary.names if len(key) < 6 else vocabulary.names | vocabulary.joined
    return any(word.endswith(key) and len(word) > len(key) + 1 for word in words)


def _meant(token: Token, vocabulary: Vocabulary) -> str | None:
    """The word of the text that an unsupported word misspells."""
    key = squash(token.text)
    return _nearest(key, vocabulary.names, 1 if len(key) <= 6 else 2) if len(key) >= 5 else None


def _meant_name(token: Token, vocabulary: Vocabulary) -> str | None:
    """The given name that a name misspells whose parts the text has: O-LLM beside OV-LLM.

    GPT-4 beside GPT-4o is another name, and VLM-based beside LLM-based, too.
    """
    key = squash(token.text)
    like = (
        name
        for name in vocabulary.given_names
        if name[0] == key[0] and not name.startswith(key) and not key.startswith(name)
    )
    return _nearest(key, like, 1) if len(key) >= 4 else None


def _nearest(key: str, words: Iterable[str], most: int) -> str | None:
    """The word that is the fewest edits away, at most `most`."""
    letters = set(key)
    near = [
        (distance, word)
        for word in words
        if abs(len(word) - len(key)) <= most
        and len(letters.symmetric_difference(word)) <= 2 * most
        and (distance := _distance(key, word, most)) <= most
    ]
    return min(near)[1] if near else None


def _distance(a: str, b: str, most: int) -> int:
    """Edits between two words, one exchange of neighbours being one edit; `most` + 1 when there are more."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            cost = min(row[j] + 1, current[-1] + 1, row[j - 1] + (x != y))
            if before and j > 1 and x == b[j - 2] and y == a[i - 2]:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > most:
            return most + 1
        before, row = row, current
    return row[-1]
