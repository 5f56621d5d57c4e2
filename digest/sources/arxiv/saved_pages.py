"""Pages of an announcement that were kept, and which of them make up one whole reading."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from digest.model import Snapshot, SnapshotKind

PageKind = Literal["listing", "catchup"]


def latest_reading(snapshots: Iterable[Snapshot], kind: SnapshotKind) -> tuple[Snapshot, ...]:
    """The pages of the last reading of this kind among a day's snapshots; empty if one is missing."""
    of_kind = sorted((one for one in snapshots if one.kind == kind), key=lambda one: one.fetched)
    if not of_kind or of_kind[-1].pages is None:  # an older label: the last of each URL
        return tuple({one.url: one for one in of_kind if one.pages is None}.values())
    count = of_kind[-1].pages
    by_page = {one.page: one for one in of_kind if one.pages == count}
    return tuple(by_page[number] for number in sorted(by_page)) if len(by_page) == count else ()
