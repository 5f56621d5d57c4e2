"""Rules on names and English words: each must be the paper's."""

from __future__ import annotations

from collections.abc import Iterator

from digest.summarize.checks.rule import Example, Reading, Rule
from digest.summarize.checks.words import squash


def broken_word(reading: Reading) -> Iterator[str]:
    """不同iable: the end of "differentiable" behind a Chinese beginning."""
    return (doubt.evidence for doubt in reading.doubts if doubt.kind == "broken")


def mangled_name(reading: Reading) -> Iterator[str]:
    """A word that is one or two letters away from a word of the paper."""
    return (doubt.evidence for doubt in reading.doubts if doubt.kind == "mangled")


def wrong_own_name(reading: Reading) -> Iterator[str]:
    """A name right after 提出 or 名为 that the paper does not have."""
    return (doubt.evidence for doubt in reading.doubts if doubt.kind == "announced")


def unsupported_name(reading: Reading) -> Iterator[str]:
    """Any other name that the paper does not have."""
    return (doubt.evidence for doubt in reading.doubts if doubt.kind == "name")


def doubtful_acronym(reading: Reading) -> Iterator[str]:
    """Two letters that begin words in a row, which need not be a term."""
    return (doubt.evidence for doubt in reading.doubts if doubt.kind == "acronym")


def unsupported_word(reading: Reading) -> Iterator[str]:
    """An English word that the paper does not have."""
    return (doubt.evidence for doubt in reading.doubts if doubt.kind == "word")


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
        "doubtful-acronym",
        1,
        "原文没有出现缩写“{}”，请写全称或改用中文",
        "two letters that the paper does not have, although some of its words begin with them",
        doubtful_acronym,
        (
            Example("该论文用WP方法解决效率问题。", hit=True, title="Tokenizers", abstract=_ABSTRACT),
            Example("该论文用DT方法解决效率问题。", hit=False, title="Differentiable Tokenizers"),
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
