"""Punctuation of lines, and the plain line made of fields."""

from __future__ import annotations

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


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("method", "该论文面向语音分离，关注混响条件下的分离。提出X网络。"),
        ("dataset", "该论文面向语音分离，关注混响条件下的分离。提出X网络。"),
        ("survey", "该论文综述语音分离，关注混响条件下的分离。提出X网络。"),
        ("analysis", "该论文研究语音分离，关注混响条件下的分离。提出X网络。"),
        ("other", "该论文讨论语音分离，关注混响条件下的分离。提出X网络。"),
    ],
)
def test_the_plain_line_says_task_problem_and_contribution(kind: str, line: str) -> None:
    assert compose(fields(kind=kind)) == line


def test_what_fields_say_too_much_is_left_out() -> None:
    wordy = fields(task="语音分离任务。", problem="混响 条件下的分离。", contribution="该论文提出X网络。")
    assert compose(wordy) == compose(fields())
    assert compose(fields(task="任务")) == "该论文面向任务，关注混响条件下的分离。提出X网络。"


def test_the_plain_line_is_english_where_the_fields_are() -> None:
    english = fields(task="speech separation", problem="reverberation", contribution="proposes X.")
    assert compose(english, "en") == "Speech separation: Reverberation. Proposes X."


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


def test_english_is_left_as_it_is_but_for_spaces() -> None:
    assert tidy("It is fast,\n cheap (3:1)  and new.", "en") == "It is fast, cheap (3:1) and new."


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
