"""The forest plot: for each metric the difference to the base with its interval, as coordinates for SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from digest.evaluate.comparison.compare import MetricComparison

LEFT, WIDTH, STEP, TOP = 120, 800, 26, 12
"""Pixels: labels on the left, the plot, one row, above the first row."""


@dataclass(frozen=True)
class Mark:
    """One metric: pixels of its interval, its dot and its margin."""

    metric: str
    y: int
    low: float
    high: float
    dot: float
    margin: float | None
    word: str
    title: str


@dataclass(frozen=True)
class Forest:
    """A plot: its marks, and the ticks of the axis as (pixel, label)."""

    height: int
    zero: float
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]


def forest(rows: Sequence[MetricComparison]) -> Forest:
    """The plot of gates, content and similarities, in percentage points on one scale around 0."""
    shown = [row for row in rows if row.definition.tier in {"gate", "content", "reference"}]
    reach = max([10.0, *(abs(end) for row in shown for end in (row.stat.low, row.stat.high))])
    reach = next(size for size in (10, 20, 50, 100) if size >= min(reach, 100))

    def x(value: float) -> float:
        return round(LEFT + WIDTH * (max(-reach, min(reach, value)) + reach) / (2 * reach), 1)

    def mark(index: int, row: MetricComparison) -> Mark:
        stat = row.stat
        sign = 1 if row.definition.lower else -1
        return Mark(
            metric=row.metric,
            y=TOP + STEP * index + STEP // 2,
            low=x(stat.low),
            high=x(stat.high),
            dot=x(stat.difference),
            margin=None if row.margin is None else x(sign * row.margin),
            word=row.word.replace(" ", "-"),
            title=f"{row.metric} {stat.difference:+.1f} [{stat.low:+.1f}, {stat.high:+.1f}]",
        )

    steps = (-reach, -reach / 2, 0, reach / 2, reach)
    return Forest(
        height=TOP + STEP * len(shown) + 28,
        zero=x(0),
        marks=tuple(mark(index, row) for index, row in enumerate(shown)),
        ticks=tuple((x(value), _signed(value)) for value in steps),
    )


def _signed(value: float) -> str:
    return f"{value:+g}".replace("-", "−") if value else "0"
