"""Checks of what is set: `digest.toml`, the environment, the channels of delivery."""

from __future__ import annotations

import json
import os
import platform
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from digest.cli.doctor_checks import Diagnosis
from digest.config import ENVIRONMENT, Settings
from digest.deliver.channels import troubles
from digest.deliver.mail import shown_address
from digest.system.files import read_text
from digest.system.network import OF_REQUESTS, on_this_machine, proxies, unusable
from digest.system.redact import without_credentials

if TYPE_CHECKING:
    from digest.cli.session import CommandOptions

_OWN_FILE = Path("digest.toml")
_ADDRESS = re.compile(r"[^\s\"<>,;@]+@[^\s\"<>,;@]+")


def python() -> Diagnosis:
    """The version of Python, and the system it runs on."""
    return Diagnosis("python", "ok", f"{platform.python_version()} on {platform.system()}")


def own_settings(settings: Settings, given: CommandOptions) -> Iterator[Diagnosis]:
    """The settings that are not as shipped, each with where it came from; a key is never shown."""
    own = tomllib.loads(read_text(_OWN_FILE)) if _OWN_FILE.exists() else {}
    yield Diagnosis(
        "settings", "ok", str(_OWN_FILE.absolute()) if own else "as shipped: there is no digest.toml"
    )
    sources: dict[tuple[str, str], str] = {}
    if given.sample:
        sources |= dict.fromkeys((("model", "base_url"), ("model", "name"), ("model", "key")), "sample day")
    else:
        sources |= {(table, key): _OWN_FILE.name for table, keys in own.items() for key in _keys(keys)}
        sources |= {place: name for name, place in ENVIRONMENT.items() if os.environ.get(name, "").strip()}
    sources |= {
        (table, key): "flag"
        for table, keys in given.flags.items()
        for key, value in keys.items()
        if value is not None
    }
    for (part, key), source in sorted(sources.items()):
        if key != "key" and part != "sections":
            value = getattr(getattr(settings, part, None), key, None)
            yield Diagnosis("", "ok", f"{part}.{key} = {_shown(value)} ({source})")


def _shown(value: object) -> str:
    """A value of the settings as TOML has it: of a table the names of its entries, addresses masked."""
    if isinstance(value, BaseModel):
        return ", ".join(sorted(value.model_fields_set))
    if isinstance(value, Mapping):
        return ", ".join(map(str, value))
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(map(_shown, value))}]"
    plain = value if isinstance(value, bool | int | float) else str(value)
    shown = without_credentials(json.dumps(plain, ensure_ascii=False))
    return _ADDRESS.sub(lambda found: shown_address(found[0]), shown)


def environment(settings: Settings) -> Iterator[Diagnosis]:
    """The variables that have to do with the network: proxies, and what cannot be used."""
    places = settings.arxiv
    urls = (settings.model.base_url, places.pages, places.api, places.feed, places.pdf, places.oai)
    outside = not all(map(on_this_machine, urls))
    wrong = unusable(os.environ)
    for name, address in proxies(os.environ).items():
        if name not in wrong and outside:
            yield Diagnosis("variable", "ok", f"{name}: requests to the world go through {address}")
    for name, why in wrong.items():
        needed = outside and name not in OF_REQUESTS
        found = f"{name} cannot be used: {why}"
        yield Diagnosis(
            "variable", "fail" if needed else "note", found, "Correct or unset it.", 2 if needed else 0
        )


def _keys(table: object) -> list[str]:
    return list(table) if isinstance(table, Mapping) else []


def channels(settings: Settings, *, needed: bool) -> Iterator[Diagnosis]:
    """Checks of the channels, as far as they show without sending; trouble fails where they are needed."""
    for name, trouble in troubles(settings, os.environ):
        if trouble:
            state: Literal["fail", "note"] = "fail" if needed else "note"
            found = f"{name} cannot be used: {trouble}"
            advice = "docs/delivery.md has an example of each."
            yield Diagnosis("channel", state, found, advice, 2 if needed else 0)
        else:
            yield Diagnosis(
                "channel", "ok", f"{name} can be used; `digest deliver --dry-run` shows what goes there"
            )
