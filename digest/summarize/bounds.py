"""How much of a paper's own words a prompt takes: no paper can fill it."""

from __future__ import annotations

from digest.model import Paper

MOST = {"title": 1000, "abstract": 8000, "comments": 2000}
"""Characters; arXiv's form takes 1,920 of an abstract, and its longest ones of old have some 6,000."""

_CUT = "[…]"


def within(name: str, text: str) -> str:
    """A title, abstract or comments, or as many of the first words as a prompt takes."""
    if len(text) <= MOST[name]:
        return text
    start = text[: MOST[name]]
    return f"{start.rpartition(' ')[0] or start} {_CUT}"


def cuts(paper: Paper) -> tuple[str, ...]:
    """What a prompt leaves out of a paper, in words."""
    own = {"title": paper.title, "abstract": paper.abstract, "comments": paper.comments or ""}
    return tuple(
        f"only the first {MOST[name]:,} of {len(value):,} characters of the {name} are in the prompt"
        for name, value in own.items()
        if len(value) > MOST[name]
    )
