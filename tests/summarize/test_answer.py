"""Answers as models give them: fenced, with thinking in front, with words around them, or useless."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, get_args

import pytest

from digest.model import PaperKind
from digest.summarize.answer import (
    Fields,
    UnreadableError,
    entry_schema,
    read_entry,
    read_fields,
    read_line,
    schema,
)

FIELDS = {"kind": "method", "task": "语音分离", "problem": "混响下的分离", "contribution": "提出X网络"}
JSON = json.dumps(FIELDS, ensure_ascii=False)


@pytest.mark.parametrize(
    "content",
    [
        JSON,
        f"```json\n{JSON}\n```",
        f"<think>先想 {{'a': 1}} 一想</think>\n{JSON}",
        f"先想 {{'a': 1}} 一想\n</think>\n\n{JSON}",
        f"<thinking>想</thinking><think>再想 {{'a': 1}}</think>{JSON}",
        f"好的，结果如下：\n{JSON}\n希望有帮助。",
        f'论文里写着 {{"kind": "other"}}，而答案是 {JSON}',
    ],
)
def test_fields_are_found_in_what_models_put_around_them(content: str) -> None:
    assert read_fields(content).model_dump() == FIELDS


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "没有完整的 JSON"),
        ("抱歉，我不能回答。", "没有完整的 JSON"),
        (JSON[:-20], "没有完整的 JSON"),
        ("[" * 5000, "没有完整的 JSON"),
        ("{" * 5000, "没有完整的 JSON"),
        (JSON.replace("method", "magic"), "kind"),
        (json.dumps({**FIELDS, "task": None}), "task"),
        (json.dumps({k: v for k, v in FIELDS.items() if k != "problem"}), "problem"),
    ],
)
def test_an_unreadable_answer_says_why(content: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read_fields(content)


@pytest.mark.parametrize(
    "more", [{"title": "一篇论文"}, {"line": "该论文。", "confidence": 0.9, "notes": [{}]}]
)
def test_further_fields_are_left_out(more: dict[str, object]) -> None:
    assert read_fields(json.dumps({**FIELDS, **more})).model_dump() == FIELDS
    assert read_fields(json.dumps({**more, **FIELDS})).model_dump() == FIELDS


@pytest.mark.parametrize("end", ["</think>", "</THINK>", "</thinking>", "</thought>", "</reasoning>"])
def test_thoughts_that_only_end_are_no_answer(end: str) -> None:
    assert read_line(f"先看标题，再看摘要。\n这是关于声音的。\n{end}\n\n一行") == "一行"
    with pytest.raises(UnreadableError, match="空"):
        read_line(f"先看标题。\n{end}\n")


def test_a_line_is_read_without_thinking_and_fences() -> None:
    assert read_line("<think>嗯</think>\n该论文很好。\n") == "该论文很好。"
    assert read_line("```\n该论文很好。\n```") == "该论文很好。"


@pytest.mark.parametrize("content", ["", "<think>嗯</think>", "第一行。\n第二行。"])
def test_a_line_is_one_line(content: str) -> None:
    with pytest.raises(UnreadableError):
        read_line(content)


def test_the_schema_is_strict() -> None:
    assert schema()["additionalProperties"] is False
    assert set(schema()["required"]) == set(schema()["properties"]) == set(FIELDS)


LINE = "多人同时说话时混响使语音难以分离。X网络先估计混响再分离，信噪比提高3 dB。"
ENTRY = json.dumps({**FIELDS, "line": LINE}, ensure_ascii=False)


@pytest.mark.parametrize(
    "content",
    [ENTRY, f"```json\n{ENTRY}\n```", f"<think>想 {{}}</think>\n{ENTRY}", f"结果如下：\n{ENTRY}\n以上。"],
)
def test_an_entry_is_fields_and_a_line(content: str) -> None:
    entry = read_entry(content)
    assert entry.fields == Fields.model_validate(FIELDS)
    assert entry.lines == {"zh": LINE}
    assert entry.lacking == ()


@pytest.mark.parametrize("line", [None, "", "  ", 3, ["一条"], {"zh": "一条"}])
def test_an_entry_without_a_line_keeps_its_fields(line: object) -> None:
    entry = read_entry(json.dumps({**FIELDS, "line": line}))
    assert entry.fields == Fields.model_validate(FIELDS)
    assert (entry.lines, entry.lacking) == ({}, ("line",))
    assert read_entry(JSON) == entry


def test_an_entry_in_two_languages_has_two_lines() -> None:
    both = json.dumps({**FIELDS, "line": LINE, "line_en": "It separates voices."})
    assert read_entry(both, "zh", ("en",)).lines == {"zh": LINE, "en": "It separates voices."}
    assert read_entry(ENTRY, "zh", ("en",)).lacking == ("line_en",)
    assert read_entry(both).lines == {"zh": LINE}  # what was not asked for is left out


@pytest.mark.parametrize(
    "changes",
    [{"kind": "magic"}, {"task": None}, {"task": ""}, {"task": "长" * 99}, {"problem": {}}],
)
def test_what_is_wrong_is_said_in_chinese(changes: dict[str, object]) -> None:
    with pytest.raises(UnreadableError) as raised:
        read_entry(json.dumps({**FIELDS, "line": LINE, **changes}))
    words = re.findall("[a-z_]+", str(raised.value).replace("JSON", ""))
    assert set(words) <= {*FIELDS, *get_args(PaperKind)}
    assert re.search("[\u4e00-\u9fff]{2}", str(raised.value))


def test_the_schema_of_fields_is_part_of_old_keys_and_stays() -> None:
    said = json.dumps(schema(), ensure_ascii=False, sort_keys=True)
    assert hashlib.sha256(said.encode()).hexdigest()[:12] == "c05c12cdb047"


@pytest.mark.parametrize(("language", "also"), [("zh", ()), ("en", ()), ("zh", ("en",)), ("en", ("zh",))])
def test_the_schema_of_an_entry_says_what_each_field_is_like(language: Any, also: Any) -> None:
    described = entry_schema(language, also)
    names = [*FIELDS, "line", *(f"line_{other}" for other in also)]
    assert described["required"] == list(described["properties"]) == names
    assert described["additionalProperties"] is False
    assert described["properties"]["kind"]["enum"] == list(get_args(PaperKind))
    assert all(len(one["description"]) > 15 for one in described["properties"].values())


@pytest.mark.parametrize(("language", "also"), [("zh", ()), ("en", ("zh",))])
def test_a_drafted_entry_has_its_draft_and_review_before_the_line(language: Any, also: Any) -> None:
    plain, drafted = (entry_schema(language, also, draft=draft)["properties"] for draft in (False, True))
    assert [name for name in drafted if name not in plain] == ["draft", "review"]
    assert [name for name in drafted if name in plain] == list(plain)
    assert list(drafted).index("line") == list(drafted).index("review") + 1
