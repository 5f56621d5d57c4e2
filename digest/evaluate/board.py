"""Everything that the files of one or more runs say, side by side: variants in columns, papers in rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

from digest.errors import UsageError
from digest.evaluate.gold import Gold, GoldPaper
from digest.evaluate.store import Answer, RunFolder, Score, Variant, gold_key, labels
from digest.summarize.prompt import Prompt


@dataclass(frozen=True)
class Column:
    """One variant: its answers and their scores, by paper, in the order of epochs."""

    label: str
    variant: Variant
    prompt: Prompt
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    scores: dict[str, list[Score]] = field(default_factory=dict)

    def value(self, metric: str, paper: str, epoch: int | None = None) -> float | None:
        """The value of a paper in one epoch, or the mean of all epochs; None where there is none."""
        scores = self.scores.get(paper, [])
        chosen = scores if epoch is None else scores[epoch : epoch + 1]
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
        """The line of the first epoch."""
        answers = self.answers.get(paper)
        return answers[0].line if answers else None

    @property
    def every_answer(self) -> list[Answer]:
        """All answers."""
        return [answer for answers in self.answers.values() for answer in answers]


@dataclass(frozen=True)
class Board:
    """Runs over one gold set."""

    folders: tuple[RunFolder, ...]
    gold: Gold
    columns: dict[str, Column]
    published: Column

    @property
    def papers(self) -> dict[str, GoldPaper]:
        """The gold papers by identifier."""
        return {paper.id: paper for paper in self.gold.papers}

    @property
    def recorded(self) -> bool:
        """Whether any answer is one of the sample server."""
        return any(folder.info.recorded for folder in self.folders)

    def column(self, label: str) -> Column:
        """The column of a variant.

        Raises:
            UsageError: there is none; names those there are.
        """
        if label not in self.columns:
            raise UsageError(f"There is no variant {label!r} here. Variants: {', '.join(self.columns)}.")
        return self.columns[label]

    def unanswered(self, column: Column) -> list[str]:
        """Papers that a variant has no line for: with an error, or not asked yet."""
        return [
            paper.id
            for paper in self.gold.papers
            if not any(answer.line for answer in column.answers.get(paper.id, []))
        ]


def load_board(folders: Sequence[RunFolder]) -> Board:
    """Read runs that were made over one gold set and scored.

    Raises:
        UsageError: the runs have different gold, or a run is not scored.
    """
    hashes = {folder.info.gold_hash for folder in folders}
    if len(hashes) > 1:
        named = ", ".join(f"{folder.info.name}: {folder.info.gold_hash}" for folder in folders)
        raise UsageError(f"These runs were made with different gold and cannot be compared ({named}).")
    gold = max((folder.gold() for folder in folders), key=lambda gold: len(gold.papers))
    names = labels(variant for folder in folders for variant in folder.info.variants)
    columns: dict[str, Column] = {}
    for folder in folders:
        by_identity = {prompt.identity: prompt for prompt in folder.info.prompts}
        for variant in folder.info.variants:
            label = names[variant]
            columns.setdefault(label, Column(label, variant, by_identity[variant.prompt]))
        _fill(columns, names, folder)
    return Board(tuple(folders), gold, columns, _published(gold, folders[0]))


def _fill(columns: dict[str, Column], names: dict[Variant, str], folder: RunFolder) -> None:
    scores = folder.scores()
    for answer in sorted(folder.answers().values(), key=lambda answer: answer.epoch):
        if answer.key not in scores:
            raise UsageError(
                f"{folder.path}: {answer.id} has no scores. Run `digest eval score {folder.info.name}`."
            )
        column = columns[names[answer.variant]]
        known = column.answers.setdefault(answer.id, [])
        if all(answer.key != other.key for other in known):
            known.append(answer)
            column.scores.setdefault(answer.id, []).append(scores[answer.key])


def _published(gold: Gold, folder: RunFolder) -> Column:
    """The published lines as a column of their own."""
    scores, prompt = folder.scores(), folder.info.prompts[0]
    column = Column("gold", Variant(prompt="", model=""), prompt)
    for paper in gold.papers:
        if score := scores.get(gold_key(paper.id)):
            column.scores[paper.id] = [score]
    return column
