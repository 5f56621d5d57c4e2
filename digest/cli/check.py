"""What `digest doctor` looked at, and what it found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Check:
    """What was looked at, and what was found; `code` is the exit code where it stands for a failure."""

    name: str
    state: Literal["ok", "note", "fail"]
    found: str
    advice: str = ""
    code: int = 0
