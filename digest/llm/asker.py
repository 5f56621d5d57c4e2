"""Asking with a memory: the ledger first, the endpoint second, and a tally of both."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from digest.errors import AnswerError, QuotaError
from digest.ledger import Ledger
from digest.llm.request import Request
from digest.model import Completion, Usage

_TRIES_FOR_NOTHING = 2
"""How often an empty or cut answer is asked for again."""


class Completes(Protocol):
    """What answers requests: an endpoint."""

    async def complete(self, request: Request) -> Completion:
        """Ask once; see `Endpoint.complete`."""
        ...


@dataclass
class Tally:
    """What a run asked, and what it found in the ledger."""

    asked: int = 0
    reused: int = 0
    usage: Usage = field(default_factory=Usage)

    def report(self) -> dict[str, int]:
        """As plain values."""
        return {"asked": self.asked, "reused": self.reused, **self.usage.model_dump()}

    def note(self, completion: Completion) -> None:
        """Count an answer that was asked for."""
        self.asked += 1
        self.usage += completion.usage


class Asker:
    """Answers requests from the ledger, else from the endpoint, and keeps what comes from there.

    The same request is under way once only: a paper in two sections is asked about once.
    """

    def __init__(self, endpoint: Completes, ledger: Ledger, run: int) -> None:
        self._endpoint = endpoint
        self._ledger = ledger
        self.run = run
        self._under_way: dict[str, asyncio.Task[Completion]] = {}
        self._empty_account: QuotaError | None = None
        self.tally = Tally()

    async def ask(self, request: Request, paper: str, *, fresh: bool = False) -> Completion:
        """The answer to a request.

        Args:
            request: what is asked.
            paper: the identifier it is about, for the ledger.
            fresh: do not take an answer that an earlier run got.

        Raises:
            AnswerError, QuotaError, ModelError: see `Endpoint.complete`; each is an event in the ledger.
        """
        kept = self._ledger.completion(request.key, after=self.run if fresh else 0)
        if kept is not None:
            self.tally.reused += 1
            return kept
        task = self._under_way.get(request.key)
        if task is None:
            task = asyncio.create_task(self._ask(request, paper))
            self._under_way[request.key] = task
            task.add_done_callback(lambda _: self._under_way.pop(request.key, None))
        return await task

    async def _ask(self, request: Request, paper: str) -> Completion:
        key = request.key
        for remaining in reversed(range(_TRIES_FOR_NOTHING + 1)):
            if self._empty_account is not None:
                raise self._empty_account
            try:
                completion = await self._endpoint.complete(request)
            except AnswerError as error:
                self._ledger.event(self.run, "ask", error.code, paper, str(error))
                if error.code not in {"empty", "cut"} or not remaining:
                    raise
                if error.code == "cut":  # the same limit would cut it again
                    request = request.model_copy(update={"max_tokens": request.max_tokens * 2})
            except QuotaError as error:
                self._empty_account = error
                self._ledger.event(self.run, "ask", "quota", paper, str(error))
                raise
            else:
                completion = completion.model_copy(update={"key": key})  # of the question as it was put
                self._ledger.keep(completion, request.canonical(), self.run, paper)
                self.tally.note(completion)
                return completion
        raise AssertionError  # the loop returns or raises
