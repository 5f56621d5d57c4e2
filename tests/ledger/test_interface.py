"""The promises of the interface, held against each ledger that there is."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from digest.ledger import Delivery, Ledger, open_ledger
from digest.model import Announcement, Completion, Message, Request, Snapshot, Text, TextOrigin
from tests.ledger.memory import MemoryLedger
from tests.publish.samples import digest_of, entry

NOON = datetime(2026, 1, 28, 12, tzinfo=UTC)
DAY = date(2026, 1, 28)


@pytest.fixture(params=["sqlite", "memory", pytest.param("postgres", marks=pytest.mark.slow)])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    if request.param == "memory":
        yield MemoryLedger()
        return
    where = tmp_path if request.param == "sqlite" else request.getfixturevalue("postgres")
    with open_ledger(where) as ledger:
        yield ledger


def question(content: str = "一篇论文") -> Request:
    return Request(model="m", messages=(Message(role="user", content=content),), max_tokens=100)


def keep(ledger: Ledger, asked: Request, run: int, content: str = "回答") -> None:
    answer = Completion(key=asked.key, model="m", content=content, received=NOON)
    ledger.keep(answer, asked.canonical(), run, "2601.19781")


def test_the_newest_answer_counts_and_a_fresh_run_sees_only_its_own(ledger: Ledger) -> None:
    asked, first = question(), ledger.begin("run")
    assert ledger.completion(asked.key) is None
    assert ledger.newest() == 0
    keep(ledger, asked, first, "旧")
    second = ledger.begin("run")
    assert second > first
    assert ledger.completion(asked.key, after=second) is None
    keep(ledger, asked, second, "新")
    newest, own = ledger.completion(asked.key), ledger.completion(asked.key, after=second)
    assert newest is not None
    assert newest == own
    assert newest.content == "新"
    assert ledger.newest() == 2


def test_answers_that_were_asked_alone_are_those_of_the_command_paper(ledger: Ledger) -> None:
    keep(ledger, question("一"), ledger.begin("run"))
    keep(ledger, question("二"), ledger.begin("paper"))
    assert ledger.asked_alone() == {question("二").key}


def test_an_outcome_lasts_until_there_is_a_new_answer(ledger: Ledger) -> None:
    asked, run = question(), ledger.begin("run")
    keep(ledger, asked, run)
    ledger.keep_outcome(asked.key, "r", "{}")
    keep(ledger, question("另一篇"), run)
    assert ledger.outcome(asked.key, "r") == "{}"
    assert ledger.outcome(asked.key, "s") is None
    keep(ledger, asked, run)
    assert ledger.outcome(asked.key, "r") is None


def test_what_the_last_published_run_flagged(ledger: Ledger) -> None:
    codes = {"checks", "unreadable"}
    assert ledger.flagged_before("audio", DAY, codes) == (0, ())
    first = ledger.begin("run", "audio")
    ledger.finish(first, "flagged", {"flagged": {"1": "checks", "2": "refused"}}, DAY)
    ledger.finish(ledger.begin("run", "audio"), "failed", {}, DAY)
    ledger.finish(ledger.begin("run", "text"), "complete", {}, DAY)
    ledger.finish(ledger.begin("paper", "audio"), "flagged", {"flagged": {"3": "checks"}}, DAY)
    assert ledger.flagged_before("audio", DAY, codes) == (first, frozenset({"1"}))


def test_how_the_runs_of_a_command_ended(ledger: Ledger) -> None:
    assert ledger.states("after", "audio", DAY) == ()
    ledger.finish(ledger.begin("after", "audio", DAY), "failed", {})
    ledger.finish(ledger.begin("run", "audio", DAY), "complete", {})
    ledger.finish(ledger.begin("after", "text", DAY), "complete", {})
    ledger.begin("after", "audio", DAY)
    assert ledger.states("after", "audio", DAY) == ("failed", "running")


def test_texts_by_version_and_recipe(ledger: Ledger) -> None:
    text = Text(origin=TextOrigin(source="abstract", reason="扫描件"))
    newer = Text(origin=TextOrigin(source="pdf"))
    assert ledger.text("2601.19781v1", "r") is None
    ledger.keep_text("2601.19781v2", "r", text)
    ledger.keep_text("2601.19781v10", "r", newer)
    ledger.keep_text("2601.19781v10", "other", text)
    ledger.keep_text("2601.197811v1", "r", text)
    assert ledger.text("2601.19781v2", "r") == text
    assert ledger.text("2601.19781v2", "s") is None
    assert ledger.texts_of("2601.19781", "r") == (newer, text)


def test_capabilities_by_endpoint_and_model(ledger: Ledger) -> None:
    ledger.keep_capabilities("http://a", "m", "1")
    ledger.keep_capabilities("http://a", "m", "2")
    assert (ledger.capabilities("http://a", "m"), ledger.capabilities("http://a", "n")) == ("2", None)
    assert ledger.capabilities("http://b", "m") is None


def test_announcements_and_what_digests_hold(ledger: Ledger) -> None:
    announced = Announcement(date=DAY, listings=(), papers=(), source="listing")
    assert ledger.announcement(("cs.SD", "eess.AS"), DAY) is None
    ledger.keep_announcement(("cs.SD", "eess.AS"), announced)
    assert ledger.announcement(("cs.SD", "eess.AS"), DAY) == announced
    assert ledger.announcement(("cs.SD",), DAY) is None
    digest = digest_of(entry(), day=DAY)
    ledger.keep_listings(digest)
    (paper,) = {entry.paper.id for entry in digest.entries[:1]}
    assert ledger.seen(digest.section.key, paper, DAY) is None
    assert ledger.seen(digest.section.key, paper, DAY + timedelta(days=1)) == DAY
    assert ledger.seen("other", paper, DAY + timedelta(days=1)) is None


def test_snapshots_are_found_by_day_and_by_url(ledger: Ledger) -> None:
    def snapshot(url: str, minutes: int, **label: object) -> Snapshot:
        values = {"url": url, "fetched": NOON + timedelta(minutes=minutes), "status": 200, "body": url}
        return Snapshot.model_validate({**values, **label})

    labelled = {"category": "cs.SD", "date": DAY}
    ledger.put(snapshot("a", 0))
    assert ledger.get("a") is None
    ledger.put(snapshot("b", 1, **labelled))
    ledger.put(snapshot("a", 0, **labelled))
    ledger.put(snapshot("a", 2, **labelled))
    assert ledger.get("a") == snapshot("a", 2, **labelled)
    assert [one.url for one in ledger.day("cs.SD", DAY)] == ["b", "a"]
    assert ledger.day("cs.CL", DAY) == ()
    assert ledger.before("cs.SD", DAY) is None
    assert ledger.before("cs.SD", DAY + timedelta(days=3)) == DAY


def delivery(**values: object) -> Delivery:
    plain = Delivery(DAY, "audio", "group", "", "", 1, "sending", NOON, {"2601.19781": "0f"})
    return replace(plain, **values)  # type: ignore[arg-type]  # fields of it


def test_what_was_sent_is_noted_once_and_in_order(ledger: Ledger) -> None:
    begun, sent = delivery(), delivery(state="sent", shown={})
    assert ledger.note_deliveries([begun])
    assert ledger.note_deliveries([sent])
    assert ledger.deliveries(DAY, DAY) == (begun, sent)
    assert ledger.deliveries(DAY + timedelta(days=1), date.max) == ()
    assert not ledger.note_deliveries([begun])
    different: list[dict[str, object]] = [
        {"attempt": 2},
        {"section": "text"},
        {"recipient": "a"},
        {"channel": "mail"},
        {"edition": "e"},
        {"date": DAY + timedelta(days=1)},
    ]
    for values in different:
        assert ledger.note_deliveries([delivery(**values)]), values
    assert (len(ledger.deliveries(DAY, date.max)), len(ledger.deliveries(DAY, DAY))) == (8, 7)


def test_deliveries_are_noted_all_or_none(ledger: Ledger) -> None:
    assert ledger.note_deliveries([delivery(section="text")])
    assert not ledger.note_deliveries([delivery(), delivery(section="text")])
    assert [one.section for one in ledger.deliveries(DAY, DAY)] == ["text"]
    assert ledger.note_deliveries([delivery(), delivery(section="video")])


def test_pages_of_one_instant_come_in_the_order_of_code_points(ledger: Ledger) -> None:
    for url in ("é", "a", "B", "一", "\U0001f600", "b"):
        values = {"url": url, "fetched": NOON, "status": 200, "body": "", "category": "cs.SD", "date": DAY}
        ledger.put(Snapshot.model_validate(values))
    assert [one.url for one in ledger.day("cs.SD", DAY)] == ["B", "a", "b", "é", "一", "\U0001f600"]


ODD = "a\0b \x1a \x1a0041 \ud800 \udc00\ud83d \U0001f600 \\0 \\x41 %s %% ? ' \" ; é e\u0301 \ufffe \r\n\t"
"""What papers and models send: NUL, halves of surrogate pairs, what looks like an escape or a mark."""


def test_every_character_comes_back_as_it_was(ledger: Ledger) -> None:
    run = ledger.begin(ODD, ODD, DAY)
    answer = Completion(key="k", model=ODD, content=ODD, received=NOON)
    ledger.event(run, "ask", ODD, ODD, ODD)
    ledger.keep(answer, {"messages": [ODD]}, run, ODD)
    assert ledger.completion("k") == answer
    ledger.keep_outcome(ODD, ODD, ODD)
    text = Text(origin=TextOrigin(source="abstract", reason=ODD))
    ledger.keep_text(f"{ODD}v1", ODD, text)
    ledger.keep_capabilities(ODD, ODD, ODD)
    page = Snapshot(url=ODD, fetched=NOON, status=200, body=ODD, category=ODD, date=DAY)
    ledger.put(page)
    ledger.finish(run, "flagged", {"flagged": {ODD: "checks"}, "why": ODD})
    assert ledger.outcome(ODD, ODD) == ODD
    assert ledger.text(f"{ODD}v1", ODD) == text
    assert ledger.texts_of(ODD, ODD) == (text,)
    assert ledger.capabilities(ODD, ODD) == ODD
    assert ledger.get(ODD) == page
    assert ledger.day(ODD, DAY) == (page,)


def test_large_values_come_back_and_long_addresses_are_told_apart(ledger: Ledger) -> None:
    chance = random.Random(1)
    long = "".join(chr(chance.randrange(0x20, 0xD7FF)) for _ in range(60_000))
    ledger.keep(Completion(key="k", model="m", content=long, received=NOON), {}, ledger.begin("run"), None)
    found = ledger.completion("k")
    assert found is not None
    assert found.content == long
    for url in (f"https://a/{long}1", f"https://a/{long}2"):
        ledger.put(Snapshot(url=url, fetched=NOON, status=200, body=long + url[-1], category="c", date=DAY))
    page = ledger.get(f"https://a/{long}1")
    assert page is not None
    assert page.body == long + "1"
    assert len(ledger.day("c", DAY)) == 2


def test_a_batch_on_its_way(ledger: Ledger) -> None:
    log, other = ledger.batches("http://a"), ledger.batches("http://b")
    run, one, two = ledger.begin("run"), question("一"), question("二")
    batch = log.intend(run, "audio", DAY, [(one, "1"), (two, "2")])
    assert (batch.state, batch.title, log.count(batch)) == ("intended", "audio 2026-01-28", 2)
    assert sorted(paper for _, paper in log.questions(batch)) == ["1", "2"]
    assert (log.holder(one.key), other.holder(one.key)) == (batch.id, None)
    batch = log.change(batch, "uploaded", file="f")
    batch = log.change(batch, "submitted", remote="r")
    assert (batch.file, batch.remote, log.open()) == ("f", "r", (batch,))
    assert not log.collected(one.key)
    log.refuse(two.key)
    assert (log.refused(one.key), log.refused(two.key), other.refused(two.key)) == (False, True, False)
    log.change(batch, "collected")
    assert (log.open(), log.holder(one.key)) == ((), None)
    assert log.collected(one.key)
    assert not log.collected(one.key, after=run + 1)
    assert not log.collected(question("三").key)


def test_a_ledger_is_opened_anew_where_it_is_unpickled(ledger: Ledger) -> None:
    if isinstance(ledger, MemoryLedger):
        pytest.skip("a ledger in memory is of one process")
    run = ledger.begin("run")
    ledger.keep(Completion(key="k", model="m", content="line", received=NOON), {}, run, None)
    with pickle.loads(pickle.dumps(ledger)) as again:
        found = again.completion("k")
        assert found is not None
        assert found.content == "line"
