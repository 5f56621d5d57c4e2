"""The papers of one day, indexed once for all lines that are compared with them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property

from digest.summarize.checks.rule import Source
from digest.summarize.checks.words import Vocabulary, split, squash


class PaperIndex(tuple[Source, ...]):  # noqa: SLOT001 - its indexes are kept in its dictionary
    """Papers, with an index of their words. Build one a day and hand it to `about` for every line."""

    @cached_property
    def subjects(self) -> WordIndex:
        """The words of titles and abstracts."""
        return WordIndex(source.subject for source in self)

    @cached_property
    def headings(self) -> WordIndex:
        """The words of titles."""
        return WordIndex(source.heading for source in self)

    def titled(self, title: str) -> Sequence[int]:
        """The places of the papers of this title."""
        return self._titles.get(title, ())

    @cached_property
    def _titles(self) -> dict[str, list[int]]:
        places: defaultdict[str, list[int]] = defaultdict(list)
        for place, source in enumerate(self):
            places[source.title].append(place)
        return dict(places)


class WordIndex:
    """The texts that hold a word, or words in a row, by their beginning; a text is told by its place."""

    def __init__(self, texts: Iterable[Vocabulary]) -> None:
        self._texts = tuple(texts)
        self._found: dict[tuple[str, ...], Sequence[int]] = {}
        places: defaultdict[str, list[int]] = defaultdict(list)
        for place, text in enumerate(self._texts):
            for word in text.single:
                places[word].append(place)
        self._places = dict(places)
        self._words = sorted(places)

    def having(self, stems: tuple[str, ...]) -> Sequence[int]:
        """The texts that have a word, or words in a row, beginning with one of `stems`."""
        found = self._found.get(stems)
        if found is None:
            found = self._found[stems] = tuple(set().union(*map(self._having, stems)))
        return found

    def naming(self, name: str) -> Iterable[int]:
        """The texts that have all words of a name."""
        return self._with_all(split(name)).union(self._places.get(squash(name), ()))

    def _having(self, stem: str) -> set[int]:
        """The texts that have this; a space at its end ends a word."""
        *whole, last = stem.split(" ")
        if not whole:
            return self._beginning(last)
        found = self._with_all(whole)
        if last:
            found &= self._beginning(last)
        if len(whole) + bool(last) < 2:
            return found
        return {place for place in found if self._texts[place].begins(stem)}

    def _with_all(self, words: Sequence[str]) -> set[int]:
        """The texts that have all of these words, in any order; none where there are no words."""
        groups = [self._places.get(word, ()) for word in words]
        return set(groups[0]).intersection(*groups[1:]) if groups else set()

    def _beginning(self, prefix: str) -> set[int]:
        """The texts that have a word with this beginning."""
        found: set[int] = set()
        for word in self._words[bisect_left(self._words, prefix) :]:
            if not word.startswith(prefix):
                break
            found.update(self._places[word])
        return found
