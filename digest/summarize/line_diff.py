"""Differences between two lines by token: Latin words and numbers whole, Chinese by character."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Literal

DiffTag = Literal["same", "new", "gone"]

_TOKEN = re.compile(r"[A-Za-z0-9\u00c0-\u024f][A-Za-z0-9\u00c0-\u024f.+_-]*|\s+|.", re.DOTALL)
_ISLAND = 2
"""Equal pieces shorter than this between two changes are shown as changed: single characters tell nothing."""


def differences(old: str, new: str) -> list[tuple[DiffTag, str]]:
    """The pieces of `new`, and those of `old` that are gone, in reading order."""
    ours, theirs = _TOKEN.findall(new), _TOKEN.findall(old)
    matcher = difflib.SequenceMatcher(None, theirs, ours, autojunk=False)
    pieces: list[tuple[DiffTag, str]] = []
    gone = added = ""
    for tag, i, j, k, m in matcher.get_opcodes():
        before, after = theirs[i:j], ours[k:m]
        island = tag == "equal" and j - i < _ISLAND and j < len(theirs) and i > 0
        if tag == "equal" and not (island and len(before[0]) == 1):
            pieces += [*_changed(gone, added), ("same", "".join(after))]
            gone = added = ""
        else:
            gone, added = gone + "".join(before), added + "".join(after)
    return [*pieces, *_changed(gone, added)]


def marked(old: str, new: str) -> tuple[str, str]:
    """Both texts for plain output: what is gone as [-...-], what is new as {+...+}."""
    pieces = differences(old, new)
    return (
        "".join(f"[-{text}-]" if kind == "gone" else text for kind, text in pieces if kind != "new"),
        "".join(f"{{+{text}+}}" if kind == "new" else text for kind, text in pieces if kind != "gone"),
    )


def _changed(gone: str, added: str) -> Iterator[tuple[DiffTag, str]]:
    if gone:
        yield "gone", gone
    if added:
        yield "new", added
