"""Rules on names and English words: each must be the paper's."""

from __future__ import annotations

from collections.abc import Iterator

from digest.summarize.checks import spelling
from digest.summarize.checks.rule import Find, Reading, rule, rule_of
from digest.summarize.checks.words import squash


def _doubts(kind: spelling.Kind) -> Find:
    """A function that finds the doubtful words of one kind."""
    return lambda reading: (doubt.evidence for doubt in reading.doubts if doubt.kind == kind)


BROKEN_WORD = rule_of("broken-word", _doubts("broken"))
"""不同iable: the end of "differentiable" behind a Chinese beginning."""

MANGLED_NAME = rule_of("mangled-name", _doubts("mangled"))
"""A word that is one or two letters away from a word of the paper."""

WRONG_OWN_NAME = rule_of("wrong-own-name", _doubts("announced"))
"""A name right after 提出 or 名为 that the paper does not have."""

UNSUPPORTED_NAME = rule_of("unsupported-name", _doubts("name"))
"""Any other name that the paper does not have."""

DOUBTFUL_ACRONYM = rule_of("doubtful-acronym", _doubts("acronym"))
"""Two letters that begin words in a row, which need not be a term."""

UNSUPPORTED_WORD = rule_of("unsupported-word", _doubts("word"))
"""An English word that the paper does not have."""


@rule("no-own-name")
def no_own_name(reading: Reading) -> Iterator[str]:
    """The name of a title "NAME: ..." is not in the line."""
    name = reading.source.own_name
    if name and name not in reading.line and squash(name) not in squash(reading.line):
        yield name
