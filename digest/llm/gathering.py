"""Putting a run's questions aside for a batch."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from digest.errors import DigestError
from digest.ledger import Ledger
from digest.ledger.batches import BatchLog
from digest.llm.asker import Asker
from digest.llm.request import Request
from digest.model import Completion


class DeferredError(DigestError):
    """A question was put aside for a batch, so there is no answer now."""


@dataclass
class Gathering:
    """Stands before an asker: answers from the ledger, and puts all other questions aside for a batch.

    Attributes:
        unanswered: keys of questions that this run found without answer in a batch.
        questions: those put aside, each with its paper, by their keys.
    """

    asker: Asker
    ledger: Ledger
    log: BatchLog
    unanswered: Collection[str] = ()
    questions: dict[str, tuple[Request, str]] = field(default_factory=dict)

    @property
    def run(self) -> int:
        """The number of the run."""
        return self.asker.run

    async def ask(self, request: Request, paper: str, *, fresh: bool = False, since: int = 0) -> Completion:
        """As `Asker.ask`; a question that a batch had and did not answer is asked directly.

        Raises:
            DeferredError: the question was put aside.
        """
        key, after = request.key, self.run if fresh else since
        tried = key in self.unanswered or self.log.collected(key, after)
        if not tried and self.ledger.completion(key, after) is None:
            self.questions[key] = request, paper
            raise DeferredError(f"{paper} waits for a batch.")
        return await self.asker.ask(request, paper, fresh=fresh, since=since)
