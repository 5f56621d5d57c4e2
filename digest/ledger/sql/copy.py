"""Moving a ledger from one database to another, whole or not at all, and verified."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from digest.ledger.sql.database import Database, SqlRow
from digest.ledger.sql.schema import Table, newest
from digest.system.errors import LedgerError, UsageError


@dataclass(frozen=True)
class Content:
    """The number of rows of a table, and the SHA-256 of all their values in the order of its primary key."""

    rows: int
    digest: str


def copy(source: Database, target: Database) -> tuple[dict[str, Content], bool]:
    """Copy all of a ledger, as it is at one moment, into an empty one.

    What was written is read again and compared before it is committed, so a process that is killed leaves the
    target empty.

    Returns:
        What each table holds; and False if the target held the same already.

    Raises:
        UsageError: the target holds something else.
        LedgerError: one of them cannot be read or written; the target is as it was.
    """

    def work() -> tuple[dict[str, Content], bool]:
        target.claim_whole()
        there = contents(target)
        if any(one.rows for one in there.values()):
            if there != contents(source):
                raise UsageError(f"{target.name}: holds another ledger's rows. Copy into an empty one.")
            return there, False
        written = {table.name: _copy(table, source, target) for table in newest()[0]}
        if contents(target) != written:
            raise LedgerError(
                f"{target.name}: what was written is not what can be read; nothing is kept of it."
            )
        return written, True

    with source.snapshot():
        return target.run_transaction(work)


def contents(database: Database) -> dict[str, Content]:
    """The content of each table of a ledger, by its name."""
    found = {}
    for table in newest()[0]:
        hasher = _RowHasher(_rows(table, database))
        for _ in hasher:
            pass
        found[table.name] = hasher.content
    return found


def _copy(table: Table, source: Database, target: Database) -> Content:
    hasher = _RowHasher(_rows(table, source))
    target.fill(table, hasher)
    return hasher.content


def _rows(table: Table, database: Database) -> Iterator[SqlRow]:
    columns, key = ", ".join(table.columns), ", ".join(table.key)
    return database.scan(f"SELECT {columns} FROM {table.name} ORDER BY {key}")


class _RowHasher:
    """Passes rows on, and takes down what they were."""

    def __init__(self, rows: Iterator[SqlRow]) -> None:
        self._rows = rows
        self._count = 0
        self._hash = hashlib.sha256()

    def __iter__(self) -> Iterator[SqlRow]:
        for row in self._rows:
            for value in row:
                self._note(value)
            self._count += 1
            yield row

    @property
    def content(self) -> Content:
        """The content of the rows so far."""
        return Content(self._count, self._hash.hexdigest())

    def _note(self, value: object) -> None:
        content = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
        self._hash.update(f"{type(value).__name__} {len(content)} ".encode() + content)
