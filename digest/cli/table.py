"""Tables for people: as wide as what is in them, or as the terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence

from digest.system.language import translated
from digest.system.terminal import columns_of, folded, in_one_line

_GAP = 2
_NARROWEST = 20
"""Columns that are left for text; where there are fewer, it goes below its row."""


def width() -> int | None:
    """The columns of the terminal; None for a pipe, whose lines are as long as they are."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
    right: Collection[str] = (),
    spare: Sequence[str] = (),
) -> Iterator[str]:
    """The lines of a table: the head in the user's language, then a row each; None is an empty cell.

    Args:
        head: names of the columns; all empty for a table without a head.
        rows: what is in each column. The last column is folded where the terminal is too narrow for it.
        right: the columns that are set flush right.
        spare: the columns that a narrow terminal does without, the first of them first.
    """
    cells = [[in_one_line("" if cell is None else str(cell)) for cell in row] for row in rows]
    if any(head):
        cells.insert(0, [translated(name) for name in head])
    widths = [max(map(columns_of, column)) for column in zip(*cells, strict=True)]
    room = width()
    shown = _that_fit(head, widths, spare, room)
    for row in cells:
        kept = [(row[place], widths[place], head[place] in right) for place in shown]
        yield from _lines(kept, room)


def _that_fit(
    head: Sequence[str], widths: Sequence[int], spare: Sequence[str], room: int | None
) -> list[int]:
    """The places of the columns that are shown."""
    shown = list(range(len(widths)))
    for name in spare:
        if room is None or sum(widths[place] + _GAP for place in shown) - _GAP <= room:
            break
        shown.remove(head.index(name))
    return shown


def _lines(row: Sequence[tuple[str, int, bool]], room: int | None) -> Iterator[str]:
    """One row; its last cell folded into what is left of the width."""
    *first, (text, wide, to_the_right) = row
    begin = "".join(_set(cell, width, at_right) + " " * _GAP for cell, width, at_right in first)
    used = columns_of(begin)
    if room is None or used + min(wide, columns_of(text)) <= room:
        yield (begin + (_set(text, wide, right=True) if to_the_right else text)).rstrip()
        return
    if room - used < _NARROWEST:
        yield begin.rstrip()
        used = 4
        begin = " " * used
    for line in folded(text, room - used):
        yield (begin + line).rstrip()
        begin = " " * used


def _set(cell: str, width: int, right: bool) -> str:
    room = " " * (width - columns_of(cell))
    return room + cell if right else cell + room
