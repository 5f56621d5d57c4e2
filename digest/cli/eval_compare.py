"""The work of `digest eval` on finished runs, between flags and printing."""

from __future__ import annotations

import asyncio
import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from digest.cli import eval_output
from digest.cli import output as show
from digest.cli.session import CommandOptions, ledger_of, prepared
from digest.config import load
from digest.errors import UsageError
from digest.evaluate.comparison.compare import Comparison, compare, too_many_errors
from digest.evaluate.comparison.results import ResultTable, load_results
from digest.evaluate.comparison.statistics import detectable, papers_for
from digest.evaluate.judge.batch_file import Collector, Replay
from digest.evaluate.judge.calibration import hear, juries, keep, questions, rule_judge
from digest.evaluate.judge.human_labels import label_pairs
from digest.evaluate.judge.judges import RULE, ModelJudge
from digest.evaluate.judge.verdicts import Judged, pairs_of
from digest.evaluate.metrics.metrics import BY_NAME
from digest.evaluate.metrics.scoring import score_run
from digest.evaluate.report.decision import TOO_MANY_ERRORS, decide
from digest.evaluate.report.report import Candidate, render
from digest.evaluate.runs.folder import open_run, runs_in
from digest.ledger import Ledger, open_ledger
from digest.llm.cached_client import CachedClient, Completes
from digest.llm.endpoint import Endpoint
from digest.pipeline.progress import choose
from digest.publish.files import write_atomically
from digest.sources.identifiers import identified


def _board(runs: Sequence[str], out: Path | None) -> ResultTable:
    folder = runs_in(load({"run": {"out": out}}, os.environ).run.out)
    return load_results([open_run(Path(run), folder) for run in runs])


def score(run: str, out: Path | None) -> int:
    """Score a run anew, without asking anybody."""
    folder = open_run(Path(run), runs_in(load({"run": {"out": out}}, os.environ).run.out))
    print(f"{folder.path}: {score_run(folder)} answers scored")
    return show.COMPLETE


def compare_runs(
    runs: Sequence[str], base: str, margins: Sequence[str], out: Path | None, *, as_json: bool
) -> int:
    """Print how every variant compares with the base, write the report, and return the exit code."""
    given = dict(_margin(text) for text in margins)
    board = _board(runs, out)
    board.column(base)
    if refusal := too_many_errors(board):
        print(f"digest: {refusal}", file=sys.stderr)
        return TOO_MANY_ERRORS
    made = compare(board, base, given)
    again = next((one for one in made if one.same), None)
    heard = juries(board, base)
    candidates = [_candidate(one, heard) for one in made if not one.same]
    if not candidates:
        raise UsageError(f"There is nothing to compare {base} with: give two prompts or models, or two runs.")
    folder = board.folders[0].path
    for name, text in render(board, base, again, candidates).items():
        write_atomically(folder / name, text)
    if as_json:
        print(json.dumps(eval_output.values(candidates), ensure_ascii=False))
    else:
        eval_output.comparison(board, again, candidates)
        print(f"{folder / 'report.html'}\n{folder / 'report.md'}")
    return max(candidate.decision.exit_code for candidate in candidates)


def _candidate(one: Comparison, heard: eval_output.Heard) -> Candidate:
    jury, judged = heard.get(one.candidate.label, (None, {}))
    return Candidate(one, decide(one, jury), jury, judged)


def _margin(text: str) -> tuple[str, float]:
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


def judge(given: CommandOptions, run: str, base: str, name: str) -> int:
    """Ask a judge about a run, calibrate it on planted defects, and print what came of it."""
    if name == RULE:
        board = _board([run], given.flags["run"]["out"])
        judged = asyncio.run(hear(board, base, rule_judge(board), lambda: None))
    else:
        with prepared(given) as ready:
            board, judged = _ask(given, run, base, name, Endpoint(ready.settings.model))
    return _heard(board, base, judged)


def judge_import(given: CommandOptions, run: str, base: str, name: str, answers: Path) -> int:
    """Take the recorded answers of a judge from a file, and print what came of them."""
    board, judged = _ask(given, run, base, name, Replay(answers))
    return _heard(board, base, judged)


