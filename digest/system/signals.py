"""SIGTERM, as service managers send it, ends a long command as Ctrl-C does: in order, and in a sentence."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

TERMINATED = 128 + signal.SIGTERM
"""The exit code of a command that SIGTERM ended, as shells report it."""


@contextlib.contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C, for as long as the block lasts. For the main thread only.

    Raises:
        SystemExit: with `TERMINATED`, where a SIGTERM ended the block.
    """
    came = False

    def interrupt(_: int, __: FrameType | None) -> None:
        nonlocal came
        came = True
        if callable(signal.getsignal(signal.SIGINT)):
            signal.raise_signal(signal.SIGINT)  # asyncio has its own way with it
        else:
            raise KeyboardInterrupt  # a shell's background job ignores SIGINT

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        if came:
            raise SystemExit(TERMINATED) from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def signals_ignored() -> Iterator[None]:
    """Let neither Ctrl-C nor SIGTERM break off the block, which is short. For the main thread only."""
    both = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, signal.SIG_IGN) for one in both]
    try:
        yield
    finally:
        for one, handler in zip(both, before, strict=True):
            signal.signal(one, handler)
