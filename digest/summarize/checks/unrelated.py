"""A rule on sentences of a line that tell nothing of a paper, whatever else they say.

An order inside a paper may ask for any words at all; a list of them has no end. But what a paper does is told
in few words, over and over: every sentence of 483 published lines has four and more of the pairs of
characters in `telling.txt`, but one, which has two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.summarize.checks import wordlists
from digest.summarize.checks.rule import Reading, rule

_SENTENCE = re.compile(r"[^。！？!?]{2,}")
_OF_PAPER = re.compile(r"[A-Za-z][A-Za-z-]{2,}|\d[\d.,]*")
"""A name or number; what title or abstract have too is about the paper."""


@rule(
    "unrelated-sentence",
    3,
    reason="“{}”没有介绍论文做了什么，请去掉，或写明论文的内容",
    why="a sentence without any word by which a paper's work is told",
)
def unrelated_sentence(reading: Reading) -> Iterator[str]:
    """A sentence that neither tells of work nor holds a name of the paper."""
    telling = wordlists.words("telling.txt")
    for match in _SENTENCE.finditer(reading.plain):
        sentence = match[0].strip("”’）)」』》“‘ \n")
        if len(sentence) < 2 or any(sentence[at : at + 2] in telling for at in range(len(sentence) - 1)):
            continue
        paper = f"{reading.source.title}\n{reading.source.abstract}"
        if not _names(sentence) & _names(paper):
            yield sentence[:40]
            return


def _names(text: str) -> set[str]:
    return {name.lower() for name in _OF_PAPER.findall(text)}
