"""`digest eval compare`: every variant of a run beside a base, with statistics and a decision."""

from __future__ import annotations

import json as json_module
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from digest.cli import options
from digest.cli.output import print_error
from digest.system.errors import UsageError

if TYPE_CHECKING:
    from digest.cli.eval_output import Heard
    from digest.evaluate.comparison.compare import Comparison
    from digest.evaluate.report.report import Candidate


class Compare(TyperCommand):
    """A command whose exit code 2 means something else than wrong usage."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer has a click of its own
        """Parse the flags; wrong ones are exit code 1."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # whichever click typer brings; --help ends here too, with 0
            if getattr(error, "exit_code", 0):
                vars(error)["exit_code"] = 1
            raise


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs over one gold set.")],
    base: options.Base,
    margin: Annotated[
        list[str] | None,
        typer.Option("--margin", metavar="METRIC=POINTS", help="How much worse one may be; makes it decide."),
    ] = None,
    out: options.Out = None,
    json: options.Json = False,
) -> None:
    """Hold every variant against a base, with statistics; write report.html and report.md.

    Exit: 0 nothing is worse, 1 usage, 2 a gate is worse, 3 xling, a metric with --margin or a calibrated
    judge is, 4 more than 5 % of the papers have no answer yet.
    """
    try:
        code = compare_runs(runs, base, margin or [], out, as_json=json)
    except UsageError as error:
        print_error(error)
        code = 1  # 2 says here that a gate is worse
    raise typer.Exit(code)


def compare_runs(
    runs: Sequence[str], base: str, margins: Sequence[str], out: Path | None, *, as_json: bool
) -> int:
    """Print how every variant compares with the base, write the report, and return the exit code."""
    from digest.cli import eval_output
    from digest.evaluate.comparison.compare import compare as compared
    from digest.evaluate.comparison.compare import too_many_errors
    from digest.evaluate.judge.calibration import juries
    from digest.evaluate.report.decision import TOO_MANY_ERRORS
    from digest.evaluate.report.report import render
    from digest.system.files import write_atomically

    given = dict(_margin(text) for text in margins)
    results = eval_output.results_of(runs, out)
    results.column(base)
    if refusal := too_many_errors(results):
        print_error(refusal)
        return TOO_MANY_ERRORS
    made = compared(results, base, given)
    again = next((one for one in made if one.same), None)
    heard = juries(results, base)
    candidates = [_candidate(one, heard) for one in made if not one.same]
    if not candidates:
        raise UsageError(f"There is nothing to compare {base} with: give two prompts or models, or two runs.")
    folder = results.folders[0].path
    for name, text in render(results, base, again, candidates).items():
        write_atomically(folder / name, text)
    if as_json:
        print(json_module.dumps(eval_output.values(candidates), ensure_ascii=False))
    else:
        eval_output.comparison(results, again, candidates)
        print(folder / "report.html", folder / "report.md", sep="\n")
    return max(candidate.decision.exit_code for candidate in candidates)


def _candidate(one: Comparison, heard: Heard) -> Candidate:
    from digest.evaluate.report.decision import decide
    from digest.evaluate.report.report import Candidate

    jury, judged = heard.get(one.candidate.label, (None, {}))
    return Candidate(one, decide(one, jury), jury, judged)


def _margin(text: str) -> tuple[str, float]:
    from digest.evaluate.metrics.metrics import BY_NAME

    name, _, value = text.partition("=")
    if name not in BY_NAME:
        raise UsageError(f"--margin {text}: there is no metric {name!r}. Metrics: {', '.join(BY_NAME)}.")
    try:
        points = float(value)
    except ValueError:
        points = 0.0
    if not 0 < points < math.inf:
        raise UsageError(f"--margin {text}: write it as {name}=3, with a number of points above 0.")
    return name, points
