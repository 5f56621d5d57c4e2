"""Refusals in words that nobody knows: of one question, or of all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from digest.llm.api_error import ApiError
from digest.llm.attempt import Attempt, Permit
from digest.llm.capabilities import Capabilities
from digest.llm.circuit_breaker import CircuitBreaker
from digest.model import Completion, Message, Request
from digest.system.errors import AnswerError, ModelError, QuotaError

REQUEST = Request(model="m", messages=(Message(role="user", content="?"),), max_tokens=9)


class Asking:
    """Questions that are sent so many at once, each time after all of the last ones came back."""

    def __init__(self) -> None:
        self.breaker = CircuitBreaker(lambda _: False)
        self.sent = 0

    def refused(self, at_once: int = 1, status: int = 400, words: str = "Bakiye bitti, no {}") -> None:
        for load in range(1, at_once + 1):
            self.sent += 1
            error = ApiError(status, message=words.format(self.sent))
            meaning = AnswerError("rejected", error.message) if status == 400 else ModelError(error.message)
            permit = Permit(self.sent, load, 9, 0.0, 0)
            self.breaker.observe(
                Attempt(REQUEST, Capabilities(), permit, status, error=error, meaning=meaning)
            )

    def answered(self) -> None:
        self.sent += 1
        completion = Completion(key="k", model="m", content="a", received=datetime.now(UTC))
        permit = Permit(self.sent, 1, 9, 0.0, 0)
        self.breaker.observe(Attempt(REQUEST, Capabilities(), permit, 200, completion=completion))

    def over(self) -> type[object]:
        """The error of all further questions, if they are not sent."""
        try:
            self.breaker.check("m")
        except ModelError as error:
            return type(error)
        return type(None)


@pytest.mark.parametrize("status", [400, 403])
def test_what_is_said_to_one_question_after_another_is_said_to_all(status: int) -> None:
    asking = Asking()
    asking.answered()
    for _ in range(5):
        asking.refused(status=status)
    assert asking.over() is type(None)
    asking.refused(status=status)
    assert asking.over() is QuotaError  # what is there is published


def test_where_nothing_was_answered_there_is_nothing_to_publish() -> None:
    asking = Asking()
    for _ in range(6):
        asking.refused()
    assert asking.over() is ModelError


def test_many_at_once_are_no_more_than_one_and_an_answer_in_between_ends_the_row() -> None:
    asking = Asking()
    for _ in range(9):
        asking.refused(at_once=8)  # each with too long a text
        asking.answered()  # the first without it
    asking.refused(at_once=64)
    assert asking.over() is type(None)


def test_other_words_are_another_row() -> None:
    asking = Asking()
    for number in range(9):
        asking.refused(words="Bakiye bitti" if number % 2 else "no")
    assert asking.over() is type(None)
