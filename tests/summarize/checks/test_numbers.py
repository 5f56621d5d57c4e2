"""Numbers of a Chinese line beside an English text."""

from __future__ import annotations

import pytest

from digest.summarize.checks import Source, check

_ABSTRACT = r"""A 3.01 billion parameter model (Qwen2.5-7B) is trained on 12,345 hours, 1{,}240 of them clean,
in three stages with $2\times 10^5$ steps at 24 kHz. Accuracy rises from 85.1\% to 88.37%, errors fall by
half, and a ratio of 0.92 holds over twenty-five languages, 1.5M users, 40k clips and 50 million words."""


def _numbers(words: str) -> set[str]:
    line = f"该论文属于语音识别任务，{words}。"
    found = check(line, Source("Scaling Speech Recognition", _ABSTRACT))
    return {finding.rule for finding in found} & {"number-scale", "unsupported-number"}


@pytest.mark.parametrize(
    "words",
    [
        "参数达30.1亿", "用1.2万小时数据", "用12345小时数据", "用12,345小时数据", "用1240小时",
        "分3个阶段", "训练20万步", "采样率24kHz", "准确率达88%", "准确率达88.4%",
        "提升3.27个百分点", "错误减少50%", "一致率92%",
        "覆盖25种语言", "150万用户", "4万片段",
        "5000万词", "基于Qwen2.5-7B", "错误率11.63%",
    ],
)  # fmt: skip
def test_supported(words: str) -> None:
    assert _numbers(words) == set()


@pytest.mark.parametrize("words", ["参数达301亿", "用500万词", "1500万用户", "40万片段"])
def test_wrong_power_of_ten(words: str) -> None:
    assert _numbers(words) == {"number-scale"}


@pytest.mark.parametrize(
    "words", ["分9个阶段", "准确率达97%", "训练12,3450小时", "覆盖250种语言", "准确率达883.7%"]
)
def test_unsupported(words: str) -> None:
    assert _numbers(words) == {"unsupported-number"}
