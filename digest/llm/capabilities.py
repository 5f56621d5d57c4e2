"""The form of questions: what an endpoint takes for a model, learned from its refusals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from digest.llm.presets import AnswerFormat, Profile, TokenLimit
from digest.model import Record, Request

_FORMAT_WORDS = (
    *("response_format", "json_schema", "json_object", "structured output", "structured_output"),
    *("guided", "json mode", "json_mode", "grammar"),
)
_NOT_TAKEN = re.compile(
    r"not (?:be )?(?:\w+ )?(?:support|permitted|allowed|enabled|available|recognized|accepted|known)"
    r"|unsupported|unavailable|unrecognized|unknown|unexpected|deprecated|invalid param|extra input|forbidden"
    r"|must be|only the default|instead"
)
"""Words about whether a field is taken at all; others are about its value, and another field has the same."""

_FORMATS: tuple[AnswerFormat, ...] = ("text", "json_object", "json_schema")
_DOUBTS = 5
"""So many refusals without an answer take back a form that was answered before: one may be one paper's."""


class Traits(Record):
    """What an endpoint was found to accept for a model, learned from its own refusals."""

    answer_format: AnswerFormat = "json_schema"
    token_limit: TokenLimit = "max_tokens"  # noqa: S105 - a field
    temperature: bool = True

    @property
    def strength(self) -> tuple[int, bool]:
        """What asks more of an endpoint is greater."""
        return _FORMATS.index(self.answer_format), self.temperature


class Forms:
    """The form of questions that one endpoint takes, for each of its models.

    Args:
        profile: what is known of it before the first question.
        recall: what is known of a model from earlier runs (JSON), if anything.
        remember: called with a model and what was learned of it (JSON).
    """

    def __init__(
        self, profile: Profile, recall: Callable[[str], str | None], remember: Callable[[str, str], None]
    ) -> None:
        self._profile = profile
        self._recall = recall
        self._remember = remember
        self._current: dict[str, Traits] = {}
        self._proven: dict[str, Traits] = {}
        self._doubts: Counter[str] = Counter()

    def of(self, model: str) -> Traits:
        """How a model's questions are put: learned, else as the endpoint's preset says."""
        if model not in self._current:
            profile = self._profile
            traits = Traits(answer_format=profile.answer_format, token_limit=profile.token_limit)
            if kept := self.kept(model):
                fixed = {"answer_format": profile.answer_format} if profile.fixed_format else {}
                self._proven[model] = traits = kept.model_copy(update=fixed)
            self._current[model] = traits
        return self._current[model]

    def kept(self, model: str) -> Traits | None:
        """What earlier answers taught, if there were any."""
        if model in self._proven:
            return self._proven[model]
        kept = self._recall(model)
        try:
            return None if kept is None else Traits.model_validate_json(kept)
        except ValidationError:  # written by another version of this program: learn again
            return None

    def refused(self, model: str, traits: Traits, request: Request, said: str) -> Traits | None:
        """The form to try next with a question that was refused in these words; None: it is not the form.

        Others are put in the new form too, unless the old one was answered before.
        """
        learned = learn(traits, request, said)
        if learned is not None and self._current[model] == traits:
            self._doubts[model] += 1
            if self._proven.get(model) != traits or self._doubts[model] >= _DOUBTS:
                self._current[model] = learned
                self._proven.pop(model, None)
        return learned

    def answered(self, model: str, traits: Traits) -> None:
        """A question in this form was answered: the strongest that was is kept."""
        proven = self._proven.get(model)
        if proven == traits:
            self._doubts[model] = 0
        if proven is None or traits.strength > proven.strength:
            self._proven[model] = self._current[model] = traits
            self._remember(model, traits.model_dump_json())


class LearnedError(Exception):
    """The endpoint said, in these words, what it does not accept; the question is put in another form."""

    def __init__(self, said: str, form: Traits) -> None:
        super().__init__(said)
        self.form = form


def write(request: Request, traits: Traits, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a question, everything constant first, in the form that the endpoint takes.

    Args:
        request: what is asked.
        traits: what the endpoint takes.
        fields: those that it wants with every question.
    """
    body: dict[str, Any] = {
        "model": request.model,
        **fields,
        **request.body,
        traits.token_limit: request.max_tokens,
    }
    if request.temperature is not None and traits.temperature:
        body["temperature"] = request.temperature
    if request.json_schema is not None:
        # json_object is refused where no message says "json"; then the instructions alone must do
        says_json = any("json" in message.content.lower() for message in request.messages)
        if traits.answer_format == "json_schema":
            form = {"name": "answer", "strict": True, "schema": request.json_schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        elif traits.answer_format == "json_object" and says_json:
            body["response_format"] = {"type": "json_object"}
    body["messages"] = [message.model_dump() for message in request.messages]
    return body


def learn(traits: Traits, request: Request, said: str) -> Traits | None:
    """What a 400 says about the endpoint; None when it is not about the form of the question."""
    said = said.lower()
    about_format = any(word in said for word in _FORMAT_WORDS)
    if about_format and request.json_schema is not None and traits.answer_format != "text":
        weaker = _FORMATS[_FORMATS.index(traits.answer_format) - 1]
        return traits.model_copy(update={"answer_format": weaker})
    if not _NOT_TAKEN.search(said):
        return None
    if "max_completion_tokens" in said and traits.token_limit == "max_completion_tokens":  # noqa: S105 - a field
        if "max_tokens" not in said.replace("max_completion_tokens", ""):
            return traits.model_copy(update={"token_limit": "max_tokens"})
    elif "max_tokens" in said and traits.token_limit == "max_tokens":  # noqa: S105 - a field
        return traits.model_copy(update={"token_limit": "max_completion_tokens"})
    if ("temperature" in said or "sampling param" in said) and traits.temperature:
        return traits.model_copy(update={"temperature": False})
    return None
