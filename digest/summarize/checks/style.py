"""Marks of an unnatural line, as far as a program can count it: for information, never for a flag.

Blind readers named these most often beside lines that a real model wrote; see docs on prompts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.summarize.checks.patterns import any_of
from digest.summarize.checks.rule import Reading, rule

_TASK = re.compile(r"(?:属于|面向|聚焦于?|针对|研究)(?P<task>[^，。；]{2,24}?)(?:任务|领域|问题)?[，。；]")
_HEADS = re.compile(r"(?:任务|问题|方法|研究|技术|领域|的)+$")
LONGEST_ATTRIBUTIVE = 20
"""Characters of Chinese before a name, without a comma, that are read in one breath."""

_BEFORE_NAME = re.compile(
    rf"(?:提出|构建|设计|介绍|开发|引入|推出|发布|给出)(?:了)?"
    rf"(?P<words>[\u4e00-\u9fff、（）“”A-Za-z-]{{{LONGEST_ATTRIBUTIVE + 1},80}}?)"
    r"(?:框架|模型|方法|网络|系统|算法|架构|策略|机制|方案|数据集|基准)?(?P<name>[A-Z][A-Za-z0-9-]*[A-Z0-9][A-Za-z0-9-]*)"
)
_SOLVES_NOTHING = re.compile(
    r"(?:综述|调查研究|系统(?:性)?回顾|基准|评测|审计|实证(?:研究|分析)|比较研究|对比研究)"
)
_EMPTY = (
    r"(?:(?:从而|以|进而|有效|显著|大幅|全面|进一步)?(?:地)?(?:提升|提高|改善|增强|优化)(?:了)?(?:模型|系统|方法|算法|整体|其|任务|检测|识别|生成)?(?:的)?"
    r"(?:性能|效果|效率|质量|能力|表现|准确性|准确率|精度|鲁棒性|泛化性|泛化能力|可靠性|稳定性|实用性)(?:[与和及、](?:性能|效果|效率|质量|能力|表现|准确性|精度"
    r"|鲁棒性|泛化性|泛化能力|可靠性|稳定性|实用性))*)。[”）]?$"
)
_EMPTY_END = re.compile(any_of([_EMPTY]))
_BY_PROPOSING = re.compile(
    r"通过(?:提出|设计|构建|开发|引入)[^，。]{2,40}，[^。]{0,6}(?:提升|实现|解决|提高|改善)"
)


@rule("task-twice")
def task_twice(reading: Reading) -> Iterator[str]:
    """The name of the task, two or three times."""
    match = _TASK.search(reading.plain)
    if match is None:
        return
    task = _HEADS.sub("", match["task"])
    if len(task) >= 3 and reading.plain.count(task) > 1:
        yield task


@rule("long-attributive")
def long_attributive(reading: Reading) -> Iterator[str]:
    """More than 20 characters in front of a name: 首个面向……的……框架X."""
    for match in _BEFORE_NAME.finditer(reading.plain):
        yield f"{match['words'][:12]}……{match['name']}"


@rule("solves-nothing")
def solves_nothing(reading: Reading) -> Iterator[str]:
    """旨在解决 in a line on a survey, a benchmark or an analysis."""
    if "旨在解决" in reading.plain and (match := _SOLVES_NOTHING.search(reading.plain)):
        yield f"旨在解决……{match[0]}"


@rule("empty-end")
def empty_end(reading: Reading) -> Iterator[str]:
    """提升性能 as an end, without saying of what, by what or by how much."""
    if (match := _EMPTY_END.search(reading.plain)) and not re.search(r"\d", match[0]):
        yield match[0]


@rule("by-proposing")
def by_proposing(reading: Reading) -> Iterator[str]:
    """通过提出……，提升……: a proposal is no means."""
    if match := _BY_PROPOSING.search(reading.plain):
        yield match[0][:16]
