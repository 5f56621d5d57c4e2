"""Answers of arXiv as they came, so that a day can be made again without asking again."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812 - `date` is the name of a field below
from datetime import datetime
from typing import Protocol

from digest.model import Snapshot


class SnapshotStore(Protocol):
    """Where snapshots are kept. Only labelled ones are ever used in place of asking arXiv."""

    def put(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; one with the same `url` and `fetched` is replaced, which is how labels come."""

    def get(self, url: str) -> Snapshot | None:
        """The labelled snapshot of `url` that was fetched last."""

    def day(self, category: str, date: Date) -> tuple[Snapshot, ...]:
        """The pages labelled so, in the order of fetching, of each URL the last; empty if there are none."""

    def before(self, category: str, date: Date) -> Date | None:
        """The latest earlier date for which `category` has labelled pages."""


class MemorySnapshots:
    """A `SnapshotStore` that lasts as long as the process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, datetime], Snapshot] = {}

    def put(self, snapshot: Snapshot) -> None:
        """See `SnapshotStore`."""
        self._kept[snapshot.url, snapshot.fetched] = snapshot

    def get(self, url: str) -> Snapshot | None:
        """See `SnapshotStore`."""
        found = [one for one in self._kept.values() if one.url == url and one.date is not None]
        return max(found, key=lambda one: one.fetched, default=None)

    def day(self, category: str, date: Date) -> tuple[Snapshot, ...]:
        """See `SnapshotStore`."""
        found = [one for one in self._kept.values() if one.category == category and one.date == date]
        last = {one.url: one for one in sorted(found, key=lambda one: one.fetched)}
        return tuple(sorted(last.values(), key=lambda one: one.fetched))

    def before(self, category: str, date: Date) -> Date | None:
        """See `SnapshotStore`."""
        dates = (one.date for one in self._kept.values() if one.category == category)
        return max((one for one in dates if one is not None and one < date), default=None)
