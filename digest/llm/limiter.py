"""The limiter of an endpoint: one queue, and every rule of `rate_limits.py` at its head.

A question that waits for its next try holds no slot: others use it. What keeps them from running into the
same refusal is the gate.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from digest.config import CONCURRENCY, ModelSettings
from digest.llm.attempt import Attempt, Permit
from digest.llm.concurrency import Concurrency
from digest.llm.error_mapping import TransientError
from digest.llm.rate_limits import (
    BackoffEstimate,
    ConsecutiveRejections,
    ReportedQuota,
    RetryAfterGate,
    SlidingWindow,
)
from digest.llm.retry import BY_THE_DAY, PATIENCE
from digest.system.retry_after import format_wait

_UNTOLD = 300.0
"""Seconds that an endpoint may refuse everybody without naming a time: a limit by the minute is over by then,
and for one by the hour or by the day nobody waits."""


class ClosedError(Exception):
    """The endpoint takes no question for longer than one may wait; the text says how it told us so."""


@dataclass(frozen=True)
class _Waiting:
    """A question in the queue, and since when the endpoint may have kept it waiting."""

    tokens: int
    since: float
    leave: asyncio.Future[Permit]


class Limiter:
    """The queue in front of one endpoint.

    Args:
        settings: timeout, concurrency, and requests and tokens a minute where they are set.
        clock: seconds, monotonic.
        patience: seconds that the endpoint may keep a question waiting.
        outage: seconds that an endpoint that is down is waited for; 0: it is not.
        local: whether it is a server on this machine: many answer one question after another.

    Attributes:
        accepted: questions that were answered.
        elsewhere: seconds to wait for somebody who goes first.
        idle: set while no question is under way.
    """

    def __init__(
        self,
        settings: ModelSettings,
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
        *,
        outage: float = 0.0,
        local: bool = False,
    ) -> None:
        self._clock = clock
        self._patience = self._until_given_up = patience
        self._outage = outage
        start = 1 if local and settings.concurrency is None else None
        self._slots = Concurrency(settings.concurrency or CONCURRENCY, start, settings.timeout)
        self._rejections = ConsecutiveRejections()
        self._gate = RetryAfterGate()
        self._backoff = BackoffEstimate()
        self._left = {"requests": ReportedQuota(), "tokens": ReportedQuota()}
        self._requests = SlidingWindow(settings.requests_per_minute) if settings.requests_per_minute else None
        self._tokens = SlidingWindow(settings.tokens_per_minute) if settings.tokens_per_minute else None
        self._queue: deque[_Waiting] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._sent = 0
        self._refusing_since: float | None = None
        self._silent_since: float | None = None
        self.elsewhere: Callable[[], float] = lambda: 0.0
        self.accepted = 0
        self._under_way: dict[int, Permit] = {}
        self.idle = asyncio.Event()
        self.idle.set()

    async def permit(self, tokens: int, failed_at: float | None = None) -> Permit:
        """Wait for leave to send a question; every permit is handed back with `done`, whatever came of it.

        Args:
            tokens: what the question is expected to take, answer included.
            failed_at: when it failed first, if it did; then it goes before those that were not sent yet.

        Raises:
            ClosedError: the endpoint said to wait longer than our patience lasts.
        """
        future: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
        if failed_at is not None:
            self._queue.appendleft(_Waiting(tokens, failed_at, future))
        else:
            self._queue.append(_Waiting(tokens, self._clock(), future))
        self._advance()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.done(future.result())
            raise

    def observe(self, attempt: Attempt) -> None:
        """Learn from an attempt what it says of limits."""
        permit, headers, meaning = attempt.permit, attempt.headers, attempt.meaning
        if attempt.completion is not None:
            usage = attempt.completion.usage
            self.answered(permit, headers, usage.input + usage.output)
        elif isinstance(meaning, TransientError) and not (attempt.malformed or attempt.retry_as):
            self.failed(permit, meaning, headers, timed_out=attempt.timed_out)

    def answered(self, permit: Permit, headers: Mapping[str, str], tokens: int) -> None:
        """The question was answered, and took so many tokens."""
        now = self._end(permit)
        self.accepted += 1
        self._refusing_since = self._silent_since = None
        self._slots.accepted(permit.number, permit.load, len(self._under_way), now - permit.at)
        self._rejections.answered(permit.number)
        self._gate.answered(permit.number)
        self._backoff.answered(permit.number)
        if self._tokens is not None and permit.use is not None and tokens:
            self._tokens.correct(permit.use, tokens)
        self._report(permit, headers, now)
        self._advance()

    def refused(
        self,
        permit: Permit,
        headers: Mapping[str, str],
        retry_after: float | None,
        patience: float | None = None,
    ) -> None:
        """The endpoint takes no more for now, and said how long (seconds), or did not.

        Args:
            permit: of the question that was refused.
            headers: of the refusal.
            retry_after: seconds to wait, if it said so.
            patience: how long it may go on so; None: as long as for a rate limit.
        """
        now = self._end(permit)
        if self._refusing_since is None:
            self._refusing_since = now
        in_a_row = self._rejections.refused(permit.number)
        under_way = len(self._under_way)
        if retry_after:
            self._gate.refused(permit.number, now, retry_after, in_a_row)
        else:
            self._backoff.refused(permit.number, now, in_a_row, under_way, self._sent)
        if self._backoff.open:  # else it is no matter of load
            self._slots.refused(permit.number, permit.load, under_way, in_a_row)
        self._report(permit, headers, now)
        if patience is None:
            patience = self._patience if retry_after or self._reported(permit.tokens, now) else _UNTOLD
        self._until_given_up = min(patience, self._patience)
        self._advance()

    def failed(
        self, permit: Permit, trouble: TransientError, headers: Mapping[str, str], *, timed_out: bool = False
    ) -> None:
        """The question failed in a way that may pass; what concerns the others too is reckoned with.

        Args:
            permit: of the question.
            trouble: why; it is marked as limited where too many were under way.
            headers: of the answer, if there was one.
            timed_out: whether there was none in time.
        """
        silent = 0 < permit.accepted == self.accepted  # it answered before, and nobody since
        if timed_out:
            trouble.took = self._clock() - permit.at
            trouble.limited = self._timed_out(permit)
        elif trouble.limited:
            self.refused(permit, headers, trouble.retry_after, BY_THE_DAY if trouble.by_day else None)
        elif self._outage and (trouble.unavailable or silent):
            patience = self._patience if trouble.retry_after else self._outage
            self.refused(permit, headers, trouble.retry_after, patience)

    def _timed_out(self, permit: Permit) -> bool:
        """The question got no answer in time; whether that may be for too many under way."""
        self._end(permit)
        if self._silent_since is None:
            self._silent_since = permit.at
        overloaded = self._slots.timed_out(self.accepted - permit.accepted, self._sent)
        self._advance()
        return overloaded

    def assume_used(self) -> None:
        """Take the limits of this minute to be used up: what was sent before is not known."""
        now = self._clock()
        for window in (self._requests, self._tokens):
            if window is not None:
                window.use(now, window.limit)

    def done(self, permit: Permit) -> None:
        """The question is no longer under way; if nothing else was said of it, it told nothing of limits."""
        if permit.number in self._under_way:
            self._end(permit)
            self._advance()

    def _end(self, permit: Permit) -> float:
        del self._under_way[permit.number]
        if not self._under_way:
            self.idle.set()
        return self._clock()

    def _report(self, permit: Permit, headers: Mapping[str, str], now: float) -> None:
        self._left["requests"].report(headers, "requests", permit.number, now, len(self._under_way))
        expected = sum(other.tokens for other in self._under_way.values())
        self._left["tokens"].report(headers, "tokens", permit.number, now, expected)

    def _advance(self) -> None:
        """Let as many go as may; come back when time alone will let the next one go."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._queue:
            first = self._queue[0]
            if first.leave.done():  # given up while it waited
                self._queue.popleft()
                continue
            if len(self._under_way) >= int(self._slots.limit):
                return
            now = self._clock()
            told = self._wait_told(first.tokens, now)
            if why := self._too_long(first, told, now):
                self._queue.popleft()
                first.leave.set_exception(ClosedError(why))
                continue
            wait = max(told, self._set(first.tokens, now), self.elsewhere())
            if wait > 0:
                self._timer = asyncio.get_running_loop().call_later(wait, self._advance)
                return
            self._queue.popleft()
            first.leave.set_result(self._send(first.tokens))

    def _too_long(self, first: _Waiting, wait: float, now: float) -> str | None:
        """The reason why a question is given up; how long it stood in our own queue is none."""
        if wait > self._patience:
            return f"says to wait {format_wait(wait)}"
        since = max(first.since, self._refusing_since) if self._refusing_since is not None else now
        if wait and now + wait - since > self._until_given_up:
            return f"has refused everybody for {format_wait(now - since)}"
        since = max(first.since, self._silent_since) if self._silent_since is not None else now
        if now - since > self._patience:
            return f"has answered nobody for {format_wait(now - since)}"
        return None

    def _wait_told(self, tokens: int, now: float) -> float:
        """Seconds to wait by what the endpoint said or showed."""
        return max(self._gate.wait(now), self._backoff.wait(now), self._reported(tokens, now))

    def _reported(self, tokens: int, now: float) -> float:
        """Seconds to wait by what it said is left."""
        return max(self._left["requests"].wait(now, 1), self._left["tokens"].wait(now, tokens))

    def _set(self, tokens: int, now: float) -> float:
        """Seconds to wait by the settings."""
        waits = [0.0]
        if self._requests is not None:
            waits.append(self._requests.wait(now, 1))
        if self._tokens is not None:
            waits.append(self._tokens.wait(now, tokens))
        return max(waits)

    def _send(self, tokens: int) -> Permit:
        now = self._clock()
        self._sent += 1
        self._backoff.sent(now)
        self._left["requests"].use(now, 1)
        self._left["tokens"].use(now, tokens)
        if self._requests is not None:
            self._requests.use(now, 1)
        use = None if self._tokens is None else self._tokens.use(now, tokens)
        permit = Permit(self._sent, len(self._under_way) + 1, tokens, now, self.accepted, use)
        self._under_way[permit.number] = permit
        self.idle.clear()
        return permit
