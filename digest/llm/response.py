"""Answers as they come over the wire, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from digest.errors import AnswerError
from digest.llm.redact import clean, words_in
from digest.model import Completion, Request, Usage

_FAILED = {"error", "insufficient_system_resource"}
"""Reasons to finish that tell of the endpoint's trouble: OpenRouter, DeepSeek (their API references)."""


_FILTERED = {"content_filter", "sensitive"}
"""Those that tell of a filter: OpenAI, Zhipu (their API references)."""

_MOST = 1_000_000_000
"""Tokens; more is no count."""


class UnusableError(AnswerError):
    """An answer that came, and was billed, but is a refusal, empty, or cut.

    Attributes:
        completion: the answer as it came.
    """

    def __init__(self, code: str, message: str, completion: Completion) -> None:
        super().__init__(code, message)
        self.completion = completion

    def __reduce__(self) -> tuple[type[UnusableError], tuple[str, str, Completion]]:  # type: ignore[override]  # one more
        """Carry all arguments through pickle."""
        return type(self), (self.code, str(self), self.completion)


class MalformedError(Exception):
    """A 200 without a completion in it: a gateway's page, or an error that came late.

    Attributes:
        status: the HTTP status that the body itself names, if any.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def read(body: object, request: Request, milliseconds: int = 0) -> Completion:
    """The body of a 200 as our record.

    Raises:
        UnusableError: it is a refusal, empty, or cut at the token limit.
        MalformedError: it is no completion.
    """
    if not isinstance(body, dict):
        raise MalformedError("the answer is no JSON object")
    choice = _table((_list(body.get("choices")) or [None])[0])
    error = body.get("error") or choice.get("error")
    if error:
        raise MalformedError(words_in(error) or "an error without words", _error_status(error))
    if not choice:
        raise MalformedError("the answer holds no choice")
    message, reason = _table(choice.get("message")), _text(choice.get("finish_reason"))
    if reason in _FAILED:
        raise MalformedError(f"the endpoint broke off ({reason})")
    content, refusal = message.get("content"), _refusal(message)
    completion = Completion(
        key=request.key,
        model=request.model,
        resolved_model=_text(body.get("model")) or None,
        content=_text(content),
        finish_reason=reason or None,
        usage=_usage(_table(body.get("usage"))),
        milliseconds=milliseconds,
        received=datetime.now(UTC),
    )
    if refusal or reason in _FILTERED:
        raise UnusableError("refused", f"the model refused ({refusal or 'content filter'})", completion)
    if reason == "length":
        raise UnusableError("cut", f"the answer was cut at {request.max_tokens} tokens", completion)
    if not completion.content.strip():
        raise UnusableError("empty", "the answer has no content", completion)
    return completion


def names_in(body: object) -> tuple[str, ...]:
    """The names in a list of models, sorted; what is no name is passed over."""
    listed = [_text(_table(model).get("id")) for model in _list(_table(body).get("data"))]
    return tuple(sorted(name for name in listed if name and name.isprintable()))


def _usage(usage: Mapping[str, Any]) -> Usage:
    """Tokens as OpenAI reports them; DeepSeek has a name of its own for the cached ones.

    All are 0 where question or answer are not counted: then it is not known what it took.
    """
    sent, received = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    if sent is None or received is None:
        return Usage()
    prompt, answer = (
        _table(usage.get("prompt_tokens_details")),
        _table(usage.get("completion_tokens_details")),
    )
    cached = _count(prompt.get("cached_tokens")) or _count(usage.get("prompt_cache_hit_tokens"))
    reasoning = _count(answer.get("reasoning_tokens"))
    return Usage(input=sent, output=received, cached=cached or 0, reasoning=reasoning or 0)


def _refusal(message: Mapping[str, Any]) -> str:
    """Why the model refused, in a field of its own or in a part of the content."""
    parts = [_text(_table(part).get("refusal")) for part in _list(message.get("content"))]
    return " ".join((_text(message.get("refusal")) or "".join(parts)).split())[:200]


def _error_status(error: object) -> int | None:
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, int | str) and re.fullmatch(r"[45][0-9][0-9]", str(code)):
        return int(code)
    return None


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(value, list):
        return "".join(_text(text) for part in value if isinstance(text := _table(part).get("text"), str))
    return clean(value) if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and 0 <= value <= _MOST else None
