"""Files that people edit: whatever their editor does to line ends and beginnings."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Sequence
from pathlib import Path

from digest.errors import FormatError, UsageError

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path) -> str:
    """The text of a file; see `text_of`.

    Raises:
        UsageError: it cannot be read, or is no UTF-8 text; says which line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}.") from error
    return text_of(content, str(path))


def text_of(content: bytes, name: str) -> str:
    """A file's content as text with line feeds, without a byte order mark.

    Args:
        content: its bytes.
        name: its path, for messages.

    Raises:
        FormatError: it is no UTF-8 text; says which line, and what to do.
    """
    if content.startswith(_UTF16):
        raise FormatError(f"{name}: this is UTF-16 text (Windows calls it Unicode). Save it as UTF-8.", 1)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise FormatError(f"{name}, line {line}: byte 0x{byte:02x} is no UTF-8 text.", line) from None
    return text.replace("\r\n", "\n")


def at_home(path: str) -> Path:
    """A path with `~` and environment variables filled in.

    Raises:
        ValueError: there is no such home.
    """
    try:
        return Path(os.path.expandvars(path)).expanduser()
    except RuntimeError:
        raise ValueError(f"{path!r}: the home folder is not known; write the whole path") from None


def words_at_home(words: Sequence[str]) -> list[str]:
    """The words of a command line, with `~/` at the start of one, or of a flag's value, filled in.

    Most shells do that, but not within quotes or behind `=`, nor does Windows; nor cron, where there is none.
    """
    home = os.path.expanduser("~")  # noqa: PTH111 - without a home it stays as it is
    return [
        re.sub(r"^(--?[\w-]+=)?~(?=[/\\]|$)", lambda found: (found[1] or "") + home, word) for word in words
    ]
