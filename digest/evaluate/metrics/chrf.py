"""chrF, the F-score of character n-grams (Popović 2015), by sacreBLEU (extra `eval`)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sacrebleu.metrics.chrf import CHRF


@cache
def _scorer(order: int) -> CHRF:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF(char_order=order)


def chrf(hypothesis: str, reference: str, order: int = 6) -> float:
    """The chrF of one line against one reference, 0 to 100; white space is ignored, beta is 2.

    Args:
        hypothesis: the line.
        reference: what it is compared with.
        order: the longest n-grams, in characters.
    """
    return float(_scorer(order).sentence_score(hypothesis, [reference]).score)
