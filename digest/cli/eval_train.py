"""`digest eval train`: the model of the metric `xling`, and what it is worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import options
from digest.cli.output import print_message
from digest.system.errors import UsageError

if TYPE_CHECKING:
    from digest.evaluate.gold.dataset import GoldPaper

WEAK = 0.8
"""AUC against the nearest paper below which the metric is said to be coarse."""


def train(
    files: options.Files,
    without: Annotated[
        list[Path] | None,
        typer.Option("--without", metavar="GOLD", help="Gold that will be scored; may be repeated."),
    ] = None,
    out: options.Out = None,
) -> None:
    """Train the metric xling on published digests or gold sets: is a line about its paper?"""
    _train(files, without or [], out)


def _train(files: Sequence[Path], without: Sequence[Path], out: Path | None) -> None:
    """Train the model of the metric `xling`, and print what it is worth."""
    try:
        from digest.evaluate.metrics.cross_lingual import TrainingPair, paper_text
        from digest.evaluate.metrics.cross_lingual_train import FOLDS, cross_validate
        from digest.evaluate.metrics.cross_lingual_train import train as learn
    except ImportError as error:
        raise UsageError(
            f"The metric xling needs numpy and scikit-learn ({error}). Install with pip install "
            "'bilingual-arxiv-digest[xling]'."
        ) from None
    from digest.evaluate.gold import dataset as gold_sets
    from digest.evaluate.runs.folder import model_in, runs_in

    target = model_in(runs_in(options.settings_of(out).run.out))
    held = {paper.id for path in without for paper in gold_sets.read(path).papers}
    papers = _papers(files)
    pairs = [
        TrainingPair(paper.id, paper_text(paper.title, paper.abstract), line)
        for paper in papers
        if paper.id not in held
        for line in paper.lines
    ]
    model = learn(pairs)
    worth = cross_validate(pairs)
    model.save(target)
    print_message(f"{target}: {model.pairs} pairs, k {model.k}, {model.signature}")
    if without:
        left_out = {paper.id for paper in papers} & held
        print_message(f"left out, papers of {', '.join(map(str, without))}: {len(left_out)}")
    print_message(
        f"{FOLDS}-fold cross-validation, held out by paper: AUC {worth.random:.3f} against the line of a "
        f"random other paper, {worth.nearest:.3f} against that of the nearest"
    )
    if worth.nearest < WEAK:
        print_message(
            "Coarse: it tells a wrong subject, but hardly two papers on one subject. More pairs help."
        )
    print_message(
        "Runs in this folder are scored with it from now on, but for papers that it was trained on."
    )


def _papers(files: Sequence[Path]) -> list[GoldPaper]:
    """The papers of gold sets and digests."""
    from digest.evaluate.gold import dataset as gold_sets
    from digest.evaluate.gold.importer import import_digests
    from digest.publish.formats import read_digest

    sets, digests = _split(files)
    papers = [paper for path in sets for paper in gold_sets.read(path).papers]
    return [*papers, *import_digests(digests, read_digest).papers] if digests else papers


def _split(files: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    sets: list[Path] = []
    digests: list[Path] = []
    for path in files:
        (sets if path.suffix == ".jsonl" else digests).append(path)
    return sets, digests
