"""Secrets taken out of texts, in whatever spelling they stand there."""

from __future__ import annotations

import json
import re
from functools import lru_cache


def _spellings(c: str) -> str:
    """An expression for a character: as it is, or escaped as JSON, HTML and addresses do it."""
    code = ord(c)
    escaped = rf"\\+u00{code:02x}|%{code:02x}|&#x0*{code:x};|&#0*{code};"
    itself = r"\\++" if c == "\\" else rf"\\*+{re.escape(c)}"
    return rf"(?:{itself}{'(?:amp;)?' if c == '&' else ''}|(?i:{escaped}))"


_CREDENTIALS = re.compile(r"//[^/?#\s\"'<>]*@")
_IN_QUERY = re.compile(
    r"([?&][^=&?\s]{0,64}(?:key|token|secret|passw|credential|auth|sig)[^=&\s]{0,64}=)[^&#\s\"'<>]*",
    re.IGNORECASE,
)

_MOST_VALUES = 100_000
"""About so many values JSON may hold: each takes some hundred bytes once it is read."""


def without_credentials(address: str) -> str:
    """An address, or a text with addresses in it, without the passwords and keys that stand in them."""
    return _IN_QUERY.sub(r"\1***", _CREDENTIALS.sub("//***@", address))


@lru_cache(maxsize=256)
def _pattern(key: str) -> re.Pattern[str]:
    """A pattern of a key in any spelling; it takes some milliseconds to compile, where it is first needed."""
    return re.compile(rf"(?<!\\){''.join(map(_spellings, key))}")


class KeyRedactor:
    """Takes the key out of what an endpoint sends, before anything is cut or kept: some repeat it.

    Args:
        key: the secret; a short one is none, and stands in many words.
    """

    def __init__(self, key: str) -> None:
        self._key = key if len(key) >= 8 else ""

    def text(self, text: str) -> str:
        """A text without the key, however it is escaped there: in JSON within JSON, a page, an address."""
        return _pattern(self._key).sub("***", text) if self._key else text

    def parsed(self, content: bytes) -> object:
        """JSON as values without the key, in whatever way it is escaped there.

        Raises:
            ValueError: it is none, or none that can be read.
        """
        if sum(map(content.count, (b",", b"[", b"{"))) > _MOST_VALUES:
            raise ValueError("too many values")
        try:
            return self._value(json.loads(content))
        except RecursionError:
            raise ValueError("nested too deeply") from None

    def _value(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._value(one) for one in value]
        if isinstance(value, dict):
            return {self.text(name): self._value(one) for name, one in value.items()}
        return value
