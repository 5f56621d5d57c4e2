"""Numbers: in a Chinese line with 万, 亿 and %, and in an English text with words and units."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import floor, log10

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
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth"
_FOLD = "single double triple quadruple quintuple"
_WORDS: dict[str, float] = {
    **{word: float(value) for value, word in enumerate(_UNITS.split())},
    **{word: 10.0 * value for value, word in enumerate(_TENS.split(), start=2)},
    **{word: float(value) for value, word in enumerate(_ORDINALS.split(), start=1)},
    **{word: float(value) for value, word in enumerate(_FOLD.split(), start=1)},
    **dict.fromkeys(("mono", "uni", "once", "monthly", "yearly", "unary"), 1.0),
    **dict.fromkeys(("both", "pair", "dual", "bi", "twice", "doubles", "doubled", "doubling", "binary"), 2.0),
    **dict.fromkeys(("tri", "triples", "tripled", "tripling", "thrice", "thirds", "ternary"), 3.0),
    **dict.fromkeys(("quad", "quarterly", "quadruples"), 4.0),
    "dozen": 12.0,
    **dict.fromkeys(("decade", "magnitude"), 10.0),
    "century": 100.0,
    **{word: value for word, value in _ENGLISH.items() if len(word) > 2},
}
_SHARES: dict[str, tuple[float, ...]] = {
    **dict.fromkeys(("half", "halves", "halved", "halving", "double", "doubles", "doubling"), (50.0, 100.0)),
    **dict.fromkeys(("third", "thirds"), (100 / 3, 200 / 3)),
    **dict.fromkeys(("quarter", "quarters"), (25.0, 75.0)),
    **dict.fromkeys(("fifth", "fifths"), (20.0, 40.0, 60.0, 80.0)),
    **dict.fromkeys(("tenth", "tenths"), (10.0, 90.0)),
    **dict.fromkeys(("all", "perfect", "every", "full", "fully", "complete", "always", "entire"), (100.0,)),
    **dict.fromkeys(("none", "never", "zero", "no"), (0.0,)),
}
"""Words for shares of a whole, in percent."""

_DIGIT = re.compile(r"[0-9]")
_LINE_NUMBER = re.compile(
    r"(?P<about>近|约|大约|将近|接近|不足|不到|上下|逾|超过?|超出|至少|不少于|高达|多达|最高|最多)?\s?"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3,9})+|[0-9]{1,18})(?P<fraction>\.[0-9]{1,18})?\s?(?P<more>多|余|几|来)?"
    r"(?P<scale>万亿|千万|百万|十万|亿|万|千|百)?\s?(?P<tail>多|余|\+)?\s?(?P<percent>%|％|个百分点|成(?![功本为果分员熟立像长就]))?"
)
_TEXT_NUMBER = re.compile(
    r"([0-9]{1,3}(?:(?:,|\{,\}|\\,)[0-9]{3})+|[0-9]{1,18})(\.[0-9]{1,18})?"
    r"(?:[\s~-]{0,2}(k|m|b|t|mn|bn|hundred|thousand|million|billion|trillion)(?![a-z]))?"
    r"(?:\s?\\?(?:times|cdot|×|x)?\s?10\s?\^\s?\{?([0-9]{1,2}))?",
    re.IGNORECASE,
)
_POWER = re.compile(r"\b10\s?\^\s?\{?([0-9]{1,2})")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)\s?\\?(?:%|percent)")
_WORD_NUMBER = re.compile(rf"\b({'|'.join(sorted(_WORDS, key=len, reverse=True))})(?:fold)?\b[\s-]*([a-z]*)")
_SHARE_WORD = re.compile(rf"\b({'|'.join(sorted(_SHARES, key=len, reverse=True))})\b")
_SENTENCE = re.compile(r"(?<=[.;?!])\s+(?=[A-Z(])|\n")
_COMPARING = re.compile(r"\bfrom\b|\bto\b|\bversus\b|\bvs\b|\bcompared\b|\bthan\b|\band\b|→")

_FROM_TO = re.compile(
    r"\bfrom \D{0,12}([0-9]{1,9}(?:\.[0-9]{1,6})?)\D{1,24}\bto \D{0,12}([0-9]{1,9}(?:\.[0-9]{1,6})?)"
)


@dataclass(frozen=True)
class Quantity:
    """A number of a line: its value, the step of its last digit, and how it is written.

    Attributes:
        rough: whether it stands for a range: 近50万, 20多种, 超过1000小时.
    """

    value: float
    step: float
    written: str
    scaled: bool
    percent: bool
    rough: bool = False


def of_line(line: str, names: Sequence[tuple[int, int]]) -> tuple[Quantity, ...]:
    """The numbers of `line` outside the spans `names`."""
    if not _DIGIT.search(line):
        return ()
    found = []
    for match in _LINE_NUMBER.finditer(line):
        if any(start <= match.start("whole") < end for start, end in names):
            continue
        scale = _CHINESE.get(match["scale"] or "", 1.0)
        latin = re.match(r"[kKMBT](?![A-Za-z])", line[match.end() :]) if scale == 1 else None
        if latin:
            scale = _ENGLISH[latin[0].lower()]
        if (match["percent"] or "").startswith("成"):
            scale = 10.0
        value, step = _value(match["whole"], match["fraction"], scale)
        written = line[match.start("whole") : match.end()].strip() + (latin[0] if latin else "")
        rough = bool(match["about"] or match["more"] or match["tail"])
        found.append(Quantity(value, step, written, scale >= 1e3, bool(match["percent"]), rough))
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
        return (*_in_digits(self._text), *(10.0 ** int(power) for power in _POWER.findall(self._text)))

    def support(self, quantity: Quantity) -> bool:
        """True if the text has this number: as it is, rounded, as a share, or as the difference of two.

        Differences, sums and ratios are those of two numbers of one sentence: of all the numbers of a paper,
        two make nearly any.
        """
        value, step = quantity.value, quantity.step
        if self._near(value, step) or (quantity.rough and self._about(value)):
            return True
        if (quantity.percent or value <= 1) and self._share(value, step, percent=quantity.percent):
            return True
        return (value >= 10 or step < 1) and self._combined(quantity)

    @cached_property
    def _percents(self) -> list[float]:
        return [float(number) for number in _PERCENT.findall(self._text)]

    @cached_property
    def _share_words(self) -> frozenset[float]:
        found = _SHARE_WORD.findall(self._text.lower())
        return frozenset(share for word in found for share in _SHARES[word])

    @cached_property
    def _pairs(self) -> frozenset[tuple[float, float]]:
        """Numbers of a sentence that compares: those that follow each other, or are next but one."""
        found: set[tuple[float, float]] = set()
        for sentence in _SENTENCE.split(self._text):
            if _COMPARING.search(sentence):
                numbers = _in_digits(sentence)
                found.update(pairwise(numbers))
                found.update(zip(numbers, numbers[2:], strict=False))
        return frozenset(pair for pair in found if all(pair))

    def off_by_power(self, quantity: Quantity) -> bool:
        """True if the text has this number times or by 10 or 100."""
        return quantity.value > 0 and any(
            abs(known / quantity.value / factor - 1) < 0.05
            for known in self.values
            for factor in (0.1, 10, 0.01, 100)
            if known >= 1000
        )

    def _near(self, value: float, step: float) -> bool:
        """True if a number is this one, or becomes it when it is rounded or cut off."""
        return value in self.values or any(
            -0.501 * step < known - value < 0.999 * step for known in self.values
        )

    def _about(self, value: float) -> bool:
        """True if a number lies so near that 近, 约, 多 or 超过 are right before this one."""
        unit = 10.0 ** floor(log10(value)) if value > 0 else 1.0
        return any(value - 0.6 * unit <= known < value + unit for known in self.values)

    def _share(self, value: float, step: float, *, percent: bool) -> bool:
        if not percent:  # 0.92 for 92%
            return self._near(value * 100, step * 100)
        if any(abs(share - value) < step for share in self._share_words):
            return True
        if any(abs(100 - known - value) <= step / 2 for known in self._percents):
            return True
        shares = (value / 100, 1 + value / 100)  # .2 and 1.2x for 20%
        return any(abs(known - share) <= step / 200 for known in self.written for share in shares)

    def _combined(self, quantity: Quantity) -> bool:
        value, exact = quantity.value, quantity.step * 0.05
        for a, b in self._pairs:
            if abs(abs(a - b) - value) <= exact or abs(a + b - value) <= exact:
                return True
        changes = (100 * abs(a - b) / a for a, b in self._changes)
        return quantity.percent and any(abs(one - value) <= quantity.step for one in changes)

    @cached_property
    def _changes(self) -> list[tuple[float, float]]:
        """From a number to another, as the text says it in these words."""
        found = ((float(a), float(b)) for a, b in _FROM_TO.findall(self._text))
        return [(a, b) for a, b in found if a]


def _in_digits(text: str) -> list[float]:
    """Numbers written in digits, each as it stands and with its unit."""
    found = []
    for match in _TEXT_NUMBER.finditer(text):
        plain, _ = _value(match[1], match[2], 1.0)
        found.append(plain)
        scale = _ENGLISH.get((match[3] or "").lower(), 1.0) * 10.0 ** int(match[4] or 0)
        if scale != 1:
            found.append(plain * scale)
    return found


def _in_words(text: str) -> list[float]:
    """Numbers written as words, with the unit behind: three, twenty-five, two million, one hundred."""
    found = []
    for word, following in _WORD_NUMBER.findall(text):
        value = _WORDS[word]
        found.append(value)
        if following in _ENGLISH:
            found.append(value * _ENGLISH[following])
        elif 20 <= value < 100 and following in _WORDS:
            found.append(value + _WORDS[following])
    return found
