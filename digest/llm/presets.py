"""What is known of endpoints before the first question: data in presets.toml, chosen by name or address."""

from __future__ import annotations

import difflib
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field

from digest.config import ModelSettings
from digest.errors import UsageError
from digest.model import Record
from digest.system.network import on_this_machine

AnswerFormat = Literal["json_schema", "json_object", "text"]
TokenLimit = Literal["max_tokens", "max_completion_tokens"]

_OPENAI = "https://api.openai.com/v1"
_NEUTRAL = {"user", "metadata", "store", "service_tier", "prompt_cache_key", "safety_identifier"}
"""Fields of a question that do not shape its answer, and so do not belong to its key."""


class Preset(Record):
    """What an endpoint accepts and needs; the defaults suit one that nothing is known of."""

    hosts: tuple[str, ...] = ()
    base_url: str = _OPENAI
    answer_format: AnswerFormat = "json_schema"
    token_limit: TokenLimit = "max_tokens"  # noqa: S105 - a field
    key: bool = True
    batch: bool = False
    body: dict[str, Any] = Field(default_factory=dict)


class Profile(Record):
    """An endpoint as the settings and its preset describe it together."""

    preset: str = ""
    base_url: str
    answer_format: AnswerFormat
    fixed_format: bool
    token_limit: TokenLimit
    key: bool
    batch: bool
    body: dict[str, Any]

    @property
    def shaping(self) -> dict[str, Any]:
        """The further fields that shape an answer, such as `enable_thinking`: they belong to its key."""
        return {name: value for name, value in self.body.items() if name not in _NEUTRAL}

    @property
    def loopback(self) -> bool:
        """Whether the endpoint is on this machine."""
        return on_this_machine(self.base_url)


def profile(settings: ModelSettings) -> Profile:
    """Merge the settings with the preset that they name, or whose host their address has.

    Raises:
        UsageError: there is no such preset; names those there are.
    """
    name, preset = _choose(settings)
    wanted, address = settings.answer_format, settings.base_url or preset.base_url
    return Profile(
        preset=name,
        base_url=address,
        answer_format=preset.answer_format if wanted == "auto" else wanted,
        fixed_format=wanted != "auto",
        token_limit=preset.token_limit,
        key=preset.key and not on_this_machine(address),
        batch=preset.batch,
        body={**preset.body, **settings.body},
    )


def _choose(settings: ModelSettings) -> tuple[str, Preset]:
    presets = _presets()
    if settings.preset:
        if settings.preset not in presets:
            near = difflib.get_close_matches(settings.preset, presets, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UsageError(
                f"model.preset: there is no preset {settings.preset!r}.{hint} Presets: {', '.join(presets)}."
            )
        return settings.preset, presets[settings.preset]
    address = urlsplit(settings.base_url or _OPENAI)
    for name, preset in presets.items():
        if {address.hostname, address.netloc} & set(preset.hosts):
            return name, preset
    return "", Preset()


@cache
def _presets() -> dict[str, Preset]:
    text = (Path(__file__).parent / "presets.toml").read_text(encoding="utf-8")
    return {name: Preset.model_validate(values) for name, values in tomllib.loads(text).items()}
