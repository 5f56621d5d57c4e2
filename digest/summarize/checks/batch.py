"""The papers of one batch, indexed once for all lines that are compared with them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import cached_property

from digest.summarize.checks.rule import Source
from digest.summarize.checks.words import Vocabulary, split, squash

Mask = int
"""A set of papers: bit i stands for paper i."""


class Batch(tuple[Source, ...]):  # noqa: SLOT001 - its indexes are kept in its dictionary
    """Papers, with an index of their words. Build one a day and hand it to `about` for every line."""

    @cached_property
    def subjects(self) -> WordIndex:
        """The words of titles and abstracts."""
        return WordIndex([source.subject for source in self])

    @cached_property
    def headings(self) -> WordIndex:
        """The words of titles."""
        return WordIndex([source.heading for source in self])


class WordIndex:
    """Which texts hold a word, or words in a row, by their beginning."""

    def __init__(self, texts: Iterable[Vocabulary]) -> None:
        self._texts = tuple(texts)
        self._found: dict[tuple[str, ...], Mask] = {}
        having: dict[str, Mask] = {}
        for number, text in enumerate(self._texts):
            paper = 1 << number
            for word in text.single:
                having[word] = having.get(word, 0) | paper
        self._masks = having
        self._words = sorted(having)

    def having(self, stems: tuple[str, ...]) -> Mask:
        """The texts that have a word, or words in a row, beginning with one of `stems`."""
        found = self._found.get(stems)
        if found is None:
            found = 0
            for stem in stems:
                found |= self._having(stem)
            self._found[stems] = found
        return found

    def naming(self, name: str) -> Mask:
        """The texts that have all words of a name."""
        words = split(name)
        found = self._masks.get(squash(name), 0)
        together = -1
        for word in words:
            together &= self._masks.get(word, 0)
        return found | (together if words else 0)

    def _having(self, stem: str) -> Mask:
        *whole, last = stem.split(" ")
        found = -1
        for word in whole:
            found &= self._masks.get(word, 0)
        if last:
            found &= self._beginning(last)
        if len(whole) + bool(last) < 2 or not found:
            return found
        return _kept(found, lambda number: self._texts[number].begins(stem))

    def _beginning(self, prefix: str) -> Mask:
        found, place = 0, bisect_left(self._words, prefix)
        while place < len(self._words) and self._words[place].startswith(prefix):
            found |= self._masks[self._words[place]]
            place += 1
        return found


def members(mask: Mask) -> Iterable[int]:
    """The papers of a set."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _kept(mask: Mask, holds: Callable[[int], bool]) -> Mask:
    return sum(1 << number for number in members(mask) if holds(number))
