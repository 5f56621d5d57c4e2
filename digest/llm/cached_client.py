"""Asking with a memory: the ledger first, the endpoint second, and an account of both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from digest.ledger import Ledger
from digest.llm.response import UnusableError
from digest.model import Completion, Request, RunUsage
from digest.system.errors import AnswerError, ModelError, QuotaError

_TRIES_FOR_NOTHING = 2
"""The number of times that an empty or cut answer is asked for again."""

_MORE, _MORE_FOR_THOUGHTS = 2, 4
"""Times the room that an answer gets which was cut; thoughts need thousands of tokens."""

_POLL = 0.25
"""Seconds between looks for an answer that another process asks for."""

_PATIENCE = 900.0
"""Seconds until another process that gets no answer at all is held to be stuck."""


class Completes(Protocol):
    """An endpoint: it answers requests."""

    async def complete(self, request: Request) -> Completion:
        """Ask once; see `Endpoint.complete`."""
        ...


class CachedClient:
    """Answers requests from the ledger, else from the endpoint, and keeps what comes from there.

    The same request is under way once only: a paper in two sections is asked about once, and so is one that
    two processes want at the same time.

    Args:
        endpoint: answers what the ledger cannot.
        ledger: answers first, and keeps everything.
        run: the number of the run that asks.
        sleep: how to wait for another process.
        clock: seconds, for the patience with it.
        usage: what is counted into; a new one if none is given.
        under_way: the questions that clients of this process are asking, by their keys, if they share them.
    """

    def __init__(
        self,
        endpoint: Completes,
        ledger: Ledger,
        run: int,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        usage: RunUsage | None = None,
        under_way: dict[str, asyncio.Task[Completion]] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._ledger = ledger
        self.run = run
        self._sleep = sleep
        self._clock = clock
        self._under_way = {} if under_way is None else under_way
        self.usage = RunUsage() if usage is None else usage

    async def ask(self, request: Request, paper: str, *, fresh: bool = False, since: int = 0) -> Completion:
        """The answer to a request.

        Args:
            request: what is asked.
            paper: the identifier it is about, for the ledger.
            fresh: do not take an answer that an earlier run got.
            since: nor one that a run before this one got.

        Raises:
            AnswerError, QuotaError, ModelError: see `Endpoint.complete`; each is an event in the ledger.
        """
        key, after = request.key, self.run if fresh else since
        kept = self._recall(key, after, paper)
        if kept is not None:
            return kept
        if (under_way := self._under_way.get(key)) is not None:
            completion = await under_way
            self.note_kept(paper)
            return completion
        task = asyncio.create_task(self._ask_alone(request, key, paper, after))
        self._under_way[key] = task
        task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await task

    def _recall(self, key: str, after: int, paper: str) -> Completion | None:
        kept = self._ledger.completion(key, after)
        if kept is not None:
            self.note_kept(paper)
        return kept

    def note_kept(self, paper: str) -> None:
        """Count an answer from the ledger."""
        self.usage.reused += 1
        self._ledger.event(self.run, "ask", "kept", paper)

    async def _ask_alone(self, request: Request, key: str, paper: str, after: int) -> Completion:
        """Ask, unless another process does: then its answer is ours. A dead one leaves no claim."""
        try:
            await self._wait_for_claim(key, after)
            return self._recall(key, after, paper) or await self._ask(request, key, paper)
        finally:
            self._ledger.release(key)

    async def _wait_for_claim(self, key: str, after: int) -> None:
        """Until the question is ours, or answered, or the other process has got no answer at all for long."""
        newest, since = self._ledger.newest(), self._clock()
        while not self._ledger.claim(key):
            await self._sleep(_POLL)
            if self._ledger.completion(key, after) is not None:
                return
            if (now := self._ledger.newest()) != newest:
                newest, since = now, self._clock()
            elif self._clock() - since > _PATIENCE:
                return

    async def _ask(self, request: Request, key: str, paper: str) -> Completion:
        for remaining in reversed(range(_TRIES_FOR_NOTHING + 1)):
            try:
                completion = await self._endpoint.complete(request)
            except AnswerError as error:
                self._note_trouble(error, paper)
                request = self._once_more(error, request, remaining)
            except QuotaError as error:
                self.usage.stopped = str(error)
                self._ledger.event(self.run, "ask", error.code, paper, str(error))
                raise
            except ModelError as error:
                self.usage.trouble = str(error)
                self._ledger.event(self.run, "ask", "denied", paper, str(error))
                raise
            else:
                completion = completion.model_copy(update={"key": key})  # of the question as it was put
                self._ledger.event(self.run, "ask", "answered", paper, f"{completion.milliseconds} ms")
                self._ledger.keep(completion, request.canonical(), self.run, paper)
                self.usage.note(completion, paper)
                return completion
        raise AssertionError  # the loop returns or raises

    def _note_trouble(self, error: AnswerError, paper: str) -> None:
        self._ledger.event(self.run, "ask", error.code, paper, str(error))
        if isinstance(error, UnusableError):
            self.usage.note(error.completion, paper)
            if error.thinks:
                self.usage.advice["thinks"] = str(error)
        if error.code == "too_long":
            self.usage.advice["too_long"] = str(error)

    def _once_more(self, error: AnswerError, request: Request, remaining: int) -> Request:
        """The request to try again after an answer that is empty or cut; raises what no further try mends."""
        unusable = error if isinstance(error, UnusableError) else None
        again = error.code in {"empty", "cut"} and (unusable is None or unusable.again)
        if not again or not remaining:
            named = unusable is not None and not unusable.again
            if named or error.code not in {"refused", "too_long"}:
                self.usage.trouble = str(error)
            raise error
        if error.code == "empty":
            return request
        more = (
            _MORE_FOR_THOUGHTS if unusable and unusable.thinks else _MORE
        )  # the same limit would cut it again
        return request.model_copy(update={"max_tokens": request.max_tokens * more})
