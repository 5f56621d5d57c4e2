"""Pixels as bytes: one a pixel, looked at by rows, and by whole parts as one large number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import compress
from typing import NamedTuple, TypeAlias

Pixels: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels; the last two are outside."""


class Plane(NamedTuple):
    """Zeros and ones, a byte each, row by row."""

    area: Pixels
    data: bytes

    def rows(self, box: Pixels) -> Iterator[bytes]:
        """The rows of a part."""
        left, top, right, bottom = self.area
        x0, y0 = max(box[0], left), max(box[1], top)
        x1, y1 = min(box[2], right), min(box[3], bottom)
        width = right - left
        if x0 < x1:
            for y in range(y0, y1):
                start = (y - top) * width - left
                yield self.data[start + x0 : start + x1]

    def share(self, shape: Plane, box: Pixels) -> float | None:
        """The share of ones in a shape within a box; None where there is nothing of the shape."""
        own = int.from_bytes(b"".join(shape.rows(box)))
        here = int.from_bytes(b"".join(self.rows(box)))
        return (own & here).bit_count() / own.bit_count() if own else None


def columns(rows: list[bytes]) -> bytes:
    """1 for every column with a one in it."""
    found = 0
    for row in rows:
        found |= int.from_bytes(row)
    return found.to_bytes(len(rows[0])) if rows else b""


def strong(area: Pixels, apart: bytes, level: int) -> Plane:
    """Pixels of which red or green is at least at a level, or blue at three times that.

    Blue is hardly seen on black, nor yellow on white.
    """
    found = 0
    for channel, least in enumerate((level, level, 3 * level)):
        found |= int.from_bytes(apart[channel::3].translate(at_least(least)))
    return Plane(area, found.to_bytes(len(apart) // 3))


def unlike_background(samples: bytes, outside: Plane, level: int) -> Plane:
    """Where colours differ from the most frequent one outside of something."""
    colours = (samples[start : start + 3] for start in range(0, len(samples), 3))
    counts = Counter(compress(colours, outside.data))
    usual = counts.most_common(1)[0][0] if counts else b"\xff\xff\xff"
    apart = bytearray(samples)
    for channel, own in enumerate(usual):
        table = bytes(abs(value - own) for value in range(256))
        apart[channel::3] = samples[channel::3].translate(table)
    return strong(outside.area, bytes(apart), level)


@cache
def at_least(level: int) -> bytes:
    """The table that makes ones of a level and all above."""
    return bytes(value >= level for value in range(256))


@cache
def below(level: int) -> bytes:
    """The table that makes ones of all below a level."""
    return bytes(value < level for value in range(256))
