"""The texts of a prompt: a paper's own words, fenced, bounded and shortened, and the faults of an answer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from digest.model import Completion, Finding, Language, Message, Paper, Text

MOST = {"title": 1000, "abstract": 8000, "comments": 2000, "answer": 8000}
"""Characters; arXiv's form takes 1,920 of an abstract, and its longest ones of old have some 6,000. A good
answer has 500, and some that think aloud."""

_CUT = "[…]"

_WORD = 100
"""Characters; what is longer than this is no word, and is cut in its midst."""

TOO_LONG = "the passages were too long for the model"
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[。！？]")

_CORRECTIONS: dict[Language, str] = {
    "zh": "上面的回答有这些问题，请改正后按原来的要求和格式完整地重新回答：",
    "en": "Your answer has these problems. Mend them, and answer again in full, in the form asked for:",
}


def fence(text: str) -> str:
    """`text` between an opening and a closing mark whose name does not occur in it.

    The name is a hash of the text, so the same text always makes the same prompt; it is hashed again for as
    long as the text contains it.
    """
    name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    while name in text:
        name = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"<paper-{name}>\n{text}\n</paper-{name}>"


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


def shortened(text: Text, part: float) -> Text:
    """The first part of each passage, up to the end of a sentence where there is one; 1: all as it is."""
    if part == 1:
        return text
    passages = tuple(
        passage.model_copy(update={"content": _start_of(passage.content, part)}) for passage in text.passages
    )
    origin = text.origin.model_copy(
        update={
            "tokens": int(text.origin.tokens * part),
            "reason": f"{TOO_LONG}: {part:.0%} of them was sent",
        }
    )
    return text.model_copy(update={"passages": passages, "origin": origin})


def _start_of(content: str, part: float) -> str:
    start = content[: int(len(content) * part)]
    ends = [found.end() for found in _SENTENCE_END.finditer(start)]
    return start[: ends[-1]].rstrip() if ends and ends[-1] > len(start) // 2 else start


def sentences_of(findings: Sequence[Finding], language: Language) -> list[str]:
    """The findings as sentences."""
    from digest.summarize.checks import correction  # a tenth of a second, for new answers only

    return [correction(finding, language) for finding in findings]


def correction_of(
    completion: Completion, wrong: Sequence[str], language: Language
) -> tuple[Message, Message]:
    """The answer, and the request to mend what is wrong with it."""
    listed = "\n".join(f"- {reason}" for reason in wrong)
    return (
        Message(role="assistant", content=within("answer", completion.content)),
        Message(role="user", content=f"{_CORRECTIONS[language]}\n{listed}"),
    )
