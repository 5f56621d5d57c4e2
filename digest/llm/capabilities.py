"""The form of questions: what an endpoint takes for a model, learned from its refusals and its answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from digest.llm.api_error import ApiError
from digest.llm.lessons import LIMITS, Traits, fitting, learn, token_field, weaker_format, without
from digest.llm.presets import Profile
from digest.model import Message, Request

_DOUBTS = 5
"""So many refusals without an answer take back a form that was answered before: one may be one paper's."""


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
        self._cut_at: Counter[str] = Counter()
        self._taken: Counter[str] = Counter()
        self._measured: set[str] = set()
        self._doubted: set[str] = set()

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

    def refused(self, model: str, traits: Traits, request: Request, error: ApiError) -> Traits | None:
        """The form to try next with a question that was refused in these words; None: it is not the form.

        Others are put in the new form too, unless the old one was answered before.
        """
        learned = learn(traits, request, error, self._profile.body)
        if learned is not None and self.of(model).form == traits.form:
            self._doubts[model] += 1
            proven = self._proven.get(model)
            if proven is None or proven.form != traits.form or self._doubts[model] >= _DOUBTS:
                self._current[model] = self._current[model].with_form_of(learned)
                self._proven.pop(model, None)
        return learned

    def answered(self, model: str, traits: Traits) -> None:
        """A question in this form was answered: the strongest that was is kept."""
        proven = self._proven.get(model)
        if proven is not None and proven.form == traits.form:
            self._doubts[model] = 0
        if proven is None or traits.strength > proven.strength:
            self._keep(model, self.of(model).with_form_of(traits))

    def cut(self, model: str, limit: int) -> None:
        """An answer did not end within so many tokens."""
        self._cut_at[model] = max(self._cut_at[model], limit)

    def ended(self, model: str, limit: int, tokens: int) -> None:
        """An answer ended within a limit; if an earlier limit was less, others need it too."""
        cut_at, known = self._cut_at[model], self.of(model).room or 0
        if cut_at and limit > max(cut_at, known) and (tokens > cut_at or not tokens):
            self._keep(model, self.of(model).model_copy(update={"room": limit}))

    def too_long(self, model: str, tokens: int, error: ApiError) -> None:
        """A question of so many tokens, in our own reckoning, was too long."""
        known, longest = self.of(model).longest, fitting(tokens, error)
        self._measured.add(model)
        longest = max(longest if known is None else min(known, longest), self._taken[model])
        self._current[model] = self.of(model).model_copy(update={"longest": longest})
        if model in self._proven:
            self._keep(model, self._current[model])

    def fits(self, model: str, tokens: int, *, doubt: bool) -> bool:
        """Whether a question of so many tokens may be sent.

        Args:
            model: which.
            tokens: of the question, in our own reckoning.
            doubt: what an earlier run found too long may be tried again, once: the context may have grown.
        """
        longest = self.of(model).longest
        if longest is None or tokens <= longest:
            return True
        if doubt and model not in self._measured:
            self._measured.add(model)
            self._doubted.add(model)
            return True
        return False

    def took(self, model: str, tokens: int) -> None:
        """A question of so many tokens was answered: what was too long in an earlier run may be no more."""
        self._taken[model] = max(self._taken[model], tokens)
        longest = self.of(model).longest
        if longest is not None and tokens > longest:
            now = None if model in self._doubted else tokens
            self._keep(model, self.of(model).model_copy(update={"longest": now}))

    def _keep(self, model: str, traits: Traits) -> None:
        self._current[model] = self._proven[model] = traits
        self._remember(model, traits.model_dump_json(exclude_defaults=True))


class LearnedError(Exception):
    """The endpoint said, in these words, what it does not accept; the question is put in another form.

    Attributes:
        form: to try next.
    """

    def __init__(self, said: str, form: Traits) -> None:
        super().__init__(said)
        self.form = form


def write(request: Request, traits: Traits, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a question, everything constant first, in the form that the endpoint takes.

    Args:
        request: what is asked.
        traits: what the endpoint takes.
        fields: those that it wants with every question; they go before the prompt's own values.
    """
    body: dict[str, Any] = {"model": request.model}
    given = {**traits.added, **fields, **request.body}
    limit = token_field(traits)
    if limit is not None and not given.keys() & set(LIMITS):
        body[limit] = min(request.max_tokens, traits.answer_limit or request.max_tokens)
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if traits.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if request.json_schema is not None:
        # json_object is refused where no message says "json"; then the instructions alone must do
        says_json = any("json" in message.content.lower() for message in request.messages)
        if traits.answer_format == "json_schema":
            form = {"name": "answer", "strict": True, "schema": request.json_schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        elif traits.answer_format == "json_object" and says_json:
            body["response_format"] = {"type": "json_object"}
    body = {name: value for name, value in {**body, **given}.items() if name not in traits.left_out}
    messages = request.messages if traits.system else _said_by_user(request.messages)
    return {**body, "model": request.model, "messages": [message.model_dump() for message in messages]}


def _said_by_user(messages: Sequence[Message]) -> list[Message]:
    """Messages without those of the system; what they say, the first of the user says before its own."""
    system = [message.content for message in messages if message.role == "system"]
    others = [message for message in messages if message.role != "system"]
    first = "\n\n".join((*system, others[0].content if others else ""))
    return [Message(role="user", content=first), *others[1:]]


def weaker(traits: Traits, request: Request) -> Traits | None:
    """The next form that asks less of an endpoint; None: there is none."""
    if request.json_schema is not None and traits.answer_format != "text":
        return weaker_format(traits)
    if request.temperature is not None and "temperature" not in traits.left_out:
        return without(traits, "temperature")
    return None
