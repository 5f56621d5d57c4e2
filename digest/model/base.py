"""The base of all records, and what several of them name."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

AnnounceType = Literal["new", "cross", "replaced"]
"""The kind of an announcement: for the first time, in a further category, or as a new version."""

KINDS: tuple[AnnounceType, ...] = get_args(AnnounceType)
"""All kinds in the order of precedence: a paper that is new somewhere is new."""

PaperKind = Literal["method", "dataset", "benchmark", "survey", "analysis", "system", "theory", "other"]
"""The kind of contribution of a paper; the form of the Chinese line depends on it."""

Language = Literal["zh", "en"]
"""The language of a line."""

LANGUAGES: tuple[Language, ...] = get_args(Language)

Severity = Literal[1, 2, 3]
"""The severity of a finding: 1 style, 2 worth a look, 3 a defect."""


class Record(BaseModel):
    """Base of all records: frozen, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")
