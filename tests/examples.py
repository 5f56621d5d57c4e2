"""Which examples of one behaviour the fast tests try; the others are marked `slow`, for a full run.

An example is the values of one test, or `pytest.param` of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import pytest


def first_fast(examples: Iterable[Any], fast: int = 1) -> list[Any]:
    """All examples, of which the first so many are fast: put those first that differ most."""
    return [_param(one, fast=number < fast) for number, one in enumerate(examples)]


def each_fast(some: Iterable[Any], others: Iterable[Any]) -> list[Any]:
    """All combinations of two kinds; fast are as many as meet every value of both at least once."""
    known = [*some], [*others]
    shorter = min(map(len, known))
    return [
        _param((one, other), fast=i % shorter == j % shorter)
        for (i, one), (j, other) in itertools.product(*map(enumerate, known))
    ]


def _param(values: Any, *, fast: bool) -> Any:
    values = values if isinstance(values, tuple) else (values,)
    return pytest.param(*values, marks=() if fast else pytest.mark.slow)
