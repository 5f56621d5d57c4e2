"""Rules on numbers: each must be the paper's, and of its size."""

from __future__ import annotations

from collections.abc import Iterator

from digest.summarize.checks.quantities import Quantity
from digest.summarize.checks.rule import Reading, rule


def _unsupported(reading: Reading) -> Iterator[tuple[Quantity, bool]]:
    """Numbers that the paper does not have, and whether 万, 亿 or the like made them so."""
    known = reading.source.quantities
    for quantity in reading.quantities[:12]:
        if not known.support(quantity):
            yield quantity, quantity.scaled and known.off_by_power(quantity)


@rule("number-scale")
def number_scale(reading: Reading) -> Iterator[str]:
    """301亿 for 3.01 billion: the right digits with a wrong power of ten."""
    return (quantity.written for quantity, scale in _unsupported(reading) if scale)


@rule("unsupported-number")
def unsupported_number(reading: Reading) -> Iterator[str]:
    """A number that the paper has neither as it is nor rounded nor as a share."""
    return (quantity.written for quantity, scale in _unsupported(reading) if not scale)
