"""The Batch API: files of questions, and batches that are done after some looks at them."""

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

from digest.sample.chat import ChatError, error
from digest.sample.data import share
from digest.sample.knobs import Knobs

Answer = Callable[[Mapping[str, Any]], dict[str, Any]]
"""The completion that answers a question. Raises ChatError."""


class Batches:
    """Uploaded files and batches.

    Args:
        knobs: gives the knobs of the moment.
        answer: answers one question.
        check: raises ChatError when a request has no key.
    """

    def __init__(self, knobs: Callable[[], Knobs], answer: Answer, check: Callable[[Request], None]) -> None:
        self._knobs = knobs
        self._answer = answer
        self._check = check
        self._files: dict[str, bytes] = {}
        self._batches: dict[str, dict[str, Any]] = {}
        self._looks: dict[str, int] = {}

    def forget(self) -> None:
        """Begin anew."""
        self._files.clear()
        self._batches.clear()
        self._looks.clear()

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
            if not self._knobs().batches:
                return JSONResponse({"error": error(f"Invalid URL ({request.url.path})")}, 404)
            try:
                self._check(request)
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
        return PlainTextResponse(_known(self._files, request.path_params["id"]))

    def _create(self, _: Request, body: bytes) -> Response:
        wanted = json.loads(body)
        rows = _known(self._files, wanted.get("input_file_id")).splitlines()
        name = f"batch_{len(self._batches) + 1}"
        self._batches[name] = {
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
        return JSONResponse(self._batches[name])

    def _list(self, request: Request, _: bytes) -> Response:
        """Newest first, a page at a time."""
        newest = list(reversed(self._batches.values()))
        after, size = request.query_params.get("after"), int(request.query_params.get("limit", 20))
        start = next((i + 1 for i, batch in enumerate(newest) if batch["id"] == after), 0)
        page = newest[start : start + size]
        return JSONResponse({"object": "list", "data": page, "has_more": len(newest) > start + size})

    def _retrieve(self, request: Request, _: bytes) -> Response:
        name = request.path_params["id"]
        batch = _known(self._batches, name)
        self._looks[name] = self._looks.get(name, 0) + 1
        if batch["status"] in {"validating", "in_progress"}:
            batch["status"] = "in_progress"
            if self._looks[name] > self._knobs().batch_looks:
                self._finish(batch)
        return JSONResponse(batch)

    def _finish(self, batch: dict[str, Any]) -> None:
        """Answer the rows; some fail, and some are left over when the batch expires, as the knobs say."""
        knobs, done, failed = self._knobs(), list[str](), list[str]()
        rows = [json.loads(line) for line in self._files[batch["input_file_id"]].splitlines()]
        for row in rows:
            drawn = share(f"batch {row['custom_id']}", 10_000) / 10_000
            if drawn < knobs.batch_expired:
                expired = {"code": "batch_expired", "message": "This request could not be executed in time."}
                failed.append(json.dumps({"custom_id": row["custom_id"], "response": None, "error": expired}))
            elif drawn < knobs.batch_expired + knobs.batch_failed:
                failed.append(_row(row, 500, {"error": error("The server had an error.")}))
            else:
                try:
                    done.append(_row(row, 200, self._answer(row["body"])))
                except ChatError as refused:
                    failed.append(_row(row, refused.status, refused.body))
        batch["status"] = "expired" if knobs.batch_expired else "completed"
        batch["output_file_id"] = self._store("\n".join(done).encode()) if done else None
        batch["error_file_id"] = self._store("\n".join(failed).encode()) if failed else None
        counts = {"total": len(rows), "completed": len(done), "failed": len(failed)}
        batch["request_counts"] = counts

    def _store(self, content: bytes) -> str:
        name = f"file-{len(self._files) + 1}"
        self._files[name] = content
        return name


def _row(question: Mapping[str, Any], status: int, body: Mapping[str, Any]) -> str:
    response = {"status_code": status, "request_id": "sample", "body": body}
    return json.dumps({"custom_id": question["custom_id"], "response": response, "error": None})


def _file(name: str, content: bytes) -> dict[str, Any]:
    times = {"created_at": int(time.time())}
    return {
        "id": name,
        "object": "file",
        "bytes": len(content),
        "purpose": "batch",
        "status": "processed",
    } | times


def _known(kept: Mapping[str, Any], name: object) -> Any:  # noqa: ANN401 - whatever is kept there
    if name not in kept:
        raise ChatError(404, f"No such object: {name}", code="not_found")
    return kept[str(name)]
