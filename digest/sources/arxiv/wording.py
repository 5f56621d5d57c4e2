"""Pieces of sentences for the user."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo

_SHOWN = 5


def some(words: Iterable[str]) -> str:
    """The number of papers, and the first few of them: "7 papers: a, b, c, d, e and 2 more"."""
    every = list(words)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return f"{len(every)} paper{'' if len(every) == 1 else 's'}: {', '.join(every[:_SHOWN])}{more}"


def clock_words(instant: datetime, zone: tzinfo | None = None) -> str:
    """An instant as a clock in `zone` (default: this computer's) shows it: "2026-01-28 09:00 (UTC+08:00)"."""
    local = instant.astimezone(zone)
    offset = f"{local:%z}"
    return f"{local:%Y-%m-%d %H:%M} (UTC{offset[:3]}:{offset[3:5]})"
