"""Full-width characters where a settings file wants plain ones: what an input method types unasked."""

from __future__ import annotations

import re
import tomllib
import unicodedata

_QUOTES = {**dict.fromkeys("“”„‟＂「」『』〝〞", '"'), **dict.fromkeys("‘’‚‛＇", "'")}
_PLAIN = {**_QUOTES, "、": ",", "。": ".", "【": "[", "】": "]", "〔": "[", "〕": "]", "—": "-", "–": "-"}


def full_width(text: str, error: tomllib.TOMLDecodeError) -> tuple[int, str, str] | None:
    """The character that made `text` no TOML, if it is a full-width or curly one.

    Args:
        text: what was read.
        error: what was said about it.

    Returns:
        Its line, the character, and what is to be typed instead; None where something else is wrong.
    """
    place = _place(error)
    if place is None:
        return None
    line, column = place
    lines = text.split("\n")
    written = lines[line - 1]
    typed = written[column - 1 : column]
    if plain := _plain(typed):
        return line, typed, "=" if typed == "：" and "Expected '='" in str(error) else plain
    for at in reversed(range(min(column, len(written)))):  # a string that ends with another quote runs on
        if quote := _QUOTES.get(written[at]):
            lines[line - 1] = f"{written[:at]}{quote}{written[at + 1 :]}"
            if _gets_further("\n".join(lines), place):
                return line, written[at], quote
    return None


def _plain(typed: str) -> str:
    """The ASCII character that a full-width one stands for; empty for all others."""
    if not typed or typed.isascii():
        return ""
    plain = _PLAIN.get(typed) or unicodedata.normalize("NFKC", typed)
    return plain if re.fullmatch(r"[\w \[\]{}=,.:#\"'+-]", plain, re.ASCII) else ""


def _place(error: tomllib.TOMLDecodeError) -> tuple[int, int] | None:
    """Line and column, from 1; None at the end of the document."""
    found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
    return (int(found[1]), int(found[2])) if found else None


def _gets_further(text: str, place: tuple[int, int]) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        again = _place(error)
        return again is None or again > place
    return True
