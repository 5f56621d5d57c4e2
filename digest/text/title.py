"""Whether a PDF is the paper that it should be: the words of the title stand at its beginning."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_MATHS = re.compile(r"\$[^$]*\$|\\[a-zA-Z]+")
_WORD = re.compile(r"[^\W\d_]{3,}|[\u3040-\u30ff\u4e00-\u9fff]")
_ENOUGH = 0.8
_TOP = 1000  # characters of a page; with more, papers on the same subject pass for each other


def occurs(title: str, pages: Sequence[str]) -> bool:
    """Whether `title` (may hold LaTeX) occurs on the first pages: as it is, or most of its words at the top.

    Args:
        title: the paper's title from its metadata.
        pages: the text of the first pages; the first may be a cover.
    """
    plain = _fold(_MATHS.sub(" ", title))
    folded = [_fold(page) for page in pages]
    if any(_squeezed(plain) in _squeezed(page) for page in folded):
        return True
    words = set(_WORD.findall(plain))
    return any(
        sum(word in _squeezed(page[:_TOP]) for word in words) >= _ENOUGH * len(words) for page in folded
    )


def _fold(text: str) -> str:
    """Without accents, ligatures and capitals."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _squeezed(text: str) -> str:
    return re.sub(r"[\W\d_]", "", text)
