"""Questions as a batch file that a person hands in, and its answers as if an endpoint had given them.

The lines are those of OpenAI's Batch API (guides/batch): a question has `custom_id`, `method`, `url` and
`body`; an answer has `custom_id` and `response.body`. `custom_id` is the question's key in the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from digest.llm.batch.jsonl import write_rows
from digest.llm.response import MalformedError, read
from digest.model import Completion, Request
from digest.system.errors import AnswerError, UsageError
from digest.system.files import read_text


class Collector:
    """Stands where an endpoint would, answers nothing, and collects what was asked.

    Args:
        body: of a question, in the form that the endpoint takes; see `Endpoint.write`.
    """

    def __init__(self, body: Callable[[Request], dict[str, Any]]) -> None:
        self._body = body
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
        return write_rows(((request, "") for request in self.requests.values()), self._body).decode()


class Replay:
    """Answers from a file of recorded answers, and refuses everything else.

    Args:
        path: a batch output file.

    Raises:
        UsageError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.answers: dict[str, object] = {}
        rows = read_text(path).split("\n")
        for number, row in enumerate(rows, start=1):
            if not row.strip():
                continue
            try:
                found = json.loads(row)
                response = found["response"] or {}  # null where the row failed or expired: no answer
                self.answers[found["custom_id"]] = response.get("body")
            except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
                raise UsageError(
                    f"{path}, line {number}: no answer of a batch: it needs custom_id and response.body."
                ) from None

    async def complete(self, request: Request) -> Completion:
        """The recorded answer.

        Raises:
            AnswerError: there is none, or it is none that can be used.
        """
        body = self.answers.get(request.key)
        if body is None:
            raise AnswerError("unanswered", "the file holds no answer to this question")
        try:
            return read(body, request)
        except MalformedError as error:
            raise AnswerError("unreadable", str(error)) from None
