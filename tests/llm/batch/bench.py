"""A ledger, an endpoint and its batches for the tests of batch mode."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from digest.config import ModelSettings
from digest.ledger import open_ledger
from digest.llm.batch import Batches, Pending
from digest.llm.batch.deferred import DeferringClient
from digest.llm.cached_client import CachedClient
from digest.llm.capabilities import Capabilities
from digest.llm.endpoint import Endpoint
from digest.model import Message, Request
from digest.summarize.answer import schema
from tests.faulty import Server

DAY = date(2026, 1, 28)
T = TypeVar("T")
PRICE = {"input": 1.0, "output": 10.0}


def question(title: str) -> Request:
    messages = (Message(role="system", content="Answer in json."), Message(role="user", content=title))
    return Request(model="m", messages=messages, temperature=0.0, max_tokens=300, json_schema=schema())


class Bench:
    """A ledger, an endpoint and its batches, as one run has them."""

    def __init__(self, folder: Path, server: Server, **settings: Any) -> None:
        self.waits: list[float] = []
        self.said: list[str] = []
        given = {"base_url": f"{server.url}/v1", "key": "k", "name": "m", "price": PRICE, **settings}
        self.ledger = open_ledger(folder)
        known = Capabilities().model_dump_json()
        self.endpoint = Endpoint(ModelSettings.model_validate(given), recall=lambda _: known)
        self.asker = CachedClient(self.endpoint, self.ledger, self.ledger.begin("run"))

        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        self.batches = Batches(self.endpoint, self.ledger, sleep, self.said.append)

    def deferring(self, *, batch: bool) -> DeferringClient:
        deferral = self.batches.deferral(batch=batch)
        return DeferringClient(self.asker, self.ledger, self.batches.log, deferral)

    def __call__(self, go: Callable[[Bench], Awaitable[T]]) -> T:
        async def inside() -> T:
            try:
                return await go(self)
            finally:
                await self.endpoint.close()
                self.ledger.close()

        return asyncio.run(inside())


def submit(questions: list[tuple[Request, str]]) -> Callable[[Bench], Awaitable[Pending | None]]:
    return lambda bench: bench.batches.submit("audio", DAY, questions, bench.asker)


def collect(*, wait: bool = False) -> Callable[[Bench], Awaitable[tuple[Pending, ...]]]:
    return lambda bench: bench.batches.collect(bench.asker, wait=wait)


def answered(folder: Path, questions: list[tuple[Request, str]]) -> int:
    with open_ledger(folder) as ledger:
        return sum(ledger.completion(request.key) is not None for request, _ in questions)


def asked(questions: list[tuple[Request, str]]) -> Callable[[Bench], Awaitable[list[str]]]:
    """The answers that a run with --batch gets at once."""

    async def ask(bench: Bench) -> list[str]:
        gathering = bench.deferring(batch=True)
        return [(await gathering.ask(*each)).content for each in questions]

    return ask


def listed(folder: Path, server: Server) -> list[Any]:
    """The batches at the endpoint."""

    async def go(bench: Bench) -> list[Any]:
        return [batch async for batch in bench.endpoint.client().batches.list()]

    return Bench(folder, server)(go)
