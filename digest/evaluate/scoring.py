"""Scores of a run: made of its files, as often as wanted, without asking anybody."""

from __future__ import annotations

from digest.evaluate import metrics
from digest.evaluate.gold import GoldPaper, batches, source_of
from digest.evaluate.store import Answer, RunFolder, Score, gold_key, write_rows
from digest.summarize.checks import Source


def score_run(folder: RunFolder) -> int:
    """Score every answer, and the first published line of every paper as the row `gold`.

    Published lines are scored by the metrics alone that need no reference.

    Returns:
        How many answers were scored; `scores.jsonl` is written anew.
    """
    gold, texts = folder.gold(), folder.texts()
    sources = [source_of(paper, texts.get(paper.id, "")) for paper in gold.papers]
    others = batches(gold.papers, sources)
    by_id = {paper.id: (paper, source) for paper, source in zip(gold.papers, sources, strict=True)}
    answers = [answer for answer in folder.answers().values() if answer.id in by_id]
    rows = [_published(paper, source, others[paper.id]) for paper, source in by_id.values()]
    rows += [_answered(answer, *by_id[answer.id], others[answer.id]) for answer in answers]
    write_rows(folder.path / "scores.jsonl", rows)
    return len(answers)


def _published(paper: GoldPaper, source: Source, others: list[Source]) -> Score:
    scored = metrics.score(paper.references[0].line, source, (), others)
    return Score(key=gold_key(paper.id), metrics=_rounded(scored), findings=scored.findings)


def _answered(answer: Answer, paper: GoldPaper, source: Source, others: list[Source]) -> Score:
    if answer.line is None:
        scored = metrics.missing()
    else:
        scored = metrics.score(answer.line, source, paper.lines, others)
    scored.metrics["retry"] = 100.0 if answer.attempts > 1 else 0.0
    return Score(key=answer.key, metrics=_rounded(scored), findings=scored.findings)


def _rounded(scored: metrics.Scored) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 6) for name, value in scored.metrics.items()}
