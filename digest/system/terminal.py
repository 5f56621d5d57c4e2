"""Standard output and error: what acts on a terminal is shown, not done; and a reader may have gone away."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast
from unicodedata import combining, east_asian_width

from digest.system.errors import UsageError

# Controls but for tab and line feed; marks and overrides of writing direction; line separators; tags; and
# what is not seen at all, but for the joiners that some scripts are written with.
_ACTIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)

_WIDTH = {"W": 2, "F": 2}
# A word with the blanks behind it, or a Chinese character with the punctuation that may not begin a line.
_CLOSING = "，。；：、！？）》」』”’…"
_UNBREAKABLE = re.compile(
    rf"[（《「『“‘]*[\u2e80-\u9fff\uff00-\uffef]?[{_CLOSING}]+\s*"
    rf"|[（《「『“‘]*[\u2e80-\u9fff\uff00-\uffef][{_CLOSING}]*\s*"
    rf"|[^\s\u2e80-\u9fff\uff00-\uffef（《「『“‘{_CLOSING}]+[{_CLOSING}]*\s*|\s+|."
)

_LONGEST_TITLE = 400
"""Characters; arXiv's own limit is about 300."""


def printable(text: str) -> str:
    r"""`text` with every character that acts on a terminal as JSON writes it: \u001b; JSON stays JSON."""
    if text.isascii() and text.isprintable():
        return text
    return _ACTIVE.sub(_escaped, text)


def in_one_line(text: str) -> str:
    r"""`text` for a place with room for one line, such as a cell: line feeds and tabs escaped as well."""
    return printable(text.replace("\n", "\\n").replace("\t", "\\t"))


def columns_of(text: str) -> int:
    """The columns of a terminal that a text takes: Chinese characters two, accents on their own none."""
    if text.isascii():
        return len(text)
    return sum(_WIDTH.get(east_asian_width(char), 1) for char in text if not combining(char))


def folded(text: str, width: int) -> list[str]:
    """`text` in lines of so many columns; broken at blanks and between Chinese characters only."""
    lines = [""]
    for piece in _UNBREAKABLE.findall(text):
        if lines[-1] and columns_of((lines[-1] + piece).rstrip()) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return lines


def in_short(title: str) -> str:
    """A title for a line of output: all of it, but for one that would fill the screen."""
    return title if len(title) <= _LONGEST_TITLE else f"{title[:_LONGEST_TITLE]} […]"


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


_NOBODY_READS = (errno.EPIPE, errno.EINVAL)
"""The error of a pipe whose reader has ended; the second is Windows' word."""


class _Printable:
    """A text stream that passes on what is printable, and goes on when nobody reads it any more."""

    def __init__(self, stream: TextIO, *, result: bool) -> None:
        self.stream = stream
        self.result = result

    def write(self, text: str) -> int:
        with self._whatever_becomes_of_it():
            self.stream.write(printable(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        with self._whatever_becomes_of_it():
            self.stream.flush()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all else is the stream's own
        return getattr(self.stream, name)

    @contextmanager
    def _whatever_becomes_of_it(self) -> Iterator[None]:
        """Write inside: the work goes on without a reader, as in `digest list | head`.

        Raises:
            UsageError: the stream is for results, and cannot take them: a full disk.
        """
        try:
            yield
        except OSError as error:
            self._to_nowhere()
            if self.result and error.errno not in _NOBODY_READS:
                raise UsageError(f"Standard output cannot be written ({error.strerror}).") from error

    def _to_nowhere(self) -> None:
        """Drop what waits in the stream's buffer: it would fail again when Python ends."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.stream.fileno())
        os.close(nowhere)


@contextmanager
def printable_streams() -> Iterator[None]:
    """Within it standard output and error act on no terminal, whoever writes to them.

    Raises:
        UsageError: on writing to standard output, when it cannot take what is written; see `_Printable`.
    """
    before = sys.stdout, sys.stderr
    sys.stdout = cast("TextIO", _Printable(sys.stdout, result=True))
    sys.stderr = cast("TextIO", _Printable(sys.stderr, result=False))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def bare(stream: TextIO) -> TextIO:
    """The stream itself, for bars and colours; what others said goes through `printable` first."""
    return stream.stream if isinstance(stream, _Printable) else stream


def shows_chinese(stream: TextIO) -> bool:
    """Tell if the stream's encoding has Chinese characters."""
    try:
        "中".encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def open_standard_streams() -> None:
    """Open those of the three standard streams that were closed (`>&-`), so that their place is taken.

    A file that is opened while one is closed takes its number, and with it what libraries write there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until Python ends
            setattr(sys, name, nowhere)
