"""Judging a run: its pairs, planted ones, and those of equal systems; verdicts and calibration on disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path

from digest.evaluate.board import Board, Column
from digest.evaluate.gold import batches, source_of
from digest.evaluate.judge import RULE, Judge, RuleJudge, judge_all
from digest.evaluate.judging import Calibration, Judged, Jury, Pair, jury_of, pairs_of
from digest.evaluate.label import Label, labels_of
from digest.evaluate.planted import plant, right
from digest.evaluate.statistics import kappa
from digest.evaluate.store import read_rows, write_rows

PER_KIND = 20
"""Planted defects of each kind that a judge is tried on."""

EQUAL_PAIRS = 40


def calibration_file(runs: Path) -> Path:
    """Where calibrations are kept: they belong to the judge, not to a run."""
    return runs / "calibrations.jsonl"


def rule_judge(board: Board) -> RuleJudge:
    """The judge that asks nobody."""
    texts = board.folders[0].texts()
    sources = [source_of(paper, texts.get(paper.id, "")) for paper in board.gold.papers]
    by_id = {paper.id: source for paper, source in zip(board.gold.papers, sources, strict=True)}
    return RuleJudge(by_id, batches(board.gold.papers, sources))


def questions(board: Board, base: str) -> dict[str, list[Pair]]:
    """The pairs that a judge is asked about, by what they are for: each candidate, and calibration."""
    first = board.column(base)
    asked = {
        label: pairs_of(first, column, board.papers)
        for label, column in board.columns.items()
        if label != base
    }
    asked["planted"] = plant(board.gold.papers, PER_KIND)
    asked["equal"] = list(islice(_equal(board, first), EQUAL_PAIRS))
    return asked


def _equal(board: Board, base: Column) -> list[Pair]:
    """Pairs of equal systems: two answers to one prompt, else two published lines of one paper."""
    pairs = []
    for paper in board.gold.papers:
        lines = [answer.line for answer in base.answers.get(paper.id, []) if answer.line]
        for two in (lines[:2], paper.lines[:2]):
            if len(set(two)) == 2:
                pairs.append(Pair(f"equal:{paper.id}", "equal", paper, *two))
                break
    return pairs


async def hear(board: Board, base: str, judge: Judge, step: Callable[[], None]) -> dict[str, list[Judged]]:
    """Ask a judge all `questions`; returns the verdicts by what they are for.

    Raises:
        ModelError: the model answers nobody.
    """
    return {name: await judge_all(pairs, judge, step) for name, pairs in questions(board, base).items()}


def keep(board: Board, judged: Mapping[str, Sequence[Judged]]) -> Calibration:
    """Keep verdicts in the run, and what they say of the judge beside the runs."""
    folder = board.folders[0].path
    made = [one for name, some in judged.items() if name not in {"planted", "equal"} for one in some]
    kept = {(one.judge, one.rubric, one.id): one for one in read_rows(folder / "judge.jsonl", Judged)}
    kept |= {(one.judge, one.rubric, one.id): one for one in made}
    write_rows(folder / "judge.jsonl", kept.values())
    calibration = _calibration(board, judged)
    path = calibration_file(folder.parent)
    known = {(one.judge, one.rubric): one for one in read_rows(path, Calibration)}
    known[calibration.judge, calibration.rubric] = calibration
    write_rows(path, known.values())
    return calibration


def _calibration(board: Board, judged: Mapping[str, Sequence[Judged]]) -> Calibration:
    planted = {pair.id: pair for pair in plant(board.gold.papers, PER_KIND)}
    found, asked = Counter[str](), Counter[str]()
    for one in judged["planted"]:
        asked[one.kind] += 1
        found[one.kind] += one.verdict == right(planted[one.id])
    equal = [one.verdict for one in judged["equal"]]
    everything = [one for some in judged.values() for one in some]
    labels = labels_of(board.folders[0])
    return Calibration(
        judge=everything[0].judge,
        rubric=everything[0].rubric,
        kinds={kind: (found[kind], asked[kind]) for kind in asked},
        equal=(equal.count("first"), equal.count("tie"), equal.count("second")),
        flips=(sum(one.flipped for one in everything), sum(one.orders is not None for one in everything)),
        labels=len(labels),
        kappa=_agreement(everything, labels),
    )


def _agreement(judged: Sequence[Judged], labels: Sequence[Label]) -> float | None:
    by_pair = {one.id: one.verdict for one in judged if one.verdict is not None}
    return kappa((by_pair[label.pair], label.verdict) for label in labels if label.pair in by_pair)


def juries(board: Board, base: str) -> dict[str, tuple[Jury, dict[str, Judged]]]:
    """For each candidate the judge to be shown, and its verdicts by paper.

    Of several judges the one that is calibrated comes first, then a model before the rules.
    """
    folder, first = board.folders[0].path, board.column(base)
    known = {(one.judge, one.rubric): one for one in read_rows(calibration_file(folder.parent), Calibration)}
    verdicts = list(read_rows(folder / "judge.jsonl", Judged))
    chosen = {}
    for label, column in board.columns.items():
        wanted = {pair.id for pair in pairs_of(first, column, board.papers)} if label != base else set()
        by_judge: dict[tuple[str, str], list[Judged]] = {}
        for one in verdicts:
            if one.id in wanted:
                by_judge.setdefault((one.judge, one.rubric), []).append(one)
        heard = [(jury_of(some, known.get(key)), some) for key, some in by_judge.items()]
        heard.sort(key=lambda pair: (not (pair[0] and pair[0].calibrated), pair[1][0].judge == RULE))
        for jury, some in heard[:1]:
            if jury:
                chosen[label] = (jury, {one.paper: one for one in some})
    return chosen
