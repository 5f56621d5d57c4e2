"""The rules of pace, with times handed in."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.config import ModelSettings
from digest.llm.attempt import Permit
from digest.llm.concurrency import Concurrency
from digest.llm.limiter import ClosedError, Limiter
from digest.llm.rate_limits import (
    IN_A_ROW,
    REFUSED_WITHIN,
    BackoffEstimate,
    ConsecutiveRejections,
    ReportedQuota,
    RetryAfterGate,
    SlidingWindow,
)
from digest.system.retry_after import LONGEST, retry_after, seconds
from tests.examples import each_fast
from tests.llm.simulated import Model, ask, now, status


@given(
    st.lists(st.tuples(st.floats(0, 5), st.integers(1, 40)), max_size=60),
    st.integers(40, 100),
)
def test_no_sixty_seconds_hold_more_than_the_limit(wishes: list[tuple[float, int]], limit: int) -> None:
    minute, now, sent = SlidingWindow(limit), 0.0, list[tuple[float, int]]()
    for pause, amount in wishes:
        now += pause
        while (wait := minute.wait(now, amount)) > 0:
            now += wait
        minute.use(now, amount)
        sent.append((now, amount))
    for start, _ in sent:
        assert sum(amount for at, amount in sent if start - 1e-6 <= at < start + 60 - 1e-6) <= limit


def test_what_was_counted_too_much_is_given_back() -> None:
    minute = SlidingWindow(100)
    use = minute.use(0, 100)
    assert minute.wait(1, 50) == 59
    minute.correct(use, 30)
    assert minute.wait(1, 50) == 0


def test_more_than_the_limit_goes_alone() -> None:
    minute = SlidingWindow(10)
    assert minute.wait(0, 500) == 0
    minute.use(0, 500)
    assert minute.wait(1, 1) == 59


def test_refusals_in_a_row_are_counted_in_the_order_of_sending() -> None:
    refusals = ConsecutiveRejections()
    assert [refusals.refused(number) for number in (5, 7, 6, 10)] == [1, 1, 3, 1]
    refusals.answered(6)
    assert refusals.refused(8) == 2


def test_a_limit_on_questions_under_way_is_found_within_one_burst() -> None:
    slots, refusals, under_way = Concurrency(64), ConsecutiveRejections(), 64
    for number in range(17, 65):  # the server takes 16 of 64
        under_way -= 1
        slots.refused(number, number, under_way, refusals.refused(number))
    assert slots.limit == 16
    for number in range(1, 17):
        slots.accepted(number, number, 15)
    assert 16 <= slots.limit < 17


def test_stray_refusals_take_no_slots_away() -> None:
    slots, refusals = Concurrency(64), ConsecutiveRejections()
    slots.accepted(64, 64, 63)
    for number in range(70, 500, 5):
        slots.refused(number, 64, 63, refusals.refused(number))
    assert slots.limit == 64


def test_single_refusals_before_the_first_answer_take_no_slots_away() -> None:
    slots, refusals = Concurrency(64), ConsecutiveRejections()
    for number in range(5, 61, 5):
        slots.refused(number, number, 52, refusals.refused(number))
    assert slots.limit == 64


def test_slots_that_strays_took_away_come_back_with_the_next_answers() -> None:
    slots, refusals = Concurrency(64), ConsecutiveRejections()
    slots.accepted(1, 30, 29)
    for number in range(35, 61, 5):
        slots.refused(number, number, 52, refusals.refused(number))
    assert slots.limit == 52
    slots.accepted(64, 64, 51)
    assert slots.limit == 64


def test_an_endpoint_that_bears_less_than_before_is_noticed() -> None:
    slots, refusals = Concurrency(64), ConsecutiveRejections()
    slots.accepted(64, 64, 63)
    for number in range(65, 65 + IN_A_ROW):
        slots.refused(number, 17, 16, refusals.refused(number))
    assert slots.limit == 16
    for number in range(100, 140):
        slots.accepted(number, 16, 15)
    assert slots.limit > 20  # after clean rounds it tries more again


def test_what_comes_too_late_leaves_half_as_many_as_came_meanwhile() -> None:
    slots = Concurrency(8, timeout=120)
    assert slots.timed_out(answered=2, last=10)
    assert slots.limit == 1
    slots.accepted(9, 8, 1, 120)  # sent before that: it tells nothing
    assert slots.limit == 1
    assert slots.timed_out(answered=0, last=11)  # nothing sent since was answered
    slots.accepted(12, 1, 0, 45)
    assert not slots.timed_out(answered=0, last=13)  # alone, and a server that answers: its own trouble


def test_one_that_hangs_while_others_are_answered_takes_no_slots_away() -> None:
    slots = Concurrency(64, timeout=4)
    assert not slots.timed_out(answered=240, last=300)
    assert slots.limit == 64


@pytest.mark.parametrize(("took", "limit"), [(1, 8), (20, 4), (45, 2), (60, 1)])
def test_slots_grow_as_long_as_questions_one_after_another_are_answered_in_time(
    took: float, limit: int
) -> None:
    slots = Concurrency(8, start=1, timeout=120)
    for number in range(1, 50):
        load = int(slots.limit)
        slots.accepted(number, load, load - 1, took * load)  # one after another
    assert int(slots.limit) == limit


def test_what_was_borne_before_is_borne_again_however_long_it_takes() -> None:
    slots = Concurrency(8, timeout=120)
    for number in range(1, 9):
        slots.accepted(number, number, 7, 100)
    for number in range(9, 9 + IN_A_ROW):
        slots.refused(number, 8, 4, number - 8)
    assert slots.limit == 4
    for number in range(20, 60):
        slots.accepted(number, 4, 3, 100)
    assert slots.limit > 4


def test_the_gate_closes_for_all_when_several_in_a_row_are_told_to_wait() -> None:
    gate, refusals = RetryAfterGate(), ConsecutiveRejections()
    for number in range(1, IN_A_ROW):
        gate.refused(number, 0.0, 5.0, refusals.refused(number))
    assert gate.wait(1.0) == 0
    gate.refused(IN_A_ROW, 0.0, 5.0, refusals.refused(IN_A_ROW))
    assert gate.wait(1.0) == 4.0
    assert gate.wait(5.0) == 0


def test_a_gate_proved_wrong_opens_and_is_harder_to_close() -> None:
    gate = RetryAfterGate()
    gate.refused(9, 0.0, 5.0, IN_A_ROW)
    gate.answered(8)  # sent before the last refusal: proves nothing
    assert gate.wait(1.0) == 4.0
    gate.answered(10)
    assert gate.wait(1.0) == 0
    gate.refused(12, 1.0, 5.0, IN_A_ROW)
    assert gate.wait(1.0) == 0
    gate.refused(20, 1.0, 5.0, 2 * IN_A_ROW)
    assert gate.wait(1.0) == 5.0


def refused_all(guess: BackoffEstimate, now: float) -> None:
    """64 sent at once, of which an endpoint takes 36; then 36 more, of which it takes none."""
    for number in range(37, 65):
        guess.refused(number, now, number - 36, 100 - number, 64)
    for number in range(65, 101):
        guess.refused(number, now, number - 36, 100 - number, 100)


def test_a_limit_on_load_is_no_time_to_wait() -> None:
    guess = BackoffEstimate()
    for number in range(17, 65):  # the server takes 16 of 64, and the 17th again and again
        guess.refused(number, 0.0, number - 16, 80 - number, 64)
    for number in range(65, 90):
        guess.refused(number, 1.0, number - 16, 16, number)
    assert guess.open
    assert guess.wait(1.0) == 0


def test_refusals_at_any_load_are_waited_for_longer_each_time() -> None:
    guess = BackoffEstimate()
    refused_all(guess, 0.0)
    waits = []
    now = 0.0
    for number in range(101, 109):
        waits.append(guess.wait(now))
        now += waits[-1]
        guess.sent(now)
        guess.refused(number, now, number - 36, 0, number)
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_after_a_guess_one_question_goes_ahead() -> None:
    guess = BackoffEstimate()
    refused_all(guess, 0.0)
    assert guess.wait(0.5) == 0
    guess.sent(0.5)
    assert guess.wait(0.5) == REFUSED_WITHIN  # the others, until it is known
    assert guess.wait(0.5 + REFUSED_WITHIN) == 0
    assert guess.open


def test_an_answer_to_the_question_ahead_lets_all_others_go() -> None:
    guess = BackoffEstimate()
    refused_all(guess, 0.0)
    guess.sent(0.5)
    guess.answered(36)  # of the old ones: proves nothing
    assert guess.wait(0.6) > 0
    guess.answered(101)
    assert guess.wait(0.6) == 0
    refused_all(guess, 5.0)
    assert guess.wait(5.0) == 0.5  # begins anew


def test_a_burst_that_is_refused_whole_was_no_matter_of_load() -> None:
    slots, refusals = Concurrency(64), ConsecutiveRejections()
    slots.accepted(1, 40, 39)
    for number in range(65, 105):
        slots.refused(number, 40, 104 - number, refusals.refused(number))
    assert slots.limit == 64


def report(left: str, reset: str) -> dict[str, str]:
    return {"x-ratelimit-remaining-requests": left, "x-ratelimit-reset-requests": reset}


def test_what_the_endpoint_says_is_left_is_kept_to() -> None:
    remaining = ReportedQuota()
    assert remaining.wait(0.0, 1) == 0
    remaining.report(report("3", "20s"), "requests", 1, 0.0, under_way=1)
    remaining.use(1.0, 2)
    assert remaining.wait(5.0, 1) == 15.0
    remaining.report(report("9", "20s"), "requests", 0, 5.0, under_way=0)  # of an older question
    assert remaining.wait(5.0, 1) == 15.0
    assert remaining.wait(20.0, 1) == 0


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("1s", 1),
        ("6m0s", 360),
        ("12ms", 0.012),
        ("1h2m3.5s", 3723.5),
        ("20", 20),
        ("", None),
        ("soon", None),
        ("1795557779", None),
    ],
)
def test_durations_are_read(text: str, length: float | None) -> None:
    assert seconds(text) == length


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ({"retry-after": "2"}, 2),
        ({"retry-after": "2, 2"}, 2),
        ({"retry-after": "2s"}, 2),
        ({"retry-after-ms": "abc", "retry-after": "2"}, 2),
        ({"retry-after-ms": "86400000"}, 86400),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after": "Wed, 21 Oct 9915 07:28:00 GMT"}, None),
        ({"retry-after": "1795557779"}, None),  # a time of day
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_times_to_wait_are_read(headers: dict[str, str], length: float | None) -> None:
    assert retry_after(headers) == length


@pytest.mark.parametrize(
    ("said", "length"),
    [
        ("You exceeded your current quota ... Please retry in 2.1s.", 2.1),  # Gemini
        ("Rate limit reached. Please try again in 1m2.5s. Visit", 62.5),  # OpenAI
        ("Please try again in a while", None),
    ],
)
def test_times_to_wait_are_read_from_words(said: str, length: float | None) -> None:
    assert retry_after({}, said) == length


@pytest.mark.parametrize("left", ["\u00b2", "9" * 5000, "-1", ""])
def test_an_odd_report_of_what_is_left_is_passed_over(left: str) -> None:
    remaining = ReportedQuota()
    remaining.report(report(left, "20s"), "requests", 1, 0.0, under_way=0)
    assert remaining.wait(0.0, 1) == 0


def limiter(now: list[float], **settings: Any) -> Limiter:
    return Limiter(ModelSettings.model_validate(settings), clock=lambda: now[0])


def test_so_many_go_at_once_and_those_sent_again_go_first() -> None:
    async def go() -> list[str]:
        limits, order = limiter([0.0], concurrency=1), list[str]()

        async def one(name: str, failed_at: float | None) -> None:
            permit = await limits.permit(1, failed_at)
            order.append(name)
            limits.done(permit)

        first = await limits.permit(1)
        waiting = [
            asyncio.create_task(one(name, 0.0 if name == "again" else None)) for name in ("a", "b", "again")
        ]
        await asyncio.sleep(0)  # lets the others run: no time passes
        limits.answered(first, {}, 0)
        await asyncio.gather(*waiting)
        return order

    assert asyncio.run(go()) == ["again", "a", "b"]


def test_one_that_is_cancelled_hands_its_permit_back() -> None:
    async def go() -> Permit:
        limits = limiter([0.0], concurrency=1)
        first = await limits.permit(1)
        second = asyncio.create_task(limits.permit(1))
        third = asyncio.create_task(limits.permit(1))
        await asyncio.sleep(0)  # lets the others run: no time passes
        limits.done(first)
        second.cancel()
        return await asyncio.wait_for(third, 1)

    assert asyncio.run(go()).load == 1


def test_requests_a_minute_are_kept_to() -> None:
    async def go() -> int:
        limits = limiter([0.0], requests_per_minute=3)
        waiting = [asyncio.create_task(limits.permit(1)) for _ in range(5)]
        await asyncio.sleep(0)  # lets the others run: no time passes
        await asyncio.sleep(0)  # lets the others run: no time passes
        sent = sum(task.done() for task in waiting)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return sent

    assert asyncio.run(go()) == 3


def given_up(limits: Limiter, questions: int, failed_at: float | None = None) -> list[str]:
    """What became of questions that ask for leave together: why each was given up, else what it does."""

    async def go() -> list[str]:
        waiting = [asyncio.create_task(limits.permit(1, failed_at)) for _ in range(questions)]
        for _ in range(3):
            await asyncio.sleep(0)  # lets the others run: no time passes
        found = [
            "waits" if not task.done() else str(task.exception()) if task.exception() else "sent"
            for task in waiting
        ]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return found

    return asyncio.run(go())


def answered_with(limits: Limiter, headers: dict[str, str]) -> None:
    async def go() -> None:
        limits.answered(await limits.permit(1), headers, 0)

    asyncio.run(go())


def refuse(limits: Limiter, times: int, told: float | None) -> None:
    async def go() -> None:
        for permit in [await limits.permit(1) for _ in range(times)]:
            limits.refused(permit, {}, told)

    asyncio.run(go())


def test_nobody_waits_for_a_limit_longer_than_our_patience() -> None:
    for reset, found in (("24h", "says to wait 24 hours"), ("600s", "waits")):
        limits = limiter([0.0])
        answered_with(limits, report("0", reset))
        assert given_up(limits, 3) == [found] * 3
    limits = limiter([0.0])
    refuse(limits, IN_A_ROW, 86400.0)
    assert given_up(limits, 3) == ["says to wait 24 hours"] * 3


def test_a_report_that_names_a_time_of_day_is_no_wait() -> None:
    limits = limiter([0.0])
    for reset in ("1795557779", "1795557779000", f"{LONGEST + 1:.0f}"):
        answered_with(limits, report("0", reset))
        assert given_up(limits, 2) == ["sent", "sent"]


def test_an_endpoint_that_refuses_everybody_is_given_up() -> None:
    now = [0.0]
    limits = limiter(now)
    refuse(limits, IN_A_ROW, 800.0)
    assert given_up(limits, 1) == ["waits"]
    now[0] = 700.0
    assert given_up(limits, 1) == ["waits"]
    now[0] = 800.0
    refuse(limits, IN_A_ROW, 800.0)
    assert given_up(limits, 1) == ["waits"]  # its own waiting begins now
    assert given_up(limits, 1, failed_at=0.0) == ["has refused everybody for 13 minutes"]


def test_a_long_queue_of_our_own_is_no_reason_to_give_up() -> None:
    now = [0.0]
    limits = limiter(now, requests_per_minute=1)
    refuse(limits, 1, None)
    now[0] = 30.0
    assert given_up(limits, 2, failed_at=-5000.0) == ["waits", "waits"]


def test_one_that_is_given_up_and_cancelled_leaves_no_trace() -> None:
    async def go() -> None:
        limits = limiter([0.0])
        limits.answered(await limits.permit(1), report("0", "24h"), 0)
        waiting = asyncio.create_task(limits.permit(1))
        await asyncio.sleep(0)  # lets the others run: no time passes
        waiting.cancel()
        with pytest.raises((ClosedError, asyncio.CancelledError)):
            await waiting

    asyncio.run(go())


def test_the_whole_limit_is_there_again_when_its_time_is_over_and_no_more() -> None:
    remaining = ReportedQuota()
    headers = {**report("0", "4s"), "x-ratelimit-limit-requests": "5"}
    remaining.report(headers, "requests", 1, 0.0, under_way=0)
    assert remaining.wait(1.0, 1) == 3.0
    sent = 0
    while remaining.wait(4.0, 1) == 0:
        remaining.use(4.0, 1)
        sent += 1
    assert sent == 5
    assert remaining.wait(4.0, 1) == 4.0
    remaining.report({**headers, **report("0", "9s")}, "requests", 0, 4.0, under_way=0)  # of before
    assert remaining.wait(4.0, 1) == 4.0
    assert remaining.wait(8.0, 99) == 0  # more than the limit goes alone


def test_what_was_sent_just_before_the_limit_is_there_again_may_count_as_part_of_it() -> None:
    remaining = ReportedQuota()
    remaining.report(
        {**report("9", "4s"), "x-ratelimit-limit-requests": "10"}, "requests", 1, 0.0, under_way=0
    )
    for at in (2.0, 3.8, 3.9):
        remaining.use(at, 1)
    assert remaining.wait(4.0, 8) == 0
    assert remaining.wait(4.0, 9) == 4.0


@pytest.mark.parametrize("form", ["%a %b %d %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S"])
def test_dates_without_a_zone_are_of_greenwich(form: str) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=100)
    assert 98 <= (retry_after({"retry-after": soon.strftime(form)}) or 0) <= 100


class Windowed(Model):
    """A model that takes 30 questions in each window of a second, and tells what is left of it."""

    refused = 0
    _opened = -1.0
    _used = 0

    async def post(self, _: str, body: dict[str, Any], **__: object) -> httpx2.Response:
        await asyncio.sleep(self.seconds)  # on the loop's clock, which tests move
        if now() - self._opened >= 1.0:
            self._opened, self._used = now(), 0
        if self._used >= 30:
            self.refused += 1
            raise status(429, "Rate limit reached.", **{"Retry-After": "1"})
        self._used += 1
        told = {"limit": "30", "remaining": str(30 - self._used), "reset": f"{self._opened + 1 - now():.3f}s"}
        response = await super().post("", body)
        response.headers.update({f"x-ratelimit-{name}-requests": value for name, value in told.items()})
        return response


@pytest.mark.parametrize(("concurrency", "seconds"), each_fast([1, 8, 30], [0.001, 0.02, 0.2]))
def test_a_window_that_the_endpoint_tells_of_is_never_overrun(concurrency: int, seconds: float) -> None:
    model = Windowed(seconds, slots=64)
    found = ask(model, 100, concurrency=concurrency)
    assert len(found.answers) == 100
    assert model.refused == 0
