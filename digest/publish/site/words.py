"""The words of the interface, in Chinese and in English."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
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


def kinds_in_words(kinds: Sequence[str], lang: str) -> str:
    """Papers counted by kind of announcement: 新发布 22 · 交叉列出 5 · 更新 17."""
    words = words_of(lang)
    return " · ".join(f"{words[kind]} {kinds.count(kind)}" for kind in ("new", "cross", "replaced"))
