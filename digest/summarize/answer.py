"""What a model may answer: the fields or the whole line, read tolerantly and validated strictly."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from digest.model import PaperKind
from digest.summarize.extract import (
    RepeatedKeys,
    UnreadableError,
    last_object,
    without_fence,
    without_thoughts,
)

__all__ = ["Fields", "UnreadableError", "read_fields", "read_line", "schema"]

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


def read_fields(content: str) -> Fields:
    """The fields in an answer, with or without thinking, code fences or words around the JSON.

    Raises:
        UnreadableError: there is no JSON object with just these fields in it.
    """
    found = last_object(without_thoughts(content))
    if found is None:
        raise UnreadableError("回答中没有完整的 JSON 对象")
    if isinstance(found, RepeatedKeys):
        raise UnreadableError("JSON 对象里有字段出现了两次")
    try:
        return Fields.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UnreadableError(f"JSON 字段 {name} 不合要求：{first['msg']}") from None


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
