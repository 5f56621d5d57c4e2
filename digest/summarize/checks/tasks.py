"""Rules on the task: it is the title's, it is no problem, and the line is told by nobody but the digest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from digest.summarize.checks import wordlists
from digest.summarize.checks.patterns import any_of
from digest.summarize.checks.rule import Reading, rule

_CLAIMED = re.compile(
    r"(?:属于|面向|聚焦于?|针对)(?P<task>[^，。；：]{2,30}?)(?:任务|领域|问题|研究|方向)(?=[，。；]|$)"
)


@cache
def _claims() -> tuple[re.Pattern[str], tuple[re.Pattern[str], ...]]:
    """The Chinese patterns of `claims.txt` as the groups of one, and the English ones in the same order."""
    rows = wordlists.pairs("claims.txt")
    chinese = "|".join(f"({zh})" for zh, _ in rows)
    return re.compile(rf"(?:{chinese})$"), tuple(re.compile(en, re.IGNORECASE) for _, en in rows)


@cache
def _list(name: str) -> tuple[re.Pattern[str], tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]]:
    """A list's English patterns in one, and each with the Chinese one beside it."""
    rows = wordlists.pairs(name)
    english = "|".join(row[0] for row in rows)
    return re.compile(rf"\b(?:{english})"), tuple((re.compile(a), re.compile(b)) for a, b in rows)


@cache
def _senses() -> re.Pattern[str]:
    """The Chinese words of `senses.txt` in one pattern: few lines have any."""
    return re.compile(any_of(chinese for _, chinese in wordlists.pairs("senses.txt")))


def _told(reading: Reading) -> tuple[list[str], list[str]]:
    """Words of the title that name a task: those that the line says in some way, and the others."""
    told: list[str] = []
    untold: list[str] = []
    for word, chinese in _named("tasks.txt", reading.source.title):
        said = chinese.search(reading.plain) or word in reading.plain.lower()
        (told if said else untold).append(word)
    return told, untold


@lru_cache(maxsize=64)  # of one title several rules ask
def _named(name: str, title: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The words of a title that a list has, each with the Chinese pattern beside it."""
    anything, rows = _list(name)
    title = title.lower()
    return tuple(
        (found[0], next(chinese for english, chinese in rows if english.match(title, found.start())))
        for found in anything.finditer(title)
    )


def _claimed(reading: Reading) -> str | None:
    """The task that a line claims, or a field that is one."""
    if match := _CLAIMED.search(reading.plain):
        return match["task"]
    return reading.plain.strip() if len(reading.plain) <= 20 else None


@rule("wrong-task")
def wrong_task(reading: Reading) -> Iterator[str]:
    """The line claims a task that the title has not, while the title names another.

    One of two things must be added: the line says nothing of the title's task, or neither title nor abstract
    has the one that it claims.
    """
    task = _claimed(reading)
    if not task:
        return
    chinese, patterns = _claims()
    named = chinese.search(task)
    if not named or not named.lastindex:
        return
    english = patterns[named.lastindex - 1]
    if not english.search(reading.source.title):
        told, untold = _told(reading)
        if untold or (told and not english.search(reading.source.abstract)):
            yield f"{task}；{'、'.join((*untold, *told))}"


@rule("wrong-sense")
def wrong_sense(reading: Reading) -> Iterator[str]:
    """A word of the title in the sense that a dictionary puts first: 钢琴性能 for piano performance."""
    if not _senses().search(reading.plain):
        return
    for said, chinese in _named("senses.txt", reading.source.title):
        if match := chinese.search(reading.plain):
            yield f"{match[0]}（{said}）"


_SAME = re.compile(
    r"属于(?P<task>[^，。；]{2,30}?)的?任务，[^。]{0,10}?(?:解决|处理|应对|克服|完成|实现)了?(?P<problem>[^，。；]{2,34}?)的?(?:问题|任务|难题)(?:[，。；]|$)"
)
_FILLER = re.compile(r"[的中在与和等]|任务|问题|研究|方法|技术|领域|相关|难题|挑战")


@rule("problem-is-task")
def problem_is_task(reading: Reading) -> Iterator[str]:
    """属于语音分离任务，旨在解决语音分离问题: nothing is said of the problem."""
    if match := _SAME.search(reading.plain):
        task, problem = (_FILLER.sub("", match[name]) for name in ("task", "problem"))
        if problem and (problem in task or (task in problem and len(problem) - len(task) < 1)):
            yield match["problem"]


_METHOD = re.compile(
    any_of(
        [
            r"(?:旨在|为了|致力于)?解决(?:通过|提出|采用了|引入了|利用了|基于)(?!的)[^，。]{2,40}?(?:问题|，|。)"
        ]
    )
)


@rule("problem-is-method")
def problem_is_method(reading: Reading) -> Iterator[str]:
    """旨在解决通过扩散模型生成语音的问题: what is done, in the place of what is solved."""
    if (match := _METHOD.search(reading.plain)) and not re.search(
        r"不|难|缺|低|差|弱|慢|高|大|少|误|偏|失|限|困|瓶|冲突|依赖|昂贵|耗|风险|漏|噪|时", match[0]
    ):
        yield match[0].rstrip("，。")


_FIRST = re.compile(r"我们(?<!自我们)(?!的?世界)|笔者(?<![原文]笔者)")
_THIS = re.compile(r"(?:^|(?<=[，。；：、]))(?:在)?本文(?![本字件化])")


@rule("first-person")
def first_person(reading: Reading) -> Iterator[str]:
    """我们: the line speaks as the authors do."""
    if match := _FIRST.search(reading.plain):
        yield match[0]


@rule("this-text")
def this_text(reading: Reading) -> Iterator[str]:
    """本文: a digest speaks of a paper, not of itself."""
    if "本文" in reading.plain and (match := _THIS.search(reading.plain)):
        yield match[0]


@rule("title-word")
def title_word(reading: Reading) -> Iterator[str]:
    """The task that the title names is in no way in the line."""
    _, untold = _told(reading)
    if untold:
        yield "、".join(untold)
