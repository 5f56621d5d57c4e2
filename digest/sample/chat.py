"""The chat endpoint: which paper a question is about, and the recorded or composed answer to it."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import HTTPConnection

from digest.sample.data import SampleData, SamplePaper, words
from digest.sample.knobs import MODEL


class ChatError(Exception):
    """A question that the endpoint refuses: an HTTP status, headers, and OpenAI's error fields."""

    def __init__(
        self, status: int, message: str, headers: Mapping[str, str] | None = None, **fields: str | None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.body = {"error": error(message, **fields)}


def error(message: str, **fields: str | None) -> dict[str, str | None]:
    """The fields of an OpenAI error."""
    return {"message": message, "type": "invalid_request_error", "param": None, "code": None, **fields}


def messages_of(question: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401 - a body as it came
    """The messages of a question; none if it is malformed."""
    messages = question.get("messages") if isinstance(question, dict) else None
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        return []
    return messages


def check_key(request: HTTPConnection) -> None:
    """Let a request pass that has a key, whatever key it is. Raises ChatError."""
    if not request.headers.get("authorization", "").removeprefix("Bearer").strip():
        raise ChatError(401, "No API key: send one in the Authorization header as 'Bearer KEY'.")


def accept(question: Any) -> None:  # noqa: ANN401 - a body as it came
    """Do nothing if this endpoint takes such a question.

    Raises:
        ChatError: it is malformed, or asks for what the endpoint does not support.
    """
    messages = messages_of(question)
    if not messages:
        raise ChatError(400, "The body must be JSON with a list 'messages'.", param="messages")
    if question.get("stream"):
        raise unsupported("stream")
    if (
        response_format(question) == "json_object"
        and "json" not in "".join(map(text_of, messages)).casefold()
    ):
        message = "'messages' must contain the word 'json' to use 'response_format' of type 'json_object'."
        raise ChatError(400, message, param="messages")


def unsupported(name: str) -> ChatError:
    """The refusal of a field that the endpoint does not take."""
    message = f"Unsupported parameter: '{name}' is not supported with this model."
    return ChatError(400, message, param=name, code="unsupported_parameter")


def paper_of(messages: Sequence[Mapping[str, Any]], library: SampleData) -> SamplePaper | None:
    """The paper that the user's messages are about, or else any of the messages."""
    asked = [text_of(message) for message in messages if message.get("role") == "user"]
    return library.about(asked) or library.about(map(text_of, messages))


def answer(question: Mapping[str, Any], record: SamplePaper, library: SampleData) -> str:
    """The content of the right answer: an entry, fields or a line, whichever was asked for.

    Raises:
        ChatError: there is no recorded answer for the paper.
    """
    as_json = _asks_for_json(question, record)
    as_entry = as_json and _asks_for(question, "line")
    answers: Mapping[str, Any] = library.fields if as_json else library.lines
    recorded = (library.entries if as_entry else answers).get(record.id)
    if recorded is None:
        raise no_recording(record.title)
    if isinstance(recorded, str):
        return recorded
    left_out = {"line"} if _asks_for(question, "draft") else {"line", "draft", "review"}
    fields = {name: value for name, value in recorded.items() if name not in left_out}
    if as_entry:
        fields["line"] = recorded["line"]
    return json.dumps(fields, ensure_ascii=False)


def no_recording(subject: str) -> ChatError:
    """The refusal of a question that nobody recorded an answer to."""
    message = f"Recorded answers exist only for the papers of the sample day, not for {subject!r}."
    return ChatError(404, message, param="messages", code="no_recorded_answer")


def completion(question: Mapping[str, Any], content: str, cached: int) -> dict[str, Any]:
    """The body of a chat completion around the content.

    Args:
        question: the request's body.
        content: the right answer.
        cached: tokens of the prompt that the endpoint had seen before.
    """
    message = {"role": "assistant", "content": content, "refusal": None}
    prompt = sum(estimate(text_of(each)) + 4 for each in question["messages"])
    written = estimate(content)
    digest = hashlib.sha256(json.dumps(question["messages"], sort_keys=True).encode()).hexdigest()
    return {
        "id": f"chatcmpl-{digest[:24]}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": question.get("model") or MODEL,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
            "prompt_tokens_details": {"cached_tokens": min(cached, prompt)},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    }


def system_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """The text of the system messages: the constant beginning that an endpoint's prefix cache would hit."""
    return "\n".join(
        text_of(message) for message in messages if message.get("role") in {"system", "developer"}
    )


def estimate(text: str) -> int:
    """Tokens of a text, roughly: four bytes of ASCII each, seven for ten other characters."""
    wide = (len(text.encode(errors="replace")) - len(text)) / 2  # a Chinese character has three bytes
    return round((len(text) - wide) / 4 + wide * 0.7)


def response_format(question: Mapping[str, Any]) -> str:
    """The type of the answer that a question asks for; empty if it names none."""
    wanted = question.get("response_format")
    return str(wanted.get("type", "")) if isinstance(wanted, dict) else ""


def _asks_for_json(question: Mapping[str, Any], record: SamplePaper) -> bool:
    """True if by response_format or in words; what the paper itself says about JSON does not count."""
    if response_format(question) in {"json_schema", "json_object"}:
        return True
    said = "\n".join(map(text_of, question["messages"]))
    if "json" not in said.casefold():
        return False
    text = " ".join(words(said))
    for sentence in (record.title, *re.split(r"(?<=[.!?]) +(?=[A-Z])", record.abstract)):
        text = text.replace(" ".join(words(sentence)), "")
    return "json" in text.split()


def _asks_for(question: Mapping[str, Any], field: str) -> bool:
    """True if the JSON is to hold this field: by its schema, or else by the instructions."""
    wanted = question.get("response_format")
    if isinstance(wanted, dict) and isinstance(described := wanted.get("json_schema"), dict):
        return field in described.get("schema", {}).get("properties", {})
    return re.search(rf"\b{field}\b", system_text(question["messages"]), re.ASCII) is not None


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message, whether it is one string or a list of parts."""
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")
