"""Lines for logs and bars for terminals: what goes on, how long it will take, what it costs."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from digest.cli.progress import Lines, Pace, spent
from digest.model import Completion, RunUsage, Usage
from digest.pipeline.progress import format_duration


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lines(clock: Clock, total: int, seconds: float, usage: RunUsage | None = None) -> list[str]:
    """What is printed of a stage whose steps take so many seconds each."""
    stream = io.StringIO()
    progress = Lines(stream, clock)
    progress.start("PDFs", total)
    if usage is not None:
        progress.spending("PDFs", usage)
    for _ in range(total):
        clock.now += seconds
        progress.step("PDFs")
    return stream.getvalue().splitlines()


def test_a_long_stage_says_each_minute_what_is_left() -> None:
    said = lines(Clock(), 1020, 3)
    assert said[0] == "PDFs: 20 of 1020, about 50 minutes left"
    assert said[-2] == "PDFs: 1000 of 1020, about 60 seconds left"
    assert said[-1] == "PDFs: 1020 of 1020"
    assert len(said) == 51


def test_a_short_one_says_that_it_is_done() -> None:
    assert lines(Clock(), 44, 1) == ["PDFs: 44 of 44"]


def test_tokens_and_cost_are_told_on_the_way() -> None:
    usage = RunUsage()
    answer = Completion(
        key="k",
        model="m",
        content="",
        received=datetime(2026, 1, 1, tzinfo=UTC),
        usage=Usage(input=3000, output=150),
    )
    usage.note(answer.model_copy(update={"cost": 0.0125}), "2601.1")
    assert lines(Clock(), 100, 10, usage)[0].endswith("left; 3,150 tokens, $0.0125 so far")
    usage.note(answer, "2601.2")
    assert spent(usage) == "6,300 tokens"  # of one no price is known
    assert (len(usage.papers), spent(RunUsage())) == (2, "")


def test_the_pace_is_that_of_the_latest_steps() -> None:
    clock = Clock()
    pace = Pace(200, clock)
    for _ in range(100):  # answers that were kept take no time
        pace.step()
    for _ in range(50):
        clock.now += 4
        pace.step()
    assert pace.left == pytest.approx(50 * 4)


def test_what_was_not_started_is_not_counted() -> None:
    stream = io.StringIO()
    progress = Lines(stream)
    progress.step("PDFs")
    progress.doing("asking arXiv ...")
    assert stream.getvalue() == "asking arXiv ...\n"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 seconds"), (60, "60 seconds"), (3060, "51 minutes"), (61200, "17.0 hours")],
)
def test_times_in_words(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words
