"""The sample server's ASGI application: arXiv's and OpenAI's URLs."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from digest.model.taxonomy import canonical
from digest.sample import api, chat, feeds, pages, pdf
from digest.sample.batches import Batches
from digest.sample.data import SampleData, SamplePaper
from digest.sample.knobs import MODEL, Knobs

_HTML, _XML = "text/html; charset=utf-8", "application/xml; charset=utf-8"


class Sample:
    """The whole server: the knobs, and what follows from them."""

    def __init__(self, knobs: Knobs) -> None:
        self.knobs = knobs
        self.library = SampleData(knobs)
        self._seen_prefixes: set[str] = set()
        self.routes = Router(
            [
                Route("/list/{subject}/new", self._listing),
                Route("/list/{rest:path}", self._no_listing),
                Route("/catchup/{subject}/{day}", self._catchup),
                Route("/atom/{query}", self._feed),
                Route("/api/query", self._query),
                Route("/oai", self._oai),
                Route("/pdf/{id:path}", self._pdf),
                Route("/v1/models", self._models),
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                *Batches(self.answer).routes(),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self.routes(scope, receive, send)

    # arXiv

    async def _listing(self, request: Request) -> Response:
        arguments = request.query_params
        try:
            page = pages.listing(
                self.library,
                self.knobs,
                self._subject(request),
                arguments.get("skip", ""),
                arguments.get("show", ""),
            )
        except pages.MovedError as error:
            return RedirectResponse(f"/list/{error}/new", 301)
        except pages.BadRequestError as error:
            return _refused(str(error), 400)
        return _cached(request, page.encode(), _HTML)

    def _subject(self, request: Request) -> str:
        """The category that is asked for. Raises `pages.MovedError` for one that goes by another code."""
        subject = str(request.path_params["subject"])
        if canonical(subject) != subject:
            raise pages.MovedError(canonical(subject))
        return self.shown(subject)

    def shown(self, subject: str) -> str:
        """The category whose page is sent."""
        return subject

    async def _no_listing(self, request: Request) -> Response:  # noqa: ARG002 - the shape of an endpoint
        return _refused("Listing requires subject and valid time period parameters.", 400)

    async def _catchup(self, request: Request) -> Response:
        day, arguments = request.path_params["day"], dict(request.query_params)
        try:
            page = pages.catchup(self.library, self.knobs, self._subject(request), day, arguments)
        except pages.MovedError as error:
            return RedirectResponse(f"/catchup/{error}/{day}?{request.url.query}", 301)
        except pages.BadRequestError as error:
            return _refused(str(error), 400)
        return _cached(request, page.encode(), _HTML)

    async def _feed(self, request: Request) -> Response:
        status, body = feeds.feed(self.library, self.knobs, request.path_params["query"])
        return _cached(request, body, "application/atom+xml; charset=utf-8", status)

    async def _query(self, request: Request) -> Response:
        status, body = api.query(self.library, self.knobs, dict(request.query_params))
        return Response(body, status, media_type="application/atom+xml; charset=utf-8")

    async def _oai(self, request: Request) -> Response:
        return Response(api.oai(self.library, self.knobs, dict(request.query_params)), media_type=_XML)

    async def _pdf(self, request: Request) -> Response:
        name = request.path_params["id"]
        if name.endswith(".pdf") or request.url.query:
            return RedirectResponse(f"/pdf/{name.removesuffix('.pdf')}", 301)
        record = self.library.get(name)
        if record is None or record.id in self.knobs.missing:
            return _refused(f"No document for '{name}'", 404)
        body = self.pdf_of(record)
        modified = format_datetime(record.revised.astimezone(UTC), usegmt=True)
        response = _cached(request, body, "application/pdf", modified=modified)
        if request.method == "HEAD" or response.status_code == 304:
            return response

        async def whole() -> AsyncIterator[bytes]:
            yield body

        del response.headers["Content-Length"]  # a GET is sent in chunks, as arXiv's
        return StreamingResponse(whole(), headers=response.headers)

    def pdf_of(self, record: SamplePaper) -> bytes:
        """The file of a paper."""
        return pdf.typeset(record)

    # the model

    async def _models(self, request: Request) -> Response:
        try:
            chat.check_key(request)
        except chat.ChatError as error:
            return JSONResponse(error.body, error.status)
        model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "sample"}
        return JSONResponse({"object": "list", "data": [model]})

    async def _chat(self, request: Request) -> Response:
        try:
            chat.check_key(request)
            return JSONResponse(self.answer(await json_of(request)))
        except chat.ChatError as error:
            return JSONResponse(error.body, error.status)

    def answer(self, question: Any) -> dict[str, Any]:  # noqa: ANN401 - a body as it came
        """The completion of a question. Raises ChatError."""
        chat.accept(question)
        return self.completion(question, chat.paper_of(question["messages"], self.library))

    def completion(self, question: Mapping[str, Any], record: SamplePaper | None) -> dict[str, Any]:
        """The completion of a question about this paper. Raises ChatError."""
        if record is None:
            raise chat.no_recording("a text that holds none of their titles")
        content = chat.answer(question, record, self.library)
        prefix = chat.system_text(question["messages"])
        cached = chat.estimate(prefix) if prefix in self._seen_prefixes else 0
        self._seen_prefixes.add(prefix)
        return chat.completion(question, content, cached)


def _refused(message: str, status: int) -> Response:
    return Response(pages.refusal(message), status, media_type=_HTML)


def _cached(
    request: Request, body: bytes, media_type: str, status: int = 200, modified: str | None = None
) -> Response:
    """The body with its ETag and perhaps Last-Modified, or 304 for a client that has it."""
    headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"'}
    if modified:
        headers["Last-Modified"] = modified
    tag, since = (request.headers.get(f"if-{name}") for name in ("none-match", "modified-since"))
    unchanged = tag == headers["ETag"] or (tag is None and since is not None and since == modified)
    if status == 200 and unchanged:
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers=headers, media_type=media_type)


async def json_of(request: Request) -> Any:  # noqa: ANN401 - a body as it came
    """The body, or None where it is no JSON."""
    try:
        return await request.json()
    except ValueError:
        return None
