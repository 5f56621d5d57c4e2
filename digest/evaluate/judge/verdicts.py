"""Verdicts on pairs of lines: what a judge said, what it adds up to, and whether it may be believed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from digest.evaluate.comparison.results import VariantResults
from digest.evaluate.comparison.statistics import sign_test, wilson
from digest.evaluate.gold.dataset import GoldPaper
from digest.model import Record

Verdict = Literal["first", "second", "tie"]

TURNED: Mapping[Verdict, Verdict] = {"first": "second", "second": "first", "tie": "tie"}
"""Verdict -> the verdict when the lines change places."""

MOST_FLIPS = 0.25
"""Share of pairs whose verdict depends on the order, above which a judge is not believed."""

MUST_SEE = ("polarity", "roles", "wrong method", "dropped")
"""Kinds of planted defects that no other metric sees: a judge must."""

LEAST_RIGHT = 0.9
"""The share of planted defects of each kind that a judge must find."""

LEAST_PER_KIND = 10
"""Planted defects of each kind that calibration needs."""

LEAST_PAIRS = 20
"""Pairs of equal systems that calibration needs: lines of one prompt asked twice, or two published lines."""

AA_RANGE = (0.35, 0.65)
"""The share of wins of one of two equal systems within which a judge prefers neither."""

LEAST_LABELS = 50
"""Labels of people that calibration needs."""

LEAST_KAPPA = 0.6
"""Cohen's kappa with people that a judge must reach."""


@dataclass(frozen=True)
class LinePair:
    """Two lines for one paper."""

    id: str
    kind: str
    paper: GoldPaper
    first: str
    second: str


class Judged(Record):
    """A judge's verdict on a pair.

    The checklist decides if it finds more wrong with one line; else both orders are asked, and a line wins
    only if it wins in both.
    """

    id: str
    kind: str
    paper: str
    judge: str
    rubric: str = Field(description="hash of what the judge is told")
    failed: tuple[tuple[str, ...] | None, tuple[str, ...] | None] = Field(
        default=(None, None), description="questions of the checklist that each line fails; None: no answer"
    )
    orders: tuple[Verdict | None, Verdict | None] | None = Field(
        default=None, description="who wins when the first line stands first, and when it stands second"
    )
    verdict: Verdict | None = Field(default=None, description="None: the judge gave no readable answer")
    evidence: str = ""

    def turned(self) -> Judged:
        """The verdict with the lines exchanged."""
        changes: dict[str, Any] = {"id": turned(self.id), "failed": self.failed[::-1]}
        if self.orders is not None:
            changes["orders"] = tuple(one and TURNED[one] for one in self.orders[::-1])
        if self.verdict is not None:
            changes["verdict"] = TURNED[self.verdict]
        return self.model_copy(update=changes)

    @property
    def flipped(self) -> bool:
        """True if the verdict depends on the order."""
        return self.orders is not None and None not in self.orders and self.orders[0] != self.orders[1]


class Calibration(Record):
    """The accuracy of a judge where the right answer is known."""

    judge: str
    rubric: str
    kinds: dict[str, tuple[int, int]] = Field(description="kind of defect: found, of how many")
    equal: tuple[int, int, int] = Field(description="wins, ties, losses of one of two equal systems")
    flips: tuple[int, int] = Field(description="pairs whose verdict depends on the order, of how many asked")
    labels: int = Field(default=0, description="of people, on pairs that it judged too")
    kappa: float | None = Field(default=None, description="agreement with people")

    @property
    def lacking(self) -> tuple[str, ...]:
        """The reasons why the judge may not decide, in words; nothing: it is calibrated."""
        wrong = []
        for kind in MUST_SEE:
            found, n = self.kinds.get(kind, (0, 0))
            if n < LEAST_PER_KIND:
                wrong.append(f"only {n} planted defects of kind {kind}, {LEAST_PER_KIND} are needed")
            elif found < LEAST_RIGHT * n:
                wrong.append(f"finds {found} of {n} planted defects of kind {kind}, {LEAST_RIGHT:.0%} needed")
        wins, ties, losses = self.equal
        if wins + ties + losses < LEAST_PAIRS:
            wrong.append(f"only {wins + ties + losses} pairs of equal systems, {LEAST_PAIRS} are needed")
        elif wins + losses and not AA_RANGE[0] <= wins / (wins + losses) <= AA_RANGE[1]:
            wrong.append(f"prefers one of two equal systems ({wins} to {losses})")
        flipped, asked = self.flips
        if flipped > MOST_FLIPS * asked:
            wrong.append(f"changes its mind with the order in {flipped} of {asked} pairs")
        if self.labels < LEAST_LABELS:
            wrong.append(f"only {self.labels} labels of people, {LEAST_LABELS} are needed")
        elif self.kappa is None or self.kappa < LEAST_KAPPA:
            wrong.append(f"agrees too little with people (kappa {self.kappa or 0:.2f}, {LEAST_KAPPA} needed)")
        return tuple(wrong)


