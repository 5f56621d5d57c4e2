"""Answers as they come over the wire, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from digest.llm.api_error import ApiError, clean, error_in, error_of
from digest.llm.streams import joined
from digest.model import Completion, Request, Usage
from digest.system.errors import AnswerError
from digest.system.redact import KeyRedactor

_ENDED = {
    "",
    "stop",
    "end_turn",
    "stop_sequence",
    "eos",
    "eos_token",
    "complete",
    "completed",
    "finished",
    "done",
}
"""Reasons to finish that tell of nothing; an empty answer after one may be another the next time."""

_FAILED = {"error", "insufficient_system_resource", "network_error", "abort", "aborted", "timeout"}
"""Reasons for an end that tell of trouble: OpenRouter, DeepSeek, Zhipu, vLLM (their API references)."""

_CUT = {"length", "max_tokens", "max_output_tokens", "max_length", "token_limit", "max_completion_tokens"}
_FULL = re.compile(r"context|model_length")
_FILTERED = re.compile(
    r"filter|sensitiv|safety|prohibit|recitation|block|spii|violat|risk|guardrail|moderat|censor|refus|unsafe|inspect"
)
"""Reasons of a full context, and of a filter: OpenAI, Zhipu, Gemini, Mistral, Anthropic, Bedrock."""

_CHARSET = re.compile(r"charset=[\"']?(?!utf-?8\b)([\w.-]{1,30})", re.IGNORECASE)
"""JSON is UTF-8, UTF-16 or UTF-32, and some say otherwise."""

_SHORT = 0.95
"""Share of its limit; an answer cut with less was not cut by it, but by the end of the context."""

_KEPT = 256 * 1024
"""Characters of an answer; a longer one is unreadable in any case, and would be kept many times."""

_MOST = 1_000_000_000
"""Tokens; more is no count."""


class UnusableError(AnswerError):
    """An answer that came, and was billed, but is a refusal, empty, or cut.

    Attributes:
        completion: the answer as it came.
        thinks: whether the model spent its answer on thoughts.
        again: whether the same question may be answered better.
    """

    def __init__(
        self, code: str, message: str, completion: Completion, *, thinks: bool = False, again: bool = True
    ) -> None:
        super().__init__(code, message)
        self.completion = completion
        self.thinks = thinks
        self.again = again

    def __reduce__(self) -> tuple[Any, ...]:
        """Carry all arguments through pickle."""
        return (
            type(self),
            (self.code, str(self), self.completion),
            {"thinks": self.thinks, "again": self.again},
        )


class MalformedError(Exception):
    """A 200 without a completion in it: an error that came late, or something else than an answer.

    Attributes:
        error: what the endpoint told instead; None: nothing of an error, as a gateway's page does.
        not_an_endpoint: whether it is something else altogether, as a page is: it would come again.
    """

    def __init__(self, message: str, error: ApiError | None = None, *, not_an_endpoint: bool = False) -> None:
        super().__init__(message)
        self.error = error
        self.not_an_endpoint = not_an_endpoint


def parse(content: bytes, kind: str, mask: KeyRedactor) -> object:
    """The body of a 200 as values; a stream, asked for or not, as the answer that it adds up to.

    Args:
        content: as it came.
        kind: its content type.
        mask: takes the key out.

    Raises:
        MalformedError: it is neither JSON nor a stream of it.
    """
    if other := _CHARSET.search(kind):
        with suppress(ValueError, LookupError):  # what is no such text is read as what JSON is
            content = content.decode(other[1]).encode()
    try:
        return mask.parsed(content)
    except ValueError:
        pass
    if (streamed := joined(content, mask)) is not None:
        return streamed
    said = error_of(200, content, mask).quote
    torn = content.lstrip()[:1] in {b"", b"{", b":"} or content.lstrip().startswith(b"data:")
    words = f"the answer is no JSON but {mask.text(kind) or 'of no type'}: {said!r}"
    raise MalformedError(words, not_an_endpoint=not torn)


def read(body: object, request: Request, milliseconds: int = 0) -> Completion:
    """The body of a 200 as our record.

    Raises:
        UnusableError: it is a refusal, empty, cut at the token limit, or cut by the end of the context.
        MalformedError: it is no completion.
    """
    if not isinstance(body, dict):
        raise MalformedError("the answer is no JSON object", not_an_endpoint=body is not None)
    choice = table_in((list_in(body.get("choices")) or [None])[0])
    if error := _error(body, choice):
        raise MalformedError(error.quote, error)
    if not choice:
        words = f"the answer holds no choice: {error_in(200, body).quote!r}"
        raise MalformedError(words, not_an_endpoint="choices" not in body)
    message = table_in(choice.get("message")) or table_in(choice.get("delta"))
    reason = _text(choice.get("finish_reason"))
    name = reason.lower()
    if name in _FAILED:
        raise MalformedError(
            f"the endpoint broke off ({reason})", ApiError(502, message=f"it broke off ({reason})")
        )
    completion = Completion(
        key=request.key,
        model=request.model,
        resolved_model=_text(body.get("model")) or None,
        content=_text(message.get("content"))[:_KEPT],
        finish_reason=reason or None,
        usage=_usage(table_in(body.get("usage"))),
        milliseconds=milliseconds,
        received=datetime.now(UTC),
    )
    refusal = _refusal(message)
    if refusal or _FILTERED.search(name):
        raise UnusableError("refused", f"the model refused ({refusal or reason})", completion)
    if name in _CUT or _FULL.search(name):
        raise _cut(request, completion, message, full=name not in _CUT)
    if not completion.content.strip():
        raise _empty(completion, message, name)
    return completion


def _error(body: dict[str, Any], choice: dict[str, Any]) -> ApiError | None:
    """The error that a 200 tells of, if it does; a filter's note in place of an answer is one too."""
    said = body.get("error") or choice.get("error")
    base = table_in(body.get("base_resp"))  # MiniMax
    if said:
        error = error_in(200, {"error": said})
        return error if error.words else replace(error, message="an error without words")
    if base.get("status_code") and not _text(table_in(choice.get("message")).get("content")):
        return error_in(200, base)
    if choice:
        return None
    blocked = table_in(body.get("promptFeedback") or body.get("prompt_feedback"))  # Gemini
    if blocked:
        return ApiError(
            200, "content_filter", message=f"the prompt was blocked ({blocked.get('blockReason')})"
        )
    told = error_in(200, body)
    says = told.message and body.keys() & {"message", "msg", "detail", "errors"}
    return told if told.status != 200 or told.code or says else None


