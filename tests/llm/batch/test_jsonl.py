"""Rows of a batch's answers that are not as they should be: a question without answer each, and no more."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from digest.llm.batch.jsonl import read_rows
from digest.model import Request
from digest.system.errors import AnswerError
from digest.system.redact import KeyRedactor
from tests.examples import first_fast
from tests.faulty import Server, fault
from tests.llm.batch.bench import Bench, answered, collect, submit

Questions = list[tuple[Request, str]]
KEY = "sk-not-to-be-seen-0123"
FILES = r"^/v1/files/.*/content"


def row(request: Request, content: str = "好", **fields: Any) -> str:
    choice = {"message": {"content": content}, "finish_reason": "stop"}
    response = {"status_code": 200, "body": {"choices": [choice]}}
    whole = {"custom_id": request.key, "response": response, **fields}
    return json.dumps(whole, ensure_ascii=False).replace("\ud800", "\\ud800")


def collected(folder: Path, server: Server, questions: Questions, rows: list[str]) -> Bench:
    """A bench that has collected a batch with these rows as its answers."""
    server.faults(fault("503", path=FILES, status=200, body="\n".join(rows)))
    Bench(folder, server, key=KEY)(submit(questions))
    later = Bench(folder, server, key=KEY)
    assert later(collect()) == ()
    return later


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085", "\x1c"])
def test_only_a_line_feed_ends_a_row(separator: str) -> None:
    line = json.dumps({"custom_id": "a", "text": f"一{separator}二"}, ensure_ascii=False)
    assert [key for key, _ in read_rows(f"{line}\r\n{line}\n".encode(), KeyRedactor(""))] == ["a", "a"]


def test_answers_with_odd_separators_are_kept(tmp_path: Path, server: Server, questions: Questions) -> None:
    collected(tmp_path, server, questions, [row(each, "现有\u2028方法\u0085太慢") for each, _ in questions])
    assert answered(tmp_path, questions) == 6


@pytest.mark.parametrize(
    "fields",
    first_fast(
        [
            {"response": "oops"},
            {"response": {"status_code": 200, "body": {"choices": {"a": 1}}}},
            {"response": {"status_code": 500, "body": {"error": {"message": "\ud800"}}}},
            {"response": [1]},
            {"response": None},
            {"response": {"status_code": 200, "body": "oops"}},
            {"response": {"status_code": 500, "body": None}, "error": [1]},
        ],
        3,
    ),
)
def test_a_row_of_another_shape_is_a_question_without_answer(
    tmp_path: Path, server: Server, questions: Questions, fields: dict[str, Any]
) -> None:
    (first, _), (second, _) = questions[:2]
    collected(tmp_path, server, questions[:2], [row(first, **fields), row(second)])
    assert (answered(tmp_path, questions[:1]), answered(tmp_path, questions[1:2])) == (0, 1)


def test_what_is_no_row_harms_no_other(tmp_path: Path, server: Server, questions: Questions) -> None:
    deep, (first, _) = "[" * 100_000, questions[0]
    half = row(first, "\ud800")
    numbered = row(first, custom_id=7)
    lines = [deep, "null", "7", "", row(first)[:40], row(first, custom_id="unknown"), numbered, row(first)]
    collected(tmp_path / "a", server, questions[:1], lines)
    assert answered(tmp_path / "a", questions[:1]) == 1
    collected(tmp_path / "b", server, questions[:1], [half])
    assert answered(tmp_path / "b", questions[:1]) == 1  # half a character is replaced


def test_the_key_is_not_kept_where_a_row_repeats_it(
    tmp_path: Path, server: Server, questions: Questions
) -> None:
    failed = {"status_code": 400, "body": {"error": {"message": f"bad key {KEY}"}}}
    (first, _), (second, _) = questions[:2]
    refusal = {"choices": [{"message": {"refusal": f"no, {KEY}"}, "finish_reason": "stop"}]}
    refused = {"status_code": 200, "body": refusal}
    collected(tmp_path, server, questions[:2], [row(first, response=failed), row(second, response=refused)])
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert KEY.encode() not in kept
    assert b"bad key ***" in kept


@pytest.mark.parametrize(
    "response",
    [
        {"status_code": 400, "body": {"error": {"message": "Content Exists Risk"}}},
        {"status_code": 200, "body": {"choices": [{"message": {"content": None, "refusal": "no"}}]}},
    ],
)
def test_what_a_batch_refused_is_not_asked_again_as_it_is(
    tmp_path: Path, server: Server, questions: Questions, response: dict[str, Any]
) -> None:
    first, paper = questions[0]
    rows = [row(each, "现有方法太慢") for each, _ in questions[1:]]
    collected(
        tmp_path, server, questions, [json.dumps({"custom_id": first.key, "response": response}), *rows]
    )
    again = Bench(tmp_path, server)  # of another run
    gathering = again.deferring(batch=False)
    assert not again.batches.log.refused(questions[1][0].key)
    with pytest.raises(AnswerError, match="refused the paper in a batch"):
        asyncio.run(gathering.ask(first, paper))
    answer = again.ledger.completion(questions[1][0].key)
    assert answer is not None
    kept = answer.model_copy(update={"key": first.key})
    again.ledger.keep(kept, first.canonical(), again.asker.run, paper)  # answered since, when asked directly
    assert asyncio.run(gathering.ask(first, paper)).content == answer.content
    again.ledger.close()
