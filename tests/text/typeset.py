"""Papers typeset for the tests: a title, an introduction, further sections, a conclusion, references."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pymupdf

mupdf: Any = pymupdf  # most of its functions carry no types

TITLE = "Counting Herons with Patient Microphones"
ABSTRACT = "We count herons by their calls. Few birds are as patient, and no microphone is."
INTRODUCTION = (
    "Herons stand still for hours and call rarely, which makes them hard to count from recordings. "
    "Earlier surveys relied on volunteers who slept through the dawn, when most calls are made. "
    "A microphone does not sleep, but it hears the reeds, the rain and the road as well. "
    "We contribute a detector that tells a heron from a road, and a year of labelled dawns."
)
METHOD = (
    "The detector looks at ten seconds of sound at a time and keeps what is harsh and short. "
    "Its threshold follows the wind, which is measured by the microphone itself. "
)
CONCLUSION = (
    "Patient microphones count herons better than sleepy volunteers, at a tenth of the cost. "
    "The detector fails in heavy rain, where nobody would stand and count either. "
    "Next we shall listen for bitterns, which are rarer still."
)
REFERENCES = "[1] A. Egret. Standing still. Journal of Marshes, 1998."


def paper(path: Path, *, pages: int = 3, title: str = TITLE, introduction: str = INTRODUCTION) -> Path:
    """Write a paper of at least three pages: introduction first, conclusion and references last."""
    path.write_bytes(_typeset(pages, title, introduction))
    return path


@cache
def _typeset(pages: int, title: str, introduction: str) -> bytes:
    document = mupdf.open()
    for number in range(1, pages + 1):
        page = document.new_page(width=595, height=842)
        page.insert_text((72, 40), "Heron Letters 7 (2026)", fontsize=8)
        page.insert_text((290, 815), str(number), fontsize=9)
        top = 72.0
        if number == 1:
            top = write(page, top, title, size=17)
            top = write(page, top, ABSTRACT)
            top = write(page, top, "1 Introduction", size=13, font="hebo")
            write(page, top, introduction)
        elif number < pages:
            top = write(page, top, "2 Method" if number == 2 else "", size=13, font="hebo")
            write(page, top, METHOD * 8)
        else:
            top = write(page, top, "3 Conclusion", size=13, font="hebo")
            top = write(page, top, CONCLUSION)
            top = write(page, top, "References", size=13, font="hebo")
            write(page, top, REFERENCES)
    return bytes(document.tobytes(deflate=True))


def write(page: Any, top: float, text: str, *, size: float = 10, font: str = "helv") -> float:
    """Write a paragraph from `top` down; returns where the next may begin."""
    if not text:
        return top
    left = page.insert_textbox((72, top, 523, 790), text, fontsize=size, fontname=font)
    assert left >= 0, "the paragraph does not fit on the page"
    return float(790 - left + 12)


def change(path: Path, number: int, edit: Callable[[Any], None]) -> Path:
    """Apply `edit` to page `number` (from 1) of a file."""
    document = mupdf.open(path)
    edit(document[number - 1])
    content = document.tobytes()
    document.close()
    path.write_bytes(content)
    return path
