"""The body of a question, as one endpoint takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from digest.llm.capabilities import LIMITS, Capabilities
from digest.model import Message, Request


def write(request: Request, known: Capabilities, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a question, everything constant first, in the form that the endpoint takes.

    Args:
        request: what is asked.
        known: what the endpoint takes.
        fields: those that it wants with every question; they go before the prompt's own values.
    """
    body: dict[str, Any] = {"model": request.model}
    given = {**known.added, **fields, **request.body}
    limit = known.token_field
    if limit is not None and not given.keys() & set(LIMITS):
        body[limit] = min(request.max_tokens, known.answer_limit or request.max_tokens)
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if known.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if request.json_schema is not None:
        # json_object is refused where no message says "json"; then the instructions alone must do
        says_json = any("json" in message.content.lower() for message in request.messages)
        if known.answer_format == "json_schema":
            form = {"name": "answer", "strict": True, "schema": request.json_schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        elif known.answer_format == "json_object" and says_json:
            body["response_format"] = {"type": "json_object"}
    body = {name: value for name, value in {**body, **given}.items() if name not in known.left_out}
    messages = request.messages if known.system else _said_by_user(request.messages)
    return {**body, "model": request.model, "messages": [message.model_dump() for message in messages]}


def _said_by_user(messages: Sequence[Message]) -> list[Message]:
    """Messages without those of the system; what they say, the first of the user says before its own."""
    system = [message.content for message in messages if message.role == "system"]
    others = [message for message in messages if message.role != "system"]
    first = "\n\n".join((*system, others[0].content if others else ""))
    return [Message(role="user", content=first), *others[1:]]
