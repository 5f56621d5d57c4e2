"""Batches of questions at an endpoint: what was meant to be sent, what was sent, what was collected."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from datetime import date as Date  # noqa: N812 - as in digest.model

from digest.ledger.interface import Batch, BatchState
from digest.ledger.sqlite.connection import Store, pack, unpack
from digest.model import Request

_OPEN = "state IN ('intended', 'uploaded', 'submitted')"
_COLUMNS = "id, token, run, section, date, state, changed, file, remote"


class SqliteBatches:
    """The ledger's tables of batches of one endpoint."""

    def __init__(self, store: Store, endpoint: str) -> None:
        self._store = store
        self._endpoint = endpoint

    def intend(self, run: int, section: str, day: Date, questions: Sequence[tuple[Request, str]]) -> Batch:
        """Note a batch before anything of it is sent: questions, each with the paper that it is about."""
        token = secrets.token_hex(8)
        with self._store.transaction():
            cursor = self._store.write(
                "INSERT INTO batches (token, endpoint, run, section, date, state, changed) "
                "VALUES (?, ?, ?, ?, ?, 'intended', ?)",
                (token, self._endpoint, run, section, day.isoformat(), _now()),
            )
            for request, paper in questions:
                self._store.write(
                    "INSERT INTO batch_rows (batch, key, paper, request) VALUES (?, ?, ?, ?)",
                    (cursor.lastrowid, request.key, paper, pack(request)),
                )
        return next(batch for batch in self.open() if batch.token == token)

    def change(
        self, batch: Batch, state: BatchState, file: str | None = None, remote: str | None = None
    ) -> Batch:
        """Note how far a batch is; names that are not given stay."""
        self._store.write(
            "UPDATE batches SET state = ?, changed = ?, file = coalesce(?, file), "
            "remote = coalesce(?, remote) WHERE id = ?",
            (state, _now(), file, remote, batch.id),
        )
        (row,) = self._store.rows(f"SELECT {_COLUMNS} FROM batches WHERE id = ?", (batch.id,))  # noqa: S608 - ours
        return _batch(row)

    def open(self) -> tuple[Batch, ...]:
        """The batches whose answers are not collected yet, oldest first."""
        sql = f"SELECT {_COLUMNS} FROM batches WHERE endpoint = ? AND {_OPEN} ORDER BY id"  # noqa: S608 - ours
        return tuple(_batch(row) for row in self._store.rows(sql, (self._endpoint,)))

    def questions(self, batch: Batch) -> Iterator[tuple[Request, str]]:
        """The questions of a batch, each with its paper."""
        sql = "SELECT request, paper FROM batch_rows WHERE batch = ? ORDER BY key"
        for blob, paper in self._store.rows(sql, (batch.id,)):
            request = unpack(Request, blob)
            if request is not None:
                yield request, str(paper)

    def count(self, batch: Batch) -> int:
        """The number of questions in a batch."""
        row = self._store.one("SELECT count(*) FROM batch_rows WHERE batch = ?", (batch.id,))
        return 0 if row is None else int(row[0])

    def holder(self, key: str) -> int | None:
        """The number of the open batch that the question is in, if it is in one."""
        sql = (
            f"SELECT id FROM batch_rows JOIN batches ON id = batch WHERE key = ? AND endpoint = ? AND {_OPEN}"  # noqa: S608 - ours
        )
        row = self._store.one(sql, (key, self._endpoint))
        return None if row is None else int(row[0])

    def collected(self, key: str, after: int = 0) -> bool:
        """True if the question was part of a batch that ended, of run `after` or a later one."""
        sql = (
            "SELECT 1 FROM batch_rows JOIN batches ON batches.id = batch "
            "WHERE key = ? AND endpoint = ? AND run >= ? AND state = 'collected'"
        )
        return self._store.one(sql, (key, self._endpoint, after)) is not None

    def refuse(self, key: str) -> None:
        """Note that a content filter refused the question, which asking again would not change."""
        sql = (
            "UPDATE batch_rows SET refused = 1 WHERE key = ? "
            "AND batch IN (SELECT id FROM batches WHERE endpoint = ?)"
        )
        self._store.write(sql, (key, self._endpoint))

    def refused(self, key: str) -> bool:
        """True if a content filter refused the question in a batch."""
        sql = (
            "SELECT 1 FROM batch_rows JOIN batches ON batches.id = batch "
            "WHERE key = ? AND endpoint = ? AND refused"
        )
        return self._store.one(sql, (key, self._endpoint)) is not None


def _batch(row: tuple[object, ...]) -> Batch:
    id_, token, run, section, day, state, changed, file, remote = row
    return Batch(
        id=int(str(id_)),
        token=str(token),
        run=int(str(run)),
        section=str(section),
        date=Date.fromisoformat(str(day)),
        state=state,  # type: ignore[arg-type]  # as written
        changed=datetime.fromisoformat(str(changed)),
        file=None if file is None else str(file),
        remote=None if remote is None else str(remote),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
