"""What a model may answer: the fields or the whole line, read tolerantly and validated strictly."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from digest.model import PaperKind

_END_OF_THOUGHTS = re.compile(r"</(?:think|thinking|thought|thoughts|reasoning)>|◁/think▷", re.IGNORECASE)
_FENCED = re.compile(r"```[a-zA-Z]*\s*\n(.*?)```", re.DOTALL)


class UnreadableError(ValueError):
    """An answer that is not what was asked for; the text says why, for the model to mend it."""


class Fields(BaseModel):
    """The structured answer: task is a noun phrase, problem what is solved, contribution a verb phrase.

    Further fields, which nothing but a schema keeps a model from adding, are left out.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    kind: PaperKind
    task: str = Field(min_length=2, max_length=60)
    problem: str = Field(min_length=2, max_length=120)
    contribution: str = Field(min_length=4, max_length=200)


def schema() -> dict[str, Any]:
    """The JSON schema of the fields, in the subset that strict structured output accepts.

    Lengths are left out: several endpoints refuse a schema that has them, and they are checked here anyway.
    """
    properties = {
        name: {"type": "string", "description": description}
        for name, description in {
            "task": "论文所属的任务",
            "problem": "论文要解决的问题",
            "contribution": "论文提出或发现了什么",
        }.items()
    }
    kinds = {"type": "string", "enum": list(PaperKind.__args__)}  # type: ignore[attr-defined]  # of a Literal
    return {
        "type": "object",
        "properties": {"kind": kinds, **properties},
        "required": ["kind", *properties],
        "additionalProperties": False,
    }


def without_thoughts(content: str) -> str:
    """An answer without the thoughts before it; many a chat template writes their end only."""
    return _END_OF_THOUGHTS.split(content)[-1]


def read_fields(content: str) -> Fields:
    """The fields in an answer, with or without thinking, code fences or words around the JSON.

    Raises:
        UnreadableError: there is no JSON object with just these fields in it.
    """
    found = _last_object(without_thoughts(content))
    if found is None:
        raise UnreadableError("回答中没有完整的 JSON 对象")
    try:
        return Fields.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UnreadableError(f"JSON 字段 {name} 不合要求：{first['msg']}") from None


def read_line(content: str) -> str:
    """The line in an answer, without thinking and code fences.

    Raises:
        UnreadableError: nothing is left, or more than one line is.
    """
    text = without_thoughts(content).strip()
    if fenced := _FENCED.search(text):
        text = fenced[1].strip()
    if not text:
        raise UnreadableError("回答是空的")
    if len(text.splitlines()) > 1:
        raise UnreadableError("回答不止一行")
    return text


def _last_object(text: str) -> dict[str, Any] | None:
    """The last complete JSON object: an earlier one may be a quotation from the paper."""
    decoder = json.JSONDecoder()
    found: dict[str, Any] | None = None
    position = text.find("{")
    while position != -1:
        try:
            value, end = decoder.raw_decode(text, position)
        except (json.JSONDecodeError, RecursionError):
            end = position + 1
        else:
            found = value
        position = text.find("{", end)
    return found
