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


def differing(one: bytes, other: bytes, level: int) -> bytes:
    """1 where two pictures of one size differ by at least a level of 1 to 255, else 0.

    All pixels are subtracted at once: every second one stands in a lane of 16 bits of a large number, with
    512 less the level added, so that bit 9 says whether a difference is as large.
    """
    size = len(one)
    first, second = int.from_bytes(one), int.from_bytes(other)
    ones = int.from_bytes(b"\0\1" * ((size + 1) // 2))
    found, offset, lanes = 0, (512 - level) * ones, 255 * ones
    for shift in (0, 8):
        a, b = first >> shift & lanes, second >> shift & lanes
        found |= ((a + offset - b | b + offset - a) >> 9 & ones) << shift
    return found.to_bytes(size)


def unlike(area: Pixels, drawn: bytes, beneath: bytes, level: int) -> Plane:
    """Pixels of grey that differ by at least a level from what is beneath; no bytes there stand for white."""
    width = area[2] - area[0]
    white = b"\xff" * width
    found = bytearray(drawn.translate(below(256 - level)))
    for start in range(0, len(beneath), width):
        row = beneath[start : start + width]
        if row != white:  # few are not; comparing costs far less than looking for what is not white
            found[start : start + width] = differing(drawn[start : start + width], row, level)
    return Plane(area, bytes(found))


def strong(area: Pixels, one: bytes, other: bytes, level: int) -> Plane:
    """Pixels of which red or green differs by at least a level, or blue by three times that.

    Blue is hardly seen on black, nor yellow on white.
    """
    found = 0
    for channel, least in enumerate((level, level, 3 * level)):
        found |= int.from_bytes(differing(one[channel::3], other[channel::3], least))
    return Plane(area, found.to_bytes(len(one) // 3))


def unlike_background(samples: bytes, outside: Plane, level: int) -> Plane:
    """Where colours differ from the most frequent one outside of something."""
    colours = (samples[start : start + 3] for start in range(0, len(samples), 3))
    counts = Counter(compress(colours, outside.data))
    usual = counts.most_common(1)[0][0] if counts else b"\xff\xff\xff"
    return strong(outside.area, samples, usual * (len(samples) // 3), level)


@cache
def at_least(level: int) -> bytes:
    """The table that makes ones of a level and all above."""
    return bytes(value >= level for value in range(256))


@cache
def below(level: int) -> bytes:
    """The table that makes ones of all below a level."""
    return bytes(value < level for value in range(256))
