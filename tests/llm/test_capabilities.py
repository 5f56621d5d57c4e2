"""What is learned of the form of questions, and what is not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from digest.config import ModelSettings
from digest.llm.api_error import ApiError
from digest.llm.attempt import Attempt, Permit
from digest.llm.capabilities import Capabilities
from digest.llm.learning import LearnedCapabilities
from digest.llm.lessons import fitting, infer_capabilities
from digest.llm.presets import preset_of
from digest.llm.question import write
from digest.model import Completion, Message, Request, Usage
from digest.system.errors import AnswerError

REQUEST = Request(
    model="m",
    messages=(Message(role="user", content="json?"),),
    temperature=0.0,
    max_tokens=600,
    json_schema={"type": "object"},
)
STRONG, WEAK = Capabilities(), Capabilities(answer_format="json_object")
PERMIT = Permit(1, 1, 100, 0.0, 0)
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
    assert infer_capabilities(STRONG, REQUEST, ApiError(400, message=said), FIELDS) == expected


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
    assert infer_capabilities(STRONG, REQUEST, error) == expected


def test_a_limit_that_is_refused_under_both_names_is_left_out() -> None:
    new = Capabilities(token_limit="max_completion_tokens")
    assert (
        infer_capabilities(new, REQUEST, ApiError(400, message="max_completion_tokens is too large: 9"))
        is None
    )
    error = ApiError(400, message="Unrecognized request argument supplied: max_completion_tokens")
    old = infer_capabilities(new, REQUEST, error)
    assert old is not None
    assert "max_tokens" in write(REQUEST, old, {})
    neither = infer_capabilities(
        old, REQUEST, ApiError(400, message="Unrecognized request argument supplied: max_tokens")
    )
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
    assert Capabilities.model_validate_json(kept).left_out == ("temperature",)
    assert Capabilities.model_validate_json(kept.replace("false", "true")).left_out == ()


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
    """Capabilities learned from attempts, and what they remember."""

    def __init__(self, kept: Capabilities | None = None) -> None:
        self.remembered: list[Capabilities] = []
        self.learned = LearnedCapabilities(
            preset_of(ModelSettings(base_url="http://model/v1")),
            lambda _: None if kept is None else kept.model_dump_json(),
            lambda _, known: self.remembered.append(Capabilities.model_validate(json.loads(known))),
        )
        assert self.now == (kept or STRONG)

    @property
    def now(self) -> Capabilities:
        return self.learned.of("m")

    def refused(self, form: Capabilities, error: ApiError = NO_FORMAT) -> Capabilities | None:
        meaning = AnswerError("rejected", "no")
        attempt = Attempt(REQUEST, form, PERMIT, error.status, error=error, meaning=meaning)
        other = self.learned.fallback_for(attempt, answered=True)
        self.learned.observe(replace(attempt, retry_as=other))
        return other

    def answered(
        self, form: Capabilities = STRONG, tokens: int = 100, limit: int = 600, length: int = 10
    ) -> None:
        request = asked(length).model_copy(update={"max_tokens": limit})
        completion = Completion(
            key="k", model="m", content="a", usage=Usage(input=9, output=tokens), received=datetime.now(UTC)
        )
        self.learned.observe(Attempt(request, form, PERMIT, 200, completion=completion))

    def failed(self, code: str, length: int = 10, limit: int = 600, error: ApiError | None = None) -> None:
        request = asked(length).model_copy(update={"max_tokens": limit})
        meaning = AnswerError(code, "no")
        self.learned.observe(Attempt(request, STRONG, PERMIT, 400, error=error, meaning=meaning))


def asked(length: int) -> Request:
    """A question of about so many tokens, in our own reckoning."""
    each = REQUEST.prompt_tokens
    words = Message(role="user", content=REQUEST.messages[0].content * (length // each))
    return REQUEST.model_copy(update={"messages": (words,)})


def tokens_of(length: int) -> int:
    return asked(length).prompt_tokens


def test_a_stray_refusal_among_the_first_answers_weakens_nothing_that_lasts() -> None:
    book = Book()
    assert book.refused(STRONG) == WEAK
    assert book.now == WEAK
    book.answered(WEAK)
    book.answered(STRONG)  # asked before it was known
    book.answered(WEAK)
    assert book.now == STRONG
    assert book.remembered == [WEAK, STRONG]


def test_a_form_that_was_answered_is_not_dropped_because_of_one_paper() -> None:
    book = Book(STRONG)
    for _ in range(9):
        assert book.refused(STRONG) == WEAK
        book.answered(WEAK)
        book.answered(STRONG)
    assert book.now == STRONG
    assert book.remembered == []


def test_a_form_that_is_answered_no_more_is_dropped() -> None:
    book = Book(STRONG)
    for _ in range(5):
        assert book.now == STRONG
        book.refused(STRONG)
        if book.now == STRONG:
            book.answered(WEAK)
    assert book.now == WEAK
    book.answered(WEAK)
    assert book.remembered == [WEAK]


def test_what_is_not_answered_is_not_remembered() -> None:
    book = Book()
    book.refused(STRONG)
    assert book.remembered == []
    assert book.learned.kept("m") is None


def test_an_endpoint_that_nothing_is_known_of_is_asked_for_less_once_a_question() -> None:
    learned = Book().learned
    attempt = Attempt(
        REQUEST, STRONG, PERMIT, 500, error=ApiError(500), meaning=AnswerError("rejected", "no")
    )
    assert learned.fallback_for(attempt, answered=True) is None
    other = learned.fallback_for(attempt, answered=False)
    assert other == WEAK
    learned.observe(replace(attempt, retry_as=other))
    assert learned.fallback_for(attempt, answered=False) is None
    assert learned.of("m") == STRONG  # it said nothing of the form


def test_without_a_word_about_the_form_less_and_less_is_asked_of_the_first_questions() -> None:
    learned = Book().learned
    warm = REQUEST.model_copy(update={"temperature": 0.3})

    def refused(request: Request, form: Capabilities, *, answered: bool = False) -> Capabilities | None:
        meaning = AnswerError("rejected", "no")
        attempt = Attempt(request, form, PERMIT, 400, error=ApiError(400), meaning=meaning)
        other = learned.fallback_for(attempt, answered=answered)
        learned.observe(replace(attempt, retry_as=other))
        return other

    forms = [STRONG]
    while (less := refused(warm, forms[-1])) is not None:
        forms.append(less)
    assert [(form.answer_format, form.left_out) for form in forms[1:]] == [
        ("json_object", ()),
        ("text", ()),
        ("text", ("temperature",)),
        ("text", ("temperature", "max_tokens")),
        ("text", ("temperature", "max_tokens", "max_completion_tokens")),
    ]
    assert refused(asked(900), STRONG) is None  # it is not the form


def test_what_was_under_way_is_put_in_the_form_that_was_answered_meanwhile() -> None:
    book = Book()
    text = STRONG.model_copy(update={"answer_format": "text"})
    book.answered(text)
    unsaid = ApiError(400, message="Invalid input")
    assert book.refused(STRONG, unsaid) == text
    assert book.refused(text, unsaid) is None


def test_a_length_that_was_too_long_is_tried_again_once_by_a_later_run() -> None:
    book = Book(STRONG)
    book.failed("too_long", length=2000)
    longest, length = book.remembered[-1].longest, tokens_of(2000)
    assert longest is not None
    assert longest < length
    assert not book.learned.fits("m", length, doubt=True)  # this run knows
    later = Book(book.remembered[-1])
    assert later.learned.fits("m", longest, doubt=False)
    assert not later.learned.fits("m", length, doubt=False)
    assert [later.learned.fits("m", length, doubt=True) for _ in range(3)] == [True, False, False]
    later.answered(length=2000)
    assert later.remembered[-1].longest is None


def test_a_length_that_was_taken_is_not_too_long() -> None:
    book = Book(STRONG)
    book.answered(length=1300)
    book.failed("too_long", length=1400, error=ApiError(400, message="1400 tokens > 1000 tokens"))
    assert book.learned.fits("m", tokens_of(1300), doubt=False)
    book.answered(length=1350)
    assert book.now.longest == tokens_of(1350)
    book.failed("too_long", length=3000, error=ApiError(400, message="3000 tokens > 1000 tokens"))
    assert book.now.longest == tokens_of(1350)


def test_the_room_that_thoughts_needed_is_remembered() -> None:
    book = Book(STRONG)
    book.answered(limit=600, tokens=100)
    book.failed("cut", limit=600)
    book.answered(limit=2400, tokens=100)  # it was one paper's
    assert book.remembered == []
    book.answered(limit=2400, tokens=1500)
    assert book.remembered[-1].room == 2400
    assert book.now.room == 2400
