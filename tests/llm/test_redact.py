"""Answers and errors of any shape: each means something, and none ends a run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.llm.redact import KeyRedactor, clean, words_of
from digest.llm.response import MalformedError, UnusableError, read
from digest.model import Message, Request, Usage

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
        words_of(json.dumps(body).encode(), NO_KEY).encode()


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"a":' * 100_000, b"\xff\xfe", b"1" * 9000], ids=len)
def test_what_cannot_be_read_is_no_json(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        NO_KEY.parsed(body)
    words_of(body, NO_KEY).encode()


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


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "No.", "type": "t", "param": None, "code": "c"}}, "No. t c"),
        ({"error": "No."}, "No."),
        ({"detail": "No."}, "No."),
        (
            {"detail": [{"type": "t", "loc": ["body", "response_format"], "msg": "No.", "input": "paper"}]},
            "t body response_format No.",
        ),
        ({"message": {"detail": [{"msg": "No."}]}}, "No."),
        ([{"error": {"code": 429, "message": "No.", "status": "BUSY"}}], "No. BUSY"),
        ({"error": {"details": [{"retryDelay": "2s"}]}}, "retry in 2s"),
        ("No.", "No."),
        ({"surprise": "No."}, '{"surprise": "No."}'),
    ],
)
def test_the_words_of_an_error_are_found_in_any_shape(body: Any, words: str) -> None:
    assert words_of(json.dumps(body).encode(), NO_KEY) == words


def test_the_words_of_a_page_and_of_plain_text() -> None:
    assert words_of(b"<html><h1>Bad\n Gateway</h1></html>", NO_KEY) == "Bad Gateway"
    assert words_of(b"Content Exists Risk\n", NO_KEY) == "Content Exists Risk"
    assert words_of(b"", NO_KEY) == ""


@pytest.mark.parametrize("body", ['{"error": {"message": "key %s is bad"}}', '["%s", {"detail": "%s"}]'])
@pytest.mark.parametrize("escape", [lambda key: key, lambda key: key.replace("/", "\\/"), "".join])
def test_the_key_is_masked_however_it_is_escaped(body: str, escape: Any) -> None:
    key = "sk-AbC/dEf+012=="
    spelt = "".join(f"\\u{ord(c):04x}" for c in key) if escape == "".join else escape(key)
    content = body.replace("%s", spelt).encode()
    assert key not in words_of(content, KeyRedactor(key))
    assert "***" in words_of(content, KeyRedactor(key))
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
    said = words_of(words.encode(), KeyRedactor("sk-AbC/dEf+012=="))
    assert "***" in said
    assert "012" not in said
