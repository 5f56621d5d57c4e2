"""Numbers: in a Chinese line with 万, 亿 and %, and in an English text with words and units."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)-?([A-Za-z]{1,5})")
"""A number with its unit in Latin letters: 30B, 24kHz."""

_CHINESE = {"百": 1e2, "千": 1e3, "万": 1e4, "十万": 1e5, "百万": 1e6, "千万": 1e7, "亿": 1e8, "万亿": 1e12}
_THOUSANDS = {"k": 1e3, "m": 1e6, "mn": 1e6, "b": 1e9, "bn": 1e9, "t": 1e12}
_ENGLISH = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, **_THOUSANDS}

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS: dict[str, float] = {
    **{word: float(value) for value, word in enumerate(_UNITS.split())},
    **{word: 10.0 * value for value, word in enumerate(_TENS.split(), start=2)},
    **dict.fromkeys(("first", "single", "once"), 1.0),
    **dict.fromkeys(("second", "both", "pair", "dual", "bi", "twice", "double", "doubles", "doubling"), 2.0),
    **dict.fromkeys(("third", "tri", "triple", "triples", "thrice"), 3.0),
    **dict.fromkeys(("fourth", "quad"), 4.0),
    "fifth": 5.0,
    "sixth": 6.0,
    "dozen": 12.0,
    "quarter": 25.0,
    **dict.fromkeys(("half", "halves", "halved", "halving"), 50.0),  # percent
    **{word: value for word, value in _ENGLISH.items() if len(word) > 2},
}

_LINE_NUMBER = re.compile(
    r"([0-9]{1,3}(?:,[0-9]{3,})+|[0-9]+)(\.[0-9]+)?\s?(万亿|千万|百万|十万|亿|万|千|百)?\s?(%|％|个百分点)?"
)
_TEXT_NUMBER = re.compile(
    r"([0-9]{1,3}(?:(?:,|\{,\}|\\,)[0-9]{3})+|[0-9]+)(\.[0-9]+)?"
    r"(?:[\s~-]{0,2}(k|m|b|t|mn|bn|hundred|thousand|million|billion|trillion)(?![a-z]))?"
    r"(?:\s?\\?(?:times|cdot|×|x)?\s?10\s?\^\s?\{?([0-9]{1,2}))?",
    re.IGNORECASE,
)
_POWER = re.compile(r"\b10\s?\^\s?\{?([0-9]{1,2})")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)\s?\\?(?:%|percent)")
_WORD_NUMBER = re.compile(rf"\b({'|'.join(sorted(_WORDS, key=len, reverse=True))})\b[\s-]*([a-z]*)")
_MOST = 60
"""Numbers of a text that are combined with each other: a table's hundreds would support anything."""


@dataclass(frozen=True)
class Quantity:
    """A number of a line: its value, the step of its last digit, and how it is written."""

    value: float
    step: float
    written: str
    scaled: bool
    percent: bool


def of_line(line: str, names: Sequence[tuple[int, int]]) -> tuple[Quantity, ...]:
    """The numbers of `line` outside the spans `names`."""
    found = []
    for match in _LINE_NUMBER.finditer(line):
        if any(start <= match.start() < end for start, end in names):
            continue
        scale = _CHINESE.get(match[3] or "", 1.0)
        latin = re.match(r"[kKMBT](?![A-Za-z])", line[match.end() :]) if scale == 1 else None
        if latin:
            scale = _ENGLISH[latin[0].lower()]
        value, step = _value(match[1], match[2], scale)
        written = match[0].strip() + (latin[0] if latin else "")
        found.append(Quantity(value, step, written, scale >= 1e3, bool(match[4])))
    return tuple(found)


def _value(whole: str, fraction: str | None, scale: float) -> tuple[float, float]:
    digits = re.sub(r"[^0-9]", "", whole)[:18]
    return float(digits + (fraction or "")[:18]) * scale, scale * 10.0 ** -min(len(fraction or ".") - 1, 17)


class Quantities:
    """The numbers of a paper's text."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def values(self) -> frozenset[float]:
        """Every number as written, and with its unit applied."""
        return frozenset((*self.written, *_in_words(self._text.lower())))

    @cached_property
    def written(self) -> tuple[float, ...]:
        """Numbers that stand in digits, in order."""
        found = []
        for match in _TEXT_NUMBER.finditer(self._text):
            plain, _ = _value(match[1], match[2], 1.0)
            found.append(plain)
            scale = _ENGLISH.get((match[3] or "").lower(), 1.0) * 10.0 ** int(match[4] or 0)
            if scale != 1:
                found.append(plain * scale)
        found += [10.0 ** int(power) for power in _POWER.findall(self._text)]
        return tuple(found)

    def support(self, quantity: Quantity) -> bool:
        """Whether the text has this number: as it is, rounded, as a share, or as a sum or difference."""
        value, step = quantity.value, quantity.step
        if self._near(value, step):
            return True
        if quantity.percent:
            shares = (value / 100, 1 - value / 100)
            if any(abs(known - share) < step / 100 for known in self.written for share in shares):
                return True
            if any(abs(100 - known - value) < step for known in self._percents):
                return True
        if value <= 1 and self._near(value * 100, step * 100):
            return True
        return (value >= 10 or step < 1) and self._combined(value, step)

    @cached_property
    def _percents(self) -> list[float]:
        return [float(number) for number in _PERCENT.findall(self._text)]

    def off_by_power(self, quantity: Quantity) -> bool:
        """Whether the text has this number times or by 10 or 100."""
        return quantity.value > 0 and any(
            abs(known / quantity.value / factor - 1) < 0.05
            for known in self.values
            for factor in (0.1, 10, 0.01, 100)
            if known >= 1000
        )

    def _near(self, value: float, step: float) -> bool:
        return value in self.values or any(abs(known - value) < step * 0.999 for known in self.values)

    def _combined(self, value: float, step: float) -> bool:
        numbers = self.written[:_MOST]
        exact = step * 0.05
        return any(
            abs(a + b - value) <= exact or abs(abs(a - b) - value) <= exact
            for a, b in combinations(numbers, 2)
            if a and b
        )


def _in_words(text: str) -> list[float]:
    """Numbers written as words, with the unit behind: three, twenty-five, two million."""
    found = []
    for word, following in _WORD_NUMBER.findall(text):
        value = _WORDS[word]
        found.append(value)
        if following in _ENGLISH:
            found.append(value * _ENGLISH[following])
        elif 20 <= value < 100 and following in _WORDS:
            found.append(value + _WORDS[following])
    return found
