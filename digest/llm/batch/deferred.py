"""Putting a run's questions aside: those that are in a batch, and those that are to go into one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from digest.errors import AnswerError, DigestError
from digest.ledger import BatchLog, Ledger
from digest.llm.cached_client import CachedClient
from digest.model import Completion, Request


class DeferredError(DigestError):
    """A question was put aside, so there is no answer now."""


@dataclass
class DeferringClient:
    """Stands before an asker: answers from the ledger, and puts aside what waits for a batch.

    Attributes:
        batch: whether questions without answer go into a new batch; else they are asked directly.
        unanswered: keys of questions that this run found without answer in a batch.
        questions: those for a new batch, each with its paper, by their keys.
        held: of those that are in an open batch, its number, by their keys.
    """

    asker: CachedClient
    ledger: Ledger
    log: BatchLog
    batch: bool
    unanswered: Collection[str] = ()
    questions: dict[str, tuple[Request, str]] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)

    @property
    def run(self) -> int:
        """The number of the run."""
        return self.asker.run

    def waits_for(self, key: str) -> bool:
        """Whether the question is in an open batch."""
        return self.log.holder(key) is not None

    async def ask(self, request: Request, paper: str, *, fresh: bool = False, since: int = 0) -> Completion:
        """As `CachedClient.ask`; a question that a batch had and did not answer is asked directly.

        Raises:
            DeferredError: the question was put aside.
            AnswerError: it was refused in a batch; further as `CachedClient.ask`.
        """
        key, after = request.key, self.run if fresh else since
        if self.ledger.completion(key, after) is None:
            if not fresh and self.log.refused(key):  # the same question would fare no better
                raise AnswerError("refused", "the endpoint's content filter refused the paper in a batch")
            holder = self.log.holder(key)
            tried = key in self.unanswered or self.log.collected(key, after)
            if holder is not None:
                self.held[key] = holder
            elif self.batch and not tried:
                self.questions[key] = request, paper
            if key in self.held or key in self.questions:
                raise DeferredError(f"{paper} waits for a batch.")
        return await self.asker.ask(request, paper, fresh=fresh, since=since)
