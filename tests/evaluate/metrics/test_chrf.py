from __future__ import annotations

import pytest

from digest.evaluate.metrics.chrf import chrf


def test_by_hand() -> None:
    # orders 1 and 2: 3 of 4 and 2 of 3 n-grams of either side match
    assert chrf("语音增强", "语音增广", 2) == pytest.approx(100 * (3 / 4 + 2 / 3) / 2)
    # recall weighs twice as much: precision 1 and 1, recall 2/4 and 1/3
    precision, recall = 1.0, (2 / 4 + 1 / 3) / 2
    assert chrf("语音", "语音增强", 2) == pytest.approx(
        100 * 5 * precision * recall / (4 * precision + recall)
    )


def test_a_line_against_itself_and_against_nothing() -> None:
    assert chrf("语音增强", "语音 增强") == pytest.approx(100)
    assert chrf("语音", "图像") == 0
    assert chrf("", "语音") == 0
