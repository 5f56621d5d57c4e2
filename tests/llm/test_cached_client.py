"""Asking with a memory: nothing is asked twice, errors are never answers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from digest.ledger import Ledger
from digest.llm.cached_client import CachedClient
from digest.llm.response import UnusableError
from digest.model import Completion, Message, Request, Usage
from digest.system.errors import AnswerError, ModelError, QuotaError
from tests.ledger.memory import MemoryLedger


def request(content: str = "问") -> Request:
    return Request(model="m", messages=(Message(role="user", content=content),), max_tokens=100)


class Model:
    """Answers what it is told to, in order; then repeats the question."""

    def __init__(self, *first: Exception) -> None:
        self.errors = list(first)
        self.asked: list[Request] = []

    async def complete(self, request: Request) -> Completion:
        self.asked.append(request)
        await asyncio.sleep(0)  # lets the others run: no time passes
        if self.errors:
            raise self.errors.pop(0)
        content = f"答{request.messages[-1].content}"
        usage = Usage(input=10, output=5, cached=4)
        return Completion(
            key=request.key, model="m", content=content, usage=usage, received=datetime.now(UTC)
        )


@pytest.fixture
def ledger() -> Ledger:
    return MemoryLedger()


def test_the_second_time_the_ledger_answers(ledger: Ledger) -> None:
    model = Model()
    first = CachedClient(model, ledger, ledger.begin("run"))
    second = CachedClient(model, ledger, ledger.begin("run"))
    answers = [asyncio.run(asker.ask(request(), "1")).content for asker in (first, first, second)]
    assert answers == ["答问"] * 3
    assert len(model.asked) == 1
    assert (first.usage.asked, first.usage.reused) == (1, 1)
    assert (second.usage.asked, second.usage.reused) == (0, 1)
    assert first.usage.tokens == Usage(input=10, output=5, cached=4)


def test_the_same_question_is_under_way_once(ledger: Ledger) -> None:
    model = Model()
    asker = CachedClient(model, ledger, ledger.begin("run"))

    async def both() -> list[Completion]:
        return await asyncio.gather(*(asker.ask(request(), paper) for paper in "12"))

    assert len({one.content for one in asyncio.run(both())}) == 1
    assert len(model.asked) == 1
    assert (asker.usage.asked, asker.usage.reused) == (1, 1)


def test_a_fresh_question_is_asked_although_an_answer_is_kept(ledger: Ledger) -> None:
    model = Model()
    asyncio.run(CachedClient(model, ledger, ledger.begin("run")).ask(request(), "1"))
    again = CachedClient(model, ledger, ledger.begin("run"))
    asyncio.run(again.ask(request(), "1", fresh=True))
    asyncio.run(again.ask(request(), "1", fresh=True))
    assert len(model.asked) == 2


@pytest.mark.parametrize("code", ["refused", "unreachable", "rejected"])
def test_trouble_is_an_event_and_never_an_answer(ledger: Ledger, code: str) -> None:
    model = Model(AnswerError(code, "no"))
    asker = CachedClient(model, ledger, ledger.begin("run"))
    with pytest.raises(AnswerError):
        asyncio.run(asker.ask(request(), "1"))
    assert ledger.completion(request().key) is None
    assert asyncio.run(asker.ask(request(), "1")).content == "答问"


def test_nothing_is_asked_for_again_within_bounds(ledger: Ledger) -> None:
    model = Model(AnswerError("empty", "no"), AnswerError("empty", "no"))
    assert asyncio.run(CachedClient(model, ledger, 0).ask(request(), "1")).content == "答问"
    model = Model(*[AnswerError("empty", "no")] * 9)
    with pytest.raises(AnswerError):
        asyncio.run(CachedClient(model, ledger, 0).ask(request("别的"), "1"))
    assert len(model.asked) == 3


def test_a_cut_answer_gets_more_room_and_keeps_its_key(ledger: Ledger) -> None:
    model = Model(AnswerError("cut", "no"))
    asyncio.run(CachedClient(model, ledger, ledger.begin("run")).ask(request(), "1"))
    assert [one.max_tokens for one in model.asked] == [100, 200]
    assert ledger.completion(request().key) is not None


def unusable(code: str, **fields: bool) -> UnusableError:
    completion = Completion(key="k", model="m", content="", received=datetime.now(UTC))
    return UnusableError(code, "it thinks", completion, **fields)


def test_thoughts_get_room_soon_and_that_is_told(ledger: Ledger) -> None:
    model = Model(unusable("cut", thinks=True), unusable("cut", thinks=True))
    asker = CachedClient(model, ledger, ledger.begin("run"))
    assert asyncio.run(asker.ask(request(), "1")).content == "答问"
    assert [one.max_tokens for one in model.asked] == [100, 400, 1600]
    assert asker.usage.report()["thinks"] == "it thinks"
    assert asker.usage.trouble is None


def test_what_no_further_try_mends_is_not_asked_for_again(ledger: Ledger) -> None:
    for error in (unusable("empty", again=False), unusable("too_long"), AnswerError("too_long", "no")):
        model = Model(error)
        with pytest.raises(AnswerError):
            asyncio.run(CachedClient(model, ledger, 0).ask(request(), "1"))
        assert len(model.asked) == 1


def test_an_end_of_unknown_name_is_told(ledger: Ledger) -> None:
    asker = CachedClient(Model(unusable("refused", again=False)), ledger, ledger.begin("run"))
    with pytest.raises(AnswerError):
        asyncio.run(asker.ask(request(), "1"))
    assert asker.usage.trouble == "it thinks"


def test_why_the_asking_ended_is_told(ledger: Ledger) -> None:
    asker = CachedClient(Model(QuotaError("empty")), ledger, ledger.begin("run"))
    with pytest.raises(QuotaError):
        asyncio.run(asker.ask(request(), "1"))
    assert asker.usage.stopped == "empty"
    assert asker.usage.report()["stopped"] == "empty"


def test_an_unusable_answer_is_billed_all_the_same(ledger: Ledger) -> None:
    cut = Completion(
        key="k", model="m", content="半", usage=Usage(output=7), cost=0.5, received=datetime.now(UTC)
    )
    asker = CachedClient(Model(UnusableError("cut", "no", cut)), ledger, ledger.begin("run"))
    asyncio.run(asker.ask(request(), "1"))
    assert asker.usage.tokens.output == 12
    assert asker.usage.asked == 2
    assert asker.usage.cost is None  # the second answer has no price
    assert ledger.completion(request().key) is not None


def test_what_ends_a_run_is_an_event_too(ledger: Ledger) -> None:
    asker = CachedClient(Model(ModelError("no such model")), ledger, ledger.begin("run"))
    with pytest.raises(ModelError):
        asyncio.run(asker.ask(request(), "1"))
    assert asker.usage.trouble == "no such model"
