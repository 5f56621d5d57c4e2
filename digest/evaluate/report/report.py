"""The forms of a comparison: one HTML file without network, Markdown, and text for a terminal."""

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from digest.evaluate.comparison.compare import Comparison, worsened
from digest.evaluate.comparison.results import ResultTable, VariantResults
from digest.evaluate.gold.dataset import GoldPaper
from digest.evaluate.judge.verdicts import Judged, Jury
from digest.evaluate.metrics.metrics import METRICS
from digest.evaluate.metrics.scoring import trained_model
from digest.evaluate.report.decision import Decision
from digest.evaluate.report.forest_plot import forest
from digest.model import Finding
from digest.summarize.checks import source_of
from digest.summarize.line_diff import DiffTag, differences

if TYPE_CHECKING:
    from jinja2 import Environment

_GATES = tuple(metric.name for metric in METRICS if metric.tier == "gate")
_LEAST = {"lint3": 3}
_RULES = {
    "src_support": {
        "broken-word",
        "mangled-name",
        "number-scale",
        "unsupported-name",
        "unsupported-number",
        "unsupported-word",
        "wrong-own-name",
    }
}
"""Gate -> the findings that are evidence for it, where not all of severity 2 and 3 are."""

_NOTABLE = 5.0
"""Points of chrf_c2 below which a paper's difference is not worth calling a disagreement."""


@dataclass(frozen=True)
class Candidate:
    """A candidate with everything that was found about it."""

    comparison: Comparison
    decision: Decision
    jury: Jury | None
    judged: Mapping[str, Judged]

    @property
    def label(self) -> str:
        """The name of the candidate."""
        return self.comparison.candidate.label


@dataclass(frozen=True)
class Failure:
    """The gates that a line does not pass, and why."""

    label: str
    paper: str
    title: str
    gates: str
    evidence: str


@dataclass(frozen=True)
class Shown:
    """One variant's line of a paper."""

    label: str
    line: str | None
    pieces: list[tuple[DiffTag, str]]
    findings: tuple[Finding, ...]
    scores: dict[str, float]


@dataclass(frozen=True)
class PaperView:
    """One paper with all lines; `note` says why it stands where it stands."""

    paper: GoldPaper
    note: str
    change: float
    disagrees: bool
    lines: tuple[Shown, ...]
    verdicts: tuple[str, ...]


def render(
    results: ResultTable, base: str, again: Comparison | None, candidates: Sequence[Candidate]
) -> dict[str, str]:
    """The report by file name: report.html and report.md."""
    context: dict[str, Any] = {
        "results": results,
        "base": results.column(base),
        "again": again,
        "candidates": candidates,
        "metrics": METRICS,
        "signatures": _signatures(results),
        "means": {column.label: _means(column) for column in _columns(results, base)},
        "columns": _columns(results, base),
        "ops": [_ops(column) for column in _columns(results, base)[1:]],
        "forests": {candidate.label: forest(candidate.comparison.rows) for candidate in candidates},
        "diffs": {
            candidate.label: prompt_diff(results.column(base), candidate.comparison.candidate)
            for candidate in candidates
        },
        "failures": failures(results),
        "papers": papers(results, base, candidates),
    }
    return {
        name: _environment().get_template(f"{name}.j2").render(context)
        for name in ("report.html", "report.md")
    }


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("digest.evaluate.report"),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = _plain
    return environment


def _plain(text: object) -> str:
    """Text for a Markdown table or paragraph: on one line, with nothing that Markdown or HTML would read."""
    shown = "".join(c if c.isprintable() else " " for c in str(text))
    line = html.escape(" ".join(shown.split()), quote=False)
    return re.sub(r"([\\`*_{}\[\]|#~])", r"\\\1", line)


def _signatures(results: ResultTable) -> dict[str, str]:
    """Identifiers of all that the values depend on, by metric."""
    model = trained_model(results.folders[0].path.parent)
    trained = {"xling": model.signature} if model else {}
    return {metric.name: metric.signature for metric in METRICS} | trained


def _columns(results: ResultTable, base: str) -> list[VariantResults]:
    others = [column for label, column in results.columns.items() if label != base]
    return [results.published, results.column(base), *others]


def _means(column: VariantResults) -> dict[str, float | None]:
    return {metric.name: column.mean(metric.name) for metric in METRICS}


