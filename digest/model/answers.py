"""Questions to a model, its answers, and the summary in them."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from digest.model.base import Language, PaperKind, Record
from digest.model.papers import Finding


class Message(Record):
    """One message of a conversation with a model."""

    role: Literal["system", "user", "assistant"]
    content: str


class Request(Record):
    """Everything that determines an answer, and nothing else: no endpoint, no timeout, no concurrency."""

    model: str
    messages: tuple[Message, ...]
    temperature: float | None = None
    max_tokens: int
    json_schema: dict[str, Any] | None = None
    body: dict[str, Any] = Field(
        default_factory=dict, description="further fields that shape the answer, such as enable_thinking"
    )

    def canonical(self) -> dict[str, Any]:
        """As plain values, the same for equal requests."""
        values = {"version": 1, **self.model_dump(mode="json")}
        if not self.body:
            del values["body"]
        return values

    @property
    def prompt_tokens(self) -> int:
        """An upper estimate of what the question takes: three bytes a token."""
        return sum(len(message.content.encode()) for message in self.messages) // 3

    @property
    def tokens(self) -> int:
        """An upper estimate of what it takes, question and answer."""
        return self.prompt_tokens + self.max_tokens

    @property
    def key(self) -> str:
        """SHA-256 of the canonical form, 64 hexadecimal digits."""
        text = json.dumps(self.canonical(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class Usage(Record):
    """Tokens as the endpoint billed them; cached are part of input, reasoning part of output."""

    input: int = Field(default=0, ge=0)
    output: int = Field(default=0, ge=0)
    cached: int = Field(default=0, ge=0)
    reasoning: int = Field(default=0, ge=0)

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input=self.input + other.input,
            output=self.output + other.output,
            cached=self.cached + other.cached,
            reasoning=self.reasoning + other.reasoning,
        )


class Completion(Record):
    """One answer of a model, as it came."""

    key: str = Field(description="hash of everything that determined it")
    model: str
    resolved_model: str | None = Field(default=None, description="the name that the endpoint answered with")
    content: str
    finish_reason: str | None = None
    usage: Usage = Usage()
    cost: float | None = Field(default=None, description="US dollars when it came; None: no price known")
    milliseconds: int = Field(default=0, ge=0)
    received: datetime


class Summary(Record):
    """The validated answer: the fields, and the line that a reader reads.

    A prompt that asks for the line alone leaves the fields empty.
    """

    kind: PaperKind | None = None
    task: str = ""
    problem: str = ""
    contribution: str = ""
    line: str
    lang: Language = Field(default="zh", description="of the line and the fields")
    translations: dict[Language, str] = Field(
        default_factory=dict, description="language -> the line in it, where more than one was asked for"
    )
    prompt: str = Field(default="", description="name@hash of the prompt; empty for an imported line")
    model: str = ""
    completion: str = Field(default="", description="key of the completion in the ledger")
    attempts: int = Field(default=1, ge=1)
    mended: tuple[Finding, ...] = Field(
        default=(), description="of severity 2 or 3, in earlier attempts and no longer in this one"
    )
