"""Servers of one's own: slow, with one slot, restarted in mid-run, or not there; in simulated time."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx2
import pytest

from digest.system.errors import AnswerError, ModelError
from tests.examples import first_fast
from tests.llm.simulated import Model, ask, no_connection, status

LOCAL = {"base_url": "http://127.0.0.1:8080/v1"}
RESET = ConnectionResetError(104, "Connection reset by peer")
REFUSED = ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 8080)")
UNKNOWN = socket.gaierror(-2, "Name or service not known")


@pytest.mark.parametrize(
    ("seconds", "cancels"),
    first_fast(
        [
            (60, True),
            (45, False),
            (20, True),
            (45, True),
            (100, True),
            (20, False),
            (60, False),
        ],
        2,
    ),
)
def test_a_server_with_one_slot_does_not_starve(seconds: float, *, cancels: bool) -> None:
    model = Model(seconds, cancels=cancels)
    found = ask(model, 20, concurrency=8)
    assert not found.errors
    assert [round(at) for at, _ in found.answers][:1] == [seconds]
    lost = 0 if cancels else 16 * seconds  # what it goes on with although nobody waits for it
    assert found.end <= 20 * seconds + 3 * 120 + lost


@pytest.mark.parametrize(
    "seconds",
    first_fast(
        [
            45,
            5,
            20,
            60,
            100,
        ]
    ),
)
def test_one_on_this_machine_is_never_asked_more_than_it_answers_in_time(seconds: float) -> None:
    model = Model(seconds)
    found = ask(model, 20, **LOCAL)
    assert not found.errors
    assert not model.given_up
    assert found.end == pytest.approx(20 * seconds, rel=0.01)


@pytest.mark.parametrize(
    "address",
    first_fast(
        [
            "http://localhost:1/v1",
            "http://127.0.0.1:8080/v1",
            "http://[::1]:1/v1",
        ]
    ),
)
@pytest.mark.parametrize("seconds", [130, 300, 590])
def test_no_answer_of_a_slow_one_on_this_machine_is_thrown_away(seconds: float, address: str) -> None:
    model = Model(seconds)
    found = ask(model, 4, base_url=address)
    assert not found.errors
    assert not model.given_up
    assert found.end == pytest.approx(4 * seconds, rel=0.01)


@pytest.mark.parametrize(
    "step",
    first_fast(
        [
            30,
            20,
            40,
        ]
    ),
)
def test_one_on_this_machine_that_gets_slower_in_mid_run_is_asked_less_at_once(step: float) -> None:
    class Slowing(Model):
        async def _work(self) -> None:
            await super()._work()
            self.seconds = min(300, self.seconds + step)  # something else begins on the machine

    model = Slowing(5)
    found = ask(model, 20, **LOCAL)
    assert model.longest > 1
    assert not found.errors
    assert not model.given_up


@pytest.mark.parametrize("timeout", first_fast([60, 120]))
def test_one_that_hangs_on_this_machine_is_told_of_with_the_seconds_that_were_waited(timeout: int) -> None:
    model = Model(1e9)
    found = ask(model, 4, timeout=timeout, **LOCAL)
    assert f"no answer within {5 * timeout} s; model.timeout allows more" in str(found.errors[0][1])
    assert found.end <= 1800


def test_one_elsewhere_is_given_no_more_than_its_timeout() -> None:
    model = Model(130)
    assert len(ask(model, 1).errors) == 1
    assert model.given_up[0] == 120


@pytest.mark.parametrize(
    "seconds",
    first_fast(
        [
            10,
            1,
            45,
        ]
    ),
)
def test_one_on_this_machine_that_answers_many_at_once_is_asked_as_many(seconds: float) -> None:
    model = Model(seconds, slots=64)
    found = ask(model, 100, **LOCAL)
    assert model.longest == 8
    assert found.end <= 1.5 * 100 / 8 * seconds


def test_what_is_set_is_asked_at_once_of_a_model_that_has_answered() -> None:
    model = Model(1, slots=64, known="{}")
    assert ask(model, 64, concurrency=64, **LOCAL).end == pytest.approx(1)


@pytest.mark.slow
def test_one_that_hangs_takes_no_slots_from_the_others() -> None:
    model = Model(10, slots=64)
    hung = Model(10_000, slots=64)

    class Both(Model):
        async def post(self, _: str, body: dict[str, Any], **__: object) -> httpx2.Response:
            first = "question 3." in str(body) and not hung.asked
            return await (hung if first else model).post("", body)

    found = ask(Both(), 200, concurrency=16)
    assert not found.errors
    assert found.end <= 1.3 * 200 / 16 * 10
    assert len(hung.given_up) == 1


def test_a_silent_endpoint_ends_for_all_before_long() -> None:
    found = ask(Model(1e9), 200, concurrency=8)
    assert len(found.errors) == 200
    assert found.end <= 1500
    assert any("model.timeout" in str(error) for _, error in found.errors)


@pytest.mark.parametrize("questions", [1, 4])
def test_one_that_takes_questions_and_is_too_slow_is_not_looked_for_elsewhere(questions: int) -> None:
    found = ask(Model(1e9), questions, **LOCAL)
    assert len(found.errors) == questions
    for _, error in found.errors:
        assert isinstance(error, ModelError)
        assert "OPENAI_BASE_URL" not in str(error)
        assert "is slow" in str(error)


def test_a_gateways_timeout_is_one_of_ours() -> None:
    model = Model(45)

    class Gateway(Model):
        async def post(self, _: str, body: dict[str, Any], **__: object) -> httpx2.Response:
            try:
                async with asyncio.timeout(100):
                    return await model.post("", body)
            except TimeoutError:
                raise status(504, "upstream request timeout") from None

    found = ask(Gateway(), 20, concurrency=8)
    assert not found.errors
    assert found.end <= 20 * 45 + 300


def restarted(at: float, words: str) -> Exception | None:
    """Down from second 100 on; back after three minutes, and then it loads its model for one."""
    if 100 <= at < 280:
        return no_connection(REFUSED)
    return status(503, "Loading model") if 280 <= at < 340 else None


Trouble = Callable[[], Exception]


def words(error: partial[Exception]) -> str:
    return " ".join(map(str, error.args))


BEHIND_A_GATEWAY = [
    partial(status, 502, "Bad Gateway"),
    partial(no_connection, RESET),
    partial(status, 503, "Overloaded", **{"retry-after": "60"}),
    partial(status, 503, "no healthy upstream"),
    partial(status, 500, "litellm.InternalServerError: OpenAIException - Connection error."),
    partial(status, 500, "Internal Server Error"),
    partial(no_connection, UNKNOWN),
]


@pytest.mark.parametrize("concurrency", first_fast([8, 1, 64]))
def test_a_server_that_is_restarted_in_mid_run_is_waited_for(concurrency: int) -> None:
    model = Model(5, slots=8, trouble=restarted)
    found = ask(model, 300, concurrency=concurrency)
    assert not found.errors
    down = [at for at in model.asked if 110 <= at < 340]
    assert len(down) <= 60 + 2 * concurrency  # not hammered
    after = min(at for at, _ in found.answers if at > 340)
    assert after <= 340 + 60
    assert len([sentence for sentence in found.said if "waited for" in sentence]) == 1


@pytest.mark.parametrize("error", first_fast(BEHIND_A_GATEWAY, 3), ids=words)
def test_so_is_one_behind_a_gateway(error: Trouble) -> None:
    model = Model(5, slots=8, trouble=lambda at, _: error() if 100 <= at < 220 else None)
    found = ask(model, 200, concurrency=8)  # 160 of them before
    assert not found.errors
    assert len([at for at in model.asked if 100 <= at < 220]) <= 60  # not hammered


@pytest.mark.parametrize(
    "error", [partial(no_connection, REFUSED), partial(status, 503, "Loading model")], ids=words
)
def test_one_that_starts_is_waited_for(error: Trouble) -> None:
    model = Model(5, trouble=lambda at, _: error() if at < 180 else None)
    found = ask(model, 10, **LOCAL)
    assert not found.errors
    assert len([at for at in model.asked if at < 180]) <= 60


def test_one_that_never_starts_ends_the_run_after_minutes() -> None:
    model = Model(trouble=lambda *_: no_connection(REFUSED))
    found = ask(model, 300, concurrency=8, **LOCAL)
    assert len(found.errors) == 300
    assert all(isinstance(error, ModelError) for _, error in found.errors)
    assert "connection refused" in str(found.errors[0][1])
    assert "OPENAI_BASE_URL" in str(found.errors[0][1])
    assert 120 <= found.end <= 420
    assert len(model.asked) <= 500
    assert len(found.said) == 1
    assert "5 minutes" in found.said[0]


@pytest.mark.parametrize(
    ("error", "word"),
    first_fast(
        [
            (partial(no_connection, UNKNOWN), "DNS"),
            (partial(no_connection, ssl.SSLCertVerificationError(1, "certificate verify failed")), "TLS"),
            (partial(no_connection, OSError(101, "Network is unreachable")), "unreachable"),
            (partial(no_connection, REFUSED), "connection refused"),
        ],
        2,
    ),
)
def test_offline_ends_in_seconds(error: Trouble, word: str) -> None:
    model = Model(trouble=lambda *_: error())
    found = ask(model, 30)
    assert all(isinstance(error, ModelError) for _, error in found.errors)
    assert word in str(found.errors[0][1])
    assert found.end <= 1
    assert len(model.asked) <= 8  # those that were under way together
    assert not found.said


KNOWN = json.dumps({"answer_format": "json_schema"})


@pytest.mark.parametrize(
    ("proxy", "cause", "waits"),
    [
        ("", REFUSED, True),
        ("http://user:secret@127.0.0.1:7890", REFUSED, False),
        ("", UNKNOWN, False),
    ],
)
def test_one_that_answered_another_day_is_waited_for_and_no_network_is(
    proxy: str, cause: Exception, *, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    if proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
    model = Model(known=KNOWN, trouble=lambda at, _: no_connection(cause) if at < 120 else None)
    found = ask(model, 3)
    assert bool(found.answers) == waits
    assert (found.end > 120) == waits
    if proxy:
        said = str(found.errors[0][1])
        assert "through the proxy http://***@127.0.0.1:7890 (HTTP_PROXY): connection refused" in said


def test_a_name_that_is_lost_in_mid_run_is_looked_for_again() -> None:
    model = Model(trouble=lambda at, _: no_connection(UNKNOWN) if 5 <= at < 7 else None)
    assert not ask(model, 20).errors


@pytest.mark.parametrize("settings", [{"attempts": 1}, {"patience": 0}])
def test_who_does_not_want_to_wait_does_not(settings: dict[str, int]) -> None:
    found = ask(Model(trouble=lambda *_: no_connection(REFUSED)), 3, **settings)
    assert len(found.errors) == 3
    assert found.end <= 15
    assert not found.said


@pytest.mark.parametrize(
    "error", first_fast([partial(status, 500, "out of range"), partial(no_connection, RESET)]), ids=words
)
def test_a_question_that_alone_fails_is_given_up_after_its_attempts(error: Trouble) -> None:
    model = Model(1, slots=8, trouble=lambda _, asked: error() if "question 7." in asked else None)
    found = ask(model, 150, concurrency=8)
    ((at, final),) = found.errors
    assert isinstance(final, AnswerError)
    assert at <= 30


def test_an_endpoint_that_stays_down_is_given_up_by_all_at_once() -> None:
    model = Model(5, slots=8, trouble=lambda at, _: status(502, "Bad Gateway") if at >= 100 else None)
    found = ask(model, 300, concurrency=8)
    assert len(found.answers) == 160 - 8
    assert len(found.errors) == 300 - 152
    assert any("Bad Gateway" in str(error) for _, error in found.errors)
    assert 340 <= found.end <= 480


@pytest.mark.parametrize(
    "answered",
    first_fast(
        [
            20,
            0,
        ]
    ),
)
def test_a_limit_that_names_no_time_is_waited_for_as_long_as_one_by_the_minute(answered: int) -> None:
    limited = partial(status, 429, "Rate limit exceeded: free models")
    model = Model(1, slots=8, trouble=lambda *_: limited() if len(model.asked) > answered else None)
    found = ask(model, 200, concurrency=8)
    assert len(found.answers) >= answered - 8
    assert 240 <= found.end <= 360
    assert all("free models" in str(error) for _, error in found.errors)


@pytest.mark.parametrize("headers", first_fast([{}, {"retry-after": "240"}]))
def test_a_limit_of_minutes_is_waited_for(headers: dict[str, str]) -> None:
    limited = partial(status, 429, "Rate limit exceeded", **headers)
    model = Model(1, slots=8, trouble=lambda at, _: limited() if 10 <= at < 200 else None)
    found = ask(model, 120, concurrency=8)  # 80 of them before
    assert not found.errors
    assert found.end > 200


BY_DAY = "Quota exceeded: GenerateRequestsPerDayPerProjectPerModel-FreeTier. Please retry in 3s."


@pytest.mark.parametrize(
    ("words", "least", "most"),
    first_fast(
        [
            ("Rate limit exceeded: free-models-per-day.", 30, 150),
            ("tokens per day (TPD): Limit 100000, Used 99000. Please try again in 7m12s.", 432, 1800),
            (BY_DAY, 30, 150),
            ("您今日的请求次数已达限流上限，请稍后再试", 30, 150),
            ("Rate limit reached: requests per minute. Please retry in 3s.", 800, 1200),
        ],
        2,
    ),
)
def test_nobody_waits_long_for_a_limit_by_the_day(words: str, least: float, most: float) -> None:
    model = Model(1, slots=8, trouble=lambda *_: status(429, words))
    found = ask(model, 9)  # one more than are asked at once
    assert len(found.errors) == 9
    assert least <= found.end <= most
    assert words[:40] in str(found.errors[-1][1])


@pytest.mark.slow
def test_a_limit_by_the_day_that_is_over_in_time_stops_nobody() -> None:
    model = Model(1, slots=8, trouble=lambda at, _: status(429, BY_DAY) if 10 <= at < 40 else None)
    assert len(ask(model, 200).answers) == 200
