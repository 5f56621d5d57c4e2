"""Answers of arXiv as they came."""

from __future__ import annotations

import re
from datetime import date as Date
from datetime import datetime
from typing import Any, Literal, Protocol

from pydantic import Field, model_validator

from digest.model.base import Record

SnapshotKind = Literal["listing", "catchup", "feed"]
"""The kind of page that a kept answer of arXiv is."""

_SNAPSHOT_URLS: dict[str, SnapshotKind] = {
    r"/list/[^/]+/new(?:\?|$)": "listing",
    r"/catchup/[^/]+/\d{4}-\d\d-\d\d(?:\?|$)": "catchup",
    r"/(?:atom|rss)/[^/]+$": "feed",
}
"""The ends of the URLs of older snapshots, whose label has no kind."""


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
            found = (
                kind for ending, kind in _SNAPSHOT_URLS.items() if re.search(ending, str(values.get("url")))
            )
            return {**values, "kind": next(found, None)}
        return values


class SnapshotStore(Protocol):
    """Answers of arXiv as they came. Only labelled ones are ever used in place of asking arXiv."""

    def put(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; one with the same `url` and `fetched` is replaced, which is how labels come."""

    def get(self, url: str) -> Snapshot | None:
        """The labelled snapshot of `url` that was fetched last."""

    def day(self, category: str, date: Date) -> tuple[Snapshot, ...]:
        """All that is labelled so, of each URL the last, in the order of fetching; empty if there is none."""

    def before(self, category: str, date: Date) -> Date | None:
        """The latest earlier date for which `category` has labelled snapshots."""


class NoSnapshots(SnapshotStore):
    """A store that keeps nothing."""

    def put(self, snapshot: Snapshot) -> None:
        """Forget it."""

    def get(self, url: str) -> None:
        """Nothing."""

    def day(self, category: str, date: Date) -> tuple[Snapshot, ...]:  # noqa: ARG002 - of the protocol
        """Nothing."""
        return ()

    def before(self, category: str, date: Date) -> None:
        """Nothing."""
