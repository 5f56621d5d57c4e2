"""Bounds of a paper's own words, and of a refused answer, in a prompt: nothing can fill it."""

from __future__ import annotations

from digest.model import Paper

MOST = {"title": 1000, "abstract": 8000, "comments": 2000, "answer": 8000}
"""Characters; arXiv's form takes 1,920 of an abstract, and its longest ones of old have some 6,000. A good
answer has 500, and some that think aloud."""

_CUT = "[…]"

_WORD = 100
"""Characters; what is longer than this is no word, and is cut in its midst."""


def within(name: str, text: str) -> str:
    """A title, abstract, comments or answer, or as many of the first words as a prompt takes."""
    if len(text) <= MOST[name]:
        return text
    start = text[: MOST[name]]
    word = start.rfind(" ", MOST[name] - _WORD)  # Chinese has no spaces
    return f"{start[:word] if word > 0 else start} {_CUT}"


def cuts(paper: Paper) -> tuple[str, ...]:
    """The parts of a paper that a prompt leaves out, in words."""
    own = {"title": paper.title, "abstract": paper.abstract, "comments": paper.comments or ""}
    return tuple(
        f"only the first {MOST[name]:,} of {len(value):,} characters of the {name} are in the prompt"
        for name, value in own.items()
        if len(value) > MOST[name]
    )
