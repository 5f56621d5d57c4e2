"""What is asked of a model, and the key under which its answer is kept."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

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

    def canonical(self) -> dict[str, Any]:
        """As plain values, the same for equal requests."""
        return {"version": 1, **self.model_dump(mode="json")}

    @property
    def key(self) -> str:
        """SHA-256 of the canonical form, 64 hexadecimal digits."""
        text = json.dumps(self.canonical(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
