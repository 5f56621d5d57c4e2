"""Batch mode against the sample server: half the price, nothing lost, nothing handed in twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest

from digest.ledger.interface import OPEN_STATES, BatchState
from digest.llm.batch import Pending, lifecycle
from digest.llm.batch.deferred import DeferredError
from digest.model import Request
from digest.system.errors import ModelError, UsageError
from tests.examples import first_fast
from tests.faulty import Server
from tests.llm.batch.bench import DAY, Bench, answered, asked, collect, listed, submit


def test_a_batch_is_handed_in_and_collected_at_half_the_price(
    tmp_path: Path, server: Server, questions: list[tuple[Request, str]]
) -> None:
    pending = Bench(tmp_path, server)(submit(questions))
    assert pending == Pending("audio", DAY, 6, 0)
    later = Bench(tmp_path, server)
    assert later(collect()) == ()
    assert answered(tmp_path, questions) == 6
    usage = later.asker.usage.tokens
    assert later.asker.usage.cost == pytest.approx((usage.input + 10 * usage.output) / 2e6)
    assert "chat" not in server.stats()["requests"]
    third = Bench(tmp_path, server)
    assert third(collect()) == ()
    assert third.asker.usage.asked == 0


def test_a_batch_under_way_is_told_of_and_waited_for(
    tmp_path: Path, server: Server, questions: list[tuple[Request, str]]
) -> None:
    server.set(batch_looks=3)
    Bench(tmp_path, server)(submit(questions))
    (pending,) = Bench(tmp_path, server)(collect())
    assert "0 of 6 questions" in pending.sentence
    waiting = Bench(tmp_path, server)
    assert waiting(collect(wait=True)) == ()
    assert waiting.waits == [5.0, 10.0]
    assert answered(tmp_path, questions) == 6


@pytest.mark.parametrize("knob", ["batch_failed", "batch_expired"])
def test_what_a_batch_did_not_answer_is_asked_directly(
    tmp_path: Path, server: Server, questions: list[tuple[Request, str]], knob: str
) -> None:
    server.set(**{knob: 0.5})
    Bench(tmp_path, server)(submit(questions))
    Bench(tmp_path, server)(collect())
    left = [each for each in questions if not answered(tmp_path, [each])]
    assert 0 < len(left) < 6

    assert all(Bench(tmp_path, server)(asked(questions)))
    assert server.stats()["requests"]["chat"] == len(left)


def test_questions_without_answer_are_put_aside(
    tmp_path: Path, server: Server, questions: list[tuple[Request, str]]
) -> None:
    async def ask(bench: Bench) -> int:
        gathering = bench.deferring(batch=True)
        for each in (*questions, questions[0]):
            with pytest.raises(DeferredError):
                await gathering.ask(*each)
        return len(gathering.questions)

    assert Bench(tmp_path, server)(ask) == 6
    assert "chat" not in server.stats()["requests"]


def test_fresh_questions_are_put_aside_again_after_a_batch(
    tmp_path: Path, server: Server, questions: list[tuple[Request, str]]
) -> None:
    Bench(tmp_path, server)(submit(questions))
    Bench(tmp_path, server)(collect())

    async def ask(bench: Bench) -> int:
        gathering = bench.deferring(batch=True)
        for request, paper in questions[:3]:
            with pytest.raises(DeferredError):
                await gathering.ask(request, paper, fresh=True)
        for request, paper in questions[3:]:
            with pytest.raises(DeferredError):
                await gathering.ask(request, paper, since=bench.asker.run)
        return len(gathering.questions)

    assert Bench(tmp_path, server)(ask) == 6
    assert "chat" not in server.stats()["requests"]


def test_what_a_batch_that_this_run_collected_did_not_answer_is_asked_directly_even_fresh(
    tmp_path: Path, server: Server, questions: list[tuple[Request, str]]
) -> None:
    server.set(batch_expired=1)
    Bench(tmp_path, server)(submit(questions))

    async def go(bench: Bench) -> bool:
        await collect()(bench)
        request, paper = questions[0]
        return bool(await bench.deferring(batch=True).ask(request, paper, fresh=True))

    assert Bench(tmp_path, server)(go)


class KilledError(BaseException):
    """Stands for the end of the process at this place."""


STEPS = ["upload", "create", "keep", "intend", "uploaded", "submitted", "retrieve", "download", "collected"]
"""The first three end between the ledger and the endpoint: what one has the other does not know."""


@pytest.mark.parametrize("step", first_fast(STEPS, 3))
def test_killed_anywhere_a_batch_is_neither_forgotten_nor_handed_in_twice(
    tmp_path: Path, server: Server, questions: list[tuple[Request, str]], step: str
) -> None:
    with pytest.raises(KilledError):
        Bench(tmp_path, server)(killed_after(step, questions))
    later = Bench(tmp_path, server)
    first = later(collect())
    if step == "intend":  # nothing was sent, and this run did it
        assert first == ()
    assert Bench(tmp_path, server)(collect()) == ()
    assert answered(tmp_path, questions) == 6
    assert len(listed(tmp_path, server)) == 1
    assert server.stats()["answered"] == {paper: 1 for _, paper in questions}


def killed_after(
    step: str, questions: list[tuple[Request, str]]
) -> Callable[[Bench], Awaitable[tuple[Pending, ...]]]:
    """Hand in and collect, ending right after a step: of the ledger, or of the endpoint."""

    async def go(bench: Bench) -> tuple[Pending, ...]:
        api, log = bench.batches.steps.api, bench.batches.log
        places: dict[str, tuple[Any, str]] = {
            "intend": (log, "intend"),
            "upload": (api, "upload"),
            "create": (api, "create"),
            "retrieve": (api, "look"),
            "download": (api, "content"),
            "keep": (bench.ledger, "keep"),
        }
        if step in places:
            owner, name = places[step]
            die_after(owner, name)
        else:
            die_after(log, "change", lambda *args, **_: args[1] == step)
        await submit(questions)(bench)
        return await collect()(bench)

    return go


def die_after(owner: Any, name: str, when: Callable[..., bool] = lambda *_, **__: True) -> None:
    real = getattr(owner, name)

    def dying(*args: Any, **kwargs: Any) -> Any:
        result = real(*args, **kwargs)
        if not when(*args, **kwargs):
            return result
        if not asyncio.iscoroutine(result):
            raise KilledError

        async def finish() -> None:
            await result
            raise KilledError

        return finish()

    setattr(owner, name, dying)


def test_an_endpoint_without_batches_is_told_of(
    tmp_path: Path, server: Server, questions: list[tuple[Request, str]]
) -> None:
    server.set(batches=False)
    with pytest.raises(ModelError, match="no Batch API"):
        Bench(tmp_path, server)(submit(questions))
    assert Bench(tmp_path, server)(collect()) == ()  # nothing is left open


def test_a_batch_keeps_to_the_ceiling(
    tmp_path: Path, server: Server, questions: list[tuple[Request, str]]
) -> None:
    with pytest.raises(UsageError, match="ceiling"):
        Bench(tmp_path, server, max_cost=0.000001)(submit(questions))
    assert server.stats()["requests"] == {}


def test_the_states_of_a_batch_are_those_of_the_picture() -> None:
    assert set(lifecycle.NEXT) == set(get_args(BatchState))
    assert {state for state, following in lifecycle.NEXT.items() if following} == OPEN_STATES
    picture = lifecycle.__doc__ or ""
    assert all(f"{state}: " in picture for state in lifecycle.NEXT)
    chain: list[BatchState] = ["intended", "uploaded", "submitted", "collected"]
    assert " ---> ".join(chain) in picture
    assert all(after in lifecycle.NEXT[before] for before, after in pairwise(chain))
