"""The lines of an answer: read, with their punctuation, or made of its fields where they are no good."""

from __future__ import annotations

import re

from digest.model import Finding, Language, PaperKind, Summary
from digest.summarize import answer
from digest.summarize.answer import Fields
from digest.summarize.prompt import Prompt

_CJK = "\u3400-\u4dbf\u4e00-\u9fff"
_HALF_TO_FULL = {",": "，", ";": "；", ":": "：", "?": "？", "!": "！"}
_OPENINGS: dict[PaperKind, str] = {"survey": "综述", "analysis": "研究", "theory": "研究", "other": "讨论"}


def compose(fields: Fields, language: Language = "zh") -> str:
    """The plain line: which task, which problem, what was done."""
    if language == "en":
        parts = (part.strip(" .;:") for part in (fields.task, fields.problem, fields.contribution))
        return "{}: {}. {}.".format(*(part[:1].upper() + part[1:] for part in parts))
    task, problem, contribution = map(_bare, (fields.task, fields.problem, fields.contribution))
    task = re.sub(r"的?(任务|问题)$", "", task) or task
    contribution = re.sub(r"^(该论文|本文|论文|作者|我们)", "", contribution) or contribution
    return f"该论文{_OPENINGS.get(fields.kind, '面向')}{task}，关注{problem}。{contribution}。"


def _bare(text: str) -> str:
    return tidy(text).strip("。．.，,；;：:、 ")


def tidy(text: str, language: Language = "zh") -> str:
    """One line with the punctuation of its language: full-width beside Chinese characters, no stray spaces.

    Latin text keeps its own: `0.5-2.0`, `GPT-4, Claude` and `U.S.` come back as they are.
    """
    text = " ".join(text.split())
    if language == "en":
        return text
    text = re.sub(
        rf"(?<=[{_CJK}])\s*[,;:?!]\s*|\s*[,;:?!]\s*(?=[{_CJK}])", lambda m: _HALF_TO_FULL[m[0].strip()], text
    )
    text = re.sub(rf"\(([^()]*)\)(?=[{_CJK}，。；：、]|$)|(?<=[{_CJK}])\s*\(([^()]*)\)", _full_brackets, text)
    text = re.sub(rf"(?<=[{_CJK}])\.(?=\s|$|[{_CJK}])", "。", text)
    text = re.sub(
        rf"(?<=[{_CJK}，。；：、！？（）《》“”])\s+|\s+(?=[{_CJK}，。；：、！？（）《》“”])", "", text
    )
    text = re.sub(r"。{2,}", "。", text)
    return re.sub(r"，{2,}", "，", text)


def _full_brackets(match: re.Match[str]) -> str:
    inner = match[1] if match[1] is not None else match[2]
    return f"（{inner}）"


def read_summary(content: str, prompt: Prompt) -> tuple[Summary, tuple[Finding, ...]]:
    """The summary in the content of an answer, and a finding for each line that the answer lacks.

    Raises:
        UnreadableError: it is no answer in the form that the prompt asks for.
    """
    if prompt.answer == "line":
        return Summary(line=tidy(answer.read_line(content), prompt.lang)), ()
    if prompt.answer == "fields":
        fields = answer.read_fields(content)
        return Summary(line=compose(fields, prompt.lang), **fields.model_dump()), ()
    entry = answer.read_entry(content, prompt.lang, prompt.also)
    lines = {of: tidy(line, of) for of, line in entry.lines.items()}
    own = lines.pop(prompt.lang, None) or compose(entry.fields, prompt.lang)
    summary = Summary(line=own, translations=lines, **entry.fields.model_dump())
    return summary, tuple(map(lacking_field, entry.lacking))


def lacking_field(field_name: str) -> Finding:
    """The finding that an answer lacks a line."""
    return Finding(rule="no-line", severity=2, evidence=f"JSON 字段 {field_name} 缺失或不可用")


def plain_line(summary: Summary, language: Language) -> str:
    """The plain line of a summary, made of its fields."""
    return compose(
        answer.Fields.model_validate(summary.model_dump(include={*answer.Fields.model_fields})), language
    )
