"""Two processes at the batches of one endpoint: each waits for the other, and none pretends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from digest.ledger import open_ledger
from digest.llm.batch import Pending
from digest.model import Request
from digest.system.errors import ModelError
from tests.faulty import Server
from tests.llm.batch.bench import DAY, Bench, answered, collect, listed, submit

Questions = list[tuple[Request, str]]


def busy(bench: Bench, looks: int, last: Callable[[], None] = lambda: None) -> None:
    """Another process is at the batches for so many looks; what it does last is done then."""
    real, left = bench.ledger.claim, iter(range(looks))

    def claim(key: str) -> bool:
        if not key.startswith("batches "):
            return real(key)
        number = next(left, None)
        if number == looks - 1:
            last()
        return number is None and real(key)

    bench.ledger.claim = claim  # type: ignore[method-assign]  # the system lets no process meet its own locks


def test_another_process_at_the_batches_is_waited_for(
    tmp_path: Path, server: Server, questions: Questions
) -> None:
    bench = Bench(tmp_path, server)
    busy(bench, 6)
    assert bench(submit(questions)) == Pending("audio", DAY, 6, 0)
    assert bench.waits == [0.5] * 6
    assert len(listed(tmp_path, server)) == 1


def test_for_some_time_only_and_then_nothing_is_pretended(
    tmp_path: Path, server: Server, questions: Questions
) -> None:
    bench = Bench(tmp_path, server)
    busy(bench, 10_000)
    with pytest.raises(ModelError, match="Nothing of audio 2026-01-28 was handed in"):
        bench(submit(questions))
    assert sum(bench.waits) == 120
    assert Bench(tmp_path, server)(collect()) == ()
    assert server.stats()["requests"] == {}


def test_what_the_other_process_handed_in_is_not_handed_in_again(
    tmp_path: Path, server: Server, questions: Questions
) -> None:
    bench = Bench(tmp_path, server)

    def hand_in() -> None:
        with open_ledger(tmp_path) as ledger:
            log = ledger.batches(bench.endpoint.address)
            log.change(log.intend(1, "audio", DAY, questions[:4]), "submitted", remote="batch_9")

    busy(bench, 2, hand_in)
    assert bench(submit(questions)) == Pending("audio", DAY, 6, 0)
    assert [len(batch) for batch in batches_in(tmp_path, server)] == [4, 2]


def batches_in(folder: Path, server: Server) -> Iterator[list[str]]:
    with open_ledger(folder) as ledger:
        log = ledger.batches(f"{server.url}/v1")
        for batch in log.open():
            yield [paper for _, paper in log.questions(batch)]


def test_a_batch_that_another_process_is_at_is_not_counted(
    tmp_path: Path, server: Server, questions: Questions
) -> None:
    Bench(tmp_path, server)(submit(questions))
    bench = Bench(tmp_path, server)
    busy(bench, 10_000)
    (pending,) = bench(collect())
    assert pending.done is None
    assert "in a batch that another process is at" in pending.sentence
    assert "0 of" not in pending.sentence


def test_with_wait_it_is_collected_once_the_other_is_done(
    tmp_path: Path, server: Server, questions: Questions
) -> None:
    Bench(tmp_path, server)(submit(questions))
    bench = Bench(tmp_path, server)
    busy(bench, 300)
    assert bench(collect(wait=True)) == ()
    assert answered(tmp_path, questions) == 6
