"""What is asked of a model, and the key under which its answer is kept."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import Field

from digest.model import Record


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
