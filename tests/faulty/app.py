"""The sample server's application behind faults, limits and counts, and `/_control` to set them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digest.sample import chat
from digest.sample.app import Sample, json_of
from digest.sample.data import SamplePaper, share, split_version
from digest.system.errors import UsageError
from tests.faulty.batches import FaultyBatches
from tests.faulty.composed import library_of, with_defect
from tests.faulty.faults import Faults, Limits, Stats, cutting, endpoint_kind, seconds_to_wait, until_left
from tests.faulty.knobs import Fault, Knobs


class FaultySample(Sample):
    """The whole server: the knobs, what follows from them, and the counts.

    Args:
        knobs: those that `/_control` falls back to.
    """

    knobs: Knobs

    def __init__(self, knobs: Knobs) -> None:
        super().__init__(knobs)
        self._base = knobs
        self._batches = FaultyBatches(self.answer, lambda: self.knobs)
        self._set(knobs)
        self._endpoint = Router(self._batches.routes())
        self._controls = Router(
            [
                Route("/_control", self._control, methods=["POST"]),
                Route("/_control/stats", self._statistics),
            ]
        )

    def abort(self, scope: Scope) -> None:
        """Reset the connection that a request came over."""
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        kind = endpoint_kind(scope["path"])
        if scope["path"].startswith("/_control"):
            await self._controls(scope, receive, send)
            return
        self._stats.requests[kind] += 1
        if kind == "chat":
            await self._limited_chat(scope, receive, send)
        else:
            send = self._counting(kind, send)
            done, rule = await self._break(kind, scope, receive, send)
            if not done:
                await self._deliver(self._answering(kind, scope["path"]), rule, scope, receive, send)

    def _answering(self, kind: str, path: str) -> ASGIApp:
        if kind not in {"files", "batches"}:
            return self.routes
        if not self.knobs.batches:
            return JSONResponse({"error": chat.error(f"Invalid URL ({path})")}, 404)
        return self._endpoint

    def _set(self, knobs: Knobs) -> None:
        """Turn to these knobs and count anew."""
        self.library = library_of(knobs)
        self.knobs = knobs
        self._stats = Stats()
        self._batches.forget()
        self._faults = Faults(knobs, self._reset)
        self._limits = Limits(knobs, self._stats)

    def _reset(self, scope: Scope) -> None:
        self.abort(scope)

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

    def shown(self, subject: str) -> str:
        """The category whose page is sent."""
        return self.knobs.instead.get(subject, subject)

    def pdf_of(self, record: SamplePaper) -> bytes:
        """The file that the knobs want served, or else one that is typeset once for all servers."""
        names = (record.versioned_id, split_version(record.versioned_id)[0])
        if own := self.knobs.pdfs:
            paths = [own / f"{name.replace('/', '_')}.pdf" for name in names]
            if found := next((path for path in paths if path.is_file()), None):
                return found.read_bytes()
        if self.knobs.typeset is None:
            return super().pdf_of(record)
        place = self.knobs.typeset / f"{hashlib.sha256(record.model_dump_json().encode()).hexdigest()}.pdf"
        if not place.exists():
            unfinished = place.with_suffix(f".{os.getpid()}")
            unfinished.write_bytes(super().pdf_of(record))
            unfinished.replace(place)
        return place.read_bytes()

    # the model

    async def _limited_chat(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One question, within the limits and past the faults."""
        request, stats = Request(scope, receive), self._stats
        question = await json_of(request)
        record = chat.paper_of(chat.messages_of(question), self.library)
        who = record.id if record else "unknown"
        stats.asked[who] += 1
        send = self._counting(who, send)
        try:
            chat.check_key(request)
            self._accept(question)
            self._limits.enter()
        except chat.ChatError as error:
            await JSONResponse(error.body, error.status, error.headers)(scope, receive, send)
            return
        try:
            done, rule = await self._break(who, scope, receive, send)
            if not done:
                response = await self._respond(question, record, rule, stats)
                await self._deliver(response, rule, scope, receive, send)
        finally:
            stats.in_flight -= 1

    async def _respond(
        self, question: dict[str, Any], record: SamplePaper | None, rule: Fault | None, stats: Stats
    ) -> Response:
        """The right completion, or what the rule makes of it.

        It counts where its question does, since it may come after knobs were set: nobody waits for it then.
        """
        if self.knobs.latency:
            await asyncio.sleep(self.knobs.latency)
        try:
            body = self.completion(question, record)
        except chat.ChatError as error:
            return JSONResponse(error.body, error.status)
        assert record is not None  # or there was no completion
        stats.answered[record.id] += 1
        return JSONResponse(
            _rewritten(body, question, rule) if rule else body, headers=self._limits.headers()
        )

    def answer(self, question: Any) -> dict[str, Any]:
        """The completion of a question in a batch. Raises ChatError."""
        self._accept(question)
        record = chat.paper_of(question["messages"], self.library)
        body = self.completion(question, record)
        assert record is not None  # or there was no completion
        self._stats.answered[record.id] += 1
        return body

    def completion(self, question: Mapping[str, Any], record: SamplePaper | None) -> dict[str, Any]:
        """The completion, perhaps with a defect the first time. Raises ChatError."""
        body = super().completion(question, record)
        first = all(message.get("role") != "assistant" for message in question["messages"])
        if record and first and share(record.id, 1000) < self.knobs.erring * 1000:
            content = with_defect(record, body["choices"][0]["message"]["content"])
            return chat.completion(question, content, body["usage"]["prompt_tokens_details"]["cached_tokens"])
        return body

    def _accept(self, question: Any) -> None:
        """Do nothing if this endpoint takes such a question, and raise ChatError otherwise."""
        if chat.messages_of(question):
            self._refuse(question)
        chat.accept(question)

    def _refuse(self, question: dict[str, Any]) -> None:
        knobs = self.knobs
        for name, value in knobs.requires.items():
            if question.get(name) != value:
                message = f"parameter.{name} must be set to {json.dumps(value)} for this call"
                raise chat.ChatError(400, message, param=name)
        for name in knobs.unsupported:
            if name in question:
                raise chat.unsupported(name)
        tokens = sum(chat.estimate(chat.text_of(message)) for message in question["messages"])
        if knobs.context is not None and tokens > knobs.context:
            message = f"request ({tokens} tokens) exceeds the available context size ({knobs.context} tokens)"
            raise chat.ChatError(400, message, type="exceed_context_size_error")
        if chat.response_format(question) in knobs.rejects:
            message = "This response_format type is unavailable now"
            raise chat.ChatError(400, message, param="response_format")

    # control

    async def _control(self, request: Request) -> Response:
        """Set knobs on top of those that the server was started with, and count anew."""
        try:
            changes = await request.json()
            self._set(Knobs.model_validate({**self._base.model_dump(), **changes}))
        except (ValidationError, UsageError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({})

    async def _statistics(self, request: Request) -> Response:  # noqa: ARG002 - the shape of an endpoint
        return JSONResponse(self._stats.as_table())


def _rewritten(body: dict[str, Any], question: Mapping[str, Any], fault: Fault) -> dict[str, Any]:
    """A completion as a fault of action rewrite makes it, with the tokens of what it holds then."""
    choice, usage = body["choices"][0], body["usage"]
    message = choice["message"]
    kept = message["content"][: int(len(message["content"]) * fault.keep)]
    message["content"] = kept if fault.content is None else fault.content.replace("{}", kept)
    message |= fault.message
    choice["finish_reason"] = fault.finish_reason or "stop"
    reasoning = chat.estimate(str(message.get("reasoning_content") or ""))
    written = chat.estimate(message["content"] or "") + reasoning
    if choice["finish_reason"] == "length":
        written = max(written, question.get("max_tokens") or question.get("max_completion_tokens") or 0)
    usage["completion_tokens"], usage["total_tokens"] = written, usage["prompt_tokens"] + written
    usage["completion_tokens_details"]["reasoning_tokens"] = reasoning
    return body
