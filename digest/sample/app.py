"""The sample server's ASGI application: arXiv's and OpenAI's URLs, and `/_control` for tests."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC
from email.utils import format_datetime
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digest.model.taxonomy import canonical
from digest.sample import api, chat, feeds, pages, pdf
from digest.sample.batches import Batches
from digest.sample.data import SamplePaper, library_of
from digest.sample.faults import Faults, Limits, Stats, cutting, endpoint_kind, seconds_to_wait, until_left
from digest.sample.knobs import MODEL, Fault, Knobs
from digest.system.errors import UsageError

_HTML, _XML = "text/html; charset=utf-8", "application/xml; charset=utf-8"


class Sample:
    """The whole server: the knobs, what follows from them, and the counts.

    Args:
        knobs: those that `/_control` falls back to.
        abort: resets the connection that a request came over.
    """

    def __init__(self, knobs: Knobs, abort: Callable[[Scope], None]) -> None:
        self._base = knobs
        self._abort = abort
        self._seen_prefixes: set[str] = set()
        self._batches = Batches(lambda: self._knobs, self._answer, chat.check_key)
        self._set(knobs)
        self._routes = Router(
            [
                Route("/list/{subject}/new", self._listing),
                Route("/list/{rest:path}", self._no_listing),
                Route("/catchup/{subject}/{day}", self._catchup),
                Route("/rss/{query}", self._feed),
                Route("/atom/{query}", self._feed),
                Route("/api/query", self._query),
                Route("/oai", self._oai),
                Route("/pdf/{id:path}", self._pdf),
                Route("/v1/models", self._models),
                *self._batches.routes(),
                Route("/_control", self._control, methods=["POST"]),
                Route("/_control/stats", self._statistics),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        kind = endpoint_kind(scope["path"])
        if scope["path"].startswith("/_control"):
            await self._routes(scope, receive, send)
            return
        self._stats.requests[kind] += 1
        if kind == "chat":
            await self._chat(scope, receive, send)
        else:
            send = self._counting(kind, send)
            done, rule = await self._break(kind, scope, receive, send)
            if not done:
                await self._deliver(self._routes, rule, scope, receive, send)

    def _set(self, knobs: Knobs) -> None:
        """Turn to these knobs and count anew."""
        self._library = library_of(knobs)
        self._knobs = knobs
        self._stats = Stats()
        self._batches.forget()
        self._faults = Faults(knobs, self._abort)
        self._limits = Limits(knobs, self._stats)

    async def _break(self, who: str, scope: Scope, receive: Receive, send: Send) -> tuple[bool, Fault | None]:
        """Let a fault hit: whether it has dealt with the request, and the rule that may shape the answer.

        `who` is the asker whose Retry-After counts: a kind of page, or a paper.
        """
        query = scope["query_string"].decode()
        rule = self._faults.choose(scope["path"] + (f"?{query}" if query else ""), who)
        if rule is None:
            return False, None
        self._stats.faults[rule.action] += 1
        return await self._faults.carry_out(rule, scope, receive, send), rule

    async def _deliver(
        self, answer: ASGIApp, rule: Fault | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Send an answer, as much of it as the fault leaves."""
        action = rule.action if rule else None
        if action in {"truncate", "shorten", "stall"}:
            send = cutting(send, openly=action != "shorten")
        await answer(scope, receive, send)
        if action == "stall":
            await until_left(receive)

    def _counting(self, who: str, send: Send) -> Send:
        """A `send` that notes statuses and what the asker was told to wait."""
        stats = self._stats
        stats.arrive(who)

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                stats.statuses[message["status"]] += 1
                stats.told_to_wait(who, seconds_to_wait(Headers(raw=message["headers"])))
            await send(message)

        return counted

    # arXiv

    async def _listing(self, request: Request) -> Response:
        arguments = request.query_params
        try:
            page = pages.listing(
                self._library,
                self._knobs,
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
        """The category whose page is sent. Raises `pages.MovedError` for one that goes by another code."""
        subject = str(request.path_params["subject"])
        if canonical(subject) != subject:
            raise pages.MovedError(canonical(subject))
        return self._knobs.instead.get(subject, subject)

    async def _no_listing(self, request: Request) -> Response:  # noqa: ARG002 - the shape of an endpoint
        return _refused("Listing requires subject and valid time period parameters.", 400)

    async def _catchup(self, request: Request) -> Response:
        day, arguments = request.path_params["day"], dict(request.query_params)
        try:
            page = pages.catchup(self._library, self._knobs, self._subject(request), day, arguments)
        except pages.MovedError as error:
            return RedirectResponse(f"/catchup/{error}/{day}?{request.url.query}", 301)
        except pages.BadRequestError as error:
            return _refused(str(error), 400)
        return _cached(request, page.encode(), _HTML)

    async def _feed(self, request: Request) -> Response:
        style = request.url.path.split("/")[1]
        status, body = feeds.feed(self._library, self._knobs, style, request.path_params["query"])
        return _cached(request, body, f"application/{style}+xml; charset=utf-8", status)

    async def _query(self, request: Request) -> Response:
        status, body = api.query(self._library, self._knobs, dict(request.query_params))
        return Response(body, status, media_type="application/atom+xml; charset=utf-8")

    async def _oai(self, request: Request) -> Response:
        return Response(api.oai(self._library, self._knobs, dict(request.query_params)), media_type=_XML)

    async def _pdf(self, request: Request) -> Response:
        name = request.path_params["id"]
        if name.endswith(".pdf") or request.url.query:
            return RedirectResponse(f"/pdf/{name.removesuffix('.pdf')}", 301)
        record = self._library.get(name)
        if record is None or record.id in self._knobs.missing:
            return _refused(f"No document for '{name}'", 404)
        own = pdf.own(self._knobs, record.versioned_id)
        body = pdf.typeset(record) if own is None else own
        modified = format_datetime(record.revised.astimezone(UTC), usegmt=True)
        response = _cached(request, body, "application/pdf", modified=modified)
        if request.method == "HEAD" or response.status_code == 304:
            return response

        async def whole() -> AsyncIterator[bytes]:
            yield body

        del response.headers["Content-Length"]  # a GET is sent in chunks, as arXiv's
        return StreamingResponse(whole(), headers=response.headers)

    # the model

    async def _models(self, request: Request) -> Response:
        try:
            chat.check_key(request)
        except chat.ChatError as error:
            return JSONResponse(error.body, error.status)
        model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "sample"}
        return JSONResponse({"object": "list", "data": [model]})

    async def _chat(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One question, within the limits and past the faults."""
        request, stats = Request(scope, receive), self._stats
        question = await _json(request)
        record = chat.paper_of(chat.messages_of(question), self._library)
        who = record.id if record else "unknown"
        stats.asked[who] += 1
        send = self._counting(who, send)
        try:
            chat.check_key(request)
            chat.accept(question, self._knobs)
            self._limits.enter()
        except chat.ChatError as error:
            await JSONResponse(error.body, error.status, error.headers)(scope, receive, send)
            return
        try:
            done, rule = await self._break(who, scope, receive, send)
            if not done:
                response = await self._completion(question, record, rule, stats)
                await self._deliver(response, rule, scope, receive, send)
        finally:
            stats.in_flight -= 1

    async def _completion(
        self, question: dict[str, Any], record: SamplePaper | None, rule: Fault | None, stats: Stats
    ) -> Response:
        if self._knobs.latency:
            await asyncio.sleep(self._knobs.latency)
        try:
            body = self._right(question, record, stats, rule)
        except chat.ChatError as error:
            return JSONResponse(error.body, error.status)
        return JSONResponse(body, headers=self._limits.headers())

    def _right(
        self, question: Mapping[str, Any], record: SamplePaper | None, stats: Stats, rule: Fault | None = None
    ) -> dict[str, Any]:
        """The right completion, rewritten by the rule if there is one. Raises ChatError.

        It counts where its question does, since it may come after knobs were set: nobody waits for it then.
        """
        if record is None:
            raise chat.no_recording("a text that holds none of their titles")
        content = chat.answer(question, record, self._library, self._knobs)
        prefix = chat.system_text(question["messages"])
        cached = chat.estimate(prefix) if prefix in self._seen_prefixes else 0
        self._seen_prefixes.add(prefix)
        stats.answered[record.id] += 1
        return chat.completion(question, content, cached, rule)

    def _answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The completion of a question in a batch. Raises ChatError."""
        chat.accept(question, self._knobs)
        return self._right(question, chat.paper_of(question["messages"], self._library), self._stats)

    # control

    async def _control(self, request: Request) -> Response:
        """Set knobs on top of those that the server was started with, and count anew."""
        try:
            changes = await request.json()
            knobs = Knobs.model_validate({**self._base.model_dump(), **changes})
            self._set(knobs)
        except (ValidationError, UsageError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({})

    async def _statistics(self, request: Request) -> Response:  # noqa: ARG002 - the shape of an endpoint
        return JSONResponse(self._stats.as_table())


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


async def _json(request: Request) -> Any:  # noqa: ANN401 - a body as it came
    """The body, or None where it is no JSON."""
    try:
        return await request.json()
    except ValueError:
        return None
