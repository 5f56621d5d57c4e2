"""The result of one check of `digest doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Diagnosis:
    """A thing looked at, and the finding; `code` is the exit code where it stands for a failure."""

    name: str
    state: Literal["ok", "note", "fail"]
    found: str
    advice: str = ""
    code: int = 0
