"""Answers and errors of any shape: each means something, and none ends a run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.llm.api_error import ApiError, clean, error_of
from digest.llm.response import MalformedError, UnusableError, read
from digest.model import Message, Request, Usage
from digest.system.redact import KeyRedactor

NO_KEY = KeyRedactor("")
REQUEST = Request(model="m", messages=(Message(role="user", content="?"),), max_tokens=9)
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None, categories=["Cs", "L", "Cc"])),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=3), some, max_size=3),
    max_leaves=8,
)


def completion(content: Any = "x", choice: Any = None, **fields: Any) -> dict[str, Any]:
    one = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop", **(choice or {})}
    return {"model": "m", "choices": [one], **fields}


@given(
    ODD, st.sampled_from(["content", "refusal", "finish_reason", "usage", "model", "error", "choices", "all"])
)
def test_whatever_stands_in_an_answer_is_an_answer_or_known_trouble(odd: Any, place: str) -> None:
    body: Any = completion(choice={"finish_reason": odd} if place == "finish_reason" else None)
    if place in {"content", "refusal"}:
        body["choices"][0]["message"][place] = odd
    elif place == "usage":
        body["usage"] = {"prompt_tokens": odd, "completion_tokens": odd, "prompt_tokens_details": odd}
    elif place == "all":
        body = odd
    elif place != "finish_reason":
        body[place] = odd
    try:
        found = read(body, REQUEST)
    except (UnusableError, MalformedError) as error:
        str(error).encode()
    else:
        found.model_dump_json().encode()
        assert found.usage.input >= 0


@given(ODD)
def test_whatever_an_error_holds_has_words(odd: Any) -> None:
    for body in (odd, {"error": odd}, {"message": {"detail": odd}}, [{"error": {"message": odd}}]):
        error_of(400, json.dumps(body).encode(), NO_KEY).words.encode()


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"a":' * 100_000, b"\xff\xfe", b"1" * 9000], ids=len)
def test_what_cannot_be_read_is_no_json(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        NO_KEY.parsed(body)
    error_of(400, body, NO_KEY).words.encode()


def test_deep_answers_are_no_trouble() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [{"text": deep}]
    with pytest.raises(UnusableError):
        read(completion(deep), REQUEST)
    with pytest.raises(MalformedError):
        read(completion(error=deep), REQUEST)


def test_half_characters_are_replaced() -> None:
    assert clean("a\ud83d b\U0001f600") == "a\ufffd b\U0001f600"
    assert read(completion("a\ud83d"), REQUEST).content == "a\ufffd"


@pytest.mark.parametrize(
    "usage",
    [
        None,
        [1],
        {"prompt_tokens": "100", "completion_tokens": "20"},
        {"prompt_tokens": 100},
        {"prompt_tokens": float("inf"), "completion_tokens": 1},
        {"prompt_tokens": float("nan"), "completion_tokens": 1},
        {"prompt_tokens": 10**30, "completion_tokens": 1},
    ],
)
def test_usage_that_cannot_be_read_is_unknown(usage: Any) -> None:
    assert read(completion(usage=usage), REQUEST).usage == Usage()


FULL = ApiError(400, "c", "t", "p", "No.")
RAW = {"code": "c", "type": "t", "param": "p", "error": "No."}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": {"message": "No.", "type": "t", "param": "p", "code": "c"}}, FULL),
        ({"message": "No.", "error_type": "t", "field": "p", "error_code": "c"}, FULL),
        ({"Response": {"Error": {"Code": "c", "Message": "No.", "Type": "t", "Param": "p"}}}, FULL),
        ({"error": {"message": json.dumps({"error": RAW})}}, FULL),
        ({"errors": [{"code": "c", "type": "t", "param": "p", "msg": "No."}]}, FULL),
        ({"error": {"code": 400, "metadata": {"raw": RAW}}}, FULL),
        ({"error": "No."}, ApiError(400, message="No.")),
        ({"detail": "No."}, ApiError(400, message="No.")),
        ({"code": 20012, "msg": "No."}, ApiError(400, "20012", message="No.")),
        ({"base_resp": {"status_code": 1008, "status_msg": "No."}}, ApiError(400, "1008", message="No.")),
        (
            {"detail": [{"type": "t", "loc": ["body", "temperature"], "msg": "No.", "input": "paper"}]},
            ApiError(400, type="t", param="temperature", message="No."),
        ),
        ({"message": {"detail": [{"msg": "No."}]}}, ApiError(400, message="No.")),
        (
            [{"error": {"code": 429, "message": "No.", "status": "BUSY"}}],
            ApiError(400, type="BUSY", message="No."),
        ),
        ({"error": {"details": [{"retryDelay": "2s"}]}}, ApiError(400, message="retry in 2s")),
        ("No.", ApiError(400, message="No.")),
        ({"surprise": "No."}, ApiError(400, message='{"surprise": "No."}')),
    ],
    ids=str,
)
def test_the_fields_of_an_error_are_found_in_any_shape(body: Any, error: ApiError) -> None:
    assert error_of(400, json.dumps(body).encode(), NO_KEY) == error


def test_fields_that_a_gateway_repeats_in_words_are_found() -> None:
    message = "litellm.APIError: OpenAIException - {'error': {'message': 'No.', 'code': '1113', 'type': 't'}}"
    error = error_of(500, json.dumps({"error": {"message": message, "code": "500"}}).encode(), NO_KEY)
    assert (error.status, error.code, error.type) == (500, "1113", "t")


@pytest.mark.parametrize(
    "body",
    [{"error": {"code": 502}}, {"status": 502, "message": "x"}, {"error": {"code": "502", "msg": "x"}}],
)
def test_a_200_may_name_another_status(body: Any) -> None:
    assert error_of(200, json.dumps(body).encode(), NO_KEY).status == 502


def test_the_words_of_a_page_and_of_plain_text() -> None:
    for content, said in (
        (b"<html><h1>Bad\n Gateway</h1></html>", "Bad Gateway"),
        (b"Content Exists Risk\n", "Content Exists Risk"),
        (b"", ""),
        (b'{"error": "\\u001b[31mred"}', "[31mred"),
    ):
        assert error_of(400, content, NO_KEY).message == said


@pytest.mark.parametrize("body", ['{"error": {"message": "key %s is bad"}}', '["%s", {"detail": "%s"}]'])
@pytest.mark.parametrize("escape", [lambda key: key, lambda key: key.replace("/", "\\/"), "".join])
def test_the_key_is_masked_however_it_is_escaped(body: str, escape: Any) -> None:
    key = "sk-AbC/dEf+012=="
    spelt = "".join(f"\\u{ord(c):04x}" for c in key) if escape == "".join else escape(key)
    content = body.replace("%s", spelt).encode()
    assert key not in error_of(400, content, KeyRedactor(key)).words
    assert "***" in error_of(400, content, KeyRedactor(key)).words
    assert key not in str(KeyRedactor(key).parsed(content))


@pytest.mark.parametrize(
    "words",
    [
        r'{"error": {"message": "bad", "metadata": {"raw": "{\\"error\\": \\"sk-AbC\\\\/dEf+012==\\"}"}}}',
        r'{"reply": "bad key sk-AbC\/dEf+012=="}',
        r'data: {"error": "sk-AbC\/dEf+012=="}',
        "<p>sk-AbC&#x2F;dEf&#43;012==</p>",
        "https://example.org/?key=sk-AbC%2FdEf%2B012%3D%3D",
    ],
)
def test_the_key_is_masked_in_what_is_escaped_elsewhere(words: str) -> None:
    said = error_of(400, words.encode(), KeyRedactor("sk-AbC/dEf+012==")).words
    assert "***" in said
    assert "012" not in said
