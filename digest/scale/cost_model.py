"""The estimated cost of a back-fill, by what earlier days of it took, else by a sample of its papers."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from digest.config import CONCURRENCY, Settings
from digest.llm.cost import BATCH, Price
from digest.model import Record, Usage
from digest.system.files import read_text

ENOUGH = 20
"""Papers after which what was measured counts."""

_QUESTIONS = 1.15
"""Questions a paper, corrections included."""

ANSWERS = {"entry": 200, "fields": 130, "line": 70}
"""Tokens of an answer in one language, by what a prompt asks for."""

_LATENCY = 6.0
"""Seconds of one question, where nothing was measured."""

_EXTRACTION = 0.3
"""Seconds of a core to read one paper, where nothing was measured."""


class Measured(Record):
    """The sums that some papers took together.

    Attributes:
        seconds: from the beginning of each day to its digest.
    """

    papers: int = 0
    questions: int = 0
    usage: Usage = Usage()
    cost: float | None = 0.0
    seconds: float = 0.0

    def __add__(self, other: Measured) -> Measured:
        known = self.cost is not None and other.cost is not None
        return Measured(
            papers=self.papers + other.papers,
            questions=self.questions + other.questions,
            usage=self.usage + other.usage,
            cost=(self.cost or 0) + (other.cost or 0) if known else None,
            seconds=self.seconds + other.seconds,
        )


class _Table(Record):
    rows: dict[str, Measured] = Field(default_factory=dict)


class Measurements:
    """A file with what was measured, by what it depends on.

    Args:
        path: made when missing; one that is damaged is written anew.
        key: all that shapes what a paper takes: model, prompt, text, engine.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key

    def get(self) -> Measured:
        """The measurements so far."""
        return self._table().rows.get(self._key, Measured())

    def add(self, one: Measured) -> None:
        """Add what a day took."""
        from digest.system.files import write_atomically

        rows = self._table().rows
        table = _Table(rows={**rows, self._key: rows.get(self._key, Measured()) + one})
        write_atomically(self._path, table.model_dump_json(indent=1))

    def _table(self) -> _Table:
        try:
            return _Table.model_validate_json(read_text(self._path)) if self._path.exists() else _Table()
        except ValidationError:
            return _Table()


class Estimate(Record):
    """The estimate for so many papers."""

    papers: int
    questions: int
    usage: Usage
    cost: float | None
    seconds: float
    measured: int = 0
    """Papers that it was measured on; 0: by rule of thumb."""

    @property
    def batch_cost(self) -> float | None:
        """Handed in as batches."""
        return None if self.cost is None else self.cost * BATCH


def by_measure(papers: int, measured: Measured) -> Estimate:
    """The estimate for `papers`, if they are like those that were measured."""
    share = papers / measured.papers
    usage = {name: round(value * share) for name, value in measured.usage.model_dump().items()}
    return Estimate(
        papers=papers,
        questions=round(measured.questions * share),
        usage=Usage(**usage),
        cost=None if measured.cost is None else measured.cost * share,
        seconds=measured.seconds * share,
        measured=measured.papers,
    )


def by_sample(
    papers: int, tokens: float, written: int, settings: Settings, price: Price, workers: int
) -> Estimate:
    """The estimate for `papers` by a sample of them with their texts, and rules of thumb for the answers.

    Args:
        papers: how many there are.
        tokens: of a question about one of them, on average.
        written: tokens of an answer.
        settings: model, concurrency, limits.
        price: of the model's answers.
        workers: processes that read papers.
    """
    questions = round(papers * _QUESTIONS)
    usage = Usage(input=round(questions * tokens), output=questions * written)
    return Estimate(
        papers=papers,
        questions=questions,
        usage=usage,
        cost=price(settings.model.name, usage) if papers else 0.0,
        seconds=_seconds(papers, questions, usage, settings, workers),
    )


def _seconds(papers: int, questions: int, usage: Usage, settings: Settings, workers: int) -> float:
    """The longest of what limits: reading, latency, requests and tokens a minute."""
    model = settings.model
    reads = settings.text.source == "pdf"
    limits = [
        papers * _EXTRACTION / workers if reads else 0.0,
        questions * _LATENCY / (model.concurrency or CONCURRENCY),
        questions * 60 / model.requests_per_minute if model.requests_per_minute else 0.0,
        (usage.input + usage.output) * 60 / model.tokens_per_minute if model.tokens_per_minute else 0.0,
    ]
    return max(limits)
