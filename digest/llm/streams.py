"""Streams of pieces of an answer, put together: some gateways send one although none was asked for.

Source: OpenAI, api-reference/chat-streaming; server-sent events are those of the HTML standard.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from digest.system.redact import KeyRedactor

_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")


def joined(content: bytes, mask: KeyRedactor) -> dict[str, Any] | None:
    """The completion that a stream adds up to; None: it is no stream.

    A stream without end has `error` as its reason to finish.
    """
    texts: dict[str, list[str]] = {name: [] for name in _TEXTS}
    body: dict[str, Any] = {}
    reason: object = None
    started = ended = False
    for piece in _pieces(content, mask):
        if piece is None:
            ended = True
            continue
        body |= {name: piece[name] for name in ("model", "usage", "error", "base_resp") if piece.get(name)}
        choices = piece.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            continue
        started = True
        reason = choice.get("finish_reason") or reason
        delta = choice.get("delta") or choice.get("message")
        said: dict[str, Any] = delta if isinstance(delta, dict) else {}
        for name in _TEXTS:
            if isinstance(text := said.get(name), str):
                texts[name].append(text)
    if not (started or body.keys() & {"error", "base_resp"}):
        return None
    message = {name: "".join(parts) for name, parts in texts.items() if parts}
    if started:
        finish = reason or ("stop" if ended else "error")
        body["choices"] = [{"index": 0, "message": message, "finish_reason": finish}]
    return body


def _pieces(content: bytes, mask: KeyRedactor) -> Iterator[dict[str, Any] | None]:
    """The objects of a stream, each on a line of its own; None for the mark of its end."""
    for line in content.splitlines():
        data = line.strip().removeprefix(b"data:").strip()
        if data == b"[DONE]":
            yield None
        elif data.startswith(b"{"):
            try:
                piece = mask.parsed(data)
            except ValueError:  # torn
                continue
            if isinstance(piece, dict):
                yield piece
