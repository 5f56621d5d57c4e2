"""Names and English words beside a paper."""

from __future__ import annotations

import pytest

from digest.summarize.checks import Source, check
from digest.summarize.checks.words import Vocabulary, own_name

_ABSTRACT = r"""We propose \textbf{SeLG-Net}, built on wav2vec 2.0 and Schrödinger bridges, for room impulse
responses (RIRs) and vision-language-action policies. Our deep fake detector prompts large language models,
and a guided, differentiable tokenizer helps organoids; tests on LibriTTS and the REDEREF corpus use Poisson
noise and Bayesian inference."""
_TEXT = f"Lips and Gestures\n{_ABSTRACT}"


@pytest.mark.parametrize(
    "name",
    [
        "SeLG-Net", "SELGNet", "SeLG", "wav2vec2.0", "Schrodinger", "RIR", "VLA",
        "DeepFake", "LLMs",
        "LLM-guided",
        "Transformer", "prompting", "tokenizers", "LibriTTS", "Poisson", "Bayes",
    ],
)  # fmt: skip
def test_supported(name: str) -> None:
    assert Vocabulary(_TEXT).supports(name)


@pytest.mark.parametrize("name", ["SeLM", "LibriTTSS", "VoxNorm", "RIRFlow", "iable", "garden", "REDEERF"])
def test_unsupported(name: str) -> None:
    assert not Vocabulary(_TEXT).supports(name)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("SeLG: Lips and Gestures", "SeLG"),
        ("ACE-Step 1.5: Open Music", "ACE-Step 1.5"),
        ("SICL-AT: Another way", "SICL-AT"),
        ("Token-Level Pruning: A Study", None),
        ("Beyond Lips: Integrating Gesture", None),
        ("Lips and Gestures", None),
    ],
)
def test_own_name(title: str, name: str | None) -> None:
    assert own_name(title) == name


def _rules(line: str) -> set[str]:
    return {finding.rule for finding in check(line, Source("Lips and Gestures", _ABSTRACT))}


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("通过不同iable分词器", "broken-word"),
        ("在REDEERF语料上", "mangled-name"),
        ("加入Posson噪声", "mangled-name"),
        ("提出了一种VoxNorm框架", "wrong-own-name"),
        ("构建名为“VoxNorm”的框架", "wrong-own-name"),
        ("通过VoxNorm框架", "unsupported-name"),
        ("通过 garden 框架", "unsupported-word"),
    ],
)
def test_one_rule_for_each_kind_of_wrong_name(words: str, rule: str) -> None:
    found = _rules(f"该论文属于深度伪造检测任务，{words}解决效率问题，提升检测器的效果与鲁棒性。")
    names = {"broken-word", "mangled-name", "wrong-own-name", "unsupported-name", "unsupported-word"}
    assert found & names == {rule}
