"""Text of others on a terminal: what would move its cursor, colour it or turn it round is shown, not done."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

# Controls but for tab and line feed; marks and overrides of writing direction; line separators; tags.
_ACTIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    r"""`text` with every character that acts on a terminal as JSON writes it: \u001b; JSON stays JSON."""
    if text.isascii() and text.isprintable():
        return text
    return _ACTIVE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


class _Printable:
    """A text stream that passes on what is printable."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        self.stream.write(printable(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all else is the stream's own
        return getattr(self.stream, name)


@contextmanager
def printable_streams() -> Iterator[None]:
    """Within it standard output and error act on no terminal, whoever writes to them."""
    before = sys.stdout, sys.stderr
    sys.stdout = cast("TextIO", _Printable(sys.stdout))
    sys.stderr = cast("TextIO", _Printable(sys.stderr))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def bare(stream: TextIO) -> TextIO:
    """The stream itself, for bars and colours; what others said goes through `printable` first."""
    return stream.stream if isinstance(stream, _Printable) else stream
