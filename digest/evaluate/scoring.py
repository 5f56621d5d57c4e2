"""Scores of a run: made of its files, as often as wanted, without asking anybody."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from digest.evaluate import metrics
from digest.evaluate.gold import Gold, GoldPaper, batches, source_of
from digest.evaluate.idf import Idf
from digest.evaluate.store import Answer, RunFolder, Score, gold_key, write_rows
from digest.summarize.checks import Source


def score_run(folder: RunFolder) -> int:
    """Score every answer, and the first published line of every paper as the row `gold`.

    Published lines are scored by the metrics alone that need no reference.

    Returns:
        How many answers were scored; `scores.jsonl` is written anew.
    """
    gold, answers = folder.gold(), _answers(folder)
    write_rows(folder.path / "scores.jsonl", _scores(folder, gold, answers))
    return len(answers)


def fresh_scores(folder: RunFolder) -> dict[str, Score]:
    """The scores by key; made anew where an answer or a definition has changed since they were written."""
    gold, answers = folder.gold(), _answers(folder)
    wanted = {gold_key(paper.id): _made_of(paper, None) for paper in gold.papers}
    by_id = {paper.id: paper for paper in gold.papers}
    wanted |= {answer.key: _made_of(by_id[answer.id], answer) for answer in answers}
    known = folder.scores()
    if any(key not in known or known[key].made_of != made_of for key, made_of in wanted.items()):
        score_run(folder)
        known = folder.scores()
    return known


def _answers(folder: RunFolder) -> list[Answer]:
    wanted = set(folder.info.papers)
    return [answer for answer in folder.answers().values() if answer.id in wanted]


def _scores(folder: RunFolder, gold: Gold, answers: Sequence[Answer]) -> list[Score]:
    texts = folder.texts()
    sources = [source_of(paper, texts.get(paper.id, "")) for paper in gold.papers]
    others = batches(gold.papers, sources)
    by_id = {paper.id: (paper, source) for paper, source in zip(gold.papers, sources, strict=True)}
    idf = metrics.idf_of(line for paper in folder.whole_gold().papers for line in paper.lines)
    rows = [_published(paper, source, others[paper.id]) for paper, source in by_id.values()]
    return rows + [_answered(answer, *by_id[answer.id], others[answer.id], idf) for answer in answers]


def _made_of(paper: GoldPaper, answer: Answer | None) -> str:
    """What identifies everything that a score depends on, but for the text of the paper, which stays."""
    said = "" if answer is None else f"{answer.line}|{answer.attempts}"
    return hashlib.sha256(f"{metrics.SIGNATURES}|{paper.references}|{said}".encode()).hexdigest()[:12]


def _published(paper: GoldPaper, source: Source, others: list[Source]) -> Score:
    scored = metrics.score(paper.references[0].line, source, (), others)
    return Score(
        key=gold_key(paper.id),
        made_of=_made_of(paper, None),
        metrics=_rounded(scored),
        findings=scored.findings,
    )


def _answered(answer: Answer, paper: GoldPaper, source: Source, others: list[Source], idf: Idf) -> Score:
    if answer.line is None:
        scored = metrics.missing()
    else:
        scored = metrics.score(answer.line, source, paper.lines, others, idf)
    scored.metrics["retry"] = 100.0 if answer.attempts > 1 else 0.0
    return Score(
        key=answer.key,
        made_of=_made_of(paper, answer),
        metrics=_rounded(scored),
        findings=scored.findings,
    )


def _rounded(scored: metrics.Scored) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 6) for name, value in scored.metrics.items()}
