"""What a denial means, by what was answered before."""

from __future__ import annotations

import pytest

from digest.errors import AnswerError, ModelError
from digest.llm.circuit_breaker import CircuitBreaker

DENIED = ModelError("no")


def weighed(standing: CircuitBreaker, status: int = 403) -> type[Exception]:
    return type(standing.weigh(DENIED, status, "m"))


def test_a_denial_before_any_answer_ends_the_run() -> None:
    standing = CircuitBreaker(lambda _: False)
    assert weighed(standing) is ModelError
    with pytest.raises(ModelError):
        standing.check("m")


def test_a_model_that_was_answered_in_this_run_denies_single_questions() -> None:
    standing = CircuitBreaker(lambda _: False)
    standing.answers("m")
    assert [weighed(standing) for _ in range(9)] == [AnswerError] * 9
    assert weighed(standing, 401) is ModelError


def test_a_model_that_was_answered_in_an_earlier_run_does_so_at_first() -> None:
    standing = CircuitBreaker(lambda _: True)
    assert [weighed(standing) for _ in range(3)] == [AnswerError, AnswerError, ModelError]
    assert weighed(CircuitBreaker(lambda _: True), 401) is ModelError
