"""The promise in numbers."""

from __future__ import annotations

from collections.abc import Collection

from digest.model import Counts, Entry


def counts_of(entries: Collection[Entry], announced: int) -> Counts:
    """Count the entries of a digest against the number of papers that were announced.

    An entry of an imported digest may have neither line nor flag; it is listed, and counts as neither.
    """
    return Counts(
        announced=announced,
        listed=len(entries),
        summarised=sum(entry.summary is not None and entry.flag is None for entry in entries),
        flagged=sum(entry.flag is not None for entry in entries),
    )
