"""Batches of questions at an endpoint: what was meant to be sent, what was sent, what was collected."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import date as Date
from datetime import datetime

from digest.ledger.interface import Batch, BatchLog, BatchState
from digest.ledger.sql.codec import now, pack, unpack
from digest.ledger.sql.database import Database
from digest.model import Request

_AT_ONCE = 200
"""Questions in memory."""

_OPEN = "state IN ('intended', 'uploaded', 'submitted')"
_COLUMNS = "id, token, run, section, date, state, changed, file, remote"


class SqlBatches(BatchLog):
    """The ledger's tables of batches of one endpoint."""

    def __init__(self, database: Database, endpoint: str) -> None:
        self._database = database
        self._endpoint = endpoint

    def intend(self, run: int, section: str, day: Date, questions: Sequence[tuple[Request, str]]) -> Batch:
        token = secrets.token_hex(8)

        def work() -> None:
            number = self._database.insert(
                "INSERT INTO batches (token, endpoint, run, section, date, state, changed) "
                "VALUES (?, ?, ?, ?, ?, 'intended', ?)",
                (token, self._endpoint, run, section, day.isoformat(), now()),
            )
            for request, paper in questions:
                self._database.write(
                    "INSERT INTO batch_rows (batch, key, paper, request) VALUES (?, ?, ?, ?)",
                    (number, request.key, paper, pack(request)),
                )

        self._database.run_transaction(work)
        return next(batch for batch in self.open() if batch.token == token)

    def change(
        self, batch: Batch, state: BatchState, file: str | None = None, remote: str | None = None
    ) -> Batch:
        self._database.write(
            "UPDATE batches SET state = ?, changed = ?, file = coalesce(?, file), "
            "remote = coalesce(?, remote) WHERE id = ?",
            (state, now(), file, remote, batch.id),
        )
        (row,) = self._database.rows(f"SELECT {_COLUMNS} FROM batches WHERE id = ?", (batch.id,))
        return _batch(row)

    def open(self) -> tuple[Batch, ...]:
        sql = f"SELECT {_COLUMNS} FROM batches WHERE endpoint = ? AND {_OPEN} ORDER BY id"
        return tuple(_batch(row) for row in self._database.rows(sql, (self._endpoint,)))

    def questions(self, batch: Batch) -> Iterator[tuple[Request, str]]:
        sql = "SELECT key, request, paper FROM batch_rows WHERE batch = ? AND key > ? ORDER BY key LIMIT ?"
        last = ""
        while rows := list(self._database.rows(sql, (batch.id, last, _AT_ONCE))):
            for key, blob, paper in rows:
                last = key
                if (request := unpack(Request, blob)) is not None:
                    yield request, str(paper)

    def count(self, batch: Batch) -> int:
        row = self._database.one("SELECT count(*) FROM batch_rows WHERE batch = ?", (batch.id,))
        return 0 if row is None else int(row[0])

    def holder(self, key: str) -> int | None:
        sql = (
            "SELECT id FROM batch_rows JOIN batches ON id = batch "
            f"WHERE key = ? AND endpoint = ? AND {_OPEN} ORDER BY id LIMIT 1"
        )
        row = self._database.one(sql, (key, self._endpoint))
        return None if row is None else int(row[0])

    def collected(self, key: str, after: int = 0) -> bool:
        sql = (
            "SELECT 1 FROM batch_rows JOIN batches ON batches.id = batch "
            "WHERE key = ? AND endpoint = ? AND run >= ? AND state = 'collected'"
        )
        return self._database.one(sql, (key, self._endpoint, after)) is not None

    def refuse(self, key: str) -> None:
        sql = (
            "UPDATE batch_rows SET refused = 1 WHERE key = ? "
            "AND batch IN (SELECT id FROM batches WHERE endpoint = ?)"
        )
        self._database.write(sql, (key, self._endpoint))

    def refused(self, key: str) -> bool:
        sql = (
            "SELECT 1 FROM batch_rows JOIN batches ON batches.id = batch "
            "WHERE key = ? AND endpoint = ? AND refused = 1"
        )
        return self._database.one(sql, (key, self._endpoint)) is not None


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
