"""chrF, the F-score of character n-grams (Popović 2015), computed as sacreBLEU 2 does.

White space is ignored, orders that either side is too short for are left out, and precision and recall are
averaged over the orders before the F-score is taken.
"""

from __future__ import annotations

from collections import Counter

BETA = 2
"""Recall weighs twice as much as precision: sacreBLEU's default."""


def chrf(hypothesis: str, reference: str, order: int = 6) -> float:
    """The chrF of one line against one reference, 0 to 100.

    Args:
        hypothesis: the line.
        reference: what it is compared with.
        order: the longest n-grams, in characters.
    """
    shown, wanted = "".join(hypothesis.split()), "".join(reference.split())
    precision = recall = 0.0
    orders = min(order, len(shown), len(wanted))
    for n in range(1, orders + 1):
        ours = Counter([shown[i : i + n] for i in range(len(shown) - n + 1)])
        theirs = Counter([wanted[i : i + n] for i in range(len(wanted) - n + 1)])
        matches = sum(min(count, theirs[gram]) for gram, count in ours.items() if gram in theirs)
        precision += matches / (len(shown) - n + 1)
        recall += matches / (len(wanted) - n + 1)
    if not precision + recall:
        return 0.0
    precision, recall = precision / orders, recall / orders
    return 100 * (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)
