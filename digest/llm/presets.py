"""Endpoints that are known before the first question: data in presets.toml, chosen by name or address."""

from __future__ import annotations

import difflib
import tomllib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from digest.config import ModelSettings
from digest.llm.capabilities import AnswerFormat, Capabilities, TokenLimit
from digest.model import Record
from digest.system.errors import UsageError
from digest.system.network import on_this_machine

_OPENAI = "https://api.openai.com/v1"
_NEUTRAL = {"user", "metadata", "store", "service_tier", "prompt_cache_key", "safety_identifier"}
"""Fields of a question that do not shape its answer, and so do not belong to its key."""


class Preset(Record):
    """An endpoint as it is known before the first question; the defaults suit one that nothing is known of.

    Attributes:
        name: in presets.toml; empty: none has this address.
        fixed_format: the user chose the format of answers, so it is not learned.
        key: it wants one.
        batch: it has a Batch API.
        body: fields of every question.
    """

    name: str = ""
    hosts: tuple[str, ...] = ()
    base_url: str = _OPENAI
    answer_format: AnswerFormat = "json_schema"
    fixed_format: bool = False
    token_limit: TokenLimit = "max_tokens"  # noqa: S105 - a field
    key: bool = True
    batch: bool = False
    body: dict[str, Any] = Field(default_factory=dict)

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities that it is taken to have until it says otherwise."""
        return Capabilities(answer_format=self.answer_format, token_limit=self.token_limit)

    @property
    def shaping(self) -> dict[str, Any]:
        """The further fields that shape an answer, such as `enable_thinking`: they belong to its key."""
        return {name: value for name, value in self.body.items() if name not in _NEUTRAL}

    @property
    def loopback(self) -> bool:
        """True: the endpoint is on this machine."""
        return on_this_machine(self.base_url)


def preset_of(settings: ModelSettings) -> Preset:
    """The preset that the settings name, or whose host their address has, with what they say instead.

    Raises:
        UsageError: there is no such preset; names those there are.
    """
    preset = _choose(settings)
    address = settings.base_url or preset.base_url
    update: dict[str, Any] = {
        "base_url": address,
        "key": preset.key and not on_this_machine(address),
        "body": {**preset.body, **settings.body},
    }
    if settings.answer_format != "auto":
        update |= {"answer_format": settings.answer_format, "fixed_format": True}
    return preset.model_copy(update=update)


def _choose(settings: ModelSettings) -> Preset:
    presets = _presets()
    if settings.preset:
        if settings.preset not in presets:
            near = difflib.get_close_matches(settings.preset, presets, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UsageError(
                f"model.preset: there is no preset {settings.preset!r}.{hint} Presets: {', '.join(presets)}."
            )
        return presets[settings.preset]
    address = urlsplit(settings.base_url or _OPENAI)
    for preset in presets.values():
        if {address.hostname, address.netloc} & set(preset.hosts):
            return preset
    return Preset()


@cache
def _presets() -> dict[str, Preset]:
    text = (Path(__file__).parent / "presets.toml").read_text(encoding="utf-8")
    return {
        name: Preset.model_validate({**values, "name": name}) for name, values in tomllib.loads(text).items()
    }
