"""Values as databases keep them, and back."""

from __future__ import annotations

import json
import re
import zlib
from datetime import UTC, datetime
from datetime import date as Date
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

T = TypeVar("T", bound=BaseModel)

_UNSTORABLE = re.compile("[\0\x1a\ud800-\udfff]")
_HALVES = re.compile("[\ud800-\udfff]")
_STORED = re.compile("\x1a([0-9a-f]{4})")


def storable(value: Any) -> Any:  # noqa: ANN401 - whatever is to stand in a column
    """A value as columns take it: what UTF-8 or PostgreSQL cannot hold becomes U+001A and its code."""
    if isinstance(value, str) and _UNSTORABLE.search(value):
        return _UNSTORABLE.sub(lambda one: f"\x1a{ord(one[0]):04x}", value)
    return value


def restored(value: Any) -> Any:  # noqa: ANN401 - whatever stands in a column
    """The value that `storable` was given."""
    if isinstance(value, str) and "\x1a" in value:
        return _STORED.sub(lambda one: chr(int(one[1], 16)), value)
    return value


def pack(record: BaseModel) -> bytes:
    """A record as it is kept: JSON, compressed; zlib's own checksum (Adler-32) tells damage on reading."""
    try:
        return pack_text(record.model_dump_json(exclude_defaults=True))
    except PydanticSerializationError:  # halves of surrogate pairs
        values = record.model_dump(mode="json", exclude_defaults=True)
        return pack_text(json.dumps(values, ensure_ascii=False, separators=(",", ":")))


def pack_text(text: str) -> bytes:
    """A text as it is kept: compressed, as `pack` does it."""
    return zlib.compress(text.encode("utf-8", "surrogatepass"))


def unpack(kind: type[T], blob: Any) -> T | None:  # noqa: ANN401 - whatever stands in a column
    """A record as it was kept; None when its bytes are damaged, which counts as not kept."""
    text = unpack_text(blob)
    if text is None:
        return None
    try:
        return kind.model_validate_json(text)
    except ValueError:
        return _unpack_halves(kind, text)


def _unpack_halves(kind: type[T], text: str) -> T | None:
    """A record of a text that pydantic reads no JSON from, if that is for halves of surrogate pairs."""
    if not _HALVES.search(text):
        return None
    try:
        return kind.model_validate(json.loads(text))
    except ValueError:
        return None


def unpack_text(blob: Any) -> str | None:  # noqa: ANN401 - whatever stands in a column
    """A text as it was kept; None when its bytes are damaged."""
    try:
        return zlib.decompress(blob).decode("utf-8", "surrogatepass")
    except (zlib.error, ValueError, TypeError):
        return None


def now() -> str:
    """The instant (UTC) as it stands in a column."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def iso(day: Date | None) -> str | None:
    """A date as it stands in a column."""
    return None if day is None else day.isoformat()
