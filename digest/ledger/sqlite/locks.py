"""Who is at work: locks by name on one file, which the system lifts when their owner dies, however it dies.

They are POSIX record locks, one byte a name. Unlike those of `flock`, children of the process do not inherit
them, so a reader of PDFs that outlives its parent blocks nobody. What follows from them: a process opens the
file once, since closing any of its handles would lift all its locks, and it never meets locks of its own.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from pathlib import Path
from typing import BinaryIO

_LOOKS, _INSTANT = 20, 0.01


class Locks:
    """The locks of one process.

    Args:
        path: the file; made when missing. Nothing is ever written to it.
    """

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("ab+", buffering=0)
        self._held: set[str] = set()

    def close(self) -> None:
        """Lift all locks."""
        self._file.close()

    def hold(self, name: str) -> None:
        """Take a lock that nobody else wants to keep, such as that of a new run.

        Somebody may be looking at it, for an instant; whoever keeps it for longer is of another ledger that
        was deleted here, and is not waited for.
        """
        for _ in range(_LOOKS):
            if self.try_hold(name):
                return
            time.sleep(_INSTANT)

    def try_hold(self, name: str) -> bool:
        """Take a lock, unless another process holds it."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(name))
        except OSError:
            return False
        self._held.add(name)
        return True

    def release(self, name: str) -> None:
        """Lift a lock; nothing happens if it is not held."""
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _place(name))
        self._held.discard(name)

    def is_held(self, name: str) -> bool:
        """Whether a living process, this one or another, holds it."""
        return name in self._held or _is_taken(self._file.fileno(), name)


def is_held(path: Path, name: str) -> bool:
    """Whether a living process other than this one holds a lock; works in a folder that is read-only."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return _is_taken(file, name)
    finally:
        os.close(file)


def _is_taken(file: int, name: str) -> bool:
    place = _place(name)
    try:
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, place)
    except OSError:
        return True
    fcntl.lockf(file, fcntl.LOCK_UN, 1, place)
    return False


def _place(name: str) -> int:
    """The byte that stands for a name: 62 bits of its hash, as far as a file can reach."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) >> 2
