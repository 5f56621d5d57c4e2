"""Rules on words that are no answer: of the request, of a polite assistant, placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.summarize.checks.patterns import any_of
from digest.summarize.checks.rule import Reading, rule

_OPENING = re.compile(
    r"\s*(?:"
    + "|".join(
        (
            r"(?:很?抱歉|对不起|以下[是为]|好的[，。,！!：:]|当然[，,。！!可])",
            r"作为(?:一[个名])?(?:AI|人工智能|大?语言模型)",
            r"根据(?:您|你|所给|提供|给定|上述|以上|题目|论文(?:标题|摘要))",
            r"请(?:注意|根据|用|提供|将|为|以|总结|阅读|输出)",
            r"(?:Sure|Certainly|Here is|Here's|As an AI|I'm sorry|Sorry)\b",
            r"[【\[「“\"]?(?:中文|一句话)?(?:摘要|标题|题目|总结|简介|概述|翻译|译文)[】\]」”\"]?\s*[:：]",
            r"[【\[「“\"]?(?:输出|答案|回答|答|任务|问题|贡献|结果)[】\]」”\"]?\s*[:：]",
            r"[\"“]?(?:kind|task|problem|contribution|summary|abstract|title|output|answer)[\"”]?\s*[:：]",
        )
    )
    + ")",
    re.IGNORECASE,
)
"""Beginnings of a polite assistant, and the names of fields."""

_LEAK = re.compile(
    any_of(
        (
            r"[（(]\s*(?:约|共|全文|字数[:：]?)?\s*\d{2,3}\s*个?[字词]\s*[）)]",  # a counted length
            r"[。！？]\s*(?:标题|摘要|输出格式|系统提示|用户|助手|system|user|assistant)\s*[:：]",
            r"作为(?:一[个名])?(?:AI|人工智能)(?:语言)?(?:模型|助手)，我",
            r"我(?:无法|不能)(?:访问|提供|生成|总结|判断|回答|完成|查看|阅读)",
            r"(?:不超过|不少于|控制在|限制在|字数)\s*\d+\s*个?字",
            r"请(?:用|以)(?:简体)?中文(?:输出|回答|总结|概括)",
            r"</?think|<\|[a-z_]{1,40}\|>|希望(?:这|以上|对您|对你)|如(?:果)?(?:您|你|还)?有(?:其他|任何)(?:问题|疑问|需要)",
            r"ignore (?:all )?(?:the )?previous|previous instructions",
            r"[。！？]以上(?:[是为]|就是)[^，。]{0,12}(?:总结|摘要|简介|概括)",
        ),
        ignore_case=True,
    )
)
"""Words of the request; a line begins behind a stop, as its other sentences do."""

_PLACEHOLDER = re.compile(
    r"[\s\[（(【<]*(?:"
    r"未知|暂?无|不[详明]|未(?:提及|提供|说明|给出)|没有|空|待定|待补充|略|同上|其他|无法(?:确定|生成|获取|提供)"
    r"|(?:摘要|总结|简介)?生成失败|n\s*/\s*a|na|nan|none|null|nil|unknown|undefined|tbd|todo|error|failed"
    r"|not (?:available|applicable|specified|mentioned|provided|given)|summary generation failed"
    r"|[-—…?？.x]+"
    r")[\s\]）)】>。.！!]*",
    re.IGNORECASE,
)
_EMPTY_SLOT = re.compile(
    any_of(
        (
            r"属于(?:未知|无|N/A|None|null|unknown)的?任务|解决(?:未知|无|N/A|None|null|unknown)的?问题",
            r"\{(?<![\\A-Za-z_^}$]\{)(?:paper|title|abstract|task|problem|contribution|method|name|line|text|summary|kind)\}",
            r"(?:摘要|总结)生成失败|summary generation failed|XXX|某某",
        ),
        ignore_case=True,
    )
)


@rule("prompt-leak")
def prompt_leak(reading: Reading) -> Iterator[str]:
    """Words of the request or of a polite assistant."""
    if match := _OPENING.match(reading.line):
        yield match[0].strip()
        return
    line = f"。{reading.line}"
    for match in _LEAK.finditer(line):
        if not (match[0].startswith("<") and match[0] in reading.source.text):  # a token that the paper has
            yield line[max(match.start(), 1) : match.end()].strip()
            return


@rule("placeholder")
def placeholder(reading: Reading) -> Iterator[str]:
    """未知, N/A and the like instead of an answer."""
    if _PLACEHOLDER.fullmatch(reading.line):
        yield reading.line.strip()
    elif match := _EMPTY_SLOT.search(reading.line):
        yield match[0]
