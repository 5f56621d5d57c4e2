"""Answers of arXiv as they came, so that a day can be made again without asking again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date as Date  # noqa: N812 - `date` is the name of a field below
from datetime import datetime
from typing import Any, Literal, Protocol

from pydantic import Field, model_validator

from digest.model import Record

PageKind = Literal["listing", "catchup"]
SnapshotKind = Literal["listing", "catchup", "feed"]

_KINDS: dict[str, SnapshotKind] = {
    r"/list/[^/]+/new(?:\?|$)": "listing",
    r"/catchup/[^/]+/\d{4}-\d\d-\d\d(?:\?|$)": "catchup",
    r"/(?:atom|rss)/[^/]+$": "feed",
}
"""Ends of URLs, for older snapshots whose label has no kind."""


class Snapshot(Record):
    """One answer. The label (kind, category, date, page) is given once it was checked to be complete."""

    url: str
    fetched: datetime
    status: int
    etag: str | None = None
    last_modified: str | None = None
    body: str
    kind: SnapshotKind | None = None
    category: str | None = Field(
        default=None, description="such as cs.SD; all of a section joined by + for a feed"
    )
    date: Date | None = Field(default=None, description="the announcement that the answer was found to be")
    page: int = Field(default=1, ge=1, description="which page of the reading it is")
    pages: int | None = Field(default=None, description="pages of the reading; None in older labels")

    @model_validator(mode="before")
    @classmethod
    def _kind_of_older_label(cls, values: Any) -> Any:  # noqa: ANN401 - whatever is to be validated
        if isinstance(values, dict) and values.get("date") and not values.get("kind"):
            found = (kind for ending, kind in _KINDS.items() if re.search(ending, str(values.get("url"))))
            return {**values, "kind": next(found, None)}
        return values


def latest_reading(snapshots: Iterable[Snapshot], kind: SnapshotKind) -> tuple[Snapshot, ...]:
    """The pages of the last reading of this kind among a day's snapshots; empty if one is missing."""
    of_kind = sorted((one for one in snapshots if one.kind == kind), key=lambda one: one.fetched)
    if not of_kind or of_kind[-1].pages is None:  # an older label: the last of each URL
        return tuple({one.url: one for one in of_kind if one.pages is None}.values())
    count = of_kind[-1].pages
    by_page = {one.page: one for one in of_kind if one.pages == count}
    return tuple(by_page[number] for number in sorted(by_page)) if len(by_page) == count else ()


class SnapshotStore(Protocol):
    """Where snapshots are kept. Only labelled ones are ever used in place of asking arXiv."""

    def put(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; one with the same `url` and `fetched` is replaced, which is how labels come."""

    def get(self, url: str) -> Snapshot | None:
        """The labelled snapshot of `url` that was fetched last."""

    def day(self, category: str, date: Date) -> tuple[Snapshot, ...]:
        """All that is labelled so, in the order of fetching, of each URL the last; empty if there is none."""

    def before(self, category: str, date: Date) -> Date | None:
        """The latest earlier date for which `category` has labelled snapshots."""


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
