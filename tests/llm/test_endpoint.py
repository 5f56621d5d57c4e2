"""The endpoint against a server on loopback that has the quirks of real ones."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from digest.config import ModelSettings
from digest.llm.capabilities import Capabilities
from digest.llm.endpoint import Endpoint
from digest.llm.model_list import listed_models
from digest.llm.rate_limits import IN_A_ROW
from digest.model import Completion, Message, Request
from digest.summarize.answer import read_fields, schema
from digest.system.errors import AnswerError, ModelError, QuotaError
from tests.examples import each_fast, first_fast
from tests.faulty import Fault, Server, fault


@pytest.fixture(scope="module")
def title(root: Path) -> str:
    record = (root / "digest/sample/data/papers.jsonl").read_text(encoding="utf-8").splitlines()[0]
    return str(json.loads(record)["title"])


def request(title: str, *, as_json: bool = True) -> Request:
    return Request(
        model="m",
        messages=(
            Message(role="system", content="Answer in json." if as_json else "Answer."),
            Message(role="user", content=title),
        ),
        temperature=0.0,
        max_tokens=500,
        json_schema=schema() if as_json else None,
    )


class Asked:
    """An endpoint for a server, and how long it waited."""

    def __init__(self, server: Server, **settings: Any) -> None:
        self.waits: list[float] = []
        self.learned: list[Capabilities] = []
        given = {
            "base_url": f"{server.url}/v1",
            "key": "k",
            "name": "m",
            "attempts": 4,
            "patience": 0,
            "timeout": 60,
            **settings,
        }

        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        self.endpoint = Endpoint(
            ModelSettings.model_validate(given),
            remember=lambda _, known: self.learned.append(Capabilities.model_validate_json(known)),
            sleep=sleep,
        )

    def __call__(self, asked: Request, times: int = 1) -> list[Completion]:
        async def go() -> list[Completion]:
            try:
                return [await self.endpoint.complete(asked) for _ in range(times)]
            finally:
                await self.endpoint.close()

        return asyncio.run(go())


def test_an_answer_comes_with_its_usage(server: Server, title: str) -> None:
    (completion,) = Asked(server)(request(title))
    assert read_fields(completion.content).kind
    assert completion.key == request(title).key
    assert completion.usage.input > 0
    assert completion.usage.output > 0
    assert completion.finish_reason == "stop"


@pytest.mark.parametrize(
    ("rejects", "learned", "sent"),
    [
        ([], ["json_schema"], 2),
        (["json_schema"], ["json_object"], 3),
        (["json_schema", "json_object"], ["text"], 4),
    ],
)
def test_the_ladder_is_walked_once(
    server: Server, title: str, rejects: list[str], learned: list[str], sent: int
) -> None:
    server.set(rejects=rejects)
    asked = Asked(server)
    for completion in asked(request(title), times=2):
        assert read_fields(completion.content).kind
    assert [known.answer_format for known in asked.learned] == learned
    assert server.stats()["requests"]["chat"] == sent
    assert asked.waits == []


@pytest.mark.parametrize("field", ["max_tokens", "temperature"])
def test_fields_that_a_model_does_not_know_are_left_out(server: Server, title: str, field: str) -> None:
    server.set(unsupported=[field])
    asked = Asked(server)
    assert asked(request(title))
    assert len(asked.learned) == 1


def test_who_accepts_no_form_is_quoted(server: Server, title: str) -> None:
    body = {"error": {"message": "Extra inputs are not permitted: response_format, max_tokens, temperature"}}
    server.faults(Fault(path="^/v1/chat", status=400, body=body))
    with pytest.raises(AnswerError, match="Extra inputs are not permitted"):
        Asked(server)(request(title))


@pytest.mark.parametrize(
    "name",
    first_fast(
        [
            "429",
            "reset",
            "server-error",
            "503",
            "silence",
        ],
        3,
    ),
)
def test_passing_trouble_passes(server: Server, title: str, name: str) -> None:
    server.faults(fault(name, path="^/v1/chat", first=2))
    asked = Asked(server, timeout=1 if name == "silence" else 60)
    assert asked(request(title))
    assert len(asked.waits) == (
        1 if name == "server-error" else 2
    )  # a 500 to the first is no word on its form
    assert all(0 <= wait <= 30 for wait in asked.waits)


def test_retry_after_is_obeyed_to_the_letter(server: Server, title: str) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    for headers, least, most in (
        ({"retry-after": "7"}, 7, 7),
        ({"retry-after": "1.5"}, 1.5, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25, 0.25),
        ({"retry-after": soon}, 50, 60),
    ):
        server.faults(Fault(path="^/v1/chat", status=429, headers=headers, first=1))
        asked = Asked(server)
        assert asked(request(title))
        (wait,) = asked.waits
        assert least <= wait <= most


def test_who_is_told_to_come_back_tomorrow_is_told_so_and_asks_no_more(server: Server, title: str) -> None:
    server.faults(Fault(path="^/v1/chat", status=429, headers={"retry-after": "86400"}))
    asked = Asked(server, concurrency=1)

    async def go() -> list[BaseException | Completion]:
        one = request(title)
        try:
            return await asyncio.gather(
                *(asked.endpoint.complete(one) for _ in range(20)), return_exceptions=True
            )
        finally:
            await asked.endpoint.close()

    found = asyncio.run(go())
    assert all(isinstance(error, AnswerError) and error.code == "unreachable" for error in found)
    assert all("24 hours" in str(error) for error in found)
    assert asked.waits == []
    assert server.stats()["requests"]["chat"] == IN_A_ROW


def test_what_an_answer_says_is_used_up_until_tomorrow_is_not_asked_for(server: Server, title: str) -> None:
    left = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "24h"}
    body = {"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]}
    server.faults(Fault(path="^/v1/chat", headers=left, body=body))
    with pytest.raises(AnswerError, match="24 hours"):
        Asked(server)(request(title), times=2)
    assert server.stats()["requests"]["chat"] == 1


@pytest.mark.parametrize(
    ("status", "value"), each_fast([429, 503], ["0", "-5", "Wed, 21 Oct 2015 07:28:00 GMT"])
)
def test_at_once_is_not_taken_to_the_letter(server: Server, title: str, status: int, value: str) -> None:
    server.faults(Fault(path="^/v1/chat", status=status, headers={"retry-after": value}, first=3))
    asked = Asked(server)
    assert asked(request(title))
    assert len(asked.waits) in {2, 3}  # a server may not be able to send such a header, and say 500
    assert all(0 < wait <= 2 for wait in asked.waits)


def test_rate_limits_are_no_failed_attempts(server: Server, title: str) -> None:
    told = {"retry-after-ms": "20"}
    server.faults(fault("429-retry-after", path="^/v1/chat", headers=told, first=9))
    asked = Asked(server, attempts=1)
    assert asked(request(title))
    assert asked.waits == [0.02] * 9


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("refusal", "refused"),
        ("content-filter", "refused"),
        ("content-risk", "refused"),
        ("inspection-failed", "refused"),
        ("empty", "empty"),
        ("reasoning-only", "empty"),
        ("length", "cut"),
    ],
)
def test_what_is_no_answer_is_not_taken_for_one(server: Server, title: str, name: str, code: str) -> None:
    server.faults(fault(name))
    asked = Asked(server)
    with pytest.raises(AnswerError) as raised:
        asked(request(title))
    assert raised.value.code == code
    assert asked.waits == []


@pytest.mark.parametrize(
    ("name", "error", "word"),
    [
        ("bad-key", ModelError, "OPENAI_API_KEY"),
        ("no-balance", QuotaError, "balance"),
        ("insufficient-quota", QuotaError, "balance"),
    ],
)
def test_what_concerns_all_papers_is_never_retried(
    server: Server, title: str, name: str, error: type[ModelError], word: str
) -> None:
    server.faults(fault(name))
    asked = Asked(server)
    with pytest.raises(error, match=word):
        asked(request(title))
    assert asked.waits == []
    assert server.stats()["requests"]["chat"] == 1


def test_trouble_that_stays_is_one_papers_trouble_once_the_endpoint_was_reached(
    server: Server, title: str
) -> None:
    server.faults(fault("server-error"))
    asked = Asked(server)
    with pytest.raises(AnswerError, match="HTTP 500") as raised:
        asked(request(title))
    assert raised.value.code == "unreachable"
    assert len(asked.waits) == 3


def test_an_endpoint_that_is_not_there_is_everybodys_trouble(title: str) -> None:
    asked = Asked(Server("http://127.0.0.1:1"), attempts=2)
    with pytest.raises(ModelError, match="OPENAI_BASE_URL") as raised:
        asked(request(title))
    assert not isinstance(raised.value, QuotaError)


def test_an_endpoint_that_is_not_there_is_not_asked_again(title: str) -> None:
    asked = Asked(Server("http://127.0.0.1:1"), attempts=2)

    async def go() -> None:
        for _ in range(3):
            with pytest.raises(ModelError):
                await asked.endpoint.complete(request(title))

    asyncio.run(go())
    assert len(asked.waits) == 1


def test_a_proxy_of_the_environment_is_not_asked_about_this_machine(
    server: Server, title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert Asked(server)(request(title))


def test_no_error_holds_the_key(server: Server, title: str) -> None:
    secret = "sk-this-must-not-be-seen"
    for name in ("bad-key", "server-error", "content-risk"):
        server.faults(fault(name))
        with pytest.raises((ModelError, AnswerError)) as raised:
            Asked(server, key=secret)(request(title))
        assert secret not in f"{raised.value!r}"


NO_LISTS: tuple[Any, ...] = (None, {}, 1, [], [None], [{"id": None}])


@pytest.mark.parametrize(
    "answer",
    first_fast(
        [
            {"body": "[" * 50_000},
            {"action": "stall"},
            {"body": {"data": [{"id": "\x1b[31m"}, {"id": "\n"}]}},
            {"body": {"data": [{"id": ["x"]}]}},
            {"body": "null"},
            *({"body": body} for body in ("", "[]", "[1]", "{", "{}", '"x"')),
            *({"body": {"data": data}} for data in NO_LISTS),
            {"body": {"error": {"message": "no"}}},
            {"status": 500, "body": "[" * 50_000},
        ],
        5,
    ),
    ids=lambda answer: str(answer)[:50],
)
def test_a_list_of_models_that_is_none(server: Server, answer: dict[str, Any]) -> None:
    server.faults(Fault(path="^/v1/models", **answer))

    async def ask() -> None:
        endpoint = Endpoint(ModelSettings.model_validate({"base_url": f"{server.url}/v1", "name": "m"}))
        try:
            await listed_models(endpoint, 0.5)
        finally:
            await endpoint.close()

    with pytest.raises(ModelError) as raised:
        asyncio.run(ask())
    assert "know the model" not in str(raised.value)
