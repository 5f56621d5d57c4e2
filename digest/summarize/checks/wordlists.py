"""The lists of words that lie beside the rules, as text files: a row an entry, its parts divided by tabs."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def pairs(name: str) -> tuple[tuple[str, str], ...]:
    """The rows of a list with two parts; comments begin with #."""
    text = files("digest.summarize.checks").joinpath(name).read_text(encoding="utf-8")
    rows = (row.partition("\t") for row in text.splitlines() if row and not row.startswith("#"))
    return tuple((first, second) for first, tab, second in rows if tab)
