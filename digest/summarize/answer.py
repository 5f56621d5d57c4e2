"""Answers of models, read tolerantly and validated strictly: an entry, fields alone, or a line alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from digest.model import Language, PaperKind
from digest.summarize.extract import (
    RepeatedKeys,
    UnreadableError,
    last_object,
    without_fence,
    without_thoughts,
)

__all__ = [
    "Answered",
    "Fields",
    "UnreadableError",
    "entry_schema",
    "object_schema",
    "read_entry",
    "read_fields",
    "read_line",
    "schema",
]

LONGEST_LINE = 2000
"""Characters above which a line is none: it would only be refused for its length."""


class Fields(BaseModel):
    """The structured answer: task is a noun phrase, problem what is solved, contribution a verb phrase.

    Further fields, which nothing but a schema keeps a model from adding, are left out.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    kind: PaperKind
    task: str = Field(min_length=2, max_length=60)
    problem: str = Field(min_length=2, max_length=120)
    contribution: str = Field(min_length=4, max_length=200)


@dataclass(frozen=True)
class Answered:
    """An entry as a model gave it.

    Attributes:
        fields: kind, task, problem and contribution.
        lines: language -> the finished line, of those that are there.
        lacking: the JSON fields of lines that are missing or empty.
    """

    fields: Fields
    lines: dict[Language, str] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()


_FORMS: dict[Language, dict[str, str]] = {
    "zh": {
        "kind": "主要贡献属于哪一类；兼有数项时取标题所指的",
        "task": "所属任务：领域里通行的中文叫法，4到16个字的名词短语，不以“任务”“问题”结尾",
        "problem": "要解决的具体问题及其原因，10到30个字，不以句号结尾",
        "contribution": "提出或发现了什么：以动词开头，写出方法的原名，15到45个字，不以句号结尾",
        "line": "写给读者的一条简体中文简介：一到两句，连字母、数字和标点共65到90个字符，以句号结尾，"
        "至少有一处具体的机制、数字（说明指标）或结论",
    },
    "en": {
        "kind": "the main contribution; of several, the one that the title names",
        "task": "the task, as the field calls it: a noun phrase of 2 to 6 words",
        "problem": "the specific problem and its cause, 5 to 20 words, no full stop",
        "contribution": "what is proposed or found: a verb first, the method by its name, 8 to 30 words",
        "line": "one or two plain sentences in English for a reader, 25 to 45 words, with at least one "
        "concrete mechanism, number (with its metric) or finding",
    },
}
"""Language of an answer -> JSON field -> its form, for endpoints that show the schema to the model."""

_DRAFT: dict[Language, dict[str, str]] = {
    "zh": {
        "draft": "line的初稿，写法同line",
        "review": "逐句挑出draft里别扭、硬译、压缩、说过头或原文没有的词，各写改法；没有就写“无”；120字以内",
    },
    "en": {
        "draft": "a first version of line, of the same form",
        "review": "the words of draft that are awkward, cut short, overstated or not in the paper, each with "
        'its better wording; "none" if there are none; at most 60 words',
    },
}
"""Language of an answer -> JSON field that is written before the line and not kept -> its form."""


def schema() -> dict[str, Any]:
    """The JSON schema of the fields alone, in the subset that strict structured output accepts.

    It is part of the key under which answers are kept, so it stays as it is. Lengths are left out: several
    endpoints refuse a schema that has them, and they are checked here anyway.
    """
    told = {"task": "论文所属的任务", "problem": "论文要解决的问题", "contribution": "论文提出或发现了什么"}
    properties = {name: {"type": "string", "description": form} for name, form in told.items()}
    return object_schema({"kind": {"type": "string", "enum": list(get_args(PaperKind))}, **properties})


def entry_schema(language: Language, also: Sequence[Language] = (), *, draft: bool = False) -> dict[str, Any]:
    """The JSON schema of an entry: fields, draft and review, the line, one line a further language.

    Args:
        language: of the fields and of `line`.
        also: the languages that have a `line_xx` of their own.
        draft: True if a first version of the line, and what is to be mended in it, stand before the line.
    """
    forms = dict(_FORMS[language])
    line = forms.pop("line")
    told = {**forms, **(_DRAFT[language] if draft else {}), "line": line}
    told |= {f"line_{other}": _FORMS[other]["line"] for other in also}
    properties: dict[str, dict[str, Any]] = {
        name: {"type": "string", "description": form} for name, form in told.items()
    }
    properties["kind"]["enum"] = list(get_args(PaperKind))
    return object_schema(properties)


def object_schema(properties: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of an object with just these properties, by their own schemas."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def read_entry(content: str, language: Language = "zh", also: Sequence[Language] = ()) -> Answered:
    """The entry in an answer; its fields must be good, its lines may be lacking.

    Args:
        content: the answer as it came.
        language: of the fields and of `line`.
        also: the languages that have a `line_xx` of their own.

    Raises:
        UnreadableError: there is no JSON object with good fields in it.
    """
    found = _object_in(content)
    names: dict[str, Language] = {"line": language, **{f"line_{other}": other for other in also}}
    given = {name: found.pop(name, None) for name in names}
    fields = _fields(found)
    lines = {names[name]: text.strip() for name, text in given.items() if isinstance(text, str)}
    lines = {of: text for of, text in lines.items() if text}
    return Answered(fields, lines, tuple(name for name, of in names.items() if of not in lines))


def read_fields(content: str) -> Fields:
    """The fields in an answer, with or without thinking, code fences or words around the JSON.

    Raises:
        UnreadableError: there is no JSON object with just these fields in it.
    """
    return _fields(_object_in(content))


def _object_in(content: str) -> dict[str, Any]:
    found = last_object(without_thoughts(content))
    if found is None:
        raise UnreadableError("回答中没有完整的 JSON 对象")
    if isinstance(found, RepeatedKeys):
        raise UnreadableError("JSON 对象里有字段出现了两次")
    return found


_WRONG = {
    "missing": "缺失",
    "string_type": "不是字符串",
    "string_too_short": "太短，至少要有{min_length}个字",
    "string_too_long": "太长，最多{max_length}个字",
    "literal_error": f"不在可选值之内，请取其一：{'、'.join(get_args(PaperKind))}",
}
"""pydantic's type of an error -> what is wrong with the field, for the model."""


def _fields(found: dict[str, Any]) -> Fields:
    try:
        return Fields.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        wrong = _WRONG.get(first["type"], "不合要求").format(**first.get("ctx", {}))
        raise UnreadableError(f"JSON 字段 {name} {wrong}") from None


def read_line(content: str) -> str:
    """The line in an answer, without thinking and code fences.

    Raises:
        UnreadableError: nothing is left, or more than one line is, or more than LONGEST_LINE characters.
    """
    text = without_fence(without_thoughts(content))
    if not text:
        raise UnreadableError("回答是空的")
    if len(text.splitlines()) > 1:
        raise UnreadableError("回答不止一行")
    if len(text) > LONGEST_LINE:
        raise UnreadableError("回答太长")
    return text