def _ops(column: VariantResults) -> dict[str, Any]:
    """Time, tokens and cost of a variant; times are of the model, corrections included."""
    answers = column.every_answer
    times = sorted(answer.t_ms for answer in answers) or [0]
    costs = [answer.cost for answer in answers]
    known = [cost for cost in costs if cost is not None]
    n = len(answers) or 1
    return {
        "label": column.label,
        "model": column.variant.model,
        "answers": len(answers),
        "err": sum(answer.error is not None for answer in answers),
        "retry": sum(answer.attempts > 1 for answer in answers),
        "p50": times[len(times) // 2],
        "p95": times[min(len(times) - 1, len(times) * 95 // 100)],
        "tok_in": sum(answer.tok_in for answer in answers) / n,
        "tok_out": sum(answer.tok_out for answer in answers) / n,
        "cost": 1000 * sum(known) / n if known and len(known) == len(costs) else None,
    }


def prompt_diff(old: VariantResults, new: VariantResults) -> list[str]:
    """The unified difference of two prompts."""
    before, after = (f"{p.system}\n# user\n{p.user}".splitlines() for p in (old.prompt, new.prompt))
    names = old.variant.prompt, new.variant.prompt
    return list(difflib.unified_diff(before, after, *names, lineterm="", n=2))


def failures(results: ResultTable) -> list[Failure]:
    """Every gate that a line does not pass, one by one: of the variants, then of the published lines."""
    found = []
    for column in (*results.columns.values(), results.published):
        for paper in results.gold.papers:
            gates = [gate for gate in _GATES if _failed(column, gate, paper.id)]
            if gates:
                evidence = dict.fromkeys(
                    why for gate in gates for why in evidence_for(results, column, paper.id, gate)
                )
                found.append(
                    Failure(column.label, paper.id, paper.title, ", ".join(gates), "；".join(evidence))
                )
    return found


def _failed(column: VariantResults, gate: str, paper: str) -> bool:
    value = column.value(gate, paper)
    return value is not None and (value > 0 if gate == "err" else value < 100)


def evidence_for(results: ResultTable, column: VariantResults, paper: str, metric: str) -> tuple[str, ...]:
    """The reasons why a line does not pass a gate, or its score by another metric."""
    if metric == "err":
        return tuple(sorted({a.error for a in column.answers[paper].values() if a.error}))
    if metric == "own_name":
        return (f"{source_of(results.papers[paper].paper).own_name} is not in the line",)
    if metric not in _GATES:
        return (f"{metric} {column.value(metric, paper):.1f}",)
    found = dict.fromkeys(
        f"{finding.rule}「{finding.evidence}」"
        for score in column.scores.get(paper, {}).values()
        for finding in score.findings
        if finding.severity >= _LEAST.get(metric, 2) and finding.rule in _RULES.get(metric, {finding.rule})
    )
    if found:
        return tuple(found)
    line = column.line(paper) or results.papers[paper].references[0].line
    return (f"{len(line)} characters, {line.count('。')} full stops, ends in {line[-1:]!r}",)


def papers(results: ResultTable, base: str, candidates: Sequence[Candidate]) -> list[PaperView]:
    """All papers: first those on which wording and gates (or judge) disagree, then by size of the change."""
    views = [_view(results, paper, base, candidates) for paper in results.gold.papers]
    return sorted(views, key=lambda view: (not view.disagrees, -abs(view.change)))


def _view(results: ResultTable, paper: GoldPaper, base: str, candidates: Sequence[Candidate]) -> PaperView:
    change, note, disagrees, verdicts = 0.0, "", False, []
    for candidate in candidates:
        wording, gates = _changes(candidate.comparison, paper.id)
        if judged := candidate.judged.get(paper.id):
            verdicts.append(_verdict(judged, candidate))
        against = gates * wording < 0 or _side(candidate, paper.id) * wording < 0
        if against and abs(wording) >= _NOTABLE:
            disagrees = True
            nearer = "closer to" if wording > 0 else "further from"
            other = "gates say worse" if gates < 0 else "gates say better" if gates else "the judge disagrees"
            note = f"{candidate.label} is {nearer} the published line, but {other}"
        change = max(change, wording, key=abs)
    columns = [results.column(base), *(candidate.comparison.candidate for candidate in candidates)]
    return PaperView(
        paper, note, change, disagrees, tuple(_shown(column, paper) for column in columns), tuple(verdicts)
    )


def _changes(comparison: Comparison, paper: str) -> tuple[float, float]:
    """The candidate's gain on a paper: in wording, and over all gates."""

    def gain(metric: str) -> float:
        base, ours = comparison.base.value(metric, paper), comparison.candidate.value(metric, paper)
        return 0.0 if base is None or ours is None else ours - base

    gates = sum(-gain(gate) if gate == "err" else gain(gate) for gate in _GATES)
    return gain("chrf_c2"), gates


def _side(candidate: Candidate, paper: str) -> int:
    judged = candidate.judged.get(paper)
    return {"first": -1, "second": 1}.get(judged.verdict or "", 0) if judged else 0


def _verdict(judged: Judged, candidate: Candidate) -> str:
    base = candidate.comparison.base.label
    names = {"first": base, "second": candidate.label, "tie": "tie", None: "no answer"}
    if judged.orders is None:
        return f"{judged.judge}: {names[judged.verdict]} ({judged.evidence})"
    straight, turned = (names[one] for one in judged.orders)
    flipped = ", changed its mind" if judged.flipped else ""
    return f"{judged.judge}: {straight}, in the other order {turned}{flipped} ({judged.evidence})"


def _shown(column: VariantResults, paper: GoldPaper) -> Shown:
    line = column.line(paper.id)
    scores = list(column.scores.get(paper.id, {}).values())
    values = {metric.name: column.value(metric.name, paper.id) for metric in METRICS}
    return Shown(
        label=column.label,
        line=line,
        pieces=differences(paper.references[0].line, line) if line else [],
        findings=scores[0].findings if scores else (),
        scores={name: value for name, value in values.items() if value is not None},
    )


def worst_papers(comparison: Comparison, results: ResultTable, metric: str) -> list[tuple[str, str]]:
    """The papers on which a candidate is worse by a gate, with the evidence."""
    names = worsened(comparison, metric)
    return [(name, "；".join(evidence_for(results, comparison.candidate, name, metric))) for name in names]
