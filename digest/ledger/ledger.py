"""The ledger: one SQLite file under `runs/` that keeps what was received, for ever.

A completion is committed in the moment it arrives, before anything else happens to it, with
`synchronous = FULL`: the write-ahead log is synced to disk before `keep` returns, so neither a killed process
nor lost power makes us ask (and pay) again. Errors are events, never answers.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from datetime import date as Date  # noqa: N812 - `date` is the name of an argument below
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from digest.errors import LedgerError, UsageError
from digest.ledger.schema import migrate
from digest.model import Completion, Digest, Text
from digest.sources.snapshots import Snapshot

FILE_NAME = "ledger.sqlite3"
_BUSY_SECONDS = 30.0


class Ledger:
    """An open ledger. One per process; others may have the same file open.

    Args:
        folder: the `runs/` folder; made when missing.

    Raises:
        UsageError: the folder or file cannot be written.
        LedgerError: the file is damaged, or was written by a newer version of this program.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        except (OSError, sqlite3.OperationalError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(
                f"{folder}: cannot be written ({reason}). Choose another folder with --out."
            ) from error
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            migrate(self._connection)
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise UsageError(
                f"{self.path}: cannot be written ({error}). Choose another folder with --out."
            ) from error
        except (sqlite3.DatabaseError, ValueError) as error:
            self._connection.close()
            raise LedgerError(
                f"{self.path}: not a usable ledger ({error}). Move the file away to start a new one; "
                "its answers will then have to be asked again."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    # completions

    def completion(self, key: str, after: int = 0) -> Completion | None:
        """The newest answer kept under `key`, if any; only one kept by run `after` or a later one."""
        row = self._one(
            "SELECT completion FROM completions WHERE key = ? AND run >= ? ORDER BY id DESC LIMIT 1",
            (key, after),
        )
        return None if row is None else Completion.model_validate_json(_unpack(row[0]))

    def keep(self, completion: Completion, request: Mapping[str, Any], run: int, paper: str | None) -> None:
        """Keep an answer. When this returns, it is on disk."""
        self._write(
            "INSERT INTO completions (key, run, paper, request, completion) VALUES (?, ?, ?, ?, ?)",
            (completion.key, run, paper, _pack(_canonical(request)), _pack(completion.model_dump_json())),
        )

    # runs and events

    def begin(self, command: str, section: str | None = None) -> int:
        """Note that a run has begun, and return its number."""
        cursor = self._write(
            "INSERT INTO runs (started, state, command, section) VALUES (?, 'running', ?, ?)",
            (_now(), command, section),
        )
        return int(cursor.lastrowid or 0)

    def finish(self, run: int, state: str, report: Mapping[str, Any], day: Date | None = None) -> None:
        """Note how a run ended: complete, flagged, quiet, or failed, with its report."""
        self._write(
            "UPDATE runs SET finished = ?, state = ?, report = ?, date = ? WHERE id = ?",
            (_now(), state, _canonical(report), None if day is None else day.isoformat(), run),
        )

    def event(
        self, run: int, stage: str, what: str, paper: str | None = None, detail: str | None = None
    ) -> None:
        """Note something that happened on the way; never an answer."""
        self._write(
            "INSERT INTO events (run, at, paper, stage, what, detail) VALUES (?, ?, ?, ?, ?, ?)",
            (run, _now(), paper, stage, what, detail),
        )

    # texts

    def text(self, paper: str, recipe: str) -> Text | None:
        """The passages kept for a paper (identifier with version) under a recipe, if any."""
        row = self._one("SELECT text FROM texts WHERE paper = ? AND recipe = ?", (paper, recipe))
        return None if row is None else Text.model_validate_json(_unpack(row[0]))

    def keep_text(self, paper: str, recipe: str, text: Text) -> None:
        """Keep a paper's passages, so that the same question can be put together again."""
        self._write(
            "INSERT OR REPLACE INTO texts (paper, recipe, text) VALUES (?, ?, ?)",
            (paper, recipe, _pack(text.model_dump_json())),
        )

    # answers of arXiv: this is a `SnapshotStore`

    def put(self, snapshot: Snapshot) -> None:
        """Keep an answer of arXiv; one with the same URL and time is replaced."""
        day = None if snapshot.date is None else snapshot.date.isoformat()
        self._write(
            "INSERT OR REPLACE INTO snapshots (url, fetched, category, date, snapshot) "
            "VALUES (?, ?, ?, ?, ?)",
            (snapshot.url, _instant(snapshot), snapshot.category, day, _pack(snapshot.model_dump_json())),
        )

    def get(self, url: str) -> Snapshot | None:
        """The labelled answer of a URL that was fetched last."""
        row = self._one(
            "SELECT snapshot FROM snapshots WHERE url = ? AND date IS NOT NULL ORDER BY fetched DESC LIMIT 1",
            (url,),
        )
        return None if row is None else Snapshot.model_validate_json(_unpack(row[0]))

    def day(self, category: str, date: Date) -> tuple[Snapshot, ...]:
        """The answers labelled as a category's announcement of a date, of each URL the last, oldest first."""
        rows = self._all(
            "SELECT snapshot, max(fetched) FROM snapshots WHERE category = ? AND date = ? "
            "GROUP BY url ORDER BY max(fetched)",
            (category, date.isoformat()),
        )
        return tuple(Snapshot.model_validate_json(_unpack(row[0])) for row in rows)

    def before(self, category: str, date: Date) -> Date | None:
        """The latest earlier date of which a category's announcement is kept."""
        row = self._one(
            "SELECT max(date) FROM snapshots WHERE category = ? AND date < ?", (category, date.isoformat())
        )
        return None if row is None or row[0] is None else Date.fromisoformat(row[0])

    # listings of published digests

    def keep_listings(self, digest: Digest) -> None:
        """Note which papers a digest holds, for telling later digests that they were seen."""
        if digest.date is None:
            return
        day = digest.date.isoformat()
        with self._transaction():
            for entry in digest.entries:
                self._connection.execute(
                    "INSERT OR REPLACE INTO listings (section, date, paper, kind) VALUES (?, ?, ?, ?)",
                    (digest.section.key, day, entry.paper.id, entry.listing.kind),
                )

    def seen(self, section: str, paper: str, before: Date) -> Date | None:
        """The newest date before `before` on which a digest of the section held the paper."""
        row = self._one(
            "SELECT max(date) FROM listings WHERE paper = ? AND section = ? AND date < ?",
            (paper, section, before.isoformat()),
        )
        return None if row is None or row[0] is None else Date.fromisoformat(row[0])

    # what endpoints can do

    def traits(self, endpoint: str, model: str) -> str | None:
        """What was learned about an endpoint and model (JSON), if anything."""
        row = self._one("SELECT traits FROM capabilities WHERE endpoint = ? AND model = ?", (endpoint, model))
        return None if row is None else str(row[0])

    def keep_traits(self, endpoint: str, model: str, traits: str) -> None:
        """Remember what was learned about an endpoint and model (JSON)."""
        self._write(
            "INSERT OR REPLACE INTO capabilities (endpoint, model, traits, learned) VALUES (?, ?, ?, ?)",
            (endpoint, model, traits, _now()),
        )

    # plumbing

    def _one(self, sql: str, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
        try:
            row: tuple[Any, ...] | None = self._connection.execute(sql, values).fetchone()
        except sqlite3.DatabaseError as error:
            raise self._trouble("read", error) from error
        return row

    def _all(self, sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise self._trouble("read", error) from error

    def _write(self, sql: str, values: tuple[Any, ...]) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, values)
        except sqlite3.DatabaseError as error:
            raise self._trouble("written", error) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise self._trouble("written", error) from error

    def _trouble(self, what: str, error: sqlite3.DatabaseError) -> LedgerError:
        return LedgerError(
            f"{self.path}: the ledger cannot be {what} ({error}). What it holds so far is kept; free "
            "space or mend the folder, then start the same command again."
        )


def _instant(snapshot: Snapshot) -> str:
    return snapshot.fetched.astimezone(UTC).isoformat(timespec="microseconds")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _canonical(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _pack(text: str) -> bytes:
    return zlib.compress(text.encode())


def _unpack(blob: bytes) -> str:
    return zlib.decompress(blob).decode()
