"""arXiv's categories: their names, and those that are one under two codes.

Source: arXiv, category_taxonomy; pages asked for by either code of a pair list the same papers.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def _rows() -> tuple[tuple[str, ...], ...]:
    """Code and name of each category and archive; of an alias, the code that arXiv's pages go by."""
    text = Path(__file__).with_name("categories.tsv").read_text(encoding="utf-8")
    return tuple(tuple(row.split("\t")) for row in text.splitlines())


@cache
def _aliases() -> dict[str, str]:
    return {row[0]: row[2] for row in _rows() if len(row) > 2}


@cache
def category_names() -> dict[str, str]:
    """Code of each category and archive -> its name, as headings and subjects have it."""
    return {row[0]: row[1] for row in _rows()}


@cache
def archives() -> frozenset[str]:
    """The archives, those of the nineties too: what stands before the number in hep-th/9901001."""
    return frozenset(code.partition(".")[0] for code in category_names())


def canonical(code: str) -> str:
    """The code that arXiv's pages go by: eess.SY for cs.SY."""
    return _aliases().get(code, code)


@cache
def _codes_of(code: str) -> frozenset[str]:
    """A category under all its codes."""
    own = canonical(code)
    return frozenset((code, own, *(alias for alias, main in _aliases().items() if main == own)))


def names_of(code: str) -> frozenset[str]:
    """The names under which a page of this category may go; none for a code that is not known."""
    return frozenset(category_names()[one] for one in _codes_of(code) if one in category_names())


def belongs(code: str, subject: str) -> bool:
    """True if papers of category `code` are papers of `subject`, a category or an archive."""
    return canonical(code) == canonical(subject) or any(
        one.startswith(f"{subject}.") for one in _codes_of(code)
    )
