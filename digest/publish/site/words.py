"""The words of the interface, in Chinese and in English."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def words_of(lang: str) -> Mapping[str, Any]:
    """Name -> words in the language `zh` or `en`; `kinds` and `paper_kinds` are tables of their own."""
    table: Mapping[str, Any] = tomllib.loads((files(__package__) / "words.toml").read_text(encoding="utf-8"))[
        lang
    ]
    return table
