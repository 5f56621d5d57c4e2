"""Simplified Chinese, and nothing else."""

from __future__ import annotations

import pytest

from digest.summarize.checks import Source, check

_SOURCE = Source("Speech Enhancement", "We enhance noisy speech with sparse attention over 漢字 and かな.")


def _rules(line: str) -> set[str]:
    return {finding.rule for finding in check(line, _SOURCE)}


@pytest.mark.parametrize("character", "語學網爲裏衆説這與過對體標資訊軟體環")
def test_traditional(character: str) -> None:
    assert "traditional" in _rules(
        f"该论文属于语音增强任务，旨在解决噪声问题，提出{character}方法，提升语音质量。"
    )


@pytest.mark.parametrize("character", "后里干面乾著瞭谷准系制复发松云台于余范采板表丑斗卷困霉熵镕嗓囧")
def test_characters_of_simplified_chinese(character: str) -> None:
    assert "traditional" not in _rules(f"该论文属于语音增强任务，提出{character}方法，提升语音质量。")


def test_what_the_paper_itself_writes_is_allowed() -> None:
    assert not {"traditional", "foreign-script"} & _rules(
        "该论文属于语音增强任务，分析漢字与かな，提升质量。"
    )


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        ("通过sparse attention降噪", {"untranslated-phrase"}),
        ("通过稀疏注意力（sparse attention）降噪", set()),
        ("通过 sparse 注意力降噪", {"untranslated"}),
        ("通过token和prompt降噪", set()),
        ("通过few-shot prompt降噪", set()),
    ],
)
def test_untranslated(words: str, rules: set[str]) -> None:
    found = _rules(f"该论文属于语音增强任务，旨在解决噪声下语音质量差的问题，{words}。")
    assert found & {"untranslated", "untranslated-phrase"} == rules
