"""What an endpoint sends, as values and as words, whatever its shape: nothing in it may end a run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_LONE = re.compile("[\ud800-\udfff]")
_TAG = re.compile(r"<[^<>]*>")
_TELLING = {
    *("error", "errors", "message", "msg", "detail", "details", "description", "reason", "title"),
    *("code", "type", "status", "param", "loc", "metadata", "raw"),
}
"""Fields of errors that tell something; others may repeat the question, whose words mean nothing here."""

_DEPTH, _BREADTH, _LONGEST = 8, 20, 1000


def _spellings(c: str) -> str:
    """An expression for a character: as it is, or escaped as JSON, HTML and addresses do it."""
    code = ord(c)
    escaped = rf"\\+u00{code:02x}|%{code:02x}|&#x0*{code:x};|&#0*{code};"
    return rf"(?:\\*{re.escape(c)}{'(?:amp;)?' if c == '&' else ''}|(?i:{escaped}))"


class KeyRedactor:
    """Takes the key out of what an endpoint sends, before anything is cut or kept: some repeat it.

    Args:
        key: the secret; a short one is none, and stands in many words.
    """

    def __init__(self, key: str) -> None:
        self._key = re.compile("".join(map(_spellings, key))) if len(key) >= 8 else None

    def text(self, text: str) -> str:
        """A text without the key, however it is escaped there: in JSON within JSON, a page, an address."""
        return self._key.sub("***", text) if self._key else text

    def parsed(self, content: bytes) -> object:
        """JSON as values without the key, in whatever way it is escaped there.

        Raises:
            ValueError: it is none, or none that can be read.
        """
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


def clean(text: str) -> str:
    """A text that can be written down: half characters, as cut answers have them, are replaced."""
    return _LONE.sub("\ufffd", text)


def words_of(content: bytes, mask: KeyRedactor) -> str:
    """The words of an error's body: JSON of any shape, a page, or plain text; without the key."""
    try:
        said = words_in(mask.parsed(content))
    except ValueError:
        said = ""
    return said or _on_a_line(_TAG.sub(" ", mask.text(content.decode(errors="replace"))[: 4 * _LONGEST]))


def words_in(value: object) -> str:
    """The words of an error: its message, and what else tells of it."""
    return _on_a_line(" ".join(dict.fromkeys(_told(value, _DEPTH))))


def _told(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif not depth:
        return
    elif isinstance(value, list):
        for one in value[:_BREADTH]:
            yield from _told(one, depth - 1)
    elif isinstance(value, dict):
        for name in value:
            if name in _TELLING:
                yield from _told(value[name], depth - 1)
            elif name == "retryDelay" and isinstance(value[name], str):  # Gemini
                yield f"retry in {value[name]}"


def _on_a_line(text: str) -> str:
    return clean(" ".join(text.split()))[:_LONGEST]
