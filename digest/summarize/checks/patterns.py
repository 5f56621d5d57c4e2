"""Patterns of many alternatives, laid out so that `re` searches them fast.

Where each alternative begins with a character that is given, `re` passes over all places of a text that have
none of these characters; otherwise it tries every alternative at every place, which takes ten times as long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

CLAUSE = "(?:^|[，。；：！])"
"""Begins a pattern that is to match at the beginning of a clause only."""

_SET = re.compile(r"\[([^\]\\^-]+)\]")
_GIVEN = re.compile(r"(?:[^\\()\[\].^$*+?{}|]|\\[^A-Za-z0-9])(?![*+{]|\?[?+])")


def any_of(patterns: Iterable[str], *, ignore_case: bool = False) -> str:
    """A pattern that finds what `"|".join(patterns)` finds.

    Args:
        patterns: regular expressions. What cannot be laid out, such as an assertion at the beginning, stays
            as it is: right, but slow.
        ignore_case: true for what `re.IGNORECASE` does, which by itself keeps `re` from passing over places.
    """
    laid_out = [one for pattern in patterns for one in _laid_out(pattern)]
    if ignore_case:
        laid_out = [cased for one in laid_out for cased in _in_both_cases(one)]
    return "|".join(laid_out)


def _laid_out(pattern: str) -> Iterator[str]:
    """The alternatives of a pattern in their order, each beginning with a character if it can."""
    for one in _split(pattern):
        beginnings, rest = _beginnings(one)
        if beginnings == [one[: len(one) - len(rest)]]:
            yield one
        else:
            for beginning in beginnings:
                yield from _laid_out(beginning + rest)


def _beginnings(pattern: str) -> tuple[list[str], str]:
    """The ways in which a pattern without alternatives begins, and what follows: (?:a|b)c, [ab]c and ab?c."""
    if pattern.startswith("(?:"):
        end = _end(pattern)
        ways = _split(pattern[3 : end - 1])
    elif several := _SET.match(pattern):
        end, ways = several.end(), [re.escape(one) for one in several[1]]
    elif given := _GIVEN.match(pattern):
        end, ways = given.end(), [given[0]]
    else:
        return [""], pattern
    if pattern[end : end + 1] == "?" and pattern[end + 1 : end + 2] not in ("?", "+"):
        return [*ways, ""], pattern[end + 1 :]
    if pattern[end : end + 1] in ("?", "*", "+", "{"):
        return [""], pattern
    return ways, pattern[end:]


def _split(pattern: str) -> list[str]:
    """The alternatives of a pattern."""
    bars = [place for place, character, depth in _structure(pattern) if character == "|" and depth == 0]
    return [pattern[a + 1 : b] for a, b in zip([-1, *bars], [*bars, len(pattern)], strict=True)]


def _end(pattern: str) -> int:
    """The place behind the group that a pattern begins with."""
    return next(place + 1 for place, sign, depth in _structure(pattern) if sign == ")" and depth == 0)


def _structure(pattern: str) -> Iterator[tuple[int, str, int]]:
    """Brackets and bars of a pattern that are no characters of the text: place, sign, depth."""
    depth = 0
    for match in re.finditer(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]", pattern, re.DOTALL):
        sign = match[0]
        depth -= sign == ")"
        if sign in ("(", ")", "|"):
            yield match.start(), sign, depth
        depth += sign == "("


def _in_both_cases(pattern: str) -> Iterator[str]:
    """A pattern that tells no case apart, once for each case of its first character."""
    given = _GIVEN.match(pattern)
    if given is None:
        yield f"(?i:{pattern})"
    else:
        for first in dict.fromkeys((given[0].lower(), given[0].upper())):
            yield f"{first}(?i:{pattern[given.end() :]})"
