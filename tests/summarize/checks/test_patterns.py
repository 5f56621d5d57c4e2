"""Patterns laid out for a fast search find the same, and are fast."""

from __future__ import annotations

import random
import re

import pytest

from digest.summarize.checks import form, leaks, obeyed, style, tasks
from digest.summarize.checks.patterns import any_of

_PATTERNS = [
    ["a|b", "cd"],
    ["(?:a|b)c", "[ab]?d", "b?a"],
    ["(?:ab|a(?:c|d))?b", "d(?!a)|(?<!a)c"],
    ["(?:a|b)+c", "(?:a|)b", "[ab]{2}d", "[^a]b", "a??b", "c*d"],
    ["(?:[|)]|a)b", r"\|a|\(b|[\]a]c", "(?:^|[，。])b", r"\ba|$"],
    ["(?:A|b)C", "d(?:a|B)"],
]


@pytest.mark.parametrize("patterns", _PATTERNS)
@pytest.mark.parametrize("ignore_case", [False, True])
def test_the_same_is_found(patterns: list[str], ignore_case: bool) -> None:
    plain = re.compile("|".join(patterns), re.IGNORECASE if ignore_case else re.NOFLAG)
    laid_out = re.compile(any_of(patterns, ignore_case=ignore_case))
    dice = random.Random(5)
    for _ in range(2_000):
        text = "".join(dice.choices("aabbccddABCD|()]，。 ", k=dice.randint(0, 9)))
        assert [m.span() for m in laid_out.finditer(text)] == [m.span() for m in plain.finditer(text)], text


def _passes_over(pattern: re.Pattern[str], capsys: pytest.CaptureFixture[str]) -> bool:
    """True if a search for it passes over all places that lack the characters it begins with."""
    re.compile(pattern.pattern, pattern.flags | re.DEBUG)
    info = re.search(r"INFO \d+ 0b(\d+)", capsys.readouterr().out)
    return info is not None and info[1] != "0"


@pytest.mark.slow
def test_the_long_patterns_begin_with_characters(capsys: pytest.CaptureFixture[str]) -> None:
    orders = (obeyed._ORDERS, obeyed._OPENINGS, obeyed._SPEECH, obeyed._subjects()[0])
    others = (leaks._LEAK, leaks._EMPTY_SLOT, form._MARKUP, style._EMPTY_END, tasks._METHOD, tasks._senses())
    for pattern in (*orders, *others):
        assert _passes_over(pattern, capsys), pattern.pattern[:60]
    assert not _passes_over(re.compile("(?<!a)b|cd"), capsys)
