"""One Settings object: flags before environment before `digest.toml` before the shipped defaults."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard, get_args

from pydantic import BaseModel, ValidationError

from digest.config.files import shipped
from digest.config.settings import Settings
from digest.system.errors import UsageError
from digest.system.files import read_text
from digest.system.full_width import full_width

ENVIRONMENT = {
    "OPENAI_API_KEY": ("model", "key"),
    "OPENAI_BASE_URL": ("model", "base_url"),
    "DIGEST_MODEL": ("model", "name"),
    "DIGEST_LEDGER_URL": ("ledger", "url"),
}
"""Environment variable -> table and key of the setting that it sets."""


def load(
    flags: Mapping[str, Mapping[str, Any]] | None = None,
    environment: Mapping[str, str] | None = None,
    path: Path | None = None,
) -> Settings:
    """Merge the four layers, table by table and key by key; lists are replaced, never joined.

    Args:
        flags: table -> key -> value, for what the command line gave; None values are left out.
        environment: variables, normally `os.environ`.
        path: a settings file; default `digest.toml` of the working directory, if there is one.

    Raises:
        UsageError: a file or value is not usable; the message names file, line or key, and what is allowed.
    """
    merged = _read_toml(shipped("digest.toml"))
    own = path or Path("digest.toml")
    if own.exists() or own.is_symlink():  # a link that leads nowhere is a file that is missing
        settings = _read_toml(own)
        _validate(_merge(merged, settings), own)  # blame the file before flags hide what is wrong in it
        merged = _merge(merged, settings)
    elif path is not None:
        raise UsageError(f"{path}: there is no such file.")
    layered: dict[str, dict[str, Any]] = {}
    for variable, (table, key) in ENVIRONMENT.items():
        if value := (environment or {}).get(variable, "").strip():
            layered.setdefault(table, {})[key] = value
    merged = _merge(merged, layered)
    given = {t: {k: v for k, v in keys.items() if v is not None} for t, keys in (flags or {}).items()}
    named = {
        f"{table}.{key}": name
        for name, (table, key) in ENVIRONMENT.items()
        if key in layered.get(table, {}) and key not in given.get(table, {})
    }
    return _validate(_merge(merged, given), None, named)


def _read_toml(path: Path) -> dict[str, Any]:
    text = read_text(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if found := full_width(text, error):
            line, typed, plain = found
            raise UsageError(
                f"{path}, line {line}: `{typed}` is a full-width or curly character: type `{plain}` instead."
            ) from error
        raise UsageError(f"{path}: not valid TOML: {error}.") from error


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _merge(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def _validate(
    values: Mapping[str, Any], path: Path | None, named: Mapping[str, str] | None = None
) -> Settings:
    """The settings, or a sentence about the first that is not usable; `named`: those of the environment."""
    secret = values.get("model", {})
    if path is not None and isinstance(secret, dict) and "key" in secret:
        raise UsageError(f"{path}: a key must not stand in a file; set OPENAI_API_KEY instead.")
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise UsageError(_explain(error, path, named or {})) from None


def _explain(error: ValidationError, path: Path | None, named: Mapping[str, str]) -> str:
    """One sentence for the first thing that is wrong: where, what, and what is allowed there."""
    errors = error.errors(include_url=False, include_context=False)
    # a misspelt key also makes a required one missing: the misspelling is what the user wants to hear of
    first = min(errors, key=lambda one: one["type"] != "extra_forbidden")
    location = [str(part) for part in first["loc"]]
    name = ".".join(location)
    name = named.get(name, name)
    line = _line_of(path, location)
    if first["type"] != "extra_forbidden":
        wrong = first["msg"].removeprefix("Value error, ").replace("a valid tuple", "a list in brackets")
        if line:
            return f"{path}, line {line}: {name}: {wrong}."
        sentence = f"{name}: {wrong}." if name else f"{wrong}."
    else:
        sentence = _unknown(name, location)
    if line:
        return f"{path}, line {line}: {sentence}"
    return f"{path}: {sentence}" if path else sentence


def _unknown(name: str, location: list[str]) -> str:
    """The sentence about a setting that there is not."""
    allowed = _allowed(location[:-1])
    near = difflib.get_close_matches(location[-1], allowed, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"there is no setting {name!r}.{hint} Allowed here: {', '.join(allowed)}."


def _allowed(tables: list[str]) -> list[str]:
    """The keys that may stand in the table reached by these names."""
    model: type[BaseModel] | None = Settings
    entries: type[BaseModel] | None = None  # of a table whose keys the user chooses
    for table in tables:
        if entries is not None:
            model, entries = entries, None
            continue
        assert model is not None  # a table of entries has no fields of its own
        annotation = model.model_fields[table].annotation
        model = annotation if _is_table(annotation) else None
        entries = next((one for one in get_args(annotation)[1:] if _is_table(one)), None)
        if model is None and entries is None:
            return []
    return [key for key in model.model_fields if key != "key"] if model else []


def _is_table(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _line_of(path: Path | None, location: list[str]) -> int | None:
    """The line of `path` where the setting stands, as far as plain TOML tells."""
    if path is None or not location:
        return None
    table, found = "", None
    wanted = {".".join(location[:depth]): location[depth] for depth in range(len(location))}
    for number, text in enumerate(read_text(path).splitlines(), start=1):
        if header := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", text):
            table = header[1]
            if table.split(".") == location[: table.count(".") + 1]:
                found = number
        elif (key := re.match(r"\s*[\"']?([\w.-]+)[\"']?\s*=", text)) and wanted.get(table) == key[1]:
            found = number
    return found
