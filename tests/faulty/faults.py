"""The layer in front of every request: it counts, limits, and breaks what the knobs say shall break."""

from __future__ import annotations

import asyncio
import json
import math
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from digest.sample.chat import ChatError
from digest.sample.data import share
from tests.faulty.knobs import Fault, Knobs

KINDS = {
    "/list/": "listing",
    "/catchup/": "catchup",
    "/atom/": "feed",
    "/api/": "api",
    "/oai": "oai",
    "/pdf/": "pdf",
    "/v1/chat/": "chat",
    "/v1/models": "models",
    "/v1/files": "files",
    "/v1/batches": "batches",
}
"""Beginnings of paths, and the name under which their requests are counted."""


def endpoint_kind(path: str) -> str:
    """The name under which requests for this path are counted."""
    return next((kind for start, kind in KINDS.items() if path.startswith(start)), "other")


def seconds_to_wait(headers: Mapping[str, str]) -> float:
    """The seconds that an answer tells the client to wait; 0 when it says nothing."""
    if "retry-after-ms" in headers:
        return float(headers["retry-after-ms"]) / 1000
    value = headers.get("retry-after", "0")
    if value.replace(".", "", 1).isdigit():
        return float(value)
    return (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()


class Stats:
    """Counts of what was asked and answered since the knobs were last set."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.early = 0
        self.in_flight = 0
        self.peak = 0
        self._closed_until: dict[str, float] = {}

    def arrive(self, who: str) -> None:
        """Note a request; it is early if the same asker was told to wait until later."""
        if time.monotonic() < self._closed_until.get(who, 0):
            self.early += 1

    def told_to_wait(self, who: str, seconds: float) -> None:
        """Note a Retry-After."""
        self._closed_until[who] = max(self._closed_until.get(who, 0), time.monotonic() + seconds)

    def as_table(self) -> dict[str, Any]:
        """All counts, for `/_control/stats`."""
        return {
            "requests": self.requests,
            "statuses": self.statuses,
            "too_many": self.statuses[429],
            "early": self.early,
            "asked": self.asked,
            "answered": self.answered,
            "faults": self.faults,
            "peak": self.peak,
        }


class Faults:
    """Decides which rule, if any, hits a request, and carries out what needs no knowledge of the answer."""

    def __init__(self, knobs: Knobs, abort: Callable[[Scope], None]) -> None:
        self._rules = [(re.compile(rule.path), random.Random(rule.seed), rule) for rule in knobs.faults]
        self._seen: Counter[int] = Counter()
        self._hit: Counter[int] = Counter()
        self._abort = abort

    def choose(self, target: str, who: str) -> Fault | None:
        """The first rule that hits a request for this path and query; `who` is the paper of a question."""
        chosen = None
        for index, (path, chance, rule) in enumerate(self._rules):
            if not path.search(target) or (rule.paper and rule.paper != who):
                continue
            self._seen[index] += 1
            drawn = share(f"{rule.seed} {who}", 10_000) / 10_000 if rule.sticky else chance.random()
            due = self._seen[index] % rule.every == 0 and drawn < rule.share
            left = rule.first is None or self._hit[index] < rule.first
            if chosen is None and due and left:
                self._hit[index] += 1
                chosen = rule
        return chosen

    async def carry_out(self, rule: Fault, scope: Scope, receive: Receive, send: Send) -> bool:
        """Do what the rule says; True: the request is dealt with, False: it shall still be answered."""
        if rule.action == "delay":
            await asyncio.sleep(rule.seconds)
        elif rule.action == "silence":
            await until_left(receive)
        elif rule.action == "reset":
            self._abort(scope)
        elif rule.action == "answer":
            headers = {name: _dated(value) for name, value in rule.headers.items()}
            await _send(send, rule.status, headers, rule.body)
        return rule.action in {"silence", "reset", "answer"}


class Limits:
    """The endpoint's limits: questions in flight, and questions in a window of time."""

    def __init__(self, knobs: Knobs, stats: Stats) -> None:
        self._knobs = knobs
        self._stats = stats
        self._opened = -math.inf
        self._used = 0

    def enter(self) -> None:
        """Let a question in and count it; whoever calls this takes it out of `in_flight` again.

        Raises:
            ChatError: a 429, with Retry-After where the limit is one of time.
        """
        knobs = self._knobs
        code = "rate_limit_exceeded"
        if knobs.concurrency is not None and self._stats.in_flight >= knobs.concurrency:
            raise ChatError(429, "Too many questions in flight.", code=code)
        if knobs.window is not None:
            number, seconds = knobs.window
            now = time.monotonic()
            if now - self._opened >= seconds:
                self._opened, self._used = now, 0
            if self._used >= number:
                wait = max(1, math.ceil(self._opened + seconds - now))
                told = {"Retry-After": str(wait)} if knobs.window_told else {}
                headers = {**told, **self.headers()}
                raise ChatError(429, "Rate limit reached.", headers, code=code)
            self._used += 1
        self._stats.in_flight += 1
        self._stats.peak = max(self._stats.peak, self._stats.in_flight)

    def headers(self) -> dict[str, str]:
        """x-ratelimit-* as OpenAI sends them, where the knobs ask for them."""
        if not self._knobs.ratelimit_headers or self._knobs.window is None:
            return {}
        number, seconds = self._knobs.window
        left = max(0.0, self._opened + seconds - time.monotonic())
        return {
            "x-ratelimit-limit-requests": str(number),
            "x-ratelimit-remaining-requests": str(number - self._used),
            "x-ratelimit-reset-requests": f"{left:.3f}s",
        }


def _dated(value: str) -> str:
    """A header's value, with date+N as an HTTP date at least N seconds from now."""
    if not value.startswith("date+"):
        return value
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(
        seconds=int(value.removeprefix("date+")) + 1
    )
    return format_datetime(moment, usegmt=True)


async def until_left(receive: Receive) -> None:
    """Wait until the client closes the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, status: int, headers: dict[str, str], body: str | dict[str, Any]) -> None:
    """Answer with exactly this."""
    as_json = isinstance(body, dict)
    content = (json.dumps(body) if isinstance(body, dict) else body).encode()
    named = {"Content-Type": "application/json" if as_json else "text/plain; charset=utf-8", **headers}
    named["Content-Length"] = str(len(content))
    raw = [(name.lower().encode(), value.encode()) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": content})


def cutting(send: Send, openly: bool) -> Send:
    """A `send` that leaves out the second half of the body.

    Args:
        send: where the rest goes.
        openly: announce the whole length, so that the client can notice; else announce the half.
    """
    opening: list[Message] = []

    async def cut(message: Message) -> None:
        if message["type"] == "http.response.start":
            opening.append(message)
        elif opening:
            start, body = opening.pop(), message.get("body", b"")
            half = body[: len(body) // 2]
            headers = [pair for pair in start["headers"] if pair[0] != b"content-length"]
            headers.append((b"content-length", str(len(body if openly else half)).encode()))
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": half, "more_body": openly})

    return cut