def _cut(request: Request, completion: Completion, message: dict[str, Any], *, full: bool) -> UnusableError:
    """The reason why an answer that did not end is none: its limit, thoughts, or a full context."""
    usage, limit = completion.usage, request.max_tokens
    thinks = _thinks(completion, message)
    if full or _cut_early(completion, limit, thinks=thinks):
        words = (
            f"the context of {request.model} was full at {usage.output} of the {limit} tokens of an answer: "
            "set [text] budget lower in digest.toml, or give the model a longer context"
        )
        return UnusableError("too_long", words, completion)
    if thinks:
        words = (
            f"{request.model} thinks, and its thoughts took all of the {limit} tokens of an answer: turn "
            "that off (by a field of [model.body]) or raise the limit (max_tokens of the prompt)"
        )
        return UnusableError("cut", words, completion, thinks=True)
    return UnusableError("cut", f"the answer was cut at {limit} tokens", completion)


def _cut_early(completion: Completion, limit: int, *, thinks: bool) -> bool:
    """True if an answer was cut with less than its limit: the context was full, maybe before it began."""
    usage = completion.usage
    counted = usage.output or (usage.input and not completion.content and not thinks)  # 0 of LM Studio
    return bool(counted) and usage.output < _SHORT * limit


def _empty(completion: Completion, message: dict[str, Any], reason: str) -> UnusableError:
    if reason not in _ENDED:
        words = f"the answer has no content, and ended for the reason {completion.finish_reason!r}"
        return UnusableError("refused", words, completion, again=False)  # a filter's own name, most likely
    thinks = _thinks(completion, message)
    words = "the answer has no content"
    if thinks:
        words += (
            f" beside its thoughts: {completion.model} thinks, turn that off (by a field of [model.body])"
        )
    return UnusableError("empty", words, completion, thinks=thinks)


def _thinks(completion: Completion, message: Mapping[str, Any]) -> bool:
    """True if an answer is thoughts, for the most part."""
    thoughts = message.get("reasoning_content") or message.get("reasoning") or message.get("thinking")
    content = completion.content.strip()
    return bool(
        completion.usage.reasoning
        or (thoughts and not content)
        or (content.lower().startswith("<think") and "</think" not in content.lower())
    )


def names_in(body: object) -> tuple[str, ...]:
    """The names in a list of models, sorted; what is no name is passed over."""
    listed = [_text(table_in(model).get("id")) for model in list_in(table_in(body).get("data"))]
    return tuple(sorted(name for name in listed if name and name.isprintable()))


def _usage(usage: Mapping[str, Any]) -> Usage:
    """Tokens as OpenAI reports them; DeepSeek has a name of its own for the cached ones.

    All are 0 where question or answer are not counted: then it is not known what it took.
    """
    sent, received = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    if sent is None or received is None:
        return Usage()
    prompt, answer = (
        table_in(usage.get("prompt_tokens_details")),
        table_in(usage.get("completion_tokens_details")),
    )
    total = _count(usage.get("total_tokens")) or 0
    received = max(received, total - sent)  # Gemini leaves thoughts out of the answer's
    cached = _count(prompt.get("cached_tokens")) or _count(usage.get("prompt_cache_hit_tokens"))
    reasoning = _count(answer.get("reasoning_tokens"))
    return Usage(input=sent, output=received, cached=cached or 0, reasoning=reasoning or 0)


def _refusal(message: Mapping[str, Any]) -> str:
    """The reason why the model refused, in a field of its own or in a part of the content."""
    parts = [_text(table_in(part).get("refusal")) for part in list_in(message.get("content"))]
    return " ".join((_text(message.get("refusal")) or "".join(parts)).split())[:200]


def table_in(value: object) -> dict[str, Any]:
    """A JSON object that may not be one; then an empty one."""
    return value if isinstance(value, dict) else {}


def list_in(value: object) -> list[Any]:
    """A JSON array that may not be one; then an empty one."""
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(value, list):
        return "".join(_text(text) for part in value if isinstance(text := table_in(part).get("text"), str))
    return clean(value) if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and 0 <= value <= _MOST else None
