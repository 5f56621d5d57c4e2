"""Files: read whatever editors did to line ends and beginnings, written so that nobody sees half of one."""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Sequence
from io import BufferedReader
from pathlib import Path, PureWindowsPath

from digest.system.errors import FormatError, UsageError
from digest.system.parts import part_of

_LARGEST = 512 << 20
"""Bytes of a file that is read at once."""

_HANDED_BY_SHELLS = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
NAME_LIMIT = 200
"""Bytes of a name. File systems take 255; the rest is for dates, endings, and marks of unfinished files."""


def read_text(path: Path) -> str:
    """The text of a file; see `text_of` and `read_bytes`.

    Raises:
        UsageError: it cannot be read, or is no UTF-8 text; says which line.
    """
    return text_of(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """The content of a file, or of what a shell hands as `<(...)` or /dev/stdin.

    Raises:
        UsageError: it cannot be read, is no file, or larger than a file for people.
    """
    try:
        with open_for_reading(path) as file:
            content = file.read(_LARGEST + 1) if os.fstat(file.fileno()).st_size <= _LARGEST else None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}.") from error
    if content is None or len(content) > _LARGEST:
        raise UsageError(f"{path}: cannot be read: it is larger than {_LARGEST >> 20} MB.")
    return content


def open_for_reading(path: Path) -> BufferedReader:
    """Open a file: no named pipe, at which one would wait for ever, and no device, which may have no end.

    Raises:
        OSError: it cannot be read.
        UsageError: it is a named pipe or a device.
    """
    mode = path.stat().st_mode
    if not path.absolute().as_posix().startswith(_HANDED_BY_SHELLS):
        if stat.S_ISFIFO(mode):
            raise UsageError(f"{path}: cannot be read: it is a named pipe; give a file.")
        if (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)) and path != Path(os.devnull):
            raise UsageError(f"{path}: cannot be read: it is a device; give a file.")
    return path.open("rb")


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
    if (place := content.find(b"\0")) >= 0:
        line = content.count(b"\n", 0, place) + 1
        raise FormatError(f"{name}, line {line}: byte 0x00 is no text. Save the file as UTF-8.", line)
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
        ValueError: there is no such home, or it is no path.
    """
    if "\0" in path:
        raise ValueError(f"{path!r} is no path")
    try:
        return Path(os.path.expandvars(path)).expanduser()
    except RuntimeError:
        raise ValueError(f"{path!r}: the home folder is not known; write the whole path") from None


def is_file_name(name: str, *, windows: bool = os.name == "nt") -> bool:
    """True if files can be called so, with a date and an ending; Windows has devices such as `con`."""
    if Path(name).name != name or name in {"", ".."} or re.search(r"[\x00-\x1f\x7f]", name):
        return False
    if len(name.encode("utf-8", "replace")) > NAME_LIMIT:
        return False
    reserved = PureWindowsPath(name).is_reserved() or re.search(r'[<>:"|?*]|[. ]$', name)
    return not (windows and reserved)


def words_at_home(words: Sequence[str]) -> list[str]:
    """The words of a command line, with `~/` at the start of one, or of a flag's value, filled in.

    Most shells do that, but not within quotes or behind `=`, nor does Windows; nor cron, where there is none.
    """
    home = os.path.expanduser("~")  # noqa: PTH111 - without a home it stays as it is
    return [
        re.sub(r"^(--?[\w-]+=)?~(?=[/\\]|$)", lambda found: (found[1] or "") + home, word) for word in words
    ]


def write_atomically(path: Path, text: str) -> None:
    """Write `text` as UTF-8 beside `path`, and rename it into place once it is on the disk.

    Folders are made as needed. A file that already holds the text is left alone, time stamps and all; a link
    is followed.

    Raises:
        UsageError: it cannot be written; the file at `path`, if any, is as it was.
    """
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError as error:  # half a surrogate pair
        raise UsageError(f"{path} cannot be written: {error}.") from error
    write_bytes_atomically(path, content)


def write_bytes_atomically(path: Path, content: bytes, *, sync: bool = True) -> bool:
    """Write `content` beside `path`, and rename it into place.

    Args:
        path: the file; folders are made as needed, and a link is followed.
        content: of it. A file that already holds it is left alone, time stamps and all.
        sync: whether the content is on the disk before it is renamed, so that a power cut does no harm.

    Returns:
        True if the file was written, False if it held the content already.

    Raises:
        UsageError: it cannot be written; the file at `path`, if any, is as it was.
    """
    try:
        path = path.resolve()
        if path.exists():
            if not path.is_file():
                raise UsageError(f"{path} cannot be written: it is no file.")
            if path.stat().st_size == len(content) and path.read_bytes() == content:
                return False
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content, sync=sync)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}.") from error
    except (UnicodeEncodeError, RuntimeError) as error:  # no name for a file; a link that leads to itself
        raise UsageError(f"{path} cannot be written: {error}.") from error
    return True


def _replace(path: Path, content: bytes, *, sync: bool) -> None:
    beside = part_of(path)
    try:
        with beside.open("xb") as file:
            file.write(content)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)  # gone already, unless something went wrong
