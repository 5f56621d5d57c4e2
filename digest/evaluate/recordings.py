"""Questions to a judge as a batch file, and its answers as if an endpoint had given them.

The lines are those of OpenAI's Batch API (guides/batch): a question has `custom_id`, `method`, `url` and
`body`; an answer has `custom_id` and `response.body`. `custom_id` is the question's key in the ledger.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from digest.errors import AnswerError, UsageError
from digest.llm.request import Request
from digest.model import Completion, Usage


class Collector:
    """Stands where an endpoint would, answers nothing, and collects what was asked."""

    def __init__(self) -> None:
        self.requests: dict[str, Request] = {}

    async def complete(self, request: Request) -> Completion:
        """Note the question.

        Raises:
            AnswerError: always.
        """
        self.requests[request.key] = request
        raise AnswerError("unanswered", "the question waits in the batch file")

    def to_jsonl(self) -> str:
        """The questions as a batch file."""
        return "".join(json.dumps(_question(r), ensure_ascii=False) + "\n" for r in self.requests.values())


class Replay:
    """Answers from a file of recorded answers, and refuses everything else.

    Args:
        path: a batch output file.

    Raises:
        UsageError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.answers: dict[str, dict[str, Any]] = {}
        try:
            rows = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: cannot be read: {error}.") from error
        for number, row in enumerate(rows, start=1):
            try:
                found = json.loads(row)
                self.answers[found["custom_id"]] = found["response"]["body"]
            except (ValueError, KeyError, TypeError):
                raise UsageError(
                    f"{path}, line {number}: no answer of a batch: it needs custom_id and response.body."
                ) from None

    async def complete(self, request: Request) -> Completion:
        """The recorded answer.

        Raises:
            AnswerError: there is none, or it holds no text.
        """
        body = self.answers.get(request.key)
        if body is None:
            raise AnswerError("unanswered", "the file holds no answer to this question")
        try:
            content = body["choices"][0]["message"]["content"]
            usage = body.get("usage") or {}
            return Completion(
                key=request.key,
                model=request.model,
                resolved_model=body.get("model"),
                content=content,
                finish_reason=body["choices"][0].get("finish_reason"),
                usage=Usage(input=usage.get("prompt_tokens", 0), output=usage.get("completion_tokens", 0)),
                received=datetime.now(UTC),
            )
        except (LookupError, TypeError, ValueError):
            raise AnswerError("unreadable", "the recorded answer holds no text") from None


def _question(request: Request) -> dict[str, Any]:
    form = {"name": "answer", "strict": True, "schema": request.json_schema}
    body = {
        "model": request.model,
        "messages": [message.model_dump() for message in request.messages],
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
        "response_format": {"type": "json_schema", "json_schema": form},
        **request.body,
    }
    return {"custom_id": request.key, "method": "POST", "url": "/v1/chat/completions", "body": body}
