"""Rules on numbers: each must be the paper's, and of its size."""

from __future__ import annotations

from collections.abc import Iterator

from digest.summarize.checks.quantities import Quantity
from digest.summarize.checks.rule import Example, Reading, Rule


def _unsupported(reading: Reading) -> Iterator[tuple[Quantity, bool]]:
    """Numbers that the paper does not have, and whether 万, 亿 or the like made them so."""
    known = reading.source.quantities
    for quantity in reading.quantities[:12]:
        if not known.support(quantity):
            yield quantity, quantity.scaled and known.off_by_power(quantity)


def number_scale(reading: Reading) -> Iterator[str]:
    """301亿 for 3.01 billion: the right digits with a wrong power of ten."""
    return (quantity.written for quantity, scale in _unsupported(reading) if scale)


def unsupported_number(reading: Reading) -> Iterator[str]:
    """A number that the paper has neither as it is nor rounded nor as a share."""
    return (quantity.written for quantity, scale in _unsupported(reading) if not scale)


_ABSTRACT = "We train a 3.01 billion parameter model on 1,240 hours in three stages and reach 87.4% accuracy."

RULES = (
    Rule(
        "number-scale",
        3,
        "数量“{}”换算有误，请按原文重新换算万、亿",
        "a number ten or a hundred times too large or too small after conversion to 万 or 亿",
        number_scale,
        (
            Example("该论文训练了301亿参数的模型，解决效率问题。", hit=True, abstract=_ABSTRACT),
            Example("该论文训练了30.1亿参数的模型，解决效率问题。", hit=False, abstract=_ABSTRACT),
        ),
    ),
    Rule(
        "unsupported-number",
        2,
        "原文没有数字“{}”，请只写原文中的数字",
        "a number that the paper does not have",
        unsupported_number,
        (
            Example("该论文以874小时数据训练，准确率达95%。", hit=True, abstract=_ABSTRACT),
            Example("该论文以1240小时数据分3个阶段训练，准确率达87%。", hit=False, abstract=_ABSTRACT),
        ),
    ),
)