@dataclass(frozen=True)
class Jury:
    """The verdict of one judge on a candidate beside the base; wins are the candidate's."""

    judge: str
    wins: int
    ties: int
    losses: int
    unanswered: int
    flips: int
    asked_twice: int
    calibration: Calibration
    flags: tuple[float, float] | None = None
    """Questions of the checklist that a line fails, on the average: the base's, the candidate's."""

    @property
    def calibrated(self) -> bool:
        """True if it may decide."""
        return not self.calibration.lacking

    @property
    def lacking(self) -> tuple[str, ...]:
        """The reasons why it may not decide."""
        return self.calibration.lacking

    @property
    def flip_rate(self) -> float:
        """Share of the pairs asked in both orders whose verdict depends on the order."""
        return self.flips / self.asked_twice if self.asked_twice else 0.0

    @property
    def p(self) -> float:
        """The p-value of the sign test on decided pairs."""
        return sign_test(self.wins, self.losses) if self.wins + self.losses else 1.0

    @property
    def win_rate(self) -> tuple[float, float]:
        """The 95 % interval of the candidate's share of decided pairs."""
        return wilson(self.wins, self.wins + self.losses)

    def values(self) -> dict[str, Any]:
        """For programs, by the names of metrics."""
        decided_pairs = self.wins + self.losses
        return {
            "judge": self.judge,
            "calibrated": self.calibrated,
            "judge_win": 100 * self.wins / decided_pairs if decided_pairs else None,
            "judge_win_95": [100 * end for end in self.win_rate],
            "p": self.p,
            "wins": self.wins,
            "ties": self.ties,
            "losses": self.losses,
            "unanswered": self.unanswered,
            "flip_rate": self.flip_rate,
            "judge_flags": self.flags,
        }


def jury_of(verdicts: Sequence[Judged], calibration: Calibration) -> Jury:
    """The sum of one judge's verdicts on base (first) and candidate (second); at least one."""
    said = [one.verdict for one in verdicts]
    counts = [
        (len(a), len(b)) for a, b in (one.failed for one in verdicts) if a is not None and b is not None
    ]
    first, second = (sum(side) / len(counts) for side in zip(*counts, strict=True)) if counts else (0, 0)
    return Jury(
        judge=verdicts[0].judge,
        wins=said.count("second"),
        ties=said.count("tie"),
        losses=said.count("first"),
        unanswered=said.count(None),
        flips=sum(one.flipped for one in verdicts),
        asked_twice=sum(one.orders is not None for one in verdicts),
        calibration=calibration,
        flags=(first, second) if counts else None,
    )


def pairs_of(
    base: VariantResults, candidate: VariantResults, papers: Mapping[str, GoldPaper]
) -> list[LinePair]:
    """The lines of two variants, paper by paper, where both have one.

    A pair is named by its paper and lines: what is said of it holds in any run, and of no other lines.
    """
    pairs = []
    for name, paper in papers.items():
        first, second = base.line(name), candidate.line(name)
        if first and second:
            named = "|".join(_digest(f"{name} {line}") for line in (first, second))
            pairs.append(LinePair(named, "variants", paper, first, second))
    return pairs


def turned(pair: str) -> str:
    """The name of the pair with its lines exchanged."""
    first, _, second = pair.partition("|")
    return f"{second}|{first}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def decided(first: int, second: int) -> Verdict:
    """The verdict by numbers of which more is worse."""
    return "tie" if first == second else "first" if first < second else "second"
