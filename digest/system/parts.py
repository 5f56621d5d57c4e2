"""Files that are written beside their place, and what killed processes left of them."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
import zlib
from pathlib import Path

_PART = re.compile(r"\..+\.([0-9a-f]{4})-(\d+)-[0-9a-f]{4}\.part", re.DOTALL)
"""The machine, and the process, in the name of a file that is being written."""

_FORGOTTEN = 3600.0
"""Seconds after which nobody writes any more, of a machine on which we cannot look."""

_swept: set[Path] = set()
_lock = threading.Lock()


def part_of(target: Path) -> Path:
    """A new name beside `target` for writing it; leftovers in the folder are removed when it is first used.

    The folder must exist.
    """
    import secrets  # it loads hashlib, and every command loads this module

    folder = (
        target.parent.resolve()
    )  # under another name it would be swept again, while somebody writes in it
    with _lock:
        if folder not in _swept:
            _swept.add(folder)
            sweep(folder)
    return target.with_name(f".{target.name}.{_machine()}-{os.getpid()}-{secrets.token_hex(2)}.part")


def sweep(folder: Path) -> None:
    """Remove what processes left in a folder that were killed while they wrote."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):  # noqa: PTH208 - names are enough, and there may be thousands
            if name.endswith(".part") and (found := _PART.fullmatch(name)):
                part = folder / name
                with contextlib.suppress(OSError):
                    if _is_left(part, found[1], int(found[2])):
                        part.unlink()


def is_alive(process: int) -> bool:
    """True if a process of this machine may still run."""
    if os.name == "nt":
        return False  # a file that somebody has open cannot be deleted there
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _is_left(part: Path, machine: str, process: int) -> bool:
    if machine != _machine():
        return time.time() - part.stat().st_mtime > _FORGOTTEN
    # One of our number is of an earlier process: in containers they are the same every time.
    return process == os.getpid() or not is_alive(process)


def _machine() -> str:
    import platform  # slow to load, and few commands write

    return f"{zlib.crc32(platform.node().encode()) & 0xFFFF:04x}"
