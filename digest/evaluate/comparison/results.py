"""Everything that the files of one or more runs say, side by side: variants in columns, papers in rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from digest.evaluate.gold.dataset import Gold, GoldPaper
from digest.evaluate.metrics.scoring import fresh_scores
from digest.evaluate.runs.folder import GOLD, Answer, RunFolder, Score, Variant, gold_key, labels
from digest.summarize.prompt import Prompt
from digest.system.errors import UsageError


@dataclass(frozen=True)
class VariantResults:
    """One variant: its answers and their scores, by paper and epoch.

    Attributes:
        epochs: how often each paper was to be asked about.
    """

    label: str
    variant: Variant
    prompt: Prompt
    epochs: int = 1
    answers: dict[str, dict[int, Answer]] = field(default_factory=dict)
    scores: dict[str, dict[int, Score]] = field(default_factory=dict)

    def value(self, metric: str, paper: str, epoch: int | None = None) -> float | None:
        """The value of a paper in one epoch, or the mean of all epochs; None where there is none."""
        scores = self.scores.get(paper, {})
        chosen = [score for number, score in scores.items() if epoch in {None, number}]
        values = [value for score in chosen if (value := score.metrics.get(metric)) is not None]
        return fmean(values) if values else None

    def values(self, metric: str, epoch: int | None = None) -> dict[str, float]:
        """The values of all papers that have one."""
        found = {paper: self.value(metric, paper, epoch) for paper in self.scores}
        return {paper: value for paper, value in found.items() if value is not None}

    def mean(self, metric: str) -> float | None:
        """The mean of all papers that have a value."""
        values = self.values(metric)
        return fmean(values.values()) if values else None

    def line(self, paper: str) -> str | None:
        """The line of the first epoch that has one."""
        answers = sorted(self.answers.get(paper, {}).items())
        return next((answer.line for _, answer in answers if answer.line), None)

    def missing(self, paper: str) -> bool:
        """True if some epoch has no line of the paper: an error, or not asked yet."""
        lines = sum(answer.line is not None for answer in self.answers.get(paper, {}).values())
        return lines < self.epochs

    def troubled(self, paper: str) -> bool:
        """True if some epoch got no answer, for a reason that is not the model's."""
        return any(answer.troubled for answer in self.answers.get(paper, {}).values())

    def unasked(self, paper: str) -> bool:
        """True if some epoch is not asked yet."""
        return len(self.answers.get(paper, {})) < self.epochs

    @property
    def every_answer(self) -> list[Answer]:
        """All answers."""
        return [answer for answers in self.answers.values() for answer in answers.values()]


@dataclass(frozen=True)
class ResultTable:
    """Runs over one gold set."""

    folders: tuple[RunFolder, ...]
    gold: Gold
    columns: dict[str, VariantResults]
    published: VariantResults

    @property
    def papers(self) -> dict[str, GoldPaper]:
        """The gold papers by identifier."""
        return {paper.id: paper for paper in self.gold.papers}

    @property
    def recorded(self) -> bool:
        """True if any answer is one of the sample server."""
        return any(folder.info.recorded for folder in self.folders)

    def column(self, label: str) -> VariantResults:
        """The column of a variant.

        Raises:
            UsageError: there is none; names those there are.
        """
        if label not in self.columns:
            raise UsageError(f"There is no variant {label!r} here. Variants: {', '.join(self.columns)}.")
        return self.columns[label]

    def unanswered(self, column: VariantResults) -> list[str]:
        """Papers that a variant has no line for: with an error, or not asked yet."""
        return [paper.id for paper in self.gold.papers if column.missing(paper.id)]


def load_results(folders: Sequence[RunFolder]) -> ResultTable:
    """Read runs that were made over one gold set; what is not scored by today's definitions is scored first.

    Raises:
        UsageError: the runs have different gold, or a file of theirs does not fit.
    """
    hashes = {folder.info.gold_hash for folder in folders}
    if len(hashes) > 1:
        named = ", ".join(f"{folder.info.name}: {folder.info.gold_hash}" for folder in folders)
        raise UsageError(f"These runs were made with different gold and cannot be compared ({named}).")
    gold = max((folder.gold() for folder in folders), key=lambda gold: len(gold.papers))
    names = labels(variant for folder in folders for variant in folder.info.variants)
    columns: dict[str, VariantResults] = {}
    published = VariantResults(GOLD, Variant(prompt="", model=""), folders[0].info.prompts[0])
    for folder in folders:
        by_identity = {prompt.identity: prompt for prompt in folder.info.prompts}
        for variant in folder.info.variants:
            label, prompt = names[variant], by_identity[variant.prompt]
            known = columns.get(label) or VariantResults(label, variant, prompt)
            columns[label] = replace(known, epochs=max(known.epochs, folder.info.epochs))
        _fill(columns, names, published, folder)
    return ResultTable(tuple(folders), gold, columns, published)


def _fill(
    columns: dict[str, VariantResults],
    names: dict[Variant, str],
    published: VariantResults,
    folder: RunFolder,
) -> None:
    """Take over the answers of a run; of two for one question the one with a line."""
    scores = fresh_scores(folder)
    for paper in folder.gold().papers:
        published.scores.setdefault(paper.id, {0: scores[gold_key(paper.id)]})
    for answer in folder.answers().values():
        variant = Variant(prompt=answer.prompt, model=answer.model, text=folder.info.text)
        if variant not in names or answer.key not in scores:
            raise UsageError(
                f"{folder.path / 'records.jsonl'} holds an answer about {answer.id} of {answer.prompt} and "
                f"{answer.model}, which is not part of this run. Take it out, or start a new run."
            )
        column = columns[names[variant]]
        known = column.answers.setdefault(answer.id, {})
        if answer.epoch not in known or known[answer.epoch].line is None:
            known[answer.epoch] = answer
            column.scores.setdefault(answer.id, {})[answer.epoch] = scores[answer.key]
