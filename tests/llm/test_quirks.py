"""What real endpoints were seen to answer, one server mode each, and what must come of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from digest.config import ModelSettings
from digest.llm.endpoint import Endpoint
from digest.llm.response import UnusableError, parse
from digest.model import Completion, Message, Request
from digest.sample.data import SampleData
from digest.sample.knobs import Knobs
from digest.summarize.answer import read_fields, schema
from digest.system.errors import AnswerError, DigestError, ModelError, QuotaError
from digest.system.redact import KeyRedactor
from tests.examples import each_fast, first_fast
from tests.faulty import Fault, Server, fault

CHAT = "^/v1/chat"
TITLE = SampleData(Knobs()).records[0].title


def ask(server: Server, **settings: Any) -> tuple[Completion, list[float]]:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    messages = (Message(role="system", content="Answer in json."), Message(role="user", content=TITLE))
    request = Request(model="m", messages=messages, temperature=0.0, max_tokens=300, json_schema=schema())
    given = {"base_url": f"{server.url}/v1", "key": "secret-key", "name": "m", "attempts": 3, "patience": 0}
    given |= settings
    endpoint = Endpoint(ModelSettings.model_validate(given), sleep=sleep)

    async def go() -> Completion:
        try:
            return await endpoint.complete(request)
        finally:
            await endpoint.close()

    return asyncio.run(go()), waits


def said(status: int, body: dict[str, Any] | str, **fields: Any) -> Fault:
    return Fault(path=CHAT, status=status, body=body, **fields)


def completion(**message: Any) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


FIELDS = json.dumps(
    {"kind": "method", "task": "语音识别", "problem": "噪声中性能下降", "contribution": "提出一种方法"},
    ensure_ascii=False,
)


def test_deepseek_takes_json_object_only(server: Server) -> None:
    server.set(rejects=["json_schema"])
    assert read_fields(ask(server, preset="deepseek")[0].content).kind
    assert server.stats()["requests"]["chat"] == 1  # the preset knows
    assert read_fields(ask(server)[0].content).kind
    assert server.stats()["requests"]["chat"] == 3  # one refusal taught it


def test_deepseek_sends_blank_lines_while_it_is_busy(server: Server) -> None:
    blank = "\n" * 40 + json.dumps(completion(content=FIELDS))
    server.faults(said(200, blank, headers={"Content-Type": "application/json"}))
    assert ask(server)[0].content == FIELDS


def test_deepseek_breaks_off_for_want_of_resources(server: Server) -> None:
    broken = completion(content="{")
    broken["choices"][0]["finish_reason"] = "insufficient_system_resource"
    server.faults(said(200, broken, first=1))
    answer, waits = ask(server)
    assert read_fields(answer.content).kind
    assert len(waits) == 1


def test_qwen_wants_thinking_turned_off(server: Server) -> None:
    server.set(requires={"enable_thinking": False})
    assert read_fields(ask(server)[0].content).kind  # one refusal teaches it
    assert server.stats()["requests"]["chat"] == 2
    assert read_fields(ask(server, preset="qwen")[0].content).kind
    assert read_fields(ask(server, body={"enable_thinking": False})[0].content).kind


def test_vllm_spells_it_otherwise(server: Server) -> None:
    server.set(requires={"chat_template_kwargs": {"enable_thinking": False}})
    assert read_fields(ask(server, preset="vllm")[0].content).kind


def test_openais_reasoning_models_know_neither_max_tokens_nor_temperature(server: Server) -> None:
    server.set(unsupported=["max_tokens", "temperature"])
    assert read_fields(ask(server)[0].content).kind
    assert read_fields(ask(server, preset="openai")[0].content).kind


def test_openrouter_tells_of_errors_in_a_200(server: Server) -> None:
    server.faults(said(200, {"error": {"code": 502, "message": "Provider returned error"}}, first=2))
    answer, waits = ask(server)
    assert read_fields(answer.content).kind
    assert len(waits) == 2
    late = completion(content=None)
    late["choices"][0]["error"] = {"code": 429, "message": "Rate limited"}
    server.faults(said(200, late, first=5))
    assert len(ask(server)[1]) == 5  # a rate limit is no failed attempt


@pytest.mark.parametrize(
    ("status", "body"),
    first_fast(
        [
            (402, {"error": {"message": "Insufficient Balance", "type": "unknown_error"}}),  # DeepSeek
            (
                400,
                {"error": {"code": "Arrearage", "message": "Access denied, not in good standing."}},
            ),  # Qwen
            (429, {"message": {"detail": [{"msg": "no", "code": "insufficient_quota"}]}}),
            (402, {"error": {"code": 402, "message": "Insufficient credits"}}),  # OpenRouter
            (403, {"code": 30001, "message": "Sorry, your account balance is insufficient", "data": None}),
            (429, {"error": {"message": "You exceeded your current quota", "type": "insufficient_quota"}}),
            (429, {"error": {"message": "You exceeded your current quota."}}),
        ],
        3,
    ),
)
def test_an_empty_account_has_many_faces(server: Server, status: int, body: dict[str, Any]) -> None:
    server.faults(said(status, body))
    with pytest.raises(QuotaError, match="Top it up"):
        ask(server)
    assert server.stats()["requests"]["chat"] == 1


@pytest.mark.parametrize(
    ("status", "body"),
    first_fast(
        [
            (400, {"error": {"message": "Content Exists Risk", "type": "invalid_request_error"}}),  # DeepSeek
            (500, {"error": {"message": "data_inspection_failed: Output data may be bad"}}),
            (200, {"error": {"code": "content_filter", "message": "blocked"}}),
            (200, {"choices": [{"message": {"content": ""}, "finish_reason": "sensitive"}]}),  # Zhipu
            (400, {"error": {"code": "data_inspection_failed", "message": "Output data may be bad"}}),  # Qwen
            (403, {"error": {"code": 403, "message": "Input was flagged by moderation"}}),  # OpenRouter
            (400, "Content Exists Risk"),
            (400, {"detail": "Content Exists Risk"}),
            (422, {"detail": [{"msg": "flagged", "type": "content_filter"}]}),
            (451, {"error": "blocked by the content filter"}),
            (200, {"error": {"code": "data_inspection_failed", "message": "Output data may be bad"}}),
            (200, completion(content=[{"type": "refusal", "refusal": "I can't."}])),
        ],
        4,
    ),
)
def test_a_refusal_has_many_faces(server: Server, status: int, body: dict[str, Any]) -> None:
    server.faults(said(status, body))
    with pytest.raises(AnswerError) as raised:
        ask(server)
    assert raised.value.code == "refused"
    assert server.stats()["requests"]["chat"] == 1


@pytest.mark.parametrize(
    ("status", "body"),
    first_fast(
        [
            (404, {"error": {"message": 'model "m" not found, try pulling it first'}}),  # Ollama
            (400, {"error": "Invalid model: foo"}),
            (
                400,
                {"code": 20012, "message": "Model does not exist. Please check it carefully.", "data": None},
            ),
            (400, {"error": {"message": "Model Not Exist", "type": "invalid_request_error"}}),  # DeepSeek
            (400, {"error": {"message": "foo is not a valid model ID"}}),  # OpenRouter
            (400, {"object": "error", "message": "The model `foo` does not exist."}),  # vLLM
            (404, {"error": {"message": "The model `foo` does not exist", "code": "model_not_found"}}),
            (422, {"detail": "Unknown model"}),
        ],
        2,
    ),
)
def test_an_unknown_model_is_everybodys_trouble(server: Server, status: int, body: dict[str, Any]) -> None:
    server.faults(said(status, body))
    with pytest.raises(ModelError, match=r"does not know the model 'm'.*DIGEST_MODEL"):
        ask(server)


def test_a_wrong_address_is_not_called_an_unknown_model(server: Server) -> None:
    server.faults(said(404, {"detail": "Not Found"}))
    with pytest.raises(ModelError, match="OPENAI_BASE_URL: does it end in /v1"):
        ask(server)


@pytest.mark.parametrize(
    "words", ["Country, region, or territory not supported", "Model access denied."], ids=str
)
def test_what_denies_is_repeated(server: Server, words: str) -> None:
    server.faults(said(403, {"error": {"message": words}}))
    with pytest.raises(ModelError, match=words):
        ask(server)


@pytest.mark.parametrize("status", first_fast([301, 302, 303]))
def test_an_address_that_moved_is_told_and_not_asked_without_a_question(server: Server, status: int) -> None:
    server.faults(said(status, "", headers={"Location": "/v2/chat/completions"}))
    with pytest.raises(ModelError, match=r"redirects to http://\S+/v2\. Set OPENAI_BASE_URL"):
        ask(server)
    assert sum(server.stats()["requests"].values()) == 1


def test_a_redirect_that_keeps_the_question_is_followed(server: Server) -> None:
    server.faults(said(308, "", headers={"Location": "/v1/chat/completions"}, first=1))
    assert ask(server)[0].content


def test_geminis_rate_limit_is_no_empty_account(server: Server) -> None:
    words = "You exceeded your current quota, please check your plan and billing details. limit: 15. "
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"}]
    for body, headers, wait in (
        ({"error": {"message": words + "Please retry in 2.1s."}}, {}, 2.1),
        ({"error": {"message": words}}, {"retry-after": "2"}, 2),
        ([{"error": {"code": 429, "message": words, "details": details}}], {}, 2),
    ):
        server.faults(said(429, json.dumps(body), headers=headers, first=1))
        assert ask(server)[1] == [wait]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": {"message": "Failed to generate JSON.", "code": "json_validate_failed"}}),  # Groq
        (425, {"error": {"message": "Too early"}}),
    ],
)
def test_what_another_try_may_mend_is_tried_within_the_attempts(
    server: Server, status: int, body: dict[str, Any]
) -> None:
    blind = status == 400  # the first question is put in a weaker form once, whatever was said
    server.faults(said(status, body, first=2))
    assert len(ask(server)[1]) == 2 - blind
    server.faults(said(status, body))
    with pytest.raises(AnswerError):
        ask(server)
    assert server.stats()["requests"]["chat"] == 3 + blind


@pytest.mark.parametrize(
    "body",
    first_fast(
        [
            {"detail": "response_format is not supported"},
            [{"error": {"message": "Failed to parse grammar"}}],
            {"detail": [{"type": "extra_forbidden", "loc": ["body", "response_format"], "msg": "no"}]},
            {"message": {"detail": [{"loc": ["body", "response_format"], "msg": "Extra inputs"}]}},
            {"error": "JSON mode is not enabled"},
        ],
        2,
    ),
    ids=str,
)
def test_a_form_that_is_not_taken_is_learned_from_any_shape_of_words(server: Server, body: Any) -> None:
    server.faults(said(400, json.dumps(body), first=2))
    answer, waits = ask(server)
    assert answer.content
    assert waits == []
    assert server.stats()["requests"]["chat"] == 3


def test_llamacpp_is_loading_its_model(server: Server) -> None:
    loading = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}
    server.faults(said(503, loading, first=2))
    assert len(ask(server)[1]) == 2


def test_a_gateway_answers_with_a_page(server: Server) -> None:
    server.faults(fault("html-instead", path=CHAT, first=1))
    assert len(ask(server)[1]) == 1
    server.faults(fault("html-instead", path=CHAT))
    with pytest.raises(ModelError, match=r"no JSON but text/html: 'Access Denied'.*end in /v1\?"):
        ask(server)
    asked = server.stats()["requests"]["chat"]
    with pytest.raises(ModelError):
        ask(server)
    assert server.stats()["requests"]["chat"] == asked + 2


def test_an_answer_that_would_fill_the_memory_is_not_read_to_its_end(server: Server) -> None:
    server.faults(said(200, completion(content="x" * 9_000_000)))
    with pytest.raises(AnswerError, match="more than 8 MB") as raised:
        ask(server)
    assert raised.value.code == "unreadable"
    assert server.stats()["requests"]["chat"] == 1
    server.faults(said(200, completion(content="x" * 1_000_000)))
    assert len(ask(server)[0].content) < 300_000


@pytest.mark.parametrize("name", ["think", "fence", "chatter"])
def test_the_answer_is_wrapped(server: Server, name: str) -> None:
    server.faults(fault(name))
    assert read_fields(ask(server)[0].content).kind


def test_usage_is_missing_or_named_otherwise(server: Server) -> None:
    server.faults(said(200, {**completion(content=FIELDS), "usage": None}))
    assert ask(server)[0].usage.input == 0
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "prompt_cache_hit_tokens": 8}  # DeepSeek
    server.faults(said(200, {**completion(content=FIELDS), "usage": usage}))
    assert ask(server)[0].usage.cached == 8


@pytest.mark.parametrize(
    "body",
    first_fast(
        [
            {},
            {"choices": [None]},
            {"choices": []},
            {"choices": None},
            {"choices": [{}]},
            "[]",
            "null",
        ],
        2,
    ),
)
def test_a_200_without_an_answer_is_asked_again(server: Server, body: dict[str, Any] | str) -> None:
    server.faults(said(200, body, first=1))
    assert len(ask(server)[1]) == 1


@pytest.mark.parametrize(
    "body",
    first_fast(
        [
            "[" * 200_000,
            json.dumps(completion(content="x")).replace('"stop"', '{"a": []}'),
            json.dumps({**completion(content="x"), "usage": {"prompt_tokens": float("inf")}}),
            json.dumps({**completion(content="x\ud83d"), "model": "\ud83d"}),
            json.dumps(completion(content="x")).replace('"stop"', '["stop"]'),
            json.dumps({"error": {"message": "\ud83d"}}),
            json.dumps(completion(content=None, refusal="\ud83d")),
        ],
        4,
    ),
    ids=lambda body: body[-30:],
)
def test_one_odd_answer_is_that_questions_trouble(server: Server, body: str) -> None:
    server.faults(said(200, body, first=1))
    try:
        answer, waits = ask(server)
    except AnswerError as error:
        str(error).encode()
    else:
        answer.model_dump_json().encode()
        assert len(waits) <= 1


@pytest.mark.parametrize(
    ("answer", "length"),
    each_fast(
        [
            (200, {"error": {"message": "{}"}}),
            (200, completion(content=None, refusal="{}")),
            (500, {"error": {"message": "{}"}}),
            (403, {"detail": "{}"}),
            (400, "{}"),
            (200, {**completion(content=FIELDS), "model": "{}"}),
        ],
        [0, 150, 190],
    ),
)
def test_no_words_of_an_endpoint_hold_the_key(
    server: Server, answer: tuple[int, dict[str, Any] | str], length: int
) -> None:
    status, body = answer
    key = "sk-secret-0123456789abcdefghijklmnopqrstuvwxyz"
    filled = json.dumps(body).replace("{}", "x" * length + " " + key)
    server.faults(said(status, filled))
    try:
        found = str(ask(server, key=key, attempts=1)[0])
    except DigestError as error:
        found = str(error)
    assert key[:12] not in found


def test_an_endpoint_that_repeats_the_key_is_not_quoted(server: Server) -> None:
    server.faults(said(422, {"error": {"message": "bad request of secret-key"}}))
    with pytest.raises(DigestError) as raised:
        ask(server)
    assert "secret-key" not in str(raised.value)
    assert "***" in str(raised.value)


def test_a_model_with_one_temperature_is_asked_without(server: Server) -> None:
    words = "invalid temperature: only 1 is allowed for this model"
    server.faults(said(400, {"error": {"message": words, "type": "invalid_request_error"}}, first=1))
    answer, waits = ask(server)
    assert answer.content
    assert waits == []


@pytest.mark.parametrize(("status", "asked"), [(400, 6), (500, 2)])
def test_the_first_question_is_put_in_a_weaker_form_whatever_is_said(
    server: Server, status: int, asked: int
) -> None:
    server.set(rejects=["json_schema"])
    server.faults(said(status, {"error": {"message": "Something went wrong."}}, first=1))
    assert ask(server)[0].content
    assert server.stats()["requests"]["chat"] == 2
    server.faults(said(status, {"error": {"message": "Something went wrong."}}))
    with pytest.raises(AnswerError, match="Something went wrong"):
        ask(server, attempts=1)
    assert server.stats()["requests"]["chat"] == asked


FULL = {"prompt_tokens": 9, "completion_tokens": 300}
EARLY = {"prompt_tokens": 3990, "completion_tokens": 106}
UNCOUNTED = {"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 309}
NOTHING = {"prompt_tokens": 4096, "completion_tokens": 0, "total_tokens": 4096}
"""Tokens of an answer that filled its limit, of one that did not; Gemini leaves thoughts out; the context of
LM Studio was full before it began."""


def finished(reason: str | None, usage: dict[str, int] | None = None, **message: Any) -> dict[str, Any]:
    body = completion(**message)
    body["choices"][0]["finish_reason"] = reason
    return {**body, "usage": usage or {}}


@pytest.mark.parametrize(
    "reason",
    first_fast(
        [
            *("SAFETY", "ContentFilter", "RECITATION", "prompt_blocked"),
            *("PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "content_filter", "sensitive", "refusal"),
            *("guardrail_intervened", "content-filter", "risk_control"),
        ],
        4,
    ),
)
def test_a_filter_may_stop_an_answer_under_any_name(server: Server, reason: str) -> None:
    server.faults(said(200, finished(reason)))
    with pytest.raises(AnswerError) as raised:
        ask(server)
    assert raised.value.code == "refused"
    assert reason in str(raised.value)


def test_a_prompt_that_is_blocked_without_a_choice_is_refused(server: Server) -> None:
    server.faults(said(200, {"choices": [], "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}))
    with pytest.raises(AnswerError, match="PROHIBITED_CONTENT") as raised:
        ask(server)
    assert raised.value.code == "refused"


def test_an_unknown_end_without_content_is_named_and_final(server: Server) -> None:
    server.faults(said(200, finished("MALFORMED_FUNCTION_CALL")))
    with pytest.raises(UnusableError, match="MALFORMED_FUNCTION_CALL") as raised:
        ask(server)
    assert not raised.value.again
    assert raised.value.code == "refused"  # so title and abstract are tried: it may be a filter's own name
    server.faults(said(200, finished("stop")))
    with pytest.raises(UnusableError) as raised:
        ask(server)
    assert raised.value.again


@pytest.mark.parametrize(
    ("body", "code", "thinks"),
    first_fast(
        [
            (finished("length", FULL, content="{"), "cut", False),
            (
                finished("length", FULL, reasoning_content="嗯"),
                "cut",
                True,
            ),
            (
                finished("length", EARLY, content="{"),
                "too_long",
                False,
            ),
            (finished("stop", None, reasoning_content="嗯"), "empty", True),
            (finished("length", None, content="{"), "cut", False),
            (finished("MAX_TOKENS", FULL, content="{"), "cut", False),
            (finished("length", None, content="<think>嗯"), "cut", True),
            (finished("length", UNCOUNTED), "cut", False),
            (finished("length", NOTHING, content=""), "too_long", False),
            (finished("model_length", None, content="{"), "too_long", False),
            (finished("model_context_window_exceeded", None, content="{"), "too_long", False),
        ],
        4,
    ),
)
def test_why_an_answer_did_not_end(server: Server, body: dict[str, Any], code: str, thinks: bool) -> None:
    server.faults(said(200, body))
    with pytest.raises(UnusableError) as raised:
        ask(server)
    assert (raised.value.code, raised.value.thinks) == (code, thinks)


TOKENS = {"prompt_tokens": 7, "completion_tokens": 5}


def streamed(*pieces: object, end: str = "data: [DONE]\n\n") -> str:
    return "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces) + end


def piece(content: str | None = None, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    delta = {} if content is None else {"content": content}
    return {"model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **fields}


@pytest.mark.parametrize(
    ("body", "kind"),
    each_fast(
        [
            streamed(piece(FIELDS[:20]), piece(FIELDS[20:]), piece(finish="stop")),
            streamed(piece(FIELDS), piece(finish="stop"), end=""),
            ": ping\n\nevent: message\n" + streamed(piece(FIELDS)),
            "\n".join(json.dumps(one) for one in (piece(FIELDS), piece(finish="stop"))),
            json.dumps(piece(FIELDS, "stop")),
            streamed(
                piece(FIELDS, "stop"), {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}}
            ),
        ],
        ["text/event-stream", "application/json"],
    ),
)
def test_a_stream_that_nobody_asked_for_is_read(server: Server, body: str, kind: str) -> None:
    server.faults(said(200, body, headers={"Content-Type": kind}))
    answer, waits = ask(server)
    assert answer.content == FIELDS
    assert waits == []
    if "prompt_tokens" in body:
        assert (answer.usage.input, answer.usage.output) == (7, 5)


def test_an_answer_in_another_charset_is_read() -> None:
    body = json.dumps(completion(content="语音"), ensure_ascii=False)
    for kind in ("application/json; charset=gbk", "application/json; charset=utf-8", "text/html;charset=no"):
        content = body.encode("gbk" if "gbk" in kind else "utf-8")
        assert json.dumps(parse(content, kind, KeyRedactor("")), ensure_ascii=False) == body


def test_a_stream_that_breaks_off_is_asked_for_again(server: Server) -> None:
    server.faults(said(200, streamed(piece(FIELDS[:20]), end=""), first=1))
    assert len(ask(server)[1]) == 1
    server.faults(said(200, streamed(piece("{"), {"error": {"code": 429, "message": "slow down"}}), first=1))
    assert len(ask(server)[1]) == 1


@pytest.mark.parametrize(
    "body",
    [
        "<!doctype html><title>Gateway</title>",
        "Gateway is running",
        {"message": "Welcome to the Gateway"},
        {"object": "list", "title": "Gateway"},
        '"Gateway"',
    ],
    ids=str,
)
def test_a_200_that_is_no_answer_is_everybodys_trouble(server: Server, body: dict[str, Any] | str) -> None:
    server.faults(said(200, body))
    with pytest.raises(ModelError, match=r"does the address end in /v1\?"):
        ask(server, attempts=2)


def test_a_wait_that_is_given_up_quotes_the_refusal(server: Server) -> None:
    body = {"error": {"message": "已达到每周使用上限"}}
    server.faults(said(429, body, headers={"retry-after": "86400"}))

    async def go() -> list[BaseException]:
        given = {"base_url": f"{server.url}/v1", "key": "k", "name": "m", "concurrency": 1}
        endpoint = Endpoint(ModelSettings.model_validate(given), sleep=lambda _: asyncio.sleep(0))
        request = Request(model="m", messages=(Message(role="user", content="?"),), max_tokens=9)
        try:
            found = await asyncio.gather(
                *(endpoint.complete(request) for _ in range(9)), return_exceptions=True
            )
        finally:
            await endpoint.close()
        return [error for error in found if isinstance(error, BaseException)]

    errors = asyncio.run(go())
    assert len(errors) == 9
    assert all("已达到每周使用上限" in str(error) for error in errors)
