"""Scores of a run: made of its files, as often as wanted, without asking anybody."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from digest.evaluate.gold.dataset import GoldPaper, batches
from digest.evaluate.metrics import metrics
from digest.evaluate.runs.folder import Answer, RunFolder, Score, gold_key, model_in, write_rows
from digest.summarize.checks import Source, source_of

if TYPE_CHECKING:
    from digest.evaluate.metrics.cross_lingual import XlingModel


def score_run(folder: RunFolder) -> int:
    """Score every answer, and the first published line of every paper as the row `gold`.

    Published lines are scored by the metrics alone that need no reference.

    Returns:
        How many answers were scored; `scores.jsonl` is written anew.
    """
    papers, answers = folder.gold().papers, _answers(folder)
    scorer = _Scorer(folder, papers)
    rows = [scorer.published(paper) for paper in papers]
    rows += [scorer.answered(answer) for answer in answers]
    write_rows(folder.path / "scores.jsonl", rows)
    return len(answers)


def fresh_scores(folder: RunFolder) -> dict[str, Score]:
    """The scores by key; made anew where an answer or a definition has changed since they were written."""
    papers = {paper.id: paper for paper in folder.gold().papers}
    definitions = _definitions(folder)
    wanted = {gold_key(paper.id): _made_of(definitions, paper, None) for paper in papers.values()}
    wanted |= {answer.key: _made_of(definitions, papers[answer.id], answer) for answer in _answers(folder)}
    known = folder.scores()
    if any(key not in known or known[key].made_of != made_of for key, made_of in wanted.items()):
        score_run(folder)
        known = folder.scores()
    return known


def trained_model(runs: Path) -> XlingModel | None:
    """The model of the metric xling, if one was trained and can be asked.

    Raises:
        UsageError: its file is damaged.
    """
    path = model_in(runs)
    if not _can_be_asked(path):
        return None
    from digest.evaluate.metrics.cross_lingual import load

    return load(path)


def _can_be_asked(path: Path) -> bool:
    return path.exists() and find_spec("numpy") is not None  # numpy comes with an extra


def _definitions(folder: RunFolder) -> str:
    """The identifier of the metrics, a trained model included."""
    path = model_in(folder.path.parent)
    model = hashlib.sha256(path.read_bytes()).hexdigest() if _can_be_asked(path) else ""
    return f"{metrics.SIGNATURES}|{model}"


def _answers(folder: RunFolder) -> list[Answer]:
    wanted = set(folder.info.papers)
    return [answer for answer in folder.answers().values() if answer.id in wanted]


def _made_of(definitions: str, paper: GoldPaper, answer: Answer | None) -> str:
    """The identifier of everything that a score depends on, but for the text of the paper, which stays."""
    said = "" if answer is None else f"{answer.line}|{answer.attempts}"
    return hashlib.sha256(f"{definitions}|{paper.references}|{said}".encode()).hexdigest()[:12]


class _Scorer:
    """State that the scores of one run share."""

    def __init__(self, folder: RunFolder, papers: Sequence[GoldPaper]) -> None:
        texts = folder.texts()
        sources = [source_of(paper.paper, texts.get(paper.id, "")) for paper in papers]
        self._papers = {paper.id: paper for paper in papers}
        self._sources = {paper.id: source for paper, source in zip(papers, sources, strict=True)}
        self._others: dict[str, list[Source]] = batches(papers, sources)
        self._idf = metrics.idf_of(line for paper in folder.whole_gold().papers for line in paper.lines)
        self._model = trained_model(folder.path.parent)
        self._definitions = _definitions(folder)

    def published(self, paper: GoldPaper) -> Score:
        """The score of the first published line."""
        scored = self._score(paper, paper.references[0].line, ())
        return self._row(gold_key(paper.id), scored, paper, None)

    def answered(self, answer: Answer) -> Score:
        """The score of an answer."""
        paper = self._papers[answer.id]
        scored = metrics.missing() if answer.line is None else self._score(paper, answer.line, paper.lines)
        scored.metrics["retry"] = 100.0 if answer.attempts > 1 else 0.0
        return self._row(answer.key, scored, paper, answer)

    def _score(self, paper: GoldPaper, line: str, references: Sequence[str]) -> metrics.Scored:
        scored = metrics.score(line, self._sources[paper.id], references, self._others[paper.id], self._idf)
        if self._model is not None:  # without one the metric is not there
            from digest.evaluate.metrics.cross_lingual import paper_text

            text = paper_text(paper.title, paper.abstract)
            scored.metrics["xling"] = self._model.score(paper.id, text, line)
        return scored

    def _row(self, key: str, scored: metrics.Scored, paper: GoldPaper, answer: Answer | None) -> Score:
        return Score(
            key=key,
            made_of=_made_of(self._definitions, paper, answer),
            metrics={
                name: None if value is None else round(value, 6) for name, value in scored.metrics.items()
            },
            findings=scored.findings,
        )
