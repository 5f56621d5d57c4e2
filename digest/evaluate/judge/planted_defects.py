"""Planted defects: published lines with one thing made wrong, for calibrating judges and testing gates."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from digest.evaluate.gold.dataset import GoldPaper
from digest.evaluate.judge.verdicts import LinePair, Verdict
from digest.summarize.checks import words

_OPPOSITES = (
    *(("提升", "降低"), ("提高", "降低"), ("增强", "削弱"), ("改善", "恶化"), ("减少", "增加")),
    *(("降低", "提升"), ("优于", "劣于"), ("有效", "无效"), ("缓解", "加剧"), ("不足", "充足")),
)
_ROLES = re.compile(
    r"(.*?解决)(.+?)(的?问题。)(.*?(?:提出|通过|引入|采用|设计|构建|利用))(.+?)([，。].*)", re.DOTALL
)
_TASK = re.compile(r"属于(.+?)任务")
_NUMBER = re.compile(r"(?<![A-Za-z0-9.-])([1-9][0-9]*)(?=(?:\.[0-9]+)?(?:万|亿|%|小时|倍|个|种|类))")

Defect = Callable[[str, GoldPaper, GoldPaper], str]
"""A line, its paper and another paper -> the line with the defect; the same where it has no place."""


def polarity(line: str, _: GoldPaper, __: GoldPaper) -> str:
    """The effect turned round: 提升 for 降低."""
    place, old, new = max((line.rfind(old), old, new) for old, new in _OPPOSITES)
    return line if place < 0 else line[:place] + new + line[place + len(old) :]


def roles(line: str, _: GoldPaper, __: GoldPaper) -> str:
    """Method and problem exchanged."""
    match = _ROLES.fullmatch(line)
    if match is None:
        return line
    before, problem, link, verb, method, rest = match.groups()
    return f"{before}{method}{link}{verb}{problem}{rest}"


def wrong_method(line: str, _: GoldPaper, other: GoldPaper) -> str:
    """The right task with the method of another paper."""
    own, rest = _halves(line)
    theirs = _halves(other.references[0].line)[1]
    return own + theirs if rest and theirs else line


def dropped(line: str, _: GoldPaper, __: GoldPaper) -> str:
    """The first sentence alone."""
    own, rest = _halves(line)
    return own if rest else line


def wrong_paper(_: str, __: GoldPaper, other: GoldPaper) -> str:
    """The line of another paper."""
    return other.references[0].line


def wrong_name(line: str, _: GoldPaper, other: GoldPaper) -> str:
    """The names of another paper, or one that no paper has."""
    names = _names(other.references[0].line)
    return _renamed(line, lambda _: names[0].text if names else "QuartzFormer")


def misspelt(line: str, _: GoldPaper, __: GoldPaper) -> str:
    """Two letters of each name exchanged."""
    return _renamed(line, lambda name: name[:1] + name[2:3] + name[1:2] + name[3:])


def number(line: str, _: GoldPaper, __: GoldPaper) -> str:
    """Numbers ten times as large."""
    return _NUMBER.sub(r"\g<1>0", line)


def untranslated(line: str, paper: GoldPaper, _: GoldPaper) -> str:
    """The task left in English, in words of the title."""
    english = [word.lower() for word in re.findall(r"[A-Za-z]+", paper.title) if len(word) > 3][-3:]
    return _TASK.sub(f"属于{' '.join(english)}任务", line)


def doubled(line: str, _: GoldPaper, __: GoldPaper) -> str:
    """The line twice."""
    return line + line


_ALL: tuple[Defect, ...] = (
    *(polarity, roles, wrong_method, dropped, wrong_paper),
    *(wrong_name, misspelt, number, untranslated, doubled),
)
DEFECTS: Mapping[str, Defect] = {defect.__name__.replace("_", " "): defect for defect in _ALL}


def plant(papers: Sequence[GoldPaper], most: int) -> list[LinePair]:
    """Pairs of a published line and the same with a defect, at most so many of each kind.

    The published line stands second in every other pair, so that a judge who always prefers the first is
    found out. Flagged lines are left out.
    """
    sound = [paper for paper in papers if paper.lines]
    pairs = []
    for kind, defect in DEFECTS.items():
        made = 0
        for index, paper in enumerate(sound):
            other = sound[(index + 1) % len(sound)]
            line = paper.lines[0]
            spoilt = defect(line, paper, other)
            if spoilt != line and made < most:
                both = (line, spoilt) if made % 2 == 0 else (spoilt, line)
                pairs.append(LinePair(f"{kind}:{paper.id}:{made % 2}", kind, paper, *both))
                made += 1
    return pairs


def right(pair: str) -> Verdict:
    """The side of the published line in the planted pair with this identifier."""
    return "first" if pair.endswith(":0") else "second"


def _halves(line: str) -> tuple[str, str]:
    own, stop, rest = line.partition("。")
    return own + stop, rest


def _names(line: str) -> list[words.Token]:
    """Given names: not the words that everybody in the field writes in Latin letters."""
    return [t for t in words.tokens(line) if len(t.text) >= 3 and not t.lower and not words.usual(t.text)]


def _renamed(line: str, rename: Callable[[str], str]) -> str:
    for token in reversed(_names(line)):
        line = line[: token.start] + rename(token.text) + line[token.end :]
    return line
