"""From the rows of a comparison to a decision, in words and as an exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from digest.evaluate.comparison.compare import MOST_ERRORS, Comparison, MetricComparison
from digest.evaluate.comparison.statistics import ALPHA, signed
from digest.evaluate.judge.verdicts import Jury

FINE, GATE_FAILED, WORSE, TOO_MANY_ERRORS = 0, 2, 3, 4
"""Exit codes of `digest eval compare`; 1 is a usage error there."""


@dataclass(frozen=True)
class Decision:
    """The conclusion from a comparison.

    Attributes:
        word: rejected (a gate is worse), worse (a metric that was given a margin, or a calibrated judge),
            undecided, acceptable.
        sentences: why, the most important first.
    """

    word: Literal["rejected", "worse", "undecided", "acceptable"]
    sentences: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """For scripts."""
        return {"rejected": GATE_FAILED, "worse": WORSE}.get(self.word, FINE)


def decide(comparison: Comparison, jury: Jury | None = None) -> Decision:
    """Gates first, then what was given a margin, then a calibrated judge; style never decides."""
    name, base = comparison.candidate.label, comparison.base.label
    guarded = [row for row in comparison.rows if row.margin is not None]
    gates = [row for row in guarded if row.word == "worse" and row.definition.tier == "gate"]
    others = [row for row in guarded if row.word == "worse" and row not in gates]
    open_rows = [row for row in guarded if row.word == "undecided"]
    err = comparison.row("err")
    if err is not None and err.stat.mean > 100 * MOST_ERRORS:
        # whatever the base does; with few papers chance could never be excluded
        shares = f"{err.stat.mean:.0f} % of the papers have no line ({base}: {err.stat.base:.0f} %)"
        why = f"Do not take {name}: {shares}."
        word: Literal["rejected", "worse", "undecided", "acceptable"] = "rejected"
    elif gates:
        why, word = f"Do not take {name}: worse than {base} by {_listed(gates)}.", "rejected"
    elif others:
        why, word = f"{name} is worse than {base} by {_listed(others)}.", "worse"
    elif jury and jury.calibrated and jury.p < ALPHA and jury.losses > jury.wins:
        why, word = f"{name} is worse than {base} for the judge {jury.judge}.", "worse"
    elif open_rows:
        needed = max(row.needed or 0 for row in open_rows)
        names = ", ".join(f"{row.metric} (≈ {row.needed})" for row in open_rows)
        why = (
            f"Undecided: no gate is worse, but these papers are too few to show that {name} is no worse than "
            f"{base}. Papers needed: {needed}; by metric {names}."
        )
        word = "undecided"
    else:
        why, word = f"{name} may take the place of {base}: no gate is worse than its margin.", "acceptable"
    better = [row for row in guarded if row.word == "better"]
    gained = f"Better: {_listed(better)}." if better else ""
    said = (why, gained, _style(comparison, rejected=word == "rejected"), _jury(jury))
    return Decision(word, tuple(sentence for sentence in said if sentence))


def _listed(rows: list[MetricComparison]) -> str:
    return "; ".join(f"{row.metric} {row.stat}" for row in rows)


def _style(comparison: Comparison, *, rejected: bool) -> str:
    """The worth of the difference in wording."""
    row = comparison.row("chrf_c2")
    if row is None or row.margin is not None or row.word == "no difference seen":
        return ""
    length = comparison.row("len")
    template = comparison.row("template")
    details = [f"chrf_c2 {signed(row.stat.difference)}"]
    if length:
        details.append(f"length {length.stat.base:.0f} → {length.stat.mean:.0f}")
    if template:
        details.append(f"template {template.stat.base:.0f} → {template.stat.mean:.0f} %")
    nearer = "closer to" if row.word == "higher" else "further from"
    fallen = _fallen(comparison)
    if rejected:
        meaning = ""
    elif fallen:
        meaning = f" {_listed(fallen)} goes down with it: that may be quality, too. Read those papers."
    else:
        meaning = (
            " No gate goes down with it: that tells of style, not of quality, as far as gates can see. "
            "Whether something is left out or turned round, a reader or a judge has to say."
        )
    return f"Its wording is {nearer} the published lines ({', '.join(details)}).{meaning}"


def _fallen(comparison: Comparison) -> list[MetricComparison]:
    """The reasons against style alone: gates below their margin, be it by chance, and lost names."""
    return [
        row
        for row in comparison.rows
        if (row.definition.tier in {"gate", "content"} and row.loss > (row.margin or 0))
        or (row.metric == "term_recall" and row.word == "lower")
    ]


def _jury(jury: Jury | None) -> str:
    if jury is None:
        return ""
    flips = f", positions flipped {jury.flip_rate:.0%}" if jury.asked_twice else ""
    says = f"{jury.wins} wins, {jury.ties} ties, {jury.losses} losses{flips}"
    known = "calibrated" if jury.calibrated else "not calibrated, so it decides nothing"
    return f"Judge {jury.judge}: {says}; {known}."
