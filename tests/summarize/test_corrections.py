"""How often a paper is asked about: as long as asking again may help."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

import pytest

from digest.cli.prompts import load
from digest.model import Completion, Finding, Paper, Request, Summary
from digest.summarize.summarizer import Job, SummaryResult, summarise

PAPER = Paper(id="2601.00001", version=1, title="A title", abstract="An abstract.")
FIELDS = {"kind": "method", "task": "语音分离", "problem": "混响下的分离", "contribution": "提出X网络"}


def fields(**more: str) -> str:
    return json.dumps({**FIELDS, **more}, ensure_ascii=False)


def after(
    answers: Sequence[str], severity: Literal[0, 1, 2, 3] = 3, prompt: str = "fields"
) -> tuple[SummaryResult, int]:
    """What comes of a paper whose questions get these answers, and how many were asked."""
    asked: list[Request] = []

    async def ask(request: Request, paper: str, *, fresh: bool = False) -> Completion:
        asked.append(request)
        content = answers[len(asked) - 1]
        return Completion(key="k", model="m", content=content, received=datetime.now(UTC))

    def check(summary: Summary) -> Sequence[Finding]:
        return [Finding(rule="length", severity=severity, evidence=summary.line)] if severity else []

    job = Job(PAPER, load(prompt), "m", ask, check)
    return asyncio.run(summarise(job, None)), len(asked)


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ([fields()] * 3, 2),
        ([fields(), fields().replace(", ", ",\n  ")], 2),
        ([fields(), f"<think>改一改</think>\n{fields()}"], 2),
        ([fields(), fields(title="X")], 2),  # what is left out is no change
        ([fields(), fields(problem="另一个问题"), fields()], 3),
        ([fields(), fields(problem="另一个问题"), fields(problem="另一个问题")], 3),
        (["抱歉。", "抱歉。\n", "抱歉。"], 2),
        (["抱歉。", "不行。", "抱歉。"], 3),
        (["抱歉。", fields(), fields()], 3),
    ],
)
def test_an_unchanged_answer_ends_the_corrections(answers: list[str], asked: int) -> None:
    assert after(answers)[1] == asked


def test_the_line_that_did_not_change_is_kept_with_what_is_wrong() -> None:
    outcome, _ = after([fields()] * 3)
    assert outcome.summary is not None
    assert outcome.flag is not None
    assert outcome.flag.code == "checks"
    outcome, _ = after([fields()] * 3, severity=2)
    assert outcome.flag is None
    assert after([fields()], severity=0)[1] == 1


def test_a_whole_line_that_did_not_change_ends_them_too() -> None:
    assert after(["该论文提出X。"] * 3, prompt="line")[1] == 2


def test_a_refused_answer_of_ten_megabytes_is_not_sent_back_whole() -> None:
    asked: list[Request] = []

    async def ask(request: Request, paper: str, *, fresh: bool = False) -> Completion:
        asked.append(request)
        return Completion(key="k", model="m", content="x" * 10_000_000, received=datetime.now(UTC))

    asyncio.run(summarise(Job(PAPER, load("fields"), "m", ask, lambda _: []), None))
    assert len(asked) > 1
    assert all(len(message.content) < 10_000 for request in asked for message in request.messages)
