"""The text of a PDF on its way to passages: pages with their lines, and the rows of the body."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from digest.text.hidden_text import Hidden


class TextLine(NamedTuple):
    """A line of text; positions in points from the top left corner."""

    content: str
    top: float
    left: float
    size: float
    bold: bool


class PageText(NamedTuple):
    """The visible text of a page (number from 1), in reading order, and the hidden."""

    number: int
    height: float
    lines: tuple[TextLine, ...]
    hidden: tuple[Hidden, ...]


class Row(NamedTuple):
    """A line of the body: its page from 1, its content, where it stands, and how it is set."""

    page: int
    content: str
    top: float
    size: float
    bold: bool
