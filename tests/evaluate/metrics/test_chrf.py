from __future__ import annotations

import random
from typing import Any

import pytest

from digest.evaluate.metrics.chrf import chrf


@pytest.mark.parametrize("order", [2, 6])
def test_equals_sacrebleu_on_2000_pairs(order: int) -> None:
    sacrebleu: Any = pytest.importorskip("sacrebleu.metrics")
    oracle = sacrebleu.CHRF(char_order=order)
    generator = random.Random(order)
    letters = "该论文属于语音增强任务，旨在解决噪声SeLG 97.8。"
    for _ in range(1000):  # of either order
        ours = "".join(generator.choices(letters, k=generator.randint(0, 80)))
        theirs = "".join(generator.choices(letters, k=generator.randint(1, 80)))
        assert chrf(ours, theirs, order) == pytest.approx(
            oracle.sentence_score(ours, [theirs]).score, abs=1e-9
        )


def test_a_line_against_itself_and_against_nothing() -> None:
    assert chrf("语音增强", "语音 增强") == pytest.approx(100)
    assert chrf("语音", "图像") == 0
    assert chrf("", "语音") == 0
