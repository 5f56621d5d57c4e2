"""Forms of names, numbers and marks that published lines and papers have, each of which was doubted once."""

from __future__ import annotations

import random
import string

import pytest

from digest.summarize.checks import Source, check
from digest.summarize.checks.quantities import Quantities, Quantity
from digest.summarize.checks.words import Vocabulary
from tests.summarize.checks.planted import Case

_FRAME = "该论文属于语音增强任务，旨在解决噪声下语音质量差的问题。提出{}，提升语音清晰度。"
_PAPER = Source(
    r"$\texttt{MoRA}$: A {\lambda}Split of \textsc{Net}works",
    r"We propose $\texttt{MoRA}$, {\lambda}Split, M$^2$Net, \Method and $\mathcal{H}_\infty$ control "
    r"with <SR> and <|eot|> tokens, an optimal A$^*$ search, GPT-4o, Llama 3.1, mutual information and "
    r"$\Delta$-DiT on X-ray images with 1M+ users "
    r"of twenty-five languages, a tenfold speedup, two-thirds fewer errors (from 12.0 to 9.0), 97 hours and "
    r"1,180 clips. Mutual information is estimated over [0,1).",
)


def _doubted(words: str) -> set[str]:
    found = check(_FRAME.format(words), _PAPER)
    return {f.rule for f in found if f.severity >= 2} - {"off-topic"}  # the frame is of another paper


_RIGHT = [
    r"MoRA框架",
    r"$\texttt{MoRA}$框架",
    r"λSplit框架",
    r"LambdaSplit框架",
    r"M2Net网络",
    r"M²Net网络",
    r"Method方法",
    r"$\mathcal{H}_\infty$控制",
    r"H∞控制",
    r"含<SR>词元的网络",
    r"<|eot|>词元",
    r"A*搜索和V*、π*策略",
    r"X光图像分析",
    r"X射线方法",
    r"Q值与U型网络",
    r"T2加权方法",
    r"Δ-DiT网络",
    r"GPT-4o方法",
    r"Llama-3.1网络",
    r"MI估计",
    r"基于100多万用户的模型",
    r"基于超过100万用户的模型",
    r"覆盖25种语言的模型",
    r"覆盖20多种语言的模型",
    r"提速10倍的模型",
    r"错误减少25%的模型",
    r"错误减少67%的模型",
    r"近100小时的数据",
    r"约1200段音频",
    r"1000余段音频",
    r"区间[0,1)上的估计",
    r"面向昇腾的模型",
    r"以显著性著称的著作",
    r"文本样本与版本文件",
]


@pytest.mark.parametrize("words", [*_RIGHT, "Llama 3.1网络"])
def test_right_words_pass(words: str) -> None:
    assert _doubted(words) == set()


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("通过GPT-5方法", "unsupported-name"),
        ("Llama-4网络", "mangled-name"),
        ("MoRB框架", "wrong-own-name"),
        ("{title}框架", "placeholder"),
        ("<b>新</b>框架", "markup"),
        ("随著时间变化的框架", "traditional"),
        ("特徵网络", "traditional"),
        ("最後的框架", "traditional"),
        ("基於注意力的框架", "traditional"),
        ("覆盖52种语言的模型", "unsupported-number"),
        ("错误减少41%的模型", "unsupported-number"),
        ("近300小时的数据", "unsupported-number"),
        ("基于1000多万用户的模型", "number-scale"),
        ("物理-aware框架", "half-word"),
        ("零Crossing率框架", "half-word"),
        ("噪声-robust网络", "half-word"),
    ],
)
def test_wrong_words_are_found(words: str, rule: str) -> None:
    assert rule in _doubted(words)


def test_two_letters_are_seldom_an_acronym_by_chance(published: list[Case]) -> None:
    dice = random.Random(14)
    passed = total = 0
    for case in dice.sample(published, 60):
        vocabulary = Vocabulary(f"{case.source.title}\n{case.source.abstract}")
        for _ in range(20):
            letters = "".join(dice.choices(string.ascii_uppercase, k=2))
            total += 1
            passed += vocabulary.spells_out(letters)
    assert passed < 0.12 * total


@pytest.mark.slow
@pytest.mark.parametrize("percent", [False, True])
def test_a_number_is_seldom_supported_by_chance(published: list[Case], percent: bool) -> None:
    """Beside as much text as eight abstracts, which is what passages are."""
    dice = random.Random(14)
    passed = total = 0
    for place in dice.sample(range(len(published) - 8), 40):
        text = "\n".join(case.source.abstract for case in published[place : place + 8])
        known = Quantities(text)
        for value in dice.sample(range(10, 100), 20):
            total += 1
            passed += known.support(Quantity(value, 1, str(value), scaled=False, percent=percent))
    assert passed < 0.16 * total  # 46 % did when the sum of any two numbers counted
