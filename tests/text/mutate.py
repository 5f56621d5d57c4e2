"""Files made from good ones by flipping, cutting and splicing bytes, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence


def mutants(sources: Sequence[bytes], number: int, seed: int) -> Iterator[bytes]:
    """`number` damaged files, made of `sources` in turn."""
    chance = random.Random(seed)
    for i in range(number):
        content = bytearray(sources[i % len(sources)])
        for _ in range(chance.randint(1, 3)):
            content = chance.choice((_flip, _cut, _splice, _blank, _repeat))(content, sources, chance)
        yield bytes(content)


def _flip(content: bytearray, sources: Sequence[bytes], chance: random.Random) -> bytearray:
    for _ in range(chance.choice((1, 10, 200, 3000))):
        if content:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return content


def _cut(content: bytearray, _: Sequence[bytes], chance: random.Random) -> bytearray:
    start, end = _range(content, chance)
    return content[:start] + content[end:]


def _splice(content: bytearray, sources: Sequence[bytes], chance: random.Random) -> bytearray:
    other = bytearray(chance.choice(sources))
    start, end = _range(other, chance)
    place = chance.randint(0, len(content))
    return content[:place] + other[start:end] + content[place:]


def _blank(content: bytearray, _: Sequence[bytes], chance: random.Random) -> bytearray:
    start, end = _range(content, chance)
    return content[:start] + bytes(end - start) + content[end:]


def _repeat(content: bytearray, _: Sequence[bytes], chance: random.Random) -> bytearray:
    start, end = _range(content, chance)
    return content[:end] + content[start:end] + content[end:]


def _range(content: bytearray, chance: random.Random) -> tuple[int, int]:
    start = chance.randint(0, len(content))
    return start, min(len(content), start + chance.choice((10, 1000, 50_000)))
