"""Locks by name, which the system lifts when their owner dies, however it dies.

Each name that is held has a file of its own in one folder, locked by `filelock` with what the system has.
Where a file system knows no locks, a process counts as alone. What a process starts does not inherit its
locks: the files are not passed on.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from pathlib import Path

from filelock import lock_descriptor

_LOOKS = 20
"""Times that a lock is tried which somebody may be looking at."""

_INSTANT = 0.01
"""Seconds between two tries."""


class Locks:
    """The locks of one process; it never meets locks of its own.

    Args:
        folder: where the files are; made when missing. Those that nobody holds are removed.

    Raises:
        OSError: the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._held: dict[str, int] = {}

    def close(self) -> None:
        """Lift all locks."""
        for name in tuple(self._held):
            self.release(name)

    def hold(self, name: str) -> None:
        """Take a lock that nobody else wants to keep, such as that of a new run.

        Somebody may be looking at it, for an instant; whoever keeps it for longer is of another ledger that
        was deleted here, and is not waited for.
        """
        for _ in range(_LOOKS):
            if self.try_hold(name):
                return
            time.sleep(_INSTANT)  # a lock of the system tells nobody that it is free

    def try_hold(self, name: str) -> bool:
        """Take a lock, unless another process holds it."""
        path = self._folder / _file_of(name)
        while name not in self._held:
            try:
                file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            except OSError:  # no room for a file, or no right to: as if alone
                return True
            if not _lock(file):
                os.close(file)
                return False
            if _is_there(file, path):
                self._held[name] = file
            else:  # its last owner removed it between our opening and locking it
                os.close(file)
        return True

    def release(self, name: str) -> None:
        """Lift a lock; nothing happens if it is not held."""
        file = self._held.pop(name, None)
        if file is not None:
            _remove(file, self._folder / _file_of(name))

    def is_held(self, name: str) -> bool:
        """True if a living process, this one or another, holds it."""
        return name in self._held or is_held(self._folder, name)


def is_held(folder: Path, name: str) -> bool:
    """True if a living process other than this one holds a lock; works in a folder that is read-only."""
    path = folder / _file_of(name)
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    if not _lock(file):
        os.close(file)
        return True
    _remove(file, path)  # its owner was killed
    return False


def _lock(file: int) -> bool:
    """Lock an open file; False if another process has."""
    try:
        return lock_descriptor(file, blocking=False)
    except OSError:  # this file system has no locks
        return True


def _remove(file: int, path: Path) -> None:
    """Remove a locked file and give it back: first the one where that works, on Windows first the other."""
    with contextlib.suppress(OSError):
        path.unlink()
    os.close(file)
    if os.name == "nt":
        with contextlib.suppress(OSError):  # somebody else has it by now
            path.unlink()


def _is_there(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False


def _file_of(name: str) -> str:
    return f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.lock"
