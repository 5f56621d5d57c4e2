"""Whatever is kept, in whatever order: each ledger says the same of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.ledger import Ledger, open_ledger
from digest.ledger.interface import BatchState
from digest.ledger.sql.ledger import SqlLedger
from digest.ledger.sql.schema import newest
from digest.model import Announcement, Completion, Message, Request, Snapshot, Text, TextOrigin
from tests.ledger.memory import MemoryLedger

NOON = datetime(2026, 1, 28, 12, tzinfo=UTC)
ANY = st.text(st.characters(codec=None), max_size=12)  # halves of surrogate pairs and NUL among them
FEW = st.sampled_from(["a", "B", "é", "一", "", "a\0", "\ud800"])
DAYS = st.sampled_from([date(2025, 12, 31), date(2026, 1, 28), date(2026, 1, 29)])
INSTANTS = st.builds(
    lambda micro, hours: (NOON + timedelta(microseconds=micro)).astimezone(timezone(timedelta(hours=hours))),
    st.integers(-3, 3),
    st.integers(-11, 11),
)
PAPERS = st.sampled_from(["2601.00001", "2601.00010", "hep-th/9901001"])

LATER: tuple[BatchState, ...] = ("uploaded", "submitted", "collected", "void")

Step = Callable[[Ledger], Any]


def _question(content: str) -> Request:
    return Request(model="m", messages=(Message(role="user", content=content),), max_tokens=9)


@st.composite
def answered(draw: st.DrawFn) -> Step:
    key, content, run, when = draw(FEW), draw(ANY), draw(st.integers(1, 3)), draw(INSTANTS)
    answer = Completion(key=key, model=draw(ANY), content=content, received=when)

    def step(ledger: Ledger) -> Any:
        ledger.keep(answer, {"content": content}, run, draw_paper)
        return ledger.newest()

    draw_paper = draw(st.none() | ANY)
    return step


@st.composite
def derived(draw: st.DrawFn) -> Step:
    kind, one, other, value = (
        draw(st.sampled_from(["outcome", "text", "traits"])),
        draw(FEW),
        draw(FEW),
        draw(ANY),
    )
    paper = f"{draw(PAPERS)}v{draw(st.integers(1, 12))}"

    def step(ledger: Ledger) -> Any:
        if kind == "outcome":
            ledger.keep_outcome(one, other, value)
            return None  # it may wait for the next commit
        if kind == "traits":
            ledger.keep_capabilities(one, other, value)
            return ledger.capabilities(one, other)
        text = Text(origin=TextOrigin(source="abstract", reason=value))
        ledger.keep_text(paper, other, text)
        return ledger.text(paper, other)

    return step


@st.composite
def fetched(draw: st.DrawFn) -> Step:
    label: dict[str, Any] = {"category": draw(FEW), "date": draw(DAYS)} if draw(st.booleans()) else {}
    page = Snapshot(url=draw(FEW), fetched=draw(INSTANTS), status=200, body=draw(ANY), **label)

    def step(ledger: Ledger) -> Any:
        ledger.put(page)
        return ledger.get(page.url)

    return step


@st.composite
def announced(draw: st.DrawFn) -> Step:
    categories, day = draw(st.lists(FEW, min_size=1, max_size=2)), draw(DAYS)
    made = Announcement(date=day, listings=(), papers=(), source="listing")

    def step(ledger: Ledger) -> Any:
        ledger.keep_announcement(categories, made)
        return ledger.announcement(categories, day)

    return step


@st.composite
def ended(draw: st.DrawFn) -> Step:
    section, day = draw(FEW), draw(DAYS)
    state, command = (
        draw(st.sampled_from(["complete", "flagged", "failed"])),
        draw(st.sampled_from(["run", "paper"])),
    )
    flagged = draw(st.dictionaries(FEW, st.sampled_from(["checks", "refused"])))

    def step(ledger: Ledger) -> Any:
        run = ledger.begin(command, section)
        ledger.event(run, "ask", section, None, command)
        ledger.finish(run, state, {"flagged": flagged}, day)
        return run

    return step


@st.composite
def batched(draw: st.DrawFn) -> Step:
    asked = {content: _question(content) for content in draw(st.sets(st.sampled_from("abcd"), min_size=1))}
    states = draw(st.lists(st.sampled_from(LATER), max_size=2))
    refused, run, section = draw(st.sampled_from("abcd")), draw(st.integers(1, 3)), draw(FEW)

    def step(ledger: Ledger) -> Any:
        log = ledger.batches("http://a")
        batch = log.intend(run, section, NOON.date(), [(one, content) for content, one in asked.items()])
        for state in states:
            batch = log.change(batch, state, file=section or None)
        log.refuse(_question(refused).key)
        return (
            batch.id,
            batch.state,
            batch.file,
            batch.section,
            log.count(batch),
            list(log.questions(batch)),
        )

    return step


STEPS = st.lists(answered() | derived() | fetched() | announced() | ended() | batched(), max_size=12)
FEW_VALUES = ("a", "B", "é", "一", "", "a\0", "\ud800")


def everything(ledger: Ledger) -> dict[str, Any]:
    """All that can be asked of what the steps may have kept."""
    ledger.finish(ledger.begin("last"), "complete", {})
    days = (date(2025, 12, 31), date(2026, 1, 28), date(2026, 1, 29))
    papers, log = ("2601.00001", "2601.00010", "hep-th/9901001"), ledger.batches("http://a")
    keys = [_question(content).key for content in "abcd"]
    return {
        "answers": [ledger.completion(key, after) for key in FEW_VALUES for after in (0, 2)],
        "newest": ledger.newest(),
        "alone": ledger.asked_alone(),
        "texts": [ledger.texts_of(paper, recipe) for paper in papers for recipe in FEW_VALUES],
        "outcomes": [ledger.outcome(one, other) for one in FEW_VALUES for other in FEW_VALUES],
        "pages": [ledger.get(url) for url in FEW_VALUES],
        "days": [sorted(p.url for p in ledger.day(one, day)) for one in FEW_VALUES for day in days],
        "before": [ledger.before(one, day) for one in FEW_VALUES for day in days],
        "flagged": [ledger.flagged_before(one, day, {"checks"}) for one in FEW_VALUES for day in days],
        "open": [batch.id for batch in log.open()],
        "batches": [(log.holder(k), log.collected(k), log.collected(k, 2), log.refused(k)) for k in keys],
    }


def emptied(ledger: SqlLedger) -> SqlLedger:
    """The ledger without any row, its numbers begun anew."""
    for table in newest()[0]:
        ledger.database.write(f"DELETE FROM {table.name}")
        if "postgresql" in ledger.name and table.numbered:
            ledger.database.write(f"ALTER TABLE {table.name} ALTER COLUMN id RESTART")
    if "postgresql" not in ledger.name:
        ledger.database.write("DELETE FROM sqlite_sequence")
    return ledger


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlLedger]:
    with ExitStack() as stack:
        if request.param == "postgres":
            cluster = request.getfixturevalue("cluster")
            cluster.sql("CREATE SCHEMA same_results")
            yield stack.enter_context(open_ledger(cluster.url("same_results")))
        else:
            yield stack.enter_context(open_ledger(Path(tmp_path_factory.mktemp("same"))))


@pytest.mark.slow
@given(steps=STEPS)
def test_each_ledger_says_the_same(kept: SqlLedger, steps: list[Step]) -> None:
    ledger, memory = emptied(kept), MemoryLedger()
    assert [step(ledger) for step in steps] == [step(memory) for step in steps]
    assert everything(ledger) == everything(memory)
