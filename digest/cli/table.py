"""Tables for a terminal: columns as wide as what is in them, wide characters counted as two."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from digest.system.terminal import in_one_line

_GAP = "  "


def table(
    head: Sequence[str], rows: Iterable[Sequence[object]], right: Collection[int] = ()
) -> Iterator[str]:
    """The lines of a table: the head, then a line a row; None is an empty cell.

    Args:
        head: names of the columns; none for a table without a head.
        rows: what is in each column.
        right: the columns that are set flush right, from 0.
    """
    from rich.cells import cell_len

    cells = [tuple(head)] if head else []
    cells += [tuple("" if cell is None else in_one_line(str(cell)) for cell in row) for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        rooms = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        yield _GAP.join(
            room + cell if place in right else cell + room
            for place, (cell, room) in enumerate(zip(row, rooms, strict=True))
        ).rstrip()
