"""Endpoints in simulated time: minutes of waiting pass at once, and everything comes when it is due."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2

from digest.config import ModelSettings
from digest.llm.endpoint import Endpoint
from digest.model import Completion, Message, Request
from digest.system.errors import DigestError

if TYPE_CHECKING:
    import openai

ASKED = httpx2.Request("POST", "http://model/v1/chat/completions")


class Loop(asyncio.SelectorEventLoop):
    """A loop whose clock goes on to the next thing to do as soon as there is nothing to do now."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        selector: Any = self._selector  # type: ignore[attr-defined]  # of asyncio's own
        select = selector.select

        def skip(timeout: float | None = None) -> Any:
            assert timeout is not None, "everybody waits for ever"
            self.now += timeout
            return select(0)

        selector.select = skip

    def time(self) -> float:
        return self.now


def now() -> float:
    return asyncio.get_running_loop().time()


def answer() -> httpx2.Response:
    choice = {"message": {"role": "assistant", "content": "{}"}, "finish_reason": "stop"}
    return httpx2.Response(200, json={"model": "m", "choices": [choice]}, request=ASKED)


def status(code: int, words: str, **headers: str) -> openai.APIStatusError:
    import openai

    response = httpx2.Response(code, json={"error": {"message": words}}, headers=headers, request=ASKED)
    return openai.APIStatusError(words, response=response, body=None)


def no_connection(cause: BaseException) -> openai.APIConnectionError:
    """As the SDK tells of it: what happened stands at the end of a chain."""
    import openai

    error, between = openai.APIConnectionError(request=ASKED), httpx2.ConnectError("All attempts failed")
    between.__cause__, error.__cause__ = cause, between
    return error


@dataclass
class Model:
    """A server that answers so many questions at once; the others wait there in the order they came.

    Attributes:
        seconds: how long one takes.
        slots: how many it answers at once.
        cancels: whether it stops with a question whose asker has gone.
        known: what an earlier run learned of it (JSON), if there was one.
        trouble: what it raises instead at a time and to the words of a question, if anything.
        asked: when questions came.
        given_up: when askers went.
        longest: how many questions were there at once.
    """

    seconds: float = 1.0
    slots: int = 1
    cancels: bool = True
    known: str | None = None
    trouble: Callable[[float, str], Exception | None] = lambda _, __: None
    asked: list[float] = field(default_factory=list)
    given_up: list[float] = field(default_factory=list)
    longest: int = 0
    _there: int = 0
    _free: asyncio.Semaphore | None = None

    async def post(self, _: str, body: dict[str, Any], **__: object) -> httpx2.Response:
        self.asked.append(now())
        if error := self.trouble(now(), json.dumps(body)):
            await asyncio.sleep(0.01)  # on the loop's clock, which tests move
            raise error
        self._there += 1
        self.longest = max(self.longest, self._there)
        work = asyncio.ensure_future(self._work())
        try:
            await (work if self.cancels else asyncio.shield(work))
        except asyncio.CancelledError:
            self.given_up.append(now())
            raise
        finally:
            self._there -= 1
        if error := self.trouble(now(), json.dumps(body)):
            raise error
        return answer()

    async def _work(self) -> None:
        self._free = self._free or asyncio.Semaphore(self.slots)
        async with self._free:
            await asyncio.sleep(self.seconds)  # on the loop's clock, which tests move

    async def close(self) -> None:
        """Nothing to put away."""


@dataclass
class Asked:
    """What became of questions, each with the second in which it was known; and what the user was told."""

    answers: list[tuple[float, Completion]] = field(default_factory=list)
    errors: list[tuple[float, DigestError]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    end: float = 0.0


def ask(model: Any, questions: int, **settings: Any) -> Asked:
    """Ask a model so many questions at once; its address is not on this machine unless one is given."""
    given = ModelSettings.model_validate(
        {"name": "m", "base_url": "http://model/v1", "key": "k", "timeout": 120, **settings}
    )
    found = Asked()

    async def one(endpoint: Endpoint, number: int) -> None:
        messages = (Message(role="user", content=f"question {number}."),)
        try:
            completion = await endpoint.complete(Request(model="m", messages=messages, max_tokens=100))
            found.answers.append((now(), completion))
        except DigestError as error:
            found.errors.append((now(), error))

    async def go() -> None:
        endpoint = Endpoint(
            given,
            lambda _: getattr(model, "known", None),
            clock=asyncio.get_running_loop().time,
            say=found.said.append,
        )
        endpoint._client = model
        await asyncio.gather(*(one(endpoint, number) for number in range(questions)))
        found.end = now()

    run(go)
    return found


def run(go: Callable[[], Awaitable[None]]) -> None:
    """Run in simulated time."""

    async def inside() -> None:
        await go()

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(inside())
