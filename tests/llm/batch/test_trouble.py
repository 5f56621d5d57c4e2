"""Batches and an endpoint that is busy, breaks off, forgets, or answers something else."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from digest.ledger import open_ledger
from digest.llm.batch import Pending
from digest.model import Request
from digest.system.errors import ModelError
from tests.examples import each_fast, first_fast
from tests.faulty import Fault, Server, fault
from tests.llm.batch.bench import DAY, Bench, answered, asked, collect, listed, submit

Questions = list[tuple[Request, str]]
UPLOAD, CREATE, LOOK, LIST = "^/v1/files$", "^/v1/batches$", "^/v1/batches/", "^/v1/batches[?]"
CONTENT = "^/v1/files/.*/content"


def gone(path: str, **more: Any) -> Fault:
    return fault("503", path=path, status=404, body={"error": {"message": "No such object"}}, **more)


@pytest.mark.parametrize("path", [LOOK, CONTENT])
def test_a_batch_that_is_gone_is_over(
    tmp_path: Path, server: Server, questions: Questions, path: str
) -> None:
    server.faults(gone(path))
    Bench(tmp_path, server)(submit(questions))
    later = Bench(tmp_path, server)
    assert later(collect()) == ()
    (said,) = later.said
    assert "gone at the endpoint" in said
    assert "6 of its 6 questions" in said
    assert "full price" in said
    assert all(Bench(tmp_path, server)(asked(questions)))
    assert server.stats()["requests"]["chat"] == 6


def test_a_file_that_is_gone_takes_no_answer_of_another_with_it(
    tmp_path: Path, server: Server, questions: Questions
) -> None:
    server.set(batch_failed=0.5, faults=(gone(CONTENT, first=1),))
    Bench(tmp_path, server)(submit(questions))
    later = Bench(tmp_path, server)
    assert later(collect()) == ()
    assert "6 of its 6" in later.said[0]
    assert server.stats()["requests"]["files"] == 3  # the file of errors is read all the same


def test_why_a_batch_failed_is_said(tmp_path: Path, server: Server, questions: Questions) -> None:
    key = "sk-not-to-be-seen"
    errors = {"data": [{"code": "token_limit_exceeded", "message": f"Enqueued token limit of {key} reached"}]}
    body = {"id": "batch_1", "status": "failed", "errors": errors}
    server.faults(fault("503", path=LOOK, status=200, body=body))
    Bench(tmp_path, server, key=key)(submit(questions))
    later = Bench(tmp_path, server, key=key)
    assert later(collect()) == ()
    (said,) = later.said
    assert "failed: Enqueued token limit of *** reached" in said
    assert "6 of its 6 questions got no answer there, and are asked directly, at the full price." in said


@pytest.mark.parametrize(
    ("name", "path"),
    each_fast(
        ["503-retry-after", "429-retry-after", "503", "429", "reset", "truncated"],
        [UPLOAD, CREATE, LOOK, CONTENT],
    ),
)
def test_trouble_that_passes_is_waited_for(
    tmp_path: Path, server: Server, questions: Questions, path: str, name: str
) -> None:
    server.faults(fault(name, path=path, first=1))
    handing = Bench(tmp_path, server)
    handing(submit(questions))
    later = Bench(tmp_path, server)
    assert later(collect()) == ()
    assert answered(tmp_path, questions) == 6
    assert len(listed(tmp_path, server)) == 1
    waits = handing.waits + later.waits
    assert waits
    told = {"503-retry-after": 1.0, "429-retry-after": 2.0}.get(name)
    assert told is None or waits[0] == told


def test_a_batch_that_was_made_before_the_connection_broke_is_found(
    tmp_path: Path, server: Server, questions: Questions
) -> None:
    server.faults(fault("truncated", path=CREATE, first=1))
    bench = Bench(tmp_path, server)
    bench(submit(questions))
    assert server.stats()["requests"]["batches"] == 2  # made, and found
    assert len(bench.waits) == 1


def test_a_batch_is_made_again_only_when_the_list_had_time_to_show_it(
    tmp_path: Path, server: Server, questions: Questions
) -> None:
    server.faults(fault("503", path=CREATE, first=1))
    bench = Bench(tmp_path, server)
    bench(submit(questions))
    assert 59 < max(bench.waits) <= 60
    assert server.stats()["requests"]["batches"] == 4  # refused, looked for twice, made


@pytest.mark.parametrize(
    "path",
    first_fast(
        [
            CREATE,
            LOOK,
            UPLOAD,
            CONTENT,
        ],
        2,
    ),
)
def test_trouble_that_stays_ends_the_run_and_no_batch(
    tmp_path: Path, server: Server, questions: Questions, path: str
) -> None:
    server.faults(fault("503", path=path, first=5))
    handing = Bench(tmp_path, server)
    if path in {UPLOAD, CREATE}:
        with pytest.raises(ModelError, match="nothing is lost"):
            handing(submit(questions))
    else:
        handing(submit(questions))
        (pending,) = Bench(tmp_path, server)(collect(wait=True))
        assert "nothing is lost" in str(pending.trouble)
    assert Bench(tmp_path, server)(collect()) == ()
    assert answered(tmp_path, questions) == 6
    assert len(listed(tmp_path, server)) == 1


@pytest.mark.parametrize(
    ("body", "path"),
    each_fast(["<html>Welcome</html>", "{", "[]", "{}", "[" * 100_000, '{"id": 7}'], [UPLOAD, CREATE]),
)
def test_what_answers_a_batch_with_something_else_has_none(
    tmp_path: Path, server: Server, questions: Questions, path: str, body: str
) -> None:
    page = fault("503", status=200, body=body)
    server.faults(page.model_copy(update={"path": path}), page.model_copy(update={"path": LIST}))
    with pytest.raises(ModelError, match="something else than a batch"):
        Bench(tmp_path, server)(submit(questions))
    assert Bench(tmp_path, server)(collect()) == ()  # nothing is left open


@pytest.mark.parametrize(
    "body",
    first_fast(
        [
            "{}",
            "<html>Welcome</html>",
            "{",
            "[]",
        ]
    ),
)
def test_a_look_that_shows_something_else_loses_no_batch(
    tmp_path: Path, server: Server, questions: Questions, body: str
) -> None:
    server.faults(fault("503", path=LOOK, status=200, body=body, first=5))
    Bench(tmp_path, server)(submit(questions))
    (pending,) = Bench(tmp_path, server)(collect())
    assert "something else than a batch" in str(pending.trouble)
    assert Bench(tmp_path, server)(collect()) == ()
    assert answered(tmp_path, questions) == 6


def test_a_batch_made_without_a_name_is_found_in_the_list(
    tmp_path: Path, server: Server, questions: Questions
) -> None:
    Bench(tmp_path, server)(submit(questions))
    (made,) = listed(tmp_path, server)
    server.faults(
        fault("503", path=CREATE, status=200, body={}),
        fault(
            "503", path=LIST, status=200, body={"data": [{**made.model_dump(), "input_file_id": "file-1"}]}
        ),
    )
    second = Bench(tmp_path / "b", server)
    assert second(submit(questions)) == Pending("audio", DAY, 6, 0)
    with open_ledger(tmp_path / "b") as ledger:
        (batch,) = ledger.batches(f"{server.url}/v1").open()
    assert (batch.state, batch.remote) == ("submitted", made.id)


def test_the_list_is_read_to_its_end_and_no_further(
    tmp_path: Path, server: Server, questions: Questions
) -> None:
    old = {"id": "batch_x", "created_at": int(time.time()) - 9 * 86400}
    full = {"data": [{"id": "batch_y", "created_at": time.time()}, 7], "has_more": True}
    ended = {"data": [old], "has_more": True}
    server.faults(
        fault("503", path=CREATE, first=1),
        fault("503", path=f"{LIST}.*after=None", status=200, body=ended),
        fault("503", path=LIST, status=200, body=json.dumps(full)),
    )
    Bench(tmp_path, server)(submit(questions))
    assert server.stats()["requests"]["batches"] == 1 + 2 * 2 + 1
