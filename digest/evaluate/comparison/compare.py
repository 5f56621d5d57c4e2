"""The comparison of variants: paired differences to a base, and a verdict in words for each metric."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from digest.evaluate.comparison.results import ResultTable, VariantResults
from digest.evaluate.comparison.statistics import ALPHA, Paired, holm, paired, papers_for, papers_for_none
from digest.evaluate.metrics.metrics import BY_NAME, METRICS, Metric
from digest.model import Record

PRIMARY = "chrf_c2"
"""The one metric whose p-value is not adjusted for the number of metrics."""

MOST_ERRORS = 0.05
"""Share of papers without a line above which numbers are not printed as a comparison."""

Word = Literal["better", "worse", "no worse", "undecided", "higher", "lower", "no difference seen"]


class MetricComparison(Record):
    """One metric of a candidate beside the base."""

    metric: str
    stat: Paired
    p: float
    margin: float | None
    word: Word
    needed: int | None = None

    @property
    def definition(self) -> Metric:
        """The metric."""
        return BY_NAME[self.metric]

    @property
    def loss(self) -> float:
        """The candidate's loss, in points; below 0 it is better."""
        return self.stat.difference if self.definition.lower else -self.stat.difference

    @property
    def verdict(self) -> str:
        """In words."""
        if self.word == "no worse":
            return f"no worse than {self.margin:g}"
        if self.word == "undecided":
            return f"undecided: needs ≈ {self.needed} papers"
        return self.word


@dataclass(frozen=True)
class Comparison:
    """A candidate beside the base.

    Attributes:
        rows: the metrics that both have values of.
        dropped: papers that are missing on either side.
        same: a second run of the base itself: what noise looks like.
    """

    base: VariantResults
    candidate: VariantResults
    rows: tuple[MetricComparison, ...]
    dropped: tuple[str, ...]
    same: bool = False

    def row(self, metric: str) -> MetricComparison | None:
        """The row of a metric, if there is one."""
        return next((row for row in self.rows if row.metric == metric), None)


def too_many_errors(results: ResultTable) -> str | None:
    """The sentence that takes the place of a comparison, if more than 5 % of the papers got no answer yet.

    Papers that a model answered without giving a line are no reason: that is what there is to be compared.
    """
    columns = results.columns.values()
    dead = not any(answer.error is None for column in columns for answer in column.every_answer)
    if dead and any(answer.vain for column in columns for answer in column.every_answer):
        return "No variant has any answer. Start the same `digest eval run` again."
    for column in results.columns.values():
        n = len(results.gold.papers)
        open_papers = [
            paper.id for paper in results.gold.papers if column.unasked(paper.id) or column.troubled(paper.id)
        ]
        if len(open_papers) > MOST_ERRORS * n:
            troubled = sum(column.troubled(paper) for paper in open_papers)
            return (
                f"{column.label}: {len(open_papers)} of {n} papers have no answer ({troubled} failed, "
                f"{len(open_papers) - troubled} not asked yet). Start the same `digest eval run` again; "
                f"numbers of half-finished runs are not compared. First: {', '.join(open_papers[:5])}."
            )
    return None


def compare(results: ResultTable, base: str, margins: Mapping[str, float]) -> tuple[Comparison, ...]:
    """Every other variant beside the base; first, where there are epochs, the base beside itself.

    Args:
        results: the runs.
        base: the label of the base.
        margins: metric -> how much worse a candidate may be; for metrics that are no gate by themselves too.

    Raises:
        UsageError: there is no such variant.
    """
    first, total = results.column(base), len(results.gold.papers)
    stats = {
        label: _stats(first.values, column.values, margins)
        for label, column in results.columns.items()
        if label != base
    }
    adjusted = _adjust(stats)
    made = [
        Comparison(
            first,
            results.columns[label],
            tuple(_row(name, stat, adjusted[label, name], margins, total) for name, stat in found.items()),
            _dropped(first, results.columns[label], results),
        )
        for label, found in stats.items()
    ]
    again = _stats(lambda metric: first.values(metric, 0), lambda metric: first.values(metric, 1), margins)
    if again:
        rows = tuple(_row(name, stat, stat.p, margins, total) for name, stat in again.items())
        made.insert(0, Comparison(first, first, rows, (), same=True))
    return tuple(made)


