"""Answers that nobody sane would give: each is read, or refused, in little time and memory."""

from __future__ import annotations

import json
import time
import tracemalloc

import pytest

from digest.summarize.answer import UnreadableError, read_fields, read_line
from digest.summarize.checks import RULES, Source, about, check, check_fields
from digest.summarize.compose import tidy
from digest.summarize.extract import MOST_BYTES
from tests.examples import first_fast

_KB = 1024
_FIELDS = {"kind": "method", "task": "语音分离", "problem": "混响下的分离", "contribution": "提出X网络"}
_JSON = json.dumps(_FIELDS, ensure_ascii=False)
_FULL = MOST_BYTES - len(_JSON.encode()) - 16

HOSTILE = {
    "ten megabytes of text": "该论文" * 3_500_000,
    "ten megabytes of digits": "9" * 10_000_000,
    "ten megabytes of braces": "{" * 10_000_000,
    "a megabyte of tags": "<think>" * 150_000,
    "an open thought": "<think>" + "想" * 20_000,
    "open thoughts": "<think>" * (_FULL // 7),
    "closed thoughts": "</think>" * (_FULL // 8),
    "thoughts in thoughts": "<think>" * 4000 + "</think>" * 4000,
    "half tags": "<think" * (_FULL // 6),
    "braces": "{" * _FULL,
    "braces and quotes": '{"' * (_FULL // 2),
    "keys in keys": '{"a":' * (_FULL // 5),
    "objects in objects": '{"a":' * 13000 + "1" + "}" * 500,
    "objects in lists": '{"a":[' * (_FULL // 6),
    "lists": '{"a":' + "[" * _FULL,
    "objects without end": '{"a":1,' * (_FULL // 7),
    "many objects": "{}" * (_FULL // 2),
    "spaces behind a brace": "{" + " " * _FULL,
    "braces and spaces": "{      " * (_FULL // 7),
    "backslashes": '{"' + "\\" * _FULL,
    "escapes": '{"a":"' + "\\u0000" * (_FULL // 6) + '"}',
    "a long key": '{"' + "k" * _FULL + '":1}',
    "many keys": json.dumps(dict.fromkeys(map(str, range(6000)))),
    "one key many times": "{" + '"kind":"method",' * (_FULL // 16) + '"task":"x"}',
    "a number of many digits": '{"a":' + "1" * _FULL + "}",
    "fences": "```json\n" * (_FULL // 8),
    "fences without a line": "```" * (_FULL // 3),
    "lines": "\n" * _FULL,
    "brackets": "(" * _FULL,
    "closing brackets": "语(" * (_FULL // 4) + ")" * 100,
    "commas": "语 , " * (_FULL // 6),
    "stops": "。" * (_FULL // 3),
    "stars": "*" * _FULL,
    "dollars": "$" * _FULL,
    "one syllable": "语" * (_FULL // 3),
    "clauses": "语音增强任务，" * (_FULL // 21),
    "names": "GPT-" * (_FULL // 4),
    "joints": "a-" * (_FULL // 2),
    "numbers": "1," * (_FULL // 2),
    "half a pair": "该论文\ud800很好。" * 100,
    "zeros": "\x00" * _FULL,
    "combining marks": "e" + "\u0301" * (_FULL // 2),
    "ligatures": "\ufdfa" * (_FULL // 3),
}


def _taken_apart(content: str) -> None:
    """Everything that becomes of an answer: read, composed, checked."""
    source = Source("SeLG: Lips and Gestures", "We propose SeLG with 3.01 billion parameters. " * 40)
    for read in (read_fields, read_line):
        try:
            found = read(content)
        except UnreadableError:
            continue
        line = tidy(found if isinstance(found, str) else found.contribution)
        check(line, source)
        about(line, source, [Source("Folding Shirts", "A robot arm folds garments.")])
    check_fields({"task": content, "problem": content, "contribution": content}, source, RULES)


def test_no_answer_holds_the_program() -> None:
    taken = {}
    for name, content in HOSTILE.items():
        started = time.process_time()
        _taken_apart(content)
        taken[name] = time.process_time() - started
    assert {
        name: seconds for name, seconds in taken.items() if seconds >= 2.5
    } == {}  # half of what is allowed


def test_no_answer_fills_the_memory() -> None:
    tracemalloc.start()
    for name in ("ten megabytes of text", "many keys", "ligatures", "objects in objects", "names"):
        _taken_apart(HOSTILE[name])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50e6


def test_the_answer_behind_much_else_is_found() -> None:
    before = ["{" * 30_000, '{"a":' * 10_000, "<think>" + '{"x"' * 9000 + "</think>", r"\frac{a}{b}" * 5000]
    for words in before:
        assert read_fields(words + "\n" + _JSON).task == "语音分离"


@pytest.mark.parametrize("size", [0, 1])
def test_the_limit_counts_bytes(size: int) -> None:
    filled = "语" * ((MOST_BYTES - len(_JSON.encode())) // 3 + size)
    if size:
        with pytest.raises(UnreadableError, match="太长"):
            read_fields(filled + _JSON)
    else:
        assert read_fields(filled + _JSON).task == "语音分离"


@pytest.mark.parametrize("key", ["kind", "task", "contribution"])
def test_a_field_that_stands_there_twice_is_no_answer(key: str) -> None:
    doubled = _JSON[:-1] + f', "{key}": "{_FIELDS[key]}"}}'
    with pytest.raises(UnreadableError, match="两次"):
        read_fields(doubled)
    assert read_fields(doubled + "\n改正：" + _JSON).task == "语音分离"


def test_thoughts_may_lack_their_beginning_and_never_their_end() -> None:
    assert read_line("先想一想</think>\n该论文很好。") == "该论文很好。"
    assert read_fields(f"{{}} 想\n</think>{_JSON}").task == "语音分离"
    assert read_line("<THINK>a<think>b</think>该论文很好。") == "该论文很好。"
    with pytest.raises(UnreadableError):
        read_fields(f"<think>先这样：{_JSON}")


@pytest.mark.parametrize(
    "form",
    first_fast(
        [
            "<|channel|>analysis<|message|>{{想}}<|end|><|start|>assistant<|channel|>final<|message|>{}",
            "<|channel>thought\n想\n<channel|>{}",
            "【思考】先想。【/思考】{}",
            "[THINK]{{想}}[/THINK]{}",
            "<seed:think>想</seed:think>{}",
            '<think effort="low">想</think><answer>{}</answer>',
            "<|begin_of_thought|>想<|end_of_thought|>{}",
            '<details type="reasoning" done="true"><summary>想</summary>想</details>{}',
            "<|begin_of_box|>{}<|end_of_box|>",
        ],
        2,
    ),
)
def test_thoughts_stand_in_the_marks_of_many_templates(form: str) -> None:
    assert read_line(form.format("该论文很好。")) == "该论文很好。"
    assert read_fields(form.format(_JSON)).task == "语音分离"


def test_a_line_without_end_is_no_line() -> None:
    with pytest.raises(UnreadableError, match="太长"):
        read_line("该论文很好。" * 400)
