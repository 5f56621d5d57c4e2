"""From a paper to a line: what is kept when asking again brings nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from digest.cli.prompts import load
from digest.model import Completion, Finding, Paper, Request, Severity, Summary
from digest.summarize.summarizer import Job, SummaryResult, summarise
from digest.system.errors import AnswerError, DigestError, ModelError, QuotaError

FIRST, SECOND = "该论文研究语音分离，提出了一种方法。", "该论文研究语音增强，提出了另一种方法。"
PAPER = Paper(id="2601.00001", version=1, title="A title", abstract="An abstract.")


def outcome_of(answers: Sequence[str | DigestError], severity: dict[str, Severity]) -> SummaryResult:
    """What becomes of a paper when the endpoint answers so, and checks find so much in lines."""
    left = list(answers)

    async def ask(request: Request, paper: str, *, fresh: bool = False) -> Completion:
        answer = left.pop(0)
        if isinstance(answer, DigestError):
            raise answer
        return Completion(key="k", model="m", content=answer, received=datetime.now(UTC))

    def check(summary: Summary) -> list[Finding]:
        found = severity.get(summary.line)
        return [Finding(rule="r", severity=found, evidence="e")] if found else []

    return asyncio.run(summarise(Job(PAPER, load("line"), "m", ask, check), None))


@pytest.mark.parametrize(
    "trouble",
    [
        AnswerError("unreachable", "HTTP 500"),
        AnswerError("rejected", "HTTP 400: too long"),
        AnswerError("refused", "the filter"),
        AnswerError("empty", "nothing"),
        QuotaError("no balance"),
        QuotaError("the ceiling", "ceiling"),
        ModelError("the key was withdrawn"),
    ],
)
def test_a_line_stays_when_its_correction_gets_no_answer(trouble: DigestError) -> None:
    outcome = outcome_of([FIRST, trouble], {FIRST: 2})
    assert outcome.summary is not None
    assert outcome.summary.line == FIRST
    assert outcome.flag is None
    assert [finding.severity for finding in outcome.findings] == [2]
    assert not outcome.whole  # the next run asks for the correction again


def test_the_better_of_two_lines_stays_and_a_defect_is_still_a_flag() -> None:
    outcome = outcome_of([FIRST, SECOND, AnswerError("unreachable", "HTTP 500")], {FIRST: 2, SECOND: 3})
    assert outcome.summary is not None
    assert outcome.summary.line == FIRST
    outcome = outcome_of([SECOND, AnswerError("unreachable", "HTTP 500")], {SECOND: 3})
    assert outcome.flag is not None
    assert outcome.flag.code == "checks"


def test_without_any_line_the_trouble_counts() -> None:
    outcome = outcome_of(["", AnswerError("unreachable", "HTTP 500")], {})
    assert outcome.summary is None
    assert outcome.flag is not None
    assert outcome.flag.code == "unreachable"
    with pytest.raises(ModelError):
        outcome_of(["", ModelError("nobody")], {})
