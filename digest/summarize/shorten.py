"""A paper's text made shorter, where a model does not take all of it."""

from __future__ import annotations

import re

from digest.model import Text

TOO_LONG = "the passages were too long for the model"
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[。！？]")


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
