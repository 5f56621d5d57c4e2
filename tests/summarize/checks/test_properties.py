"""No input makes a check raise."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from digest.summarize.checks import RULES, Source, about, check, check_fields, correction

_PIECES = st.sampled_from(
    [
        "该论文属于", "任务，", "提出", "SeLG", "-", "3.01 billion",
        "301亿", "1,2,3", "٣", "１２", "0.0%", "9" * 40, "万亿", "e308",
        "\x00", "\ud800", "（", "）", "“", "**", "$",
        "\\frac{", "{}", "{0}", "。", "\n", "İ", "ﬁ", "語", "かな", " ", "iable", "10^99",
    ]
)  # fmt: skip
_TEXT = st.one_of(st.text(max_size=120), st.lists(_PIECES, max_size=40).map("".join))


@given(line=_TEXT, title=_TEXT, abstract=_TEXT, passages=_TEXT)
def test_check_never_raises(line: str, title: str, abstract: str, passages: str) -> None:
    source = Source(title, abstract, passages)
    other = Source("Speech Enhancement", "We enhance noisy speech.")
    found = [*check(line, source), *check_fields({"task": line, "problem": title, "x": ""}, source, RULES)]
    if finding := about(line, source, [other, source]):
        found.append(finding)
    assert all(correction(finding) for finding in found)


@given(line=_TEXT)
def test_findings_do_not_depend_on_what_was_checked_before(line: str) -> None:
    source = Source("SeLG: Lips", "We propose SeLG with 3.01 billion parameters.")
    assert check(line, source) == check(line, source) == check(line, Source(source.title, source.abstract))
