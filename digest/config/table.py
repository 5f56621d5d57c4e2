"""The base of all tables of the settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table of `digest.toml`: what is not known there is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
