"""The gate in front of a model that has not answered yet: one question tries, as in a half-open breaker."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from digest.llm.attempt import Attempt
from digest.system.errors import AnswerError, ModelError

_HEAD_START = 2.0
"""Seconds that the first question goes ahead of the others; a refusal comes in less, an answer may not."""


@dataclass
class _Line:
    """The questions to one model: whether one is trying, and those that wait for what comes of it.

    Attributes:
        trying: one is.
        late: the first was not answered soon: none is a reason to wait any more.
        refused: one was; then it is a reason, however long it takes.
        waiting: the others, first come first.
    """

    trying: bool = False
    late: bool = False
    refused: bool = False
    waiting: list[asyncio.Future[None]] = field(default_factory=list)

    def go(self) -> None:
        """Let the others go, if none was refused."""
        self.late = True
        self.wake()

    def wake(self) -> None:
        """Let all that wait look again."""
        woken, self.waiting = self.waiting, []
        for future in woken:
            if not future.done():
                future.set_result(None)


class ProbeGate:
    """Lets one question at a time find out what a model takes: an observer of attempts.

    The first question to a model that never answered goes ahead. Once one was refused and none was answered
    in this run, no other is sent until it is known what came of the one that tries all forms. So an endpoint
    that refuses everybody is asked as often for a hundred papers as for two.

    Args:
        known: says of a model if it was answered in an earlier run.
    """

    def __init__(self, known: Callable[[str], bool]) -> None:
        self._known = known
        self._answered: set[str] = set()
        self._lines: defaultdict[str, _Line] = defaultdict(_Line)

    def observe(self, attempt: Attempt) -> None:
        """Learn from an attempt; the first answer opens the gate."""
        model, meaning = attempt.request.model, attempt.meaning
        rejected = isinstance(meaning, AnswerError) and meaning.code == "rejected"
        if attempt.completion is not None:
            self._answered.add(model)
            self._lines[model].wake()
        elif attempt.retry_as is not None or rejected or isinstance(meaning, ModelError):
            self._lines[model].refused = True
        else:  # trouble that may pass, as a rate limit: that is no matter of forms
            self._lines[model].go()

    @asynccontextmanager
    async def turn(self, model: str) -> AsyncIterator[Turn]:
        """One question's turn; it ends when the question was answered or is given up for now."""
        turn = Turn(self, model)
        try:
            yield turn
        finally:
            if turn.tries:
                line = self._lines[model]
                line.trying = False
                line.waiting.reverse()  # the same paper without its text comes before other papers
                line.wake()

    def held(self, model: str) -> bool:
        """True: a question was refused, and what comes of the one that tries all forms is not known yet."""
        return self._lines[model].refused and not self._open(model)

    def _open(self, model: str) -> bool:
        return model in self._answered or (self._known(model) and not self._lines[model].refused)

    async def enter(self, model: str) -> tuple[bool, bool]:
        """Wait until a question may be sent.

        Returns:
            Whether it is the one that others wait for, and whether it waited.
        """
        loop, line, waited = asyncio.get_running_loop(), self._lines[model], False
        while line.trying and not self._open(model) and (line.refused or not line.late):
            future = loop.create_future()
            line.waiting.append(future)
            await future
            waited = True
        if line.trying or self._open(model):
            return False, waited
        line.trying = True
        if not line.late:
            loop.call_later(_HEAD_START, line.go)
        return True, waited


class Turn:
    """One question's turn.

    Attributes:
        tries: it is the question that others wait for.
    """

    def __init__(self, gate: ProbeGate, model: str) -> None:
        self._gate = gate
        self._model = model
        self.tries = False

    @property
    def held(self) -> bool:
        """True: since it may be sent, one was refused; it waits for another again."""
        return not self.tries and self._gate.held(self._model)

    async def wait(self) -> bool:
        """Wait until the question may be sent; True if others went first."""
        if self.tries:
            return False
        self.tries, waited = await self._gate.enter(self._model)
        return waited
