"""The checks of `digest doctor`, each with what to do where something is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Diagnosis:
    """The result of one check; `code` is the exit code where it stands for a failure."""

    name: str
    state: Literal["ok", "note", "fail"]
    found: str
    advice: str = ""
    code: int = 0
