"""The start of a worker process, before its first task."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal

MEMORY = 3 << 30
"""Bytes of address space; a paper takes a tenth of it, a decompression bomb all there is."""


def prepare() -> None:
    """Set up a worker: silent, killable at once, and limited in memory."""
    # The library under pymupdf writes to the file descriptors, past sys.stdout.
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    os.close(silence)
    # A handler in Python waits for C code to return, which code that hangs never does.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no limits, macOS not this one
        resource = importlib.import_module("resource")
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    importlib.import_module("digest.text.pdf_pages")
    gc.freeze()
