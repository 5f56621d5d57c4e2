"""Answers of arXiv as they came, in the tables of the ledger."""

from __future__ import annotations

import hashlib
from datetime import UTC
from datetime import date as Date

from digest.ledger.sql.codec import iso, pack, unpack
from digest.ledger.sql.database import Database
from digest.model import Snapshot, SnapshotStore

_LONGEST_URL = 2400
"""Bytes; a longer one does not fit into an index of PostgreSQL."""


class SqlSnapshots(SnapshotStore):
    """The ledger's table of them.

    Args:
        database: with the ledger's tables.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def put(self, snapshot: Snapshot) -> None:
        fetched = snapshot.fetched.astimezone(UTC).isoformat(timespec="microseconds")
        self.database.write(
            "INSERT INTO snapshots (url, fetched, category, date, snapshot) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (url, fetched) DO UPDATE "
            "SET category = excluded.category, date = excluded.date, snapshot = excluded.snapshot",
            (_short(snapshot.url), fetched, snapshot.category, iso(snapshot.date), pack(snapshot)),
        )

    def get(self, url: str) -> Snapshot | None:
        row = self.database.one(
            "SELECT snapshot FROM snapshots WHERE url = ? AND date IS NOT NULL ORDER BY fetched DESC LIMIT 1",
            (_short(url),),
        )
        return None if row is None else unpack(Snapshot, row[0])

    def day(self, category: str, date: Date) -> tuple[Snapshot, ...]:
        rows = self.database.rows(
            "SELECT snapshot FROM snapshots AS one WHERE category = ? AND date = ? AND fetched = "
            "(SELECT max(fetched) FROM snapshots WHERE url = one.url AND category = ? AND date = ?) "
            "ORDER BY fetched, url",
            (category, date.isoformat(), category, date.isoformat()),
        )
        snapshots = [unpack(Snapshot, row[0]) for row in rows]
        whole = tuple(one for one in snapshots if one is not None)
        return whole if len(whole) == len(snapshots) else ()  # a day with a page missing is not kept

    def before(self, category: str, date: Date) -> Date | None:
        row = self.database.one(
            "SELECT max(date) FROM snapshots WHERE category = ? AND date < ?", (category, date.isoformat())
        )
        return None if row is None or row[0] is None else Date.fromisoformat(row[0])


def _short(url: str) -> str:
    """An address as a key."""
    content = url.encode("utf-8", "surrogatepass")
    if len(content) <= _LONGEST_URL:
        return url
    return f"{url[: _LONGEST_URL // 6]} {hashlib.sha256(content).hexdigest()}"
