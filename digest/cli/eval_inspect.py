"""`digest eval score`, `show`, `power`: a run scored anew, one paper of it, how many papers it takes."""

from __future__ import annotations

import math
from typing import Annotated

import typer

from digest.cli import options
from digest.cli.output import print_message
from digest.system.errors import UsageError


def score(run: options.EvalRun, out: options.Out = None) -> None:
    """Score a run anew; asks nothing."""
    from digest.cli.eval_output import opened
    from digest.evaluate.metrics.scoring import score_run

    folder = opened(run, out)
    print_message(f"{folder.path}: {score_run(folder)} answers scored")


def show(
    run: options.EvalRun,
    paper: Annotated[str, typer.Argument(metavar="ID", help="A paper of the gold.")],
    out: options.Out = None,
) -> None:
    """Print one paper with all lines, differences, findings and scores."""
    from digest.cli import eval_output
    from digest.sources.identifiers import identified

    results = eval_output.results_of([run], out)
    if paper not in results.papers:
        paper = identified(paper).id
    if paper not in results.papers:
        raise UsageError(f"{paper} is not among the {len(results.papers)} papers of this run.")
    eval_output.paper(results, paper)


def power(
    metric: Annotated[str, typer.Option("--metric", metavar="NAME")] = "chrf_c2",
    n: Annotated[int | None, typer.Option("--n", min=2, metavar="N", help="What N papers find.")] = None,
    delta: Annotated[
        float | None, typer.Option("--delta", min=0.01, metavar="POINTS", help="How many papers it needs.")
    ] = None,
) -> None:
    """Say how many papers an evaluation needs."""
    from digest.evaluate.comparison.statistics import detectable, papers_for
    from digest.evaluate.metrics.metrics import BY_NAME

    known = {name: one.sd for name, one in BY_NAME.items() if one.sd is not None}
    if metric not in known:
        raise UsageError(f"--metric {metric}: known is the noise of {', '.join(known)}.")
    if (n is None) == (delta is None):
        raise UsageError("Give either --n, the number of papers, or --delta, the difference to find.")
    if delta is not None and not 0 < delta < math.inf:
        raise UsageError("--delta: give a number of points above 0.")
    sd = known[metric]
    if n is not None:
        print_message(
            f"{metric}: {n} papers find a difference of {detectable(sd, n):.1f} points 4 times in 5 "
            f"(paired, alpha .05; SD of the paired difference {sd:g})."
        )
    elif delta is not None:
        print_message(
            f"{metric}: a difference of {delta:g} points needs {papers_for(sd, delta)} papers to be found "
            f"4 times in 5 (paired, alpha .05; SD of the paired difference {sd:g})."
        )
