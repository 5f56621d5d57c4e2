"""The content of a model's answer: without its thoughts, and the JSON object in it.

Whatever an answer holds, it is read in linear time: nobody knows what sends it.
"""

from __future__ import annotations

import json
import re
from typing import Any

MOST_BYTES = 64 * 1024
"""The size, as UTF-8, above which an answer is not taken apart at all: a good one has 2 KB."""

_NAME = r"(?:\w{1,20}:)?(?:think|thinking|thoughts?|reasoning|reflection|思考)"
_TAG = re.compile(
    rf"(?P<end>[<◁\[【]/{_NAME}[>▷\]】]|<\|end_of_thought\|>|<\|channel\|>final|<channel\|>|</details>)"
    rf"|[<◁\[【]{_NAME}(?: [^<>]{{0,80}})?[>▷\]】]|<\|begin_of_thought\|>"
    r"|<\|channel\|?>(?:analysis|commentary|thought)|<details type=.?reasoning[^<>]{0,80}>",
    re.IGNORECASE,
)
"""Around thoughts, as models' chat templates write them; many write their end only."""

_MARK = re.compile(r"<\|\w{1,30}\|>|</?answer>")
"""Further marks of chat templates around an answer."""

_FENCED = re.compile(r"```[a-zA-Z]*[ \t]*\n(.*?)```", re.DOTALL)
_OBJECT = re.compile(r"\{\s*[\"}]")

_TRIES = 64
"""Places at which the beginning of an object is looked at, counted from the end of the answer."""


class UnreadableError(ValueError):
    """An answer that is not what was asked for; the text says why, for the model to mend it."""


class RepeatedKeys(dict[str, Any]):
    """A JSON object that names one of its fields twice: which of the two is meant, nobody knows."""


def without_thoughts(content: str) -> str:
    """`content` without what stands between `<think>` and `</think>`, and without marks of chat templates.

    A lone `</think>` ends thoughts that began with the answer; thoughts without an end leave nothing after
    them.

    Raises:
        UnreadableError: the answer is larger than MOST_BYTES, or is no text (half a surrogate pair).
    """
    try:
        size = len(content) if len(content) > MOST_BYTES else len(content.encode())
    except UnicodeEncodeError:
        raise UnreadableError("回答里有不是文字的字符") from None
    if size > MOST_BYTES:
        raise UnreadableError("回答太长")
    kept, place, thinking = [], 0, False
    for tag in _TAG.finditer(content):
        if not tag["end"]:
            if not thinking:
                kept.append(content[place : tag.start()])
            thinking = True
        else:
            if not thinking:
                kept.clear()
            thinking, place = False, tag.end()
    if not thinking:
        kept.append(content[place:])
    return _MARK.sub("", "".join(kept))


def without_fence(text: str) -> str:
    """The content of the first code fence of `text`, or all of it; without spaces around it."""
    fenced = _FENCED.search(text) if text.count("```") > 1 else None
    return (fenced[1] if fenced else text).strip()


def last_object(text: str) -> dict[str, Any] | None:
    """The last complete JSON object: an earlier one may be a quotation from the paper.

    Returns:
        The object, as `RepeatedKeys` where a field stands in it twice; None where there is none.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_object)
    found: dict[str, Any] | None = None
    end = 0
    for start in [match.start() for match in _OBJECT.finditer(text)][-_TRIES:]:
        if start < end:
            continue
        try:
            found, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):  # also a number with more digits than Python converts
            continue
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    return values if len(values) == len(pairs) else RepeatedKeys(values)
