"""What is learned of the form of questions, and what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from digest.config import ModelSettings
from digest.llm.api_error import ApiError
from digest.llm.capabilities import Forms, write
from digest.llm.lessons import Traits, fitting, learn
from digest.llm.presets import profile
from digest.model import Message, Request

REQUEST = Request(
    model="m",
    messages=(Message(role="user", content="json?"),),
    temperature=0.0,
    max_tokens=600,
    json_schema={"type": "object"},
)
STRONG, WEAK = Traits(), Traits(answer_format="json_object")
NO_FORMAT = ApiError(400, message="guided decoding failed for this request")
FIELDS = {"chat_template_kwargs": {}, "top_p": 1}
WITHOUT_LIMIT = {"token_limit": "max_completion_tokens", "left_out": ("max_tokens",)}
NO_TEMPERATURE = {"left_out": ("temperature",)}
THINKING = {"enable_thinking": False}
OBJECT = {"answer_format": "json_object"}


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ("This response_format type is unavailable now", OBJECT),
        ("Structured Outputs are not supported", OBJECT),
        ("JSON mode is not enabled", OBJECT),
        ("Failed to parse grammar", OBJECT),
        ("'response_format.type' must be 'json_schema' or 'text'", OBJECT),
        ("模型不支持结构化输出", OBJECT),
        ("Unsupported parameter: 'max_tokens'", WITHOUT_LIMIT),
        ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", WITHOUT_LIMIT),
        ("Extra inputs are not permitted: max_tokens", WITHOUT_LIMIT),
        ("Unknown field: max_tokens", WITHOUT_LIMIT),
        ("Unsupported value: 'temperature' does not support 0.2 with this model.", NO_TEMPERATURE),
        ("Temperature must be 1 for this model", NO_TEMPERATURE),
        ("invalid temperature: only 1 is allowed for this model", NO_TEMPERATURE),
        ("invalid temperature: only 0.6 is allowed for this model", NO_TEMPERATURE),
        ("`temperature` must be strictly positive", NO_TEMPERATURE),
        ("temperature 取值范围应为 (0, 1]", NO_TEMPERATURE),
        ("temperature 参数非法。请检查文档", NO_TEMPERATURE),
        ("该模型不支持设置温度", NO_TEMPERATURE),
        ("sampling parameters are not supported", NO_TEMPERATURE),
        ("`temperature` is deprecated for this model.", NO_TEMPERATURE),
        ("property 'chat_template_kwargs' is unsupported", {"left_out": ("chat_template_kwargs",)}),
        ('Unknown name "top_p": Cannot find field.', {"left_out": ("top_p",)}),
        ("This model only support stream mode, please enable the stream parameter", {"stream": True}),
        ("System role not supported", {"system": False}),
        (
            "'messages[0].role' does not support 'system' with this model.",
            {"system": False},
        ),
        ("parameter.enable_thinking must be set to false for non-streaming calls", {"added": THINKING}),
        ("Invalid value at 'generation_config.response_schema'", OBJECT),
        ("max_tokens is too large: 600. This model supports at most 100 tokens", {"answer_limit": 100}),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 512]", {"answer_limit": 512}),
        ("max_tokens must be less than 512", {"answer_limit": 511}),
        ("max_tokens must be greater than 4096", {"room": 4097}),
        ("max_tokens must be less than 4096", None),
        ("temperature must be between 0 and 1", None),
        ("temperature must be less than or equal to 2", None),
        ("top_p must be in the range (0, 1]", None),
        ("该模型的 temperature 取值必须为 1", NO_TEMPERATURE),
        ("temperature 取值必须为 0 到 1", None),
        ("The model does not support JSON output", OBJECT),
        ("response schema is too complex for constrained decoding", OBJECT),
        ("non-streaming is not supported for this model", {"stream": True}),
        ("Developer instruction is not enabled for models/gemma-3-27b-it", {"system": False}),
        ("Conversation roles must alternate user/assistant/user/assistant/...", {"system": False}),
        ("invalid role: system", {"system": False}),
        ("bad request", None),
    ],
)
def test_a_lesson_is_drawn_from_words_about_a_field_only(said: str, changed: dict[str, Any] | None) -> None:
    expected = None if changed is None else STRONG.model_copy(update=changed)
    assert learn(STRONG, REQUEST, ApiError(400, message=said), FIELDS) == expected


@pytest.mark.parametrize(
    ("error", "changed"),
    [
        (ApiError(400, "unsupported_parameter", param="max_tokens", message="No."), WITHOUT_LIMIT),
        (ApiError(400, param="temperature", message="Not for this model."), NO_TEMPERATURE),
        (ApiError(422, type="extra_forbidden", param="temperature", message="No."), NO_TEMPERATURE),
        (ApiError(422, type="less_than_equal", param="temperature", message="Input should be lower"), None),
        (ApiError(400, param="response_format", message="See temperature."), OBJECT),
        (ApiError(503, message="The temperature of the machine is too high"), None),
        (ApiError(500, message="m does not support parameters: ['response_format']"), OBJECT),
    ],
    ids=str,
)
def test_fields_of_an_error_go_before_its_words(error: ApiError, changed: dict[str, Any] | None) -> None:
    expected = None if changed is None else STRONG.model_copy(update=changed)
    assert learn(STRONG, REQUEST, error) == expected


def test_a_limit_that_is_refused_under_both_names_is_left_out() -> None:
    new = Traits(token_limit="max_completion_tokens")
    assert learn(new, REQUEST, ApiError(400, message="max_completion_tokens is too large: 9")) is None
    error = ApiError(400, message="Unrecognized request argument supplied: max_completion_tokens")
    old = learn(new, REQUEST, error)
    assert old is not None
    assert "max_tokens" in write(REQUEST, old, {})
    neither = learn(old, REQUEST, ApiError(400, message="Unrecognized request argument supplied: max_tokens"))
    assert neither is not None
    assert not write(REQUEST, neither, {}).keys() & {"max_tokens", "max_completion_tokens"}


def test_settings_go_before_the_prompts_own_values() -> None:
    body = write(
        REQUEST, STRONG, {"temperature": 1, "max_completion_tokens": 50, "model": "x", "messages": []}
    )
    assert body["temperature"] == 1
    assert body["max_completion_tokens"] == 50
    assert "max_tokens" not in body
    assert body["model"] == "m"
    assert len(body["messages"]) == 1


def test_who_takes_no_system_message_is_told_by_the_user() -> None:
    messages = (Message(role="system", content="Rules."), *REQUEST.messages)
    asked = REQUEST.model_copy(update={"messages": messages})
    body = write(asked, STRONG.model_copy(update={"system": False}), {})
    assert body["messages"] == [{"role": "user", "content": "Rules.\n\njson?"}]


def test_what_older_versions_learned_is_read() -> None:
    kept = '{"answer_format": "text", "token_limit": "max_completion_tokens", "temperature": false}'
    assert Traits.model_validate_json(kept).left_out == ("temperature",)
    assert Traits.model_validate_json(kept.replace("false", "true")).left_out == ()


@pytest.mark.parametrize(
    ("message", "fits"),
    [
        ("request (4821 tokens) exceeds the available context size (4096 tokens)", 807),
        ("maximum context length is 4096 tokens. However, you requested 4696 tokens (3672 + 1024)", 828),
        ("n_keep: 13055>= n_ctx: 4096", 298),
        ("Range of input length should be [1, 500]", 500),
        ("<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 512]", 512),
        ("Error code: 400 - the maximum input length is 600", 600),
        ("400 Bad Request: prompt too long; exceeded max context length by 263 tokens", 700),
        ("Prompt 超长", 900),
        ("too long (request id: 202402252054072496684471HouQu4f)", 900),
    ],
)
def test_the_length_that_fits_is_learned_from_the_numbers_told(message: str, fits: int) -> None:
    assert fitting(1000, ApiError(400, message=message)) == fits


class Book:
    """Forms, and what they remember."""

    def __init__(self, kept: Traits | None = None) -> None:
        self.remembered: list[Traits] = []
        self.forms = Forms(
            profile(ModelSettings()),
            lambda _: None if kept is None else kept.model_dump_json(),
            lambda _, traits: self.remembered.append(Traits.model_validate(json.loads(traits))),
        )
        self.forms._current["m"] = kept or STRONG
        if kept:
            self.forms._proven["m"] = kept


def test_a_stray_refusal_among_the_first_answers_weakens_nothing_that_lasts() -> None:
    book = Book()
    assert book.forms.refused("m", STRONG, REQUEST, NO_FORMAT) == WEAK
    assert book.forms.of("m") == WEAK
    book.forms.answered("m", WEAK)
    book.forms.answered("m", STRONG)  # asked before it was known
    book.forms.answered("m", WEAK)
    assert book.forms.of("m") == STRONG
    assert book.remembered == [WEAK, STRONG]


def test_a_form_that_was_answered_is_not_dropped_because_of_one_paper() -> None:
    book = Book(STRONG)
    for _ in range(9):
        assert book.forms.refused("m", STRONG, REQUEST, NO_FORMAT) == WEAK
        book.forms.answered("m", WEAK)
        book.forms.answered("m", STRONG)
    assert book.forms.of("m") == STRONG
    assert book.remembered == []


def test_a_form_that_is_answered_no_more_is_dropped() -> None:
    book = Book(STRONG)
    for _ in range(5):
        assert book.forms.of("m") == STRONG
        book.forms.refused("m", STRONG, REQUEST, NO_FORMAT)
        if book.forms.of("m") == STRONG:
            book.forms.answered("m", WEAK)
    assert book.forms.of("m") == WEAK
    book.forms.answered("m", WEAK)
    assert book.remembered == [WEAK]


def test_what_is_not_answered_is_not_remembered() -> None:
    book = Book()
    book.forms.refused("m", STRONG, REQUEST, NO_FORMAT)
    assert book.remembered == []
    assert book.forms.kept("m") is None


def test_a_length_that_was_too_long_is_tried_again_once_by_a_later_run() -> None:
    book = Book(STRONG)
    book.forms.too_long("m", 2000, ApiError(400))
    assert not book.forms.fits("m", 2000, doubt=True)  # this run knows
    later = Book(book.remembered[-1])
    assert later.forms.fits("m", 1500, doubt=False)
    assert not later.forms.fits("m", 2000, doubt=False)
    assert [later.forms.fits("m", 2000, doubt=True) for _ in range(3)] == [True, False, False]
    later.forms.took("m", 2000)
    assert later.remembered[-1].longest is None


def test_a_length_that_was_taken_is_not_too_long() -> None:
    book = Book(STRONG)
    book.forms.took("m", 1300)
    book.forms.too_long("m", 1400, ApiError(400))
    assert book.forms.fits("m", 1300, doubt=False)
    book.forms.took("m", 1350)
    assert book.forms.of("m").longest == 1350
    book.forms.too_long("m", 3000, ApiError(400, message="3000 tokens > 1000 tokens"))
    assert book.forms.of("m").longest == 1350


def test_the_room_that_thoughts_needed_is_remembered() -> None:
    book = Book(STRONG)
    book.forms.ended("m", 600, 100)
    book.forms.cut("m", 600)
    book.forms.ended("m", 2400, 100)  # it was one paper's
    assert book.remembered == []
    book.forms.ended("m", 2400, 1500)
    assert book.remembered[-1].room == 2400
    assert book.forms.of("m").room == 2400
