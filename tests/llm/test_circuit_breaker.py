"""What a denial means, by what was answered before."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from digest.llm.api_error import ApiError
from digest.llm.attempt import Attempt, Permit
from digest.llm.capabilities import Capabilities
from digest.llm.circuit_breaker import CircuitBreaker
from digest.model import Completion, Message, Request
from digest.system.errors import AnswerError, ModelError, QuotaError


def attempt(
    meaning: Exception | None = None, status: int = 403, model: str = "m", other: Capabilities | None = None
) -> Attempt:
    request = Request(model=model, messages=(Message(role="user", content="?"),), max_tokens=9)
    permit = Permit(1, 1, 9, 0.0, 0)
    if meaning is None:
        completion = Completion(key="k", model=model, content="a", received=datetime.now(UTC))
        return Attempt(request, Capabilities(), permit, 200, completion=completion)
    error = ApiError(status)
    return Attempt(request, Capabilities(), permit, status, error=error, meaning=meaning, retry_as=other)


def seen(breaker: CircuitBreaker, one: Attempt) -> type[object]:
    """What an attempt means after it was observed."""
    breaker.observe(one)
    return type(breaker.meaning(one))


def denied(breaker: CircuitBreaker, status: int = 403) -> type[object]:
    return seen(breaker, attempt(ModelError("no"), status))


def test_a_denial_before_any_answer_ends_the_run() -> None:
    breaker = CircuitBreaker(lambda _: False)
    assert denied(breaker) is ModelError
    with pytest.raises(ModelError):
        breaker.check("m")


def test_a_model_that_was_answered_in_this_run_denies_single_questions() -> None:
    breaker = CircuitBreaker(lambda _: False)
    assert seen(breaker, attempt()) is type(None)
    assert [denied(breaker) for _ in range(9)] == [AnswerError] * 9
    assert denied(breaker, 401) is ModelError


def test_a_model_that_was_answered_in_an_earlier_run_does_so_at_first() -> None:
    breaker = CircuitBreaker(lambda _: True)
    assert [denied(breaker) for _ in range(3)] == [AnswerError, AnswerError, ModelError]
    assert denied(CircuitBreaker(lambda _: True), 401) is ModelError


def test_a_question_that_is_put_in_another_form_says_nothing_of_the_model() -> None:
    breaker = CircuitBreaker(lambda _: False)
    breaker.observe(attempt(ModelError("no"), other=Capabilities()))
    breaker.check("m")


def test_an_empty_account_is_no_matter_of_a_model_where_another_is_answered() -> None:
    breaker = CircuitBreaker(lambda _: False)
    breaker.observe(attempt(model="other"))
    empty = attempt(QuotaError("empty"), 402)
    assert seen(breaker, empty) is ModelError
    breaker.check("other")
    alone = CircuitBreaker(lambda _: False)
    assert seen(alone, empty) is QuotaError
