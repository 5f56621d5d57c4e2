"""The capabilities of an endpoint: the form of questions, their length, the room of answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from digest.model import Record, Request

AnswerFormat = Literal["json_schema", "json_object", "text"]
TokenLimit = Literal["max_tokens", "max_completion_tokens"]

_FORMATS: tuple[AnswerFormat, ...] = ("text", "json_object", "json_schema")
LIMITS: tuple[TokenLimit, ...] = ("max_tokens", "max_completion_tokens")


class Capabilities(Record):
    """Capabilities of an endpoint for one model: as its preset says, or as its refusals and answers taught.

    Attributes:
        left_out: fields of questions that it does not take.
        added: fields that it wants.
        system: it takes a system message; else the user says that too.
        stream: it answers in streams only.
        answer_limit: tokens that an answer may be given at most.
        room: tokens that an answer must be given at least: thoughts need them.
        longest: tokens, as `Request.prompt_tokens` reckons them, of the longest question that it may take.
    """

    answer_format: AnswerFormat = "json_schema"
    token_limit: TokenLimit = "max_tokens"  # noqa: S105 - a field
    left_out: tuple[str, ...] = ()
    added: dict[str, bool] = Field(default_factory=dict)
    system: bool = True
    stream: bool = False
    answer_limit: int | None = None
    room: int | None = None
    longest: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_older_versions(cls, values: object) -> object:
        if isinstance(values, dict) and "temperature" in values:
            values = dict(values)
            if values.pop("temperature") is False:
                values["left_out"] = ("temperature",)
        return values

    @property
    def strength(self) -> tuple[int, int]:
        """A rank: a form that asks more of an endpoint is greater."""
        return _FORMATS.index(self.answer_format), -len(self.left_out)

    @property
    def form(self) -> tuple[object, ...]:
        """All values that shape a question; lengths do not."""
        return tuple(self.model_dump(exclude={"room", "longest"}).items())

    @property
    def token_field(self) -> TokenLimit | None:
        """The field that bounds an answer; None: the endpoint takes none."""
        names = (self.token_limit, *LIMITS)
        return next((name for name in names if name not in self.left_out), None)

    def with_form_of(self, other: Capabilities) -> Capabilities:
        """These lengths, and the form of others."""
        return other.model_copy(update={"room": self.room, "longest": self.longest})

    def with_weaker_format(self) -> Capabilities:
        """With the next format of answers that asks less of an endpoint."""
        return self.model_copy(update={"answer_format": _FORMATS[_FORMATS.index(self.answer_format) - 1]})

    def without(self, name: str) -> Capabilities:
        """With a field left out."""
        return self.model_copy(update={"left_out": (*self.left_out, name)})

    def weaker(self, request: Request, *, unbounded: bool = False) -> Capabilities | None:
        """The next form of a question that asks less of an endpoint; None: there is none.

        Args:
            request: the question.
            unbounded: at last, without a limit of the answer.
        """
        if request.json_schema is not None and self.answer_format != "text":
            return self.with_weaker_format()
        if request.temperature is not None and "temperature" not in self.left_out:
            return self.without("temperature")
        limit = self.token_field if unbounded else None
        return None if limit is None else self.without(limit)

    def with_room(self, request: Request) -> Request:
        """The request, with the room that answers were found to need."""
        return request.model_copy(update={"max_tokens": max(request.max_tokens, self.room or 0)})
