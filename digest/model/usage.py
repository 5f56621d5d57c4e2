"""The account of a run: it grows as answers come, so it is the one record here that is not frozen."""

from __future__ import annotations

from dataclasses import dataclass, field

from digest.model.answers import Completion, Usage


@dataclass
class RunUsage:
    """The usage of a run: questions asked, answers found in the ledger, tokens, cost.

    Attributes:
        asked: answers that came from the endpoint.
        reused: answers that the ledger had.
        papers: those that answers came about from the endpoint.
        tokens: of all that came, unusable answers included.
        cost: US dollars; None: some of it has no known price.
        stopped: why no more was asked, in words for the user.
        trouble: what the endpoint last said to a question that it did not answer, likewise.
        advice: what could be set better, likewise, by trouble: questions that were too long for the model,
            answers that its thoughts left no room for.
    """

    asked: int = 0
    reused: int = 0
    tokens: Usage = field(default_factory=Usage)
    papers: set[str] = field(default_factory=set)
    cost: float | None = 0.0
    stopped: str | None = None
    trouble: str | None = None
    advice: dict[str, str] = field(default_factory=dict)

    def report(self) -> dict[str, int | float | str | None]:
        """As plain values."""
        why = {"stopped": self.stopped, "trouble": self.trouble, **self.advice}
        cost = None if self.cost is None else round(self.cost, 6)
        return {
            "asked": self.asked,
            "asked_about": len(self.papers),
            "reused": self.reused,
            **self.tokens.model_dump(),
            "cost": cost,
            **{name: sentence for name, sentence in why.items() if sentence is not None},
        }

    def __add__(self, other: RunUsage) -> RunUsage:
        """Both together; what was in the way is left out."""
        unknown = self.cost is None or other.cost is None
        return RunUsage(
            self.asked + other.asked,
            self.reused + other.reused,
            self.tokens + other.tokens,
            self.papers | other.papers,
            None if unknown else (self.cost or 0) + (other.cost or 0),
        )

    def note(self, completion: Completion, paper: str) -> None:
        """Count an answer that came from the endpoint, about a paper."""
        self.asked += 1
        self.papers.add(paper)
        self.tokens += completion.usage
        self._pay(completion.cost)

    def add(self, other: RunUsage) -> None:
        """Count what another asked, too; where both have met trouble, its words are the newer ones."""
        self.asked += other.asked
        self.reused += other.reused
        self.tokens += other.tokens
        self.papers |= other.papers
        self._pay(other.cost)
        self.stopped = other.stopped or self.stopped
        self.trouble = other.trouble or self.trouble
        self.advice |= other.advice

    def _pay(self, cost: float | None) -> None:
        self.cost = None if self.cost is None or cost is None else self.cost + cost
