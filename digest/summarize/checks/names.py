"""Rules on names and English words: each must be the paper's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from digest.summarize.checks.records import Example, Reading, Rule
from digest.summarize.checks.words import Token, squash

_ANNOUNCED = re.compile(r"(?:提出|名为|称为|命名为|介绍)(?:了)?(?:一种|一个)?[“\"「《]?\s?$")
_CJK_END = re.compile(r"[\u4e00-\u9fff]$")
_READ = 6
"""Unsupported words of a line that are compared with the text: more of them say nothing new."""


def _distance(a: str, b: str, most: int) -> int:
    """Edits between two words (one exchange of neighbours is one edit); `most` + 1 when there are more."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            cost = min(row[j] + 1, current[-1] + 1, row[j - 1] + (x != y))
            if before and j > 1 and x == b[j - 2] and y == a[i - 2]:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > most:
            return most + 1
        before, row = row, current
    return row[-1]


def _glued(reading: Reading, token: Token) -> bool:
    """Whether a Chinese character stands directly before the word."""
    return token.start > 0 and _CJK_END.match(reading.line[token.start - 1]) is not None


def _broken(reading: Reading, token: Token) -> str | None:
    """The word of the text whose end `token` is, where a Chinese character replaces its beginning."""
    key = token.text
    if not (token.lower and len(key) >= 3 and _glued(reading, token)):
        return None
    vocabulary = reading.source.vocabulary
    return next((word for word in vocabulary.names if word.endswith(key) and len(word) > len(key) + 1), None)


def _nearest(key: str, words: Iterable[str], most: int) -> str | None:
    """The word that is the fewest edits away, at most `most`."""
    near = [
        (distance, word)
        for word in words
        if abs(len(word) - len(key)) <= most and (distance := _distance(key, word, most)) <= most
    ]
    return min(near)[1] if near else None


def _meant(reading: Reading, token: Token) -> str | None:
    """The word of the text that an unsupported word misspells."""
    key = squash(token.text)
    if len(key) < 5:
        return None
    return _nearest(key, reading.source.vocabulary.names, 1 if len(key) <= 6 else 2)


def _meant_name(reading: Reading, token: Token) -> str | None:
    """The given name that a name misspells whose parts the text has: O-LLM beside OV-LLM.

    GPT-4 beside GPT-4o is another name, and VLM-based beside LLM-based, too.
    """
    key = squash(token.text)
    names = reading.source.vocabulary.given_names
    like = (
        name for name in names if name[0] == key[0] and not name.startswith(key) and not key.startswith(name)
    )
    return _nearest(key, like, 1) if len(key) >= 4 else None


def broken_word(reading: Reading) -> Iterator[str]:
    """不同iable: the end of "differentiable" behind a Chinese beginning."""
    for token in reading.unsupported[:_READ]:
        if _broken(reading, token):
            yield reading.line[max(0, token.start - 2) : token.end]


def mangled_name(reading: Reading) -> Iterator[str]:
    """A word that is one or two letters away from a word of the paper."""
    for token in reading.unsupported[:_READ]:
        if not _broken(reading, token) and (meant := _meant(reading, token)):
            yield f"{token.text} ~ {meant}"
    for token in reading.inferred[:_READ]:
        if meant := _meant_name(reading, token):
            yield f"{token.text} ~ {meant}"


def _announced(reading: Reading, token: Token) -> bool:
    return not token.lower and _ANNOUNCED.search(reading.line[: token.start]) is not None


def _unknown(reading: Reading) -> Iterator[Token]:
    """Unsupported words that are neither broken nor misspelt."""
    for token in reading.unsupported[:_READ]:
        if not (_broken(reading, token) or _meant(reading, token)):
            yield token


def wrong_own_name(reading: Reading) -> Iterator[str]:
    """A name right after 提出 or 名为 that the paper does not have."""
    return (token.text for token in _unknown(reading) if _announced(reading, token))


def unsupported_name(reading: Reading) -> Iterator[str]:
    """Any other name that the paper does not have."""
    return (t.text for t in _unknown(reading) if not t.lower and not _announced(reading, t))


def unsupported_word(reading: Reading) -> Iterator[str]:
    """An English word that the paper does not have."""
    return (token.text for token in _unknown(reading) if token.lower)


def no_own_name(reading: Reading) -> Iterator[str]:
    """The name of a title "NAME: ..." is not in the line."""
    name = reading.source.own_name
    if name and squash(name) not in squash(reading.line):
        yield name


_ABSTRACT = "We propose SeLG, a model with a differentiable tokenizer and Poisson noise, tested on REDEREF."

RULES = (
    Rule(
        "broken-word",
        3,
        "“{}”是英文单词的残片，请写出完整的中文译词",
        "the end of an English word behind a Chinese beginning",
        broken_word,
        (
            Example("该论文提出SeLG，使用不同iable分词器解决效率问题。", hit=True, abstract=_ABSTRACT),
            Example("该论文提出SeLG，使用可微tokenizer解决效率问题。", hit=False, abstract=_ABSTRACT),
        ),
    ),
    Rule(
        "mangled-name",
        3,
        "名称拼写有误（{}），请与原文一致",
        "a name one or two letters away from one of the paper",
        mangled_name,
        (
            Example("该论文在REDEERF上验证模型，解决效率问题。", hit=True, abstract=_ABSTRACT),
            Example("该论文在Rederef上验证模型，解决效率问题。", hit=False, abstract=_ABSTRACT),
        ),
    ),
    Rule(
        "wrong-own-name",
        3,
        "原文没有名为“{}”的方法，请使用原文的名称",
        "a name right after 提出 or 名为 that the paper does not have",
        wrong_own_name,
        (
            Example("该论文提出VoxNorm，解决效率问题。", hit=True, abstract=_ABSTRACT),
            Example("该论文提出SeLG，解决效率问题。", hit=False, abstract=_ABSTRACT),
        ),
    ),
    Rule(
        "unsupported-name",
        2,
        "原文没有出现“{}”，请只写原文中的名称",
        "a name that the paper does not have",
        unsupported_name,
        (
            Example("该论文通过VoxNorm框架解决效率问题。", hit=True, abstract=_ABSTRACT),
            Example("该论文通过SeLG框架和GPU解决效率问题。", hit=False, abstract=_ABSTRACT),
        ),
    ),
    Rule(
        "unsupported-word",
        2,
        "原文没有出现英文词“{}”，请改用中文",
        "an English word that the paper does not have",
        unsupported_word,
        (
            Example("该论文通过 garden 方法解决效率问题。", hit=True, abstract=_ABSTRACT),
            Example("该论文通过 tokenizers 解决效率问题。", hit=False, abstract=_ABSTRACT),
        ),
    ),
    Rule(
        "no-own-name",
        1,
        "请写出方法自己的名称“{}”",
        "the name in the paper's title is not in the line",
        no_own_name,
        (
            Example("该论文提出新模型，解决效率问题。", hit=True, title="SeLG: Lips and Gestures"),
            Example("该论文提出SELG模型，解决效率问题。", hit=False, title="SeLG: Lips and Gestures"),
        ),
    ),
)
