"""Judging a run: its pairs, planted ones, and those of equal systems; verdicts and calibration on disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

from digest.evaluate.comparison.results import ResultTable, VariantResults
from digest.evaluate.comparison.statistics import kappa
from digest.evaluate.gold.dataset import batches
from digest.evaluate.judge.human_labels import labels_in
from digest.evaluate.judge.judges import RULE, Judge, RuleJudge, judge_all
from digest.evaluate.judge.planted_defects import plant, right
from digest.evaluate.judge.verdicts import (
    TURNED,
    Calibration,
    Judged,
    Jury,
    LinePair,
    Verdict,
    jury_of,
    pairs_of,
    turned,
)
from digest.evaluate.runs.folder import read_rows, write_rows
from digest.summarize.checks import source_of
from digest.system.errors import UsageError

PER_KIND = 20
"""Planted defects of each kind that a judge is tried on."""

EQUAL_PAIRS = 40


def _calibration_file(runs: Path) -> Path:
    """The file of verdicts on planted and equal pairs: they tell of the judge, not of a run."""
    return runs / "calibration.jsonl"


def rule_judge(results: ResultTable) -> RuleJudge:
    """The judge that asks nobody."""
    texts = results.folders[0].texts()
    sources = [source_of(paper.paper, texts.get(paper.id, "")) for paper in results.gold.papers]
    by_id = {paper.id: source for paper, source in zip(results.gold.papers, sources, strict=True)}
    return RuleJudge(by_id, batches(results.gold.papers, sources))


def questions(results: ResultTable, base: str) -> dict[str, list[LinePair]]:
    """The pairs that a judge is asked about, by what they are for: each candidate, and calibration."""
    first = results.column(base)
    asked = {
        label: pairs_of(first, column, results.papers)
        for label, column in results.columns.items()
        if label != base
    }
    asked["planted"] = plant(results.gold.papers, PER_KIND)
    asked["equal"] = list(islice(_equal(results, first), EQUAL_PAIRS))
    return asked


def _equal(results: ResultTable, base: VariantResults) -> list[LinePair]:
    """Pairs of equal systems: two answers to one prompt, else two published lines of one paper."""
    pairs = []
    for paper in results.gold.papers:
        lines = [answer.line for answer in base.answers.get(paper.id, {}).values() if answer.line]
        for two in (lines[:2], paper.lines[:2]):
            if len(set(two)) == 2:
                pairs.append(LinePair(f"equal:{paper.id}", "equal", paper, *two))
                break
    return pairs


async def hear(
    results: ResultTable, base: str, judge: Judge, step: Callable[[], None]
) -> dict[str, list[Judged]]:
    """Ask a judge all `questions`; returns the verdicts by what they are for.

    Raises:
        ModelError: the model answers nobody.
    """
    return {name: await judge_all(pairs, judge, step) for name, pairs in questions(results, base).items()}


def keep(results: ResultTable, judged: Mapping[str, Sequence[Judged]]) -> Calibration:
    """Keep verdicts on variants in the run, those on planted and equal pairs beside the runs.

    Returns:
        What all verdicts so far say of the judge.

    Raises:
        UsageError: there is not one verdict.
    """
    everything = [one for some in judged.values() for one in some]
    asked = judged["planted"] or everything  # of variants some lines may be the same: nobody is asked
    if all(one.verdict is None for one in asked):
        raise UsageError(f"There is no readable answer to any of {len(asked)} pairs; nothing is kept.")
    folder = results.folders[0].path
    for name, some in judged.items():
        known = {"planted", "equal"}
        _add(_calibration_file(folder.parent) if name in known else folder / "judge.jsonl", some)
    return calibration(folder.parent, everything[0].judge, everything[0].rubric)


def _add(path: Path, judged: Sequence[Judged]) -> None:
    """Add verdicts to a file; a new one takes the place of an old one, unless it says nothing."""
    kept = {(one.judge, one.rubric, one.id): one for one in read_rows(path, Judged)}
    new = {(one.judge, one.rubric, one.id): one for one in judged}
    write_rows(
        path, (kept | {key: one for key, one in new.items() if one.verdict or key not in kept}).values()
    )


def calibration(runs: Path, judge: str, rubric: str) -> Calibration:
    """The accuracy of a judge where the right answer is known: in all runs, and by all labels of people.

    Args:
        runs: the folder of the runs.
        judge: its name.
        rubric: hash of what it is told.
    """
    tried = [
        one for one in _verdicts([_calibration_file(runs)]) if (one.judge, one.rubric) == (judge, rubric)
    ]
    files = sorted(runs.glob("*/judge.jsonl"))
    own = (one for one in _verdicts(files) if (one.judge, one.rubric) == (judge, rubric))
    on_variants = [*{min(one.id, turned(one.id)): one for one in own}.values()]
    found, asked = Counter[str](), Counter[str]()
    for one in tried:
        if one.kind != "equal":
            asked[one.kind] += 1
            found[one.kind] += one.verdict == right(one.id)
    equal = [one.verdict for one in tried if one.kind == "equal"]
    everything = [*tried, *on_variants]
    rated = _rated(on_variants, runs)
    return Calibration(
        judge=judge,
        rubric=rubric,
        kinds={kind: (found[kind], asked[kind]) for kind in asked},
        equal=(equal.count("first"), equal.count("tie"), equal.count("second")),
        flips=(sum(one.flipped for one in everything), sum(one.orders is not None for one in everything)),
        labels=len(rated),
        kappa=kappa(rated),
    )


def _verdicts(files: Iterable[Path]) -> list[Judged]:
    return [one for path in files for one in read_rows(path, Judged)]


def _rated(judged: Sequence[Judged], runs: Path) -> list[tuple[str, str]]:
    """The verdicts of judge and people on the same pairs, once each, whichever line was the base's.

    The lines are put in the order of their names, which are random: if one variant always wins, the verdicts
    still vary, and agreement by chance is not taken to be high.
    """
    said = {one.id: one.verdict for each in judged for one in (each, each.turned()) if one.verdict}
    given: dict[str, Verdict] = {}
    for path in sorted(runs.glob("*/labels.jsonl")):
        for label in labels_in(path):
            straight = label.pair <= turned(label.pair)
            pair = label.pair if straight else turned(label.pair)
            given[pair] = label.verdict if straight else TURNED[label.verdict]
    return [(said[pair], verdict) for pair, verdict in given.items() if pair in said]


def juries(results: ResultTable, base: str) -> dict[str, tuple[Jury, dict[str, Judged]]]:
    """For each candidate the judge to be shown, and its verdicts by paper.

    Of several judges the one that is calibrated comes first, then a model before the rules.
    """
    runs, first = results.folders[0].path.parent, results.column(base)
    verdicts = _verdicts(folder.path / "judge.jsonl" for folder in results.folders)
    known = {who: calibration(runs, *who) for who in {(one.judge, one.rubric) for one in verdicts}}
    chosen = {}
    for label, column in results.columns.items():
        wanted = {pair.id for pair in pairs_of(first, column, results.papers)} if label != base else set()
        by_judge: dict[tuple[str, str], dict[str, Judged]] = {}
        for one in (way for said in verdicts for way in (said.turned(), said)):
            found = by_judge.setdefault((one.judge, one.rubric), {}) if one.id in wanted else {}
            if one.verdict or one.id not in found:
                found[one.id] = one
        heard = [
            (jury_of(some, known[who]), some)
            for who, found in by_judge.items()
            if (some := [*found.values()])
        ]
        heard.sort(key=lambda pair: (not pair[0].calibrated, pair[1][0].judge == RULE))
        for jury, some in heard[:1]:
            chosen[label] = (jury, {one.paper: one for one in some})
    return chosen
