"""The files of a batch: a question a line goes in, an answer a line comes out.

Source: OpenAI, guides/batch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from digest.llm.response import read
from digest.model import Completion, Request
from digest.system.redact import KeyRedactor


def write_rows(questions: Iterable[tuple[Request, str]], body: Callable[[Request], dict[str, Any]]) -> bytes:
    """The file of questions, each named by its key.

    Args:
        questions: each with its paper, which stays here.
        body: what the endpoint takes as a question.
    """
    rows = (
        {"custom_id": request.key, "method": "POST", "url": "/v1/chat/completions", "body": body(request)}
        for request, _ in questions
    )
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()


def read_rows(content: bytes, mask: KeyRedactor) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a file of answers, each with the key of its question; a line that is none is left out."""
    for line in content.split(b"\n"):  # not at U+2028 and the like, which may stand in JSON as they are
        try:
            row = mask.parsed(line)
        except ValueError:  # torn, or nested without end
            continue
        if isinstance(row, dict) and isinstance(key := row.get("custom_id"), str):
            yield key, row


def answer_in(row: dict[str, Any], request: Request) -> Completion:
    """The answer in a row.

    Raises:
        UnusableError: it is a refusal, empty, or cut.
        MalformedError: there is none.
    """
    response = row.get("response")
    response = response if isinstance(response, dict) else {}
    body = response.get("body")
    if response.get("status_code") != 200:
        body = {"error": row.get("error") or body or "no answer"}
    return read(body, request)