def _stats(
    base: Callable[[str], dict[str, float]],
    candidate: Callable[[str], dict[str, float]],
    margins: Mapping[str, float],
) -> dict[str, Paired]:
    found = {}
    for metric in METRICS:
        theirs, ours = base(metric.name), candidate(metric.name)
        both = sorted(theirs.keys() & ours.keys())  # in any order of answers the same numbers
        if both:
            values = [theirs[paper] for paper in both], [ours[paper] for paper in both]
            guarded = metric.margin is not None or metric.name in margins
            found[metric.name] = paired(*values, bound=metric.bound, lower=metric.lower, guarded=guarded)
    return found


def _adjust(stats: Mapping[str, Mapping[str, Paired]]) -> dict[tuple[str, str], float]:
    """The p-values by Holm: those of the primary metric as one family, all others as another.

    A metric by which no paper differs could never be significant, so it does not count (Tarone 1990).
    """
    adjusted = {(label, name): 1.0 for label, found in stats.items() for name in found}
    for primary in (True, False):
        family = [
            (label, name)
            for label, name in adjusted
            if (name == PRIMARY) == primary and stats[label][name].ties < stats[label][name].n
        ]
        ps = holm([stats[label][name].p for label, name in family])
        adjusted |= dict(zip(family, ps, strict=True))
    return adjusted


def _row(name: str, stat: Paired, p: float, margins: Mapping[str, float], total: int) -> MetricComparison:
    """The row of a metric; `total` papers are in the gold, of which some may have no value."""
    metric = BY_NAME[name]
    margin = margins.get(name, metric.margin)
    if margin is None:
        word = _seen(stat, p)
        return MetricComparison(metric=name, stat=stat, p=p, margin=None, word=word)
    word = _guarded(metric, stat, p, margin)
    needed = None
    if word == "undecided":
        needed = math.ceil(_needed(metric, stat, p, margin) * total / stat.n)
    return MetricComparison(metric=name, stat=stat, p=p, margin=margin, word=word, needed=needed)


def _needed(metric: Metric, stat: Paired, p: float, margin: float) -> int:
    """The number of papers with a value that it takes: to prove a loss that was seen, else to exclude one."""
    loss = stat.difference if metric.lower else -stat.difference
    if loss > margin:
        return max(stat.n + 1, papers_for(stat.sd, loss, tests=p / stat.p))
    return max(papers_for_none(margin, metric.bound or margin), papers_for(stat.sd, margin), stat.n + 1)


def _seen(stat: Paired, p: float) -> Word:
    """The word for a metric that tells of a difference only."""
    if p >= ALPHA:
        return "no difference seen"
    return "higher" if stat.difference > 0 else "lower"


def _guarded(metric: Metric, stat: Paired, p: float, margin: float) -> Word:
    """The word for a metric by which a candidate must not be worse."""
    sign = -1 if metric.lower else 1
    gain, low = sign * stat.difference, min(sign * stat.low, sign * stat.high)
    if p < ALPHA and gain > (margin if metric.tier == "content" else 0):  # less comes of style alone
        return "better"
    if low > -margin:
        return "no worse"
    return "worse" if p < ALPHA and -gain > margin else "undecided"


def _dropped(base: VariantResults, candidate: VariantResults, results: ResultTable) -> tuple[str, ...]:
    missing = {*results.unanswered(base), *results.unanswered(candidate)}
    return tuple(paper.id for paper in results.gold.papers if paper.id in missing)


def worsened(comparison: Comparison, metric: str) -> Sequence[str]:
    """The papers on which the candidate is worse by a metric, the worst first."""
    sign = -1 if BY_NAME[metric].lower else 1
    base, ours = comparison.base.values(metric), comparison.candidate.values(metric)
    change = {paper: sign * (ours[paper] - base[paper]) for paper in base if paper in ours}
    return sorted((paper for paper in change if change[paper] < 0), key=change.__getitem__)
