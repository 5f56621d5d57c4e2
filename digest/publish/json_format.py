"""A digest as JSON: everything that the Markdown has no place for."""

from __future__ import annotations

import json
import re

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from digest.model import Digest
from digest.system.errors import FormatError, UsageError

_SURROGATE = re.compile("[\ud800-\udfff]")


def to_json(digest: Digest) -> str:
    """The digest as indented JSON, fields in the order of the records, defaults left out.

    Chinese stands as it is, and a line feed ends the text. Halves of surrogate pairs, which UTF-8 cannot
    hold, are escaped.
    """
    try:
        return digest.model_dump_json(exclude_defaults=True, indent=2) + "\n"
    except PydanticSerializationError:  # halves of surrogate pairs; the standard library writes the same form
        values = digest.model_dump(mode="json", exclude_defaults=True)
        text = json.dumps(values, ensure_ascii=False, indent=2)
        return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text) + "\n"


def from_json(text: str, name: str) -> Digest:
    """Read what `to_json` wrote; the digest is equal to the one that was written.

    Args:
        text: the file's content.
        name: its path, for messages.

    Raises:
        FormatError: the text is no JSON object; says which line.
        UsageError: the object is no digest; says which field, and what is wrong with it.
    """
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise FormatError(f"{name}, line {error.lineno}: no JSON: {error.msg}.", error.lineno) from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or brackets without end
        raise FormatError(f"{name}: no digest, but JSON that cannot be read: {error}.", 1) from None
    if not isinstance(values, dict):
        raise FormatError(f"{name}, line 1: no digest: a JSON object should stand here.", 1)
    try:
        return Digest.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{name}: no digest: {place}: {first['msg']}.") from None
