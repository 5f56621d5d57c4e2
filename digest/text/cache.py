"""PDFs on disk, by identifier and version, the least recently used removed first."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Container
from pathlib import Path

_MB = 1 << 20
_TAIL = 2048  # bytes in which %%EOF stands; some files have a signature or line ends behind it


def name_of(versioned_id: str) -> str:
    """The file name of a paper: hep-th/9901001v2 is hep-th_9901001v2.pdf."""
    return re.sub(r"[^\w.-]", "_", versioned_id) + ".pdf"


def take(path: Path) -> bool:
    """True if the file is there, and begins and ends as a PDF does; it then counts as just used."""
    try:
        with path.open("rb") as file:
            head = file.read(1024)
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            whole = b"%PDF-" in head and b"%%EOF" in file.read()
        os.utime(path)
    except FileNotFoundError:
        return False
    return whole


def drop(path: Path) -> None:
    """Remove one file, if it is there."""
    with contextlib.suppress(OSError):  # Windows removes no file that is being read
        path.unlink(missing_ok=True)


def shrink(folder: Path, limit_mb: int, spared: Container[Path] = ()) -> None:
    """Remove the least recently used PDFs of `folder` until all together are within the limit.

    Args:
        folder: where the files are.
        limit_mb: what they may take, in MB (2**20 bytes).
        spared: files that are being read, and stay.
    """
    files = []
    for path in folder.glob("*.pdf"):
        with contextlib.suppress(OSError):  # another run may have removed it
            status = path.stat()
            files.append((status.st_mtime_ns, status.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= limit_mb * _MB:
            return
        if path not in spared:
            with contextlib.suppress(OSError):  # Windows removes no file that is being read
                path.unlink(missing_ok=True)
                total -= size
