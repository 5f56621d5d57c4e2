"""Overlap with a reference in characters and pairs of them, where what few lines say counts more.

Sharper than chrF at telling lines of different papers apart: what all lines have, 该论文属于 and the like,
weighs nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

ORDER = 2
"""The longest n-grams, in characters."""


class Idf:
    """The weight of each n-gram: ln((N + 1) / (df + 1)), where df of N lines have it.

    Args:
        lines: what is counted, normalised as the lines that will be compared.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        grams = [_grams(line).keys() for line in lines]
        frequency = Counter(gram for one in grams for gram in one)
        self._unseen = math.log(len(grams) + 1)
        self._weights = {gram: self._unseen - math.log(df + 1) for gram, df in frequency.items()}

    def f1(self, hypothesis: str, reference: str) -> float:
        """Weighted F1 of one line against one reference, 0 to 100."""
        ours, theirs = _grams(hypothesis), _grams(reference)
        total = self._weight(ours) + self._weight(theirs)
        return 200 * self._weight(ours & theirs) / total if total else 0.0

    def _weight(self, grams: Counter[str]) -> float:
        return sum(count * self._weights.get(gram, self._unseen) for gram, count in grams.items())


def _grams(line: str) -> Counter[str]:
    bare = "".join(line.split())
    return Counter(bare[i : i + n] for n in range(1, ORDER + 1) for i in range(len(bare) - n + 1))