def judge_export(given: CommandOptions, run: str, base: str, name: str, output: Path) -> int:
    """Write what a judge would be asked and the ledger cannot answer as a batch file."""
    if name == RULE:
        raise UsageError("--judge rule asks nobody: `digest eval judge run` does it at once.")
    settings = load(given.flags, os.environ)
    with open_ledger(settings.run.out) as ledger:
        endpoint = Endpoint(settings.model, lambda model: ledger.traits(endpoint.address, model))
        endpoint.capabilities(name)  # learned by earlier runs
    collector = Collector(endpoint.write)
    _ask(given, run, base, name, collector)
    write_atomically(output, collector.to_jsonl())
    print(f"{output}: {len(collector.requests)} questions")
    return show.COMPLETE


def _ask(
    given: CommandOptions, run: str, base: str, name: str, endpoint: Completes
) -> tuple[ResultTable, dict[str, list[Judged]]]:
    """Ask a model through the ledger."""
    settings = load(given.flags, os.environ)
    board = _board([run], settings.run.out)
    body = Endpoint(settings.model).body  # whoever answers: the questions must be the same

    async def go(ledger: Ledger) -> dict[str, list[Judged]]:
        asker = CachedClient(endpoint, ledger, ledger.begin("judge", board.folders[0].info.gold))
        try:
            asked = ModelJudge(name, asker.ask, body)
            judged = await hear(board, base, asked, lambda: progress.step("pairs"))
        finally:
            if isinstance(endpoint, Endpoint):
                await endpoint.close()
        ledger.finish(asker.run, "complete", asker.tally.report())
        return judged

    with ledger_of(settings, given) as ledger, choose(quiet=given.quiet) as progress:
        progress.start("pairs", sum(map(len, questions(board, base).values())))
        return board, asyncio.run(go(ledger))


def _heard(board: ResultTable, base: str, judged: Mapping[str, Sequence[Judged]]) -> int:
    """Keep the verdicts, and print what they say."""
    calibration = keep(board, judged)
    eval_output.calibration(calibration)
    for label, (jury, _) in juries(board, base).items():
        if jury.judge == calibration.judge:
            eval_output.jury(label, base, jury)
    return show.COMPLETE


def label(run: str, base: str, candidate: str | None, most: int, out: Path | None) -> int:
    """Show pairs of lines to a person, without names, and keep what is said."""
    board = _board([run], out)
    others = [name for name in board.columns if name != base]
    if candidate == base:
        raise UsageError(f"--with {candidate}: that is the base itself.")
    if candidate is None and len(others) != 1:
        raise UsageError(f"Say with --with which variant is shown beside {base}: {', '.join(others)}.")
    pairs = pairs_of(board.column(base), board.column(candidate or others[0]), board.papers)
    given = label_pairs(pairs, board.folders[0], most, lambda text: print(eval_output.printable(text)), input)
    print(f"{given} labels kept in {board.folders[0].path / 'labels.jsonl'}")
    return show.COMPLETE


def show_paper(run: str, paper: str, out: Path | None) -> int:
    """Print everything about one paper of a run."""
    board = _board([run], out)
    if paper not in board.papers:
        paper = identified(paper).id
    if paper not in board.papers:
        raise UsageError(f"{paper} is not among the {len(board.papers)} papers of this run.")
    eval_output.paper(board, paper)
    return show.COMPLETE


def power(metric: str, n: int | None, delta: float | None) -> int:
    """Print what difference so many papers can find, or how many papers a difference needs."""
    known = {name: one.sd for name, one in BY_NAME.items() if one.sd is not None}
    if metric not in known:
        raise UsageError(f"--metric {metric}: known is the noise of {', '.join(known)}.")
    if (n is None) == (delta is None):
        raise UsageError("Give either --n, the number of papers, or --delta, the difference to find.")
    if delta is not None and not 0 < delta < math.inf:
        raise UsageError("--delta: give a number of points above 0.")
    sd = known[metric]
    if n is not None:
        print(
            f"{metric}: {n} papers find a difference of {detectable(sd, n):.1f} points 4 times in 5 "
            f"(paired, alpha .05; SD of the paired difference {sd:g})."
        )
    elif delta is not None:
        print(
            f"{metric}: a difference of {delta:g} points needs {papers_for(sd, delta)} papers to be found "
            f"4 times in 5 (paired, alpha .05; SD of the paired difference {sd:g})."
        )
    return show.COMPLETE
