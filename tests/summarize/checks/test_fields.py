"""The fields of a structured answer."""

from __future__ import annotations

import pytest

from digest.model import Summary
from digest.summarize.checks import RULES, Source, check_fields, check_summary

_SOURCE = Source("Cleaner Voices", "We propose ClearNet to enhance noisy speech for hearing aids.")
_GOOD = {
    "task": "语音增强",
    "problem": "助听器中语音噪声大",
    "contribution": "提出ClearNet，以轻量网络提升语音清晰度",
}


def test_good_fields_pass() -> None:
    assert check_fields(_GOOD, _SOURCE, RULES) == ()


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("task", "N/A", "placeholder"),
        ("task", "未知", "placeholder"),
        ("problem", "unknown", "placeholder"),
        ("problem", "暂无。", "placeholder"),
        ("contribution", "Summary generation failed", "placeholder"),
        ("contribution", "We propose a new network.", "english-line"),
        ("contribution", "提出ClearNet，\n提升清晰度", "newline"),
        ("contribution", "提出\x0crac网络，提升清晰度", "control-character"),
        ("contribution", "提出**ClearNet**网络，提升清晰度", "markup"),
        ("contribution", r"提出$\alpha$网络，提升清晰度", "latex"),
        ("task", "語音增強", "traditional"),
        ("task", "任务：语音增强", "prompt-leak"),
        ("problem", "噪", "field-length"),
        ("problem", "噪声很大，" * 20, "field-length"),
    ],
)
def test_a_bad_field_is_named(name: str, content: str, rule: str) -> None:
    found = check_fields({**_GOOD, name: content}, _SOURCE, RULES)
    assert rule in {finding.rule for finding in found}
    assert all(finding.evidence.startswith(f"{name}: ") for finding in found)


def test_a_summary_is_checked_in_its_fields_and_its_line() -> None:
    line = "该论文属于語音增强任务，旨在解决助听器中语音噪声大的问题。提出ClearNet，提升语音清晰度。"
    fields = {**_GOOD, "task": "語音增强", "kind": "method", "line": line}
    summary = Summary.model_validate(fields)
    found = check_summary(summary, _SOURCE)
    assert [(f.rule, f.evidence) for f in found] == [("traditional", "task: 語")]  # and not the line again


def test_a_summary_without_fields_is_checked_in_its_line_alone() -> None:
    line = "该论文属于语音增强任务，旨在解决助听器中语音噪声大的问题。提出ClearNet，提升语音清晰度。"
    assert check_summary(Summary(line=line), _SOURCE) == ()
