"""What is learned of the form of questions, and what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from digest.config import ModelSettings
from digest.llm.capabilities import Forms, Traits, learn
from digest.llm.presets import profile
from digest.model import Message, Request

REQUEST = Request(
    model="m",
    messages=(Message(role="user", content="json?"),),
    temperature=0.0,
    max_tokens=9,
    json_schema={"type": "object"},
)
STRONG, WEAK = Traits(), Traits(answer_format="json_object")
NO_FORMAT = "guided decoding failed for this request"


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ("This response_format type is unavailable now", {"answer_format": "json_object"}),
        ("Structured Outputs are not supported", {"answer_format": "json_object"}),
        ("JSON mode is not enabled", {"answer_format": "json_object"}),
        ("Failed to parse grammar", {"answer_format": "json_object"}),
        ("Unsupported parameter: 'max_tokens'", {"token_limit": "max_completion_tokens"}),
        ("Extra inputs are not permitted: max_tokens", {"token_limit": "max_completion_tokens"}),
        ("Unknown field: max_tokens", {"token_limit": "max_completion_tokens"}),
        ("Unsupported value: 'temperature' does not support 0.2 with this model.", {"temperature": False}),
        ("Temperature must be 1 for this model", {"temperature": False}),
        ("sampling parameters are not supported", {"temperature": False}),
        ("max_tokens is too large: 500. This model supports at most 100 completion tokens", None),
        ("This model's maximum context length is 4096 tokens. Please reduce max_tokens", None),
        ("bad request", None),
    ],
)
def test_a_lesson_is_drawn_from_words_about_a_field_only(said: str, changed: dict[str, Any] | None) -> None:
    assert learn(STRONG, REQUEST, said) == (None if changed is None else STRONG.model_copy(update=changed))


def test_a_field_that_is_too_large_under_one_name_is_under_the_other() -> None:
    new = Traits(token_limit="max_completion_tokens")
    assert learn(new, REQUEST, "max_completion_tokens is too large: 9") is None
    assert learn(new, REQUEST, "Unrecognized request argument supplied: max_completion_tokens") == STRONG


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
