"""How long one question waits between its tries, and when it gives up."""

from __future__ import annotations

import random

import pytest
from tenacity import AsyncRetrying, RetryCallState

from digest.llm.error_mapping import TransientError
from digest.llm.retry import PATIENCE, RetryPolicy
from digest.system.errors import AnswerError

STATE = RetryCallState(AsyncRetrying(), None, (), {})


@pytest.fixture(autouse=True)
def longest(monkeypatch: pytest.MonkeyPatch) -> None:
    """No chance: every wait is as long as it may be."""

    def highest(_: float, most: float) -> float:
        return most

    monkeypatch.setattr(random, "uniform", highest)


def trouble(*, limited: bool = False, retry_after: float | None = None) -> TransientError:
    error = TransientError(AnswerError("unreachable", "no"), limited=limited)
    error.retry_after = retry_after
    return error


def waits(errors: list[tuple[TransientError, int]]) -> list[float]:
    """The wait after each error; with it, how many questions the endpoint had answered by then."""
    tries, found = RetryPolicy(5), []
    for error, accepted in errors:
        tries.failed(error, accepted)
        found.append(tries.wait(STATE))
    return found


def test_waits_grow_to_half_a_minute() -> None:
    assert waits([(trouble(), 0)] * 8) == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert waits([(trouble(limited=True), 3)] * 3) == [0.5, 1, 2]


def test_rate_limits_of_an_endpoint_that_answers_others_are_strays() -> None:
    assert waits([(trouble(limited=True), accepted) for accepted in range(4)]) == [0.5] * 4


def test_failures_of_one_question_are_its_own() -> None:
    assert waits([(trouble(), accepted) for accepted in range(4)]) == [0.5, 1, 2, 4]


def test_what_the_endpoint_says_is_obeyed_to_the_letter_unless_it_says_nothing() -> None:
    assert waits(
        [(trouble(limited=True, retry_after=retry_after), 0) for retry_after in (7.25, 0.0, None)]
    ) == [7.25, 1, 2]


def test_failures_are_counted_and_rate_limits_are_not() -> None:
    tries = RetryPolicy(2)
    for _ in range(20):
        tries.failed(trouble(limited=True), 0)
    assert not tries.over(STATE)
    tries.failed(trouble(), 0)
    assert not tries.over(STATE)
    tries.failed(trouble(), 0)
    assert tries.over(STATE)


def test_time_and_not_tries_ends_the_waiting_for_one_that_is_down() -> None:
    tries, unavailable, waited = (
        RetryPolicy(2, outage=300),
        TransientError(AnswerError("unreachable", "no"), unavailable=True),
        0.0,
    )
    tries.failed(unavailable, 0)
    while not tries.over(STATE):
        waited += tries.wait(STATE)
        tries.failed(unavailable, 0)
    assert 300 < waited <= 330


def test_one_that_answered_and_answers_nobody_since_is_down_whatever_it_says() -> None:
    tries = RetryPolicy(2, outage=300)
    for accepted in (7, 7, 7):
        tries.failed(trouble(), accepted)  # the first of them after others were answered
        tries.wait(STATE)
    assert not tries.over(STATE)
    tries.failed(trouble(), 8)
    assert tries.over(STATE)


def test_one_that_never_answered_is_not_held_to_be_restarted() -> None:
    tries = RetryPolicy(2, outage=300)
    for _ in range(2):
        tries.failed(trouble(), 0)
    assert tries.over(STATE)


def test_who_says_how_long_it_is_down_is_believed() -> None:
    tries = RetryPolicy(2, outage=300)
    tries.failed(TransientError(AnswerError("unreachable", "no"), unavailable=True, retry_after=600), 0)
    assert not tries.over(STATE)


def test_time_under_way_counts_as_waiting() -> None:
    tries = RetryPolicy(5)
    for _ in range(8):
        assert not tries.over(STATE)
        timed_out = trouble(limited=True)
        timed_out.took = 120
        tries.failed(timed_out, 0)
    assert tries.over(STATE)


def test_one_that_says_soon_for_ever_is_not_believed_for_ever() -> None:
    found = waits([(trouble(limited=True, retry_after=0.001), 0)] * 17)
    assert found == [0.001] * 10 + [0.5, 1, 2, 4, 8, 16, 30]


def test_patience_ends_by_what_was_waited_and_not_by_what_stood_in_our_queue() -> None:
    tries = RetryPolicy(2, patience=100, clock=lambda: 1e6)  # however late it is
    for _ in range(5):
        tries.failed(trouble(limited=True, retry_after=20), 0)
        assert not tries.over(STATE)
        tries.wait(STATE)
    tries.failed(trouble(limited=True, retry_after=20), 0)
    assert tries.over(STATE)


def test_who_is_told_to_wait_too_long_gives_up() -> None:
    tries = RetryPolicy(2)
    tries.failed(trouble(limited=True, retry_after=PATIENCE + 1), 0)
    assert tries.over(STATE)
