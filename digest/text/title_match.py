"""True if a PDF is the paper that it should be: the words of the title stand at its beginning."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_MATHS = re.compile(r"\$[^$]*\$|\\[a-zA-Z]+")
_WORD = re.compile(r"[^\W\d_]{3,}|[\u3040-\u30ff\u4e00-\u9fff]")
_ENOUGH = 0.8
_TOP = 800  # letters of the first page; with more, papers on the same subject pass for each other


def occurs(title: str, pages: Sequence[str]) -> bool:
    """True if `title` (may hold LaTeX) occurs on the first pages, or most of its words do at the very top.

    Args:
        title: the paper's title from its metadata.
        pages: the text of the first pages; the first may be a cover.
    """
    plain = _fold(_MATHS.sub(" ", title))
    squeezed = [_squeezed(_fold(page)) for page in pages]
    if any(_squeezed(plain) in page for page in squeezed):
        return True
    words = set(_WORD.findall(plain))
    top = squeezed[0][:_TOP] if squeezed else ""
    return sum(word in top for word in words) >= _ENOUGH * len(words)


def _fold(text: str) -> str:
    """Without accents, ligatures and capitals."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _squeezed(text: str) -> str:
    return re.sub(r"[\W\d_]", "", text)
