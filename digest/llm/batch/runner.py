"""Batch mode: questions handed in as a file, answers collected later, at half the price.

Its states are in `lifecycle.py`. One process at a time is at the batches of an endpoint.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date as Date

from digest.ledger import Batch, Ledger
from digest.llm.batch.deferred import Deferral
from digest.llm.batch.lifecycle import BatchLifecycle
from digest.llm.cached_client import CachedClient
from digest.llm.cost import BATCH
from digest.llm.endpoint import Endpoint
from digest.model import Request, Usage
from digest.system.errors import AnswerError, ModelError, UsageError

_POLL = (5.0, 60.0)
"""Seconds between two looks at a batch: at first, and at most."""

_LONGEST = 26 * 3600.0
"""Seconds to wait for a batch; the endpoint ends it after 24 hours."""

_LOOK, _PATIENCE = 0.5, 120.0
"""Seconds between looks whether another process is done with the batches; and until it is left to them."""


@dataclass(frozen=True)
class Pending:
    """A batch whose answers are not there yet.

    Attributes:
        section: what waits for it, or what it was made for.
        date: of the announcement.
        questions: how many are in it.
        done: how many of them are answered; None: another process knows.
        batch: its number in the ledger.
        trouble: why it could not be looked at or collected, if it could not.
    """

    section: str
    date: Date
    questions: int
    done: int | None
    batch: int = field(default=0, compare=False)
    trouble: ModelError | None = field(default=None, compare=False)

    @property
    def sentence(self) -> str:
        """For the user."""
        if self.done is None:
            return (
                f"{self.questions} questions about {self.date} are in a batch that another process is at. "
                "Run again later to collect it, or with --wait."
            )
        return (
            f"{self.done} of {self.questions} questions about {self.date} are answered in a batch at the "
            "endpoint. Run again later to collect it, or with --wait."
        )


class Batches:
    """The batches of one endpoint.

    Args:
        endpoint: where they are.
        ledger: knows how far each is.
        sleep: how to wait; tests hand in one that does not.
        say: tells the user what becomes of a batch.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        ledger: Ledger,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._endpoint = endpoint
        self._ledger = ledger
        self._sleep = sleep
        self.log = ledger.batches(endpoint.address)
        self.steps = BatchLifecycle(endpoint, ledger, self.log, sleep, say)

    def deferral(self, *, batch: bool) -> Deferral:
        """The questions to put aside: those in an open batch; with `batch`, all others for a new one."""
        return Deferral(batch, frozenset(self.steps.unanswered))

    async def submit(
        self, section: str, day: Date, questions: Sequence[tuple[Request, str]], client: CachedClient
    ) -> Pending | None:
        """Hand in questions, each with its paper. None: it was one, and it was asked directly.

        The first of a model that nothing is known of is asked directly, so that all others have a form that
        the endpoint takes.

        Raises:
            UsageError: they could cost more than the ceiling.
            ModelError: the endpoint has no Batch API; or it cannot be reached, then a later run takes up what
                was begun; or another process is at the batches, and nothing was begun.
        """
        self._most([request for request, _ in questions])
        first, paper = questions[0]
        if self._endpoint.learned(first.model) is None:
            try:
                await client.ask(first, paper)
            except AnswerError:  # an event in the ledger; the batch may do better
                pass
            else:
                questions = questions[1:]
        if not questions:
            return None
        async with self._alone() as alone:
            if not alone:
                raise ModelError(
                    f"Another process is at the batches of {self._endpoint.address}, for {_PATIENCE:.0f} s "
                    f"already. Nothing of {section} {day} was handed in: run again when it is done."
                )
            new = [(request, paper) for request, paper in questions if self.log.holder(request.key) is None]
            if new:  # and not handed in by the other process while we waited for it
                self._endpoint.budget.commit(self._most([request for request, _ in new]))
                batch = self.log.intend(client.run, section, day, new)
                await self.steps.hand_in(batch, client, resumed=False)
        return Pending(section, day, len(questions), 0)

    async def collect(self, client: CachedClient, *, wait: bool = False) -> tuple[Pending, ...]:
        """Take up every open batch where it stands, and keep the answers of those that ended.

        Args:
            client: of the run that collects; its usage counts what came.
            wait: until all have ended.

        Returns:
            Those that have not; trouble with one is told in it, and concerns nothing else.
        """
        waited, pause = 0.0, _POLL[0]
        while True:
            pending = await self._collect_once(client)
            if not wait or waited > _LONGEST or all(one.trouble for one in pending):
                return pending
            await self._sleep(pause)
            waited, pause = waited + pause, min(2 * pause, _POLL[1])

    async def _collect_once(self, client: CachedClient) -> tuple[Pending, ...]:
        if not self.log.open():
            return ()
        async with self._alone() as alone:
            looked = [await self._look(batch, client, alone=alone) for batch in self.log.open()]
        return tuple(one for one in looked if one is not None)

    async def _look(self, batch: Batch, client: CachedClient, *, alone: bool) -> Pending | None:
        """One batch after a look at it, unless another process is at it; None: it has ended."""
        pending = Pending(batch.section, batch.date, self.log.count(batch), None, batch.id)
        if not alone:
            return pending
        try:
            done = await self.steps.advance(batch, client)
        except ModelError as error:
            return replace(pending, trouble=error)
        return None if done is None else replace(pending, done=done)

    def _most(self, requests: Sequence[Request]) -> float:
        """The greatest cost of a batch of them, in US dollars; 0 where there is no ceiling.

        Raises:
            UsageError: that is more than is left of the ceiling, or not known.
        """
        ceiling = self._endpoint.ceiling
        if ceiling is None:
            return 0.0
        most = [
            self._endpoint.price(
                request.model,
                Usage(input=request.tokens - request.max_tokens, output=request.max_tokens),
            )
            for request in requests
        ]
        total = None if None in most else BATCH * sum(price or 0 for price in most)
        if total is None:
            raise UsageError("No price is known of the model, so no ceiling can be kept. Set [model.price].")
        if not self._endpoint.budget.fits(total):
            raise UsageError(
                f"The batch could cost up to ${total:.2f}, more than is left of the ceiling of ${ceiling:g}. "
                "Raise --max-cost."
            )
        return total

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[bool]:
        """True if no other process is at the batches, which gets some time; a dead one leaves no claim."""
        claim, waited = f"batches {self._endpoint.address}", 0.0
        while not (alone := self._ledger.claim(claim)) and waited < _PATIENCE:
            await self._sleep(_LOOK)
            waited += _LOOK
        try:
            yield alone
        finally:
            if alone:
                self._ledger.release(claim)
