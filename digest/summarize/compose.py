"""Punctuation of lines, and the plain line for an answer whose fields are good and whose line is not."""

from __future__ import annotations

import re

from digest.model import Language, PaperKind
from digest.summarize.answer import Fields

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
