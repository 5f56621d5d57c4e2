"""Putting a run's questions aside: those that are in a batch, and those that are to go into one."""

from __future__ import annotations

from dataclasses import dataclass, field

from digest.ledger import BatchLog, Ledger
from digest.llm.cached_client import CachedClient
from digest.model import Completion, Request
from digest.system.errors import AnswerError, DigestError


class DeferredError(DigestError):
    """A question was put aside, so there is no answer now."""


@dataclass(frozen=True)
class Deferral:
    """The choice of the questions that are put aside.

    Attributes:
        batch: questions without answer go into a new batch; else they are asked directly.
        unanswered: keys of questions that this run found without answer in a batch.
    """

    batch: bool
    unanswered: frozenset[str] = frozenset()


@dataclass
class DeferringClient:
    """Stands before a client: answers from the ledger, and puts aside what waits for a batch.

    Attributes:
        questions: those for a new batch, each with its paper, by their keys.
        held: of those that are in an open batch, its number, by their keys.
    """

    client: CachedClient
    ledger: Ledger
    log: BatchLog
    deferral: Deferral
    questions: dict[str, tuple[Request, str]] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)

    def waits_for(self, key: str) -> bool:
        """True: the question is in an open batch."""
        return self.log.holder(key) is not None

    async def ask(self, request: Request, paper: str, *, fresh: bool = False, since: int = 0) -> Completion:
        """As `CachedClient.ask`; a question that a batch had and did not answer is asked directly.

        Raises:
            DeferredError: the question was put aside.
            AnswerError: it was refused in a batch; further as `CachedClient.ask`.
        """
        key, after = request.key, self.client.run if fresh else since
        if self.ledger.completion(key, after) is None:
            if not fresh and self.log.refused(key):  # the same question would fare no better
                raise AnswerError("refused", "the endpoint's content filter refused the paper in a batch")
            holder = self.log.holder(key)
            tried = key in self.deferral.unanswered or self.log.collected(key, after)
            if holder is not None:
                self.held[key] = holder
            elif self.deferral.batch and not tried:
                self.questions[key] = request, paper
            if key in self.held or key in self.questions:
                raise DeferredError(f"{paper} waits for a batch.")
        return await self.client.ask(request, paper, fresh=fresh, since=since)
