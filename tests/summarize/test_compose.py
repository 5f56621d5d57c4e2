"""The line made from fields: its form, its verbs, its punctuation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import PaperKind
from digest.summarize.answer import Fields
from digest.summarize.compose import compose, tidy


def fields(**changes: str) -> Fields:
    given = {"kind": "method", "task": "语音分离", "problem": "混响条件下的分离", "contribution": "提出X网络"}
    return Fields.model_validate({**given, **changes})


def recorded(root: Path) -> list[Fields]:
    lines = (root / "digest/sample/data/fields.jsonl").read_text(encoding="utf-8").splitlines()
    return [Fields.model_validate({k: v for k, v in json.loads(line).items() if k != "id"}) for line in lines]


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("method", "该论文属于语音分离任务，旨在解决混响条件下的分离问题。提出X网络。"),
        ("dataset", "该论文面向语音分离任务，旨在解决混响条件下的分离问题。提出X网络。"),
        ("benchmark", "该论文面向语音分离任务，旨在解决混响条件下的分离问题。提出X网络。"),
        ("survey", "该论文综述语音分离，旨在解决混响条件下的分离问题。提出X网络。"),
        ("analysis", "该论文研究语音分离，旨在解决混响条件下的分离问题。提出X网络。"),
        ("system", "该论文属于语音分离任务，旨在解决混响条件下的分离问题。提出X网络。"),
        ("theory", "该论文从理论上研究语音分离，旨在解决混响条件下的分离问题。提出X网络。"),
        ("other", "该论文讨论语音分离，旨在解决混响条件下的分离问题。提出X网络。"),
    ],
)
def test_each_kind_has_its_opening(kind: str, line: str) -> None:
    assert compose(fields(kind=kind)) == line


@pytest.mark.parametrize(
    ("problem", "aim"),
    [
        ("数据稀缺的问题", "解决数据稀缺的问题"),
        ("数据稀缺问题。", "解决数据稀缺问题"),
        ("解决数据稀缺的问题", "解决数据稀缺的问题"),
        ("旨在解决数据稀缺问题问题", "解决数据稀缺问题"),
        ("空间信息的不足", "弥补空间信息的不足"),
        ("输出不连贯的原因", "探究输出不连贯的原因"),
        ("受限于表示还是聚类的辨析", "辨析受限于表示还是聚类"),
        ("声学保真与语义保留的冲突", "调和声学保真与语义保留的冲突"),
        ("模型复杂度的进一步降低", "实现模型复杂度的进一步降低"),
        ("分辨率偏低对验证的不利影响", "缓解分辨率偏低对验证的不利影响"),
        ("表示中的编码方式不明", "解决表示中的编码方式不明的问题"),
        ("现有指标偏离人类感知", "解决现有指标偏离人类感知的问题"),
        ("长尾类别识别面临的挑战", "应对长尾类别识别面临的挑战"),
        ("提升低资源语言的识别率", "提升低资源语言的识别率"),
        ("探索效率", "解决探索效率问题"),
        ("提升识别率所面临的挑战", "应对提升识别率所面临的挑战"),
        ("检索系统在专业领域表现的评估", "评估检索系统在专业领域表现"),
        ("非凸目标下收敛速率的上界", "刻画非凸目标下收敛速率的上界"),
        ("隐私攻击与防御的研究现状与挑战", "梳理隐私攻击与防御的研究现状与挑战"),
        ("幻觉产生的内部机制", "探究幻觉产生的内部机制"),
        ("方言标注数据的缺乏", "弥补方言标注数据的缺乏"),
        ("现有基准数据泄漏严重", "解决现有基准数据泄漏严重的问题"),
        ("固定压缩率的僵化", "解决固定压缩率的僵化问题"),
        ("现有综述缺乏对推理方法的系统归纳", "解决现有综述缺乏对推理方法的系统归纳的问题"),
        ("如何抓取透明物体", "解决如何抓取透明物体的问题"),
    ],
)
def test_the_verb_fits_the_problem(problem: str, aim: str) -> None:
    assert compose(fields(problem=problem)) == f"该论文属于语音分离任务，旨在{aim}。提出X网络。"


@pytest.mark.parametrize(
    ("task", "opening"),
    [
        ("语音分离任务", "该论文属于语音分离任务，"),
        ("语音分离问题", "该论文属于语音分离任务，"),
        ("语音对话系统", "该论文研究语音对话系统，"),
        ("属于语音分离任务", "该论文属于语音分离任务，"),
    ],
)
def test_a_task_is_named_once_and_a_thing_is_no_task(task: str, opening: str) -> None:
    assert compose(fields(task=task)).startswith(opening)


def test_a_question_is_explored_by_a_paper_that_asks() -> None:
    line = compose(fields(kind="analysis", problem="流行度偏差如何随时间演化"))
    assert line == "该论文研究语音分离，旨在探究流行度偏差如何随时间演化。提出X网络。"


def test_a_system_that_is_a_thing_is_introduced() -> None:
    assert compose(fields(kind="system", task="交互式艺术装置")).startswith("该论文介绍交互式艺术装置，")


@pytest.mark.parametrize(
    ("contribution", "end"),
    [
        ("提出X网络。", "。提出X网络。"),
        ("本文提出X网络", "。提出X网络。"),
        ("一种基于图的X网络", "。提出一种基于图的X网络。"),
        ("通过对比学习,提升X网络;", "。通过对比学习，提升X网络。"),
    ],
)
def test_the_contribution_is_one_sentence(contribution: str, end: str) -> None:
    assert compose(fields(contribution=contribution)).endswith(end)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("提出 SeLG 模型, 提升效果.", "提出SeLG模型，提升效果。"),
        ("时长0.5-2.0秒，准确率87.5%。", "时长0.5-2.0秒，准确率87.5%。"),
        ("评测GPT-4, Claude与Qwen。", "评测GPT-4, Claude与Qwen。"),
        ("方向估计(DoA)的误差", "方向估计（DoA）的误差"),
        ("构建Echoes of the Land装置", "构建Echoes of the Land装置"),
        ("两行\n并成 一行。。", "两行并成一行。"),
        ("比例为3:1的混合", "比例为3:1的混合"),
    ],
)
def test_punctuation_is_full_width_beside_chinese_only(before: str, after: str) -> None:
    assert tidy(before) == after


def test_the_recorded_lines_read_as_one_would_write_them(root: Path) -> None:
    lines = [compose(one) for one in recorded(root)]
    assert len(lines) == 44
    for line in lines:
        assert re.fullmatch(r"该论文[^。]+，旨在[^。]+。[^。]+。", line.replace("0.5-2.0", "")), line
        assert not re.search(
            r"任务任务|问题问题|的的|[，。]{2}|旨在旨在|解决解决|问题的问题$|[,;:?!]\B", line
        ), line
        assert 50 <= len(line) <= 110, line


@given(
    st.sampled_from(get_args(PaperKind)),
    *[st.text(st.characters(min_codepoint=32, max_codepoint=0x9FFF), min_size=6, max_size=40)] * 3,
)
def test_any_fields_make_one_line_with_one_end(kind: str, task: str, problem: str, contribution: str) -> None:
    words = {name: f"甲{text}乙" for name, text in (("task", task), ("problem", problem))}
    line = compose(fields(kind=kind, contribution=f"提出{contribution}法", **words))
    assert len(line.splitlines()) == 1
    assert line.startswith("该论文")
    assert line.endswith("法。")
