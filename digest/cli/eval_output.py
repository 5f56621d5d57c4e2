"""Results of evaluation as text for a terminal, and as plain values for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from digest.cli import options
from digest.cli.output import print_message
from digest.cli.table import table
from digest.evaluate.comparison.compare import Comparison, MetricComparison
from digest.evaluate.comparison.results import ResultTable, load_results
from digest.evaluate.judge.verdicts import Calibration, Judged, Jury
from digest.evaluate.report.report import Candidate, worst_papers
from digest.evaluate.runs.folder import RunFolder, open_run, runs_in
from digest.summarize.line_diff import differences
from digest.system.language import translated

Heard = Mapping[str, tuple[Jury, dict[str, Judged]]]

_MOST = 10
"""Papers that a metric is worse on, in the terminal."""

_SPARE = ("could see", "w/t/l", "gold", "n", "p", "base")
"""Columns that a narrow terminal does without, the first of them first; the report has them all."""

_MARKS = {"same": "{}", "new": "[+{}+]", "gone": "[-{}-]"}


def results_of(runs: Sequence[str], out: Path | None) -> ResultTable:
    """The results of runs over one gold set, given by their names or folders."""
    return load_results([opened(run, out) for run in runs])


def opened(run: str, out: Path | None) -> RunFolder:
    """A run by its name or folder; real ones come before those of the sample day."""
    own, of_sample = (runs_in(options.settings_of(out, sample=sample).run.out) for sample in (False, True))
    return open_run(Path(run), own, of_sample)


def comparison(results: ResultTable, again: Comparison | None, candidates: Sequence[Candidate]) -> None:
    """Print the tables and decisions of all candidates."""
    if results.recorded:
        print_message("The answers were recorded from a model for the bundled sample day.")
    if again:
        print_message(f"\n{again.base.label} asked twice (A/A): what noise looks like")
        _table([row for row in again.rows if row.definition.tier != "ops"], again)
    for candidate in candidates:
        print_message(
            f"\n{candidate.label} beside {candidate.comparison.base.label}, gold {results.gold.hash}"
        )
        _table(candidate.comparison.rows, candidate.comparison, results)
        print()
        for sentence in candidate.decision.sentences:
            print_message(sentence)
        if dropped := candidate.comparison.dropped:
            print_message(f"Left out, without a line on one side: {', '.join(dropped)}.")
        for row in candidate.comparison.rows:
            if row.word == "worse" and row.metric != "lint3":  # its papers are among those of lint_ok
                print_message(f"{row.metric} is worse on:")
                listed = worst_papers(candidate.comparison, results, row.metric)
                for paper, evidence in listed[:_MOST]:
                    print(f"  {paper}  {evidence}")
                if len(listed) > _MOST:
                    print(f"  and {len(listed) - _MOST} more: they are in the report")
    print()


def _table(rows: Sequence[MetricComparison], one: Comparison, results: ResultTable | None = None) -> None:
    head = ("metric", "gold", "base", "this", "difference, 95 %", "p", "w/t/l", "n", "could see", "verdict")
    for line in table(head, (_cells(row, one, results) for row in rows), right=head[1:-1], spare=_SPARE):
        print(line)


def _cells(row: MetricComparison, one: Comparison, results: ResultTable | None) -> tuple[str, ...]:
    stat = row.stat
    gold = results.published.mean(row.metric) if results else None
    return (
        row.metric,
        "" if gold is None else f"{gold:.1f}",
        f"{stat.base:.1f}",
        f"{stat.mean:.1f}",
        str(stat),
        f"{row.p:.4f}",
        f"{stat.wins}/{stat.ties}/{stat.losses}",
        str(stat.n),
        f"{stat.detectable:.1f}" if stat.sd else "-",
        "" if one.same else translated(row.verdict),
    )


def values(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """The comparison as plain values, for --json."""
    return [
        {
            "base": candidate.comparison.base.label,
            "candidate": candidate.label,
            "decision": candidate.decision.word,
            "exit_code": candidate.decision.exit_code,
            "sentences": candidate.decision.sentences,
            "dropped": candidate.comparison.dropped,
            "judge": candidate.jury and candidate.jury.values(),
            "metrics": {
                row.metric: {**row.stat.model_dump(), "p_adjusted": row.p, "verdict": row.verdict}
                for row in candidate.comparison.rows
            },
        }
        for candidate in candidates
    ]


def calibration(one: Calibration) -> None:
    """Print how a judge does where the answer is known."""
    kinds = ", ".join(f"{kind} {found}/{n}" for kind, (found, n) in one.kinds.items())
    wins, ties, losses = one.equal
    agreement = "" if one.kappa is None else f", kappa {one.kappa:.2f}"
    print_message(f"judge {one.judge}, rubric {one.rubric}")
    print_message(f"planted defects found: {kinds}")
    print_message(f"equal systems: {wins} first, {ties} ties, {losses} second")
    print_message(f"labels of people: {one.labels}{agreement}")
    print_message(f"positions: {one.flips[0]} of {one.flips[1]} verdicts changed with the order")
    for reason in one.lacking:
        print_message(f"not calibrated: {reason}")
    if not one.lacking:
        print_message("calibrated: its verdict may decide")


def jury(label: str, base: str, one: Jury) -> None:
    """Print what a judge says of a candidate."""
    low, high = one.win_rate
    print_message(
        f"{label} beside {base}: {one.wins} wins, {one.ties} ties, {one.losses} losses, {one.unanswered} "
        f"without an answer; of decided pairs it wins {100 * low:.0f} to {100 * high:.0f} % (p {one.p:.3f})"
    )
    if one.flags:
        print_message(f"questions of the checklist failed, a line: {one.flags[0]:.2f} and {one.flags[1]:.2f}")


def paper(results: ResultTable, name: str) -> None:
    """Print a paper with its published lines, and every variant's with differences, findings and scores."""
    one = results.papers[name]
    print(f"{one.id}  {one.title}\n\n{one.abstract}\n")
    for reference in one.references:
        flags = f"  ({', '.join(reference.flags)})" if reference.flags else ""
        print_message(f"published {reference.date or ''}{flags}\n  {reference.line}")
    for column in results.columns.values():
        print_message(f"\n{column.label}")
        for epoch, answer in sorted(column.answers.get(name, {}).items()):
            score = column.scores[name][epoch]
            print(f"  {answer.line or f'no line: {answer.error}'}")
            if answer.line:
                pieces = differences(one.references[0].line, answer.line)
                print("  " + "".join(_MARKS[kind].format(text) for kind, text in pieces))
            for finding in score.findings:
                print(f"  {finding.severity} {finding.rule}: {finding.evidence}")
            known = (f"{key} {value:.1f}" for key, value in score.metrics.items() if value is not None)
            print(f"  {', '.join(known)}")
