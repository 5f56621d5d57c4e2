"""The Batch API: files of questions, and batches that are done when one looks at them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from digest.sample.chat import ChatError, check_key

Answer = Callable[[Mapping[str, Any]], dict[str, Any]]
"""The completion that answers a question. Raises ChatError."""


class Batches:
    """Uploaded files and batches.

    Args:
        answer: answers one question.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}

    def routes(self) -> Sequence[Route]:
        """The URLs of the API."""
        return [
            Route("/v1/files", self._guarded(self._upload), methods=["POST"]),
            Route("/v1/files/{id}/content", self._guarded(self._content)),
            Route("/v1/batches", self._guarded(self._create), methods=["POST"]),
            Route("/v1/batches", self._guarded(self._list)),
            Route("/v1/batches/{id}", self._guarded(self._retrieve)),
        ]

    def _guarded(self, endpoint: Callable[[Request, bytes], Response]) -> Callable[[Request], Any]:
        async def guarded(request: Request) -> Response:
            try:
                check_key(request)
                return endpoint(request, await request.body())
            except ChatError as refused:
                return JSONResponse(refused.body, refused.status)

        return guarded

    def _upload(self, request: Request, body: bytes) -> Response:
        """A file, from a form with the fields purpose and file."""
        kind = request.headers.get("content-type", "")
        form = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
        parts = {part.get_param("name", header="content-disposition"): part for part in form.iter_parts()}
        if not {"file", "purpose"} <= parts.keys():
            raise ChatError(400, "A form with the fields 'file' and 'purpose' is needed.")
        content = parts["file"].get_payload(decode=True)
        assert isinstance(content, bytes)  # a part that is no form itself
        name = self._store(content)
        return JSONResponse({**_file(name, content), "filename": parts["file"].get_filename() or ""})

    def _content(self, request: Request, _: bytes) -> Response:
        return PlainTextResponse(_known(self.files, request.path_params["id"]))

    def _create(self, _: Request, body: bytes) -> Response:
        wanted = json.loads(body)
        rows = _known(self.files, wanted.get("input_file_id")).splitlines()
        name = f"batch_{len(self.batches) + 1}"
        self.batches[name] = {
            "id": name,
            "object": "batch",
            "endpoint": wanted.get("endpoint"),
            "input_file_id": wanted["input_file_id"],
            "completion_window": wanted.get("completion_window"),
            "status": "validating",
            "created_at": int(time.time()),
            "metadata": wanted.get("metadata"),
            "output_file_id": None,
            "error_file_id": None,
            "request_counts": {"total": len(rows), "completed": 0, "failed": 0},
        }
        return JSONResponse(self.batches[name])

    def _list(self, request: Request, _: bytes) -> Response:
        """Newest first, a page at a time."""
        newest = list(reversed(self.batches.values()))
        after, size = request.query_params.get("after"), int(request.query_params.get("limit", 20))
        start = next((i + 1 for i, batch in enumerate(newest) if batch["id"] == after), 0)
        page = newest[start : start + size]
        return JSONResponse({"object": "list", "data": page, "has_more": len(newest) > start + size})

    def _retrieve(self, request: Request, _: bytes) -> Response:
        batch = _known(self.batches, request.path_params["id"])
        if batch["status"] in {"validating", "in_progress"}:
            self.work(batch)
        return JSONResponse(batch)

    def work(self, batch: dict[str, Any]) -> None:
        """Answer all questions of a batch, which is done thereby."""
        rows = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        done, failed = list[str](), list[str]()
        for row in rows:
            answered, result = self.result(row)
            (done if answered else failed).append(result)
        batch["status"] = "completed"
        batch["output_file_id"] = self._store("\n".join(done).encode()) if done else None
        batch["error_file_id"] = self._store("\n".join(failed).encode()) if failed else None
        counts = {"total": len(rows), "completed": len(done), "failed": len(failed)}
        batch["request_counts"] = counts

    def result(self, row: Mapping[str, Any]) -> tuple[bool, str]:
        """The row of a result file, and before it True if it holds the answer."""
        try:
            return True, result_row(row, 200, self._answer(row["body"]))
        except ChatError as refused:
            return False, result_row(row, refused.status, refused.body)

    def _store(self, content: bytes) -> str:
        name = f"file-{len(self.files) + 1}"
        self.files[name] = content
        return name


def result_row(question: Mapping[str, Any], status: int, body: Mapping[str, Any]) -> str:
    """The row of a result file for a question that was answered with this status and body."""
    response = {"status_code": status, "request_id": "sample", "body": body}
    return json.dumps({"custom_id": question["custom_id"], "response": response, "error": None})


def _file(name: str, content: bytes) -> dict[str, Any]:
    about = {"object": "file", "purpose": "batch", "status": "processed"}
    return {**about, "id": name, "bytes": len(content), "created_at": int(time.time())}


def _known(kept: Mapping[str, Any], name: object) -> Any:  # noqa: ANN401 - whatever is kept there
    if name not in kept:
        raise ChatError(404, f"No such object: {name}", code="not_found")
    return kept[str(name)]
