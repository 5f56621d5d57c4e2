"""A model that has not answered yet: one question finds out what it takes."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from digest.llm.probe_gate import ProbeGate
from digest.system.errors import AnswerError, ModelError
from tests.examples import first_fast
from tests.llm.simulated import Model, ask, status

NO = status(400, "Bakiye bitti.")


@pytest.mark.parametrize("known", [None, "{}"])
@pytest.mark.parametrize("questions", first_fast([40, 12, 2]))
def test_one_that_refuses_everybody_is_asked_a_dozen_times(questions: int, known: str | None) -> None:
    model = Model(1, slots=8, known=known, trouble=lambda *_: NO)
    found = ask(model, questions, concurrency=8)
    assert len(found.errors) == questions
    assert all("Bakiye bitti" in str(error) for _, error in found.errors)
    assert len(model.asked) <= 14
    if questions > 12:
        assert isinstance(found.errors[-1][1], ModelError)


def test_of_one_that_takes_a_weaker_form_one_question_finds_out() -> None:
    model = Model(1, slots=8, trouble=lambda _, asked: NO if "_tokens" in asked else None)
    found = ask(model, 40, concurrency=8)
    assert len(found.answers) == 40
    assert len(model.asked) == 40 + 2


def test_what_is_under_way_when_a_slow_refusal_comes_waits_for_the_one_that_tries() -> None:
    model = Model(30, slots=64, trouble=lambda at, asked: NO if at >= 30 and "_tokens" in asked else None)
    found = ask(model, 40, concurrency=8)
    assert len(found.answers) == 40
    assert len(model.asked) <= 40 + 8 + 2


def test_one_question_that_is_refused_in_every_form_stops_no_other() -> None:
    model = Model(1, slots=8, trouble=lambda _, asked: NO if "question 0." in asked else None)
    found = ask(model, 40, concurrency=8)
    assert [type(error) for _, error in found.errors] == [AnswerError]
    assert len(found.answers) == 39


def test_a_first_question_that_hangs_holds_up_nobody() -> None:
    hangs = Model(10_000, slots=1)

    class First(Model):
        async def post(self, _: str, body: dict[str, Any], **__: object) -> httpx2.Response:
            first = "question 0." in str(body) and not hangs.asked
            return await (hangs.post("", body) if first else super().post("", body))

    found = ask(First(1, slots=8), 8, concurrency=8)
    assert sorted(round(at) for at, _ in found.answers)[:7] == [3] * 7
    assert len(found.answers) == 8


def test_one_that_goes_away_hands_on_its_turn() -> None:
    async def go() -> list[str]:
        gate = ProbeGate(lambda _: False)
        done: list[str] = []

        async def one(name: str) -> None:
            async with gate.turn("m") as turn:
                await turn.wait()
                await asyncio.sleep(0)  # lets the others run: no time passes
                done.append(name)

        tasks = [asyncio.create_task(one(str(number))) for number in range(4)]
        await asyncio.sleep(0)  # lets the others run: no time passes
        tasks[0].cancel()
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return done

    assert sorted(asyncio.run(go())) == ["2", "3"]
