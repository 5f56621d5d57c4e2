"""Rules on names and English words: each must be the paper's."""

from __future__ import annotations

from collections.abc import Iterator

from digest.summarize.checks import spelling
from digest.summarize.checks.rule import Find, Reading, Rule, rule
from digest.summarize.checks.words import squash


def _doubts(kind: spelling.Kind) -> Find:
    """A function that finds the doubtful words of one kind."""
    return lambda reading: (doubt.evidence for doubt in reading.doubts if doubt.kind == kind)


BROKEN_WORD = Rule(
    "broken-word",
    3,
    reason="“{}”是英文单词的残片，请写出完整的中文译词",
    why="the end of an English word behind a Chinese beginning",
    find=_doubts("broken"),
)
"""不同iable: the end of "differentiable" behind a Chinese beginning."""

MANGLED_NAME = Rule(
    "mangled-name",
    3,
    reason="名称拼写有误（{}），请与原文一致",
    why="a name one or two letters away from one of the paper",
    find=_doubts("mangled"),
)
"""A word that is one or two letters away from a word of the paper."""

WRONG_OWN_NAME = Rule(
    "wrong-own-name",
    3,
    reason="原文没有名为“{}”的方法，请使用原文的名称",
    why="a name right after 提出 or 名为 that the paper does not have",
    find=_doubts("announced"),
)
"""A name right after 提出 or 名为 that the paper does not have."""

UNSUPPORTED_NAME = Rule(
    "unsupported-name",
    2,
    reason="原文没有出现“{}”，请只写原文中的名称",
    why="a name that the paper does not have",
    find=_doubts("name"),
)
"""Any other name that the paper does not have."""

DOUBTFUL_ACRONYM = Rule(
    "doubtful-acronym",
    1,
    reason="原文没有出现缩写“{}”，请写全称或改用中文",
    why="two letters that the paper does not have, although some of its words begin with them",
    find=_doubts("acronym"),
)
"""Two letters that begin words in a row, which need not be a term."""

UNSUPPORTED_WORD = Rule(
    "unsupported-word",
    2,
    reason="原文没有出现英文词“{}”，请改用中文",
    why="an English word that the paper does not have",
    find=_doubts("word"),
)
"""An English word that the paper does not have."""


@rule(
    "no-own-name",
    1,
    reason="请写出方法自己的名称“{}”",
    why="the name in the paper's title is not in the line",
)
def no_own_name(reading: Reading) -> Iterator[str]:
    """The name of a title "NAME: ..." is not in the line."""
    name = reading.source.own_name
    if name and name not in reading.line and squash(name) not in squash(reading.line):
        yield name
