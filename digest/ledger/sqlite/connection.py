"""The ledger's file: opened, read and written; every trouble becomes a sentence."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from digest.ledger.sql.codec import restored, storable
from digest.ledger.sql.database import Database, SqlRow
from digest.ledger.sql.schema import Table, migrations, newest
from digest.ledger.sqlite.locks import Locks, is_held
from digest.ledger.sqlite.schema import check, migrate
from digest.system.errors import LedgerError, NoLedgerError, UsageError

T = TypeVar("T")

LOCK_NAME = "ledger.locks"
SYNCHRONOUS = "FULL"
"""SQLite's setting: the disk confirms what is written before every commit returns; see `connect`."""
_BUSY_SECONDS = 30.0
_MOST_PROBLEMS = 20


class SqliteDatabase(Database):
    """An open file with the ledger's tables.

    Args:
        path: the file.
        connection: to it, in autocommit mode.
        locks: None: only to be looked at.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, locks: Locks | None = None) -> None:
        self.path = path
        self.name = str(path)
        self._connection = connection
        self._locks = locks

    def __reduce__(self) -> tuple[Callable[[Path], SqliteDatabase], tuple[Path]]:
        """As its file: where it is unpickled it is opened anew."""
        return open_file, (self.path,)

    def close(self) -> None:
        if self._locks is not None:
            self._locks.close()
        self._connection.close()

    def rows(self, sql: str, values: SqlRow = ()) -> Iterator[SqlRow]:
        try:
            for row in self._connection.execute(sql, tuple(map(storable, values))):
                yield tuple(map(restored, row))
        except sqlite3.DatabaseError as error:
            raise self._trouble("read", error) from error
        except UnicodeDecodeError as error:
            raise damaged(self.path, error) from error

    scan = rows

    def write(self, sql: str, values: SqlRow = ()) -> int:
        return self._execute(sql, values).rowcount

    def insert(self, sql: str, values: SqlRow) -> int:
        return int(self._execute(sql, values).lastrowid or 0)

    def _execute(self, sql: str, values: SqlRow) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, tuple(map(storable, values)))
        except sqlite3.DatabaseError as error:
            raise self._trouble("written", error) from error

    def run_transaction(self, work: Callable[[], T]) -> T:
        with self._transaction("BEGIN IMMEDIATE"):
            return work()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self._transaction("BEGIN"):
            yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self.write(begin)
        try:
            yield
            self.write("COMMIT")
        except BaseException:  # undone, and raised again
            if self._connection.in_transaction:  # SQLite itself rolls back when the disk is full
                self._connection.rollback()
            raise

    def fill(self, table: Table, rows: Iterable[SqlRow]) -> None:
        marks = ", ".join("?" * len(table.columns))
        sql = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"
        try:
            self._connection.executemany(sql, (tuple(map(storable, row)) for row in rows))
        except sqlite3.DatabaseError as error:
            raise self._trouble("written", error) from error

    def claim_whole(self) -> None:
        pass  # a transaction that writes has the file for itself

    def give_back(self) -> None:
        with suppress(LedgerError):  # another process is reading: the space is given back next time
            self.write("VACUUM")
            list(self.rows("PRAGMA wal_checkpoint(TRUNCATE)"))

    def problems(self) -> Iterator[str]:
        found = [str(row[0]) for row in self.rows(f"PRAGMA integrity_check({_MOST_PROBLEMS})")]
        if found != ["ok"]:
            yield from (" ".join(problem.split()) for problem in found)
        there = set(self.rows("SELECT type, name FROM sqlite_master"))
        tables, indexes = newest()
        wanted = {("index", name) for name in indexes} | {("table", table.name) for table in tables}
        for kind, name in sorted(wanted - there):
            yield f"{kind} {name} is missing"

    def try_hold(self, name: str) -> bool:
        return self._held().try_hold(name)

    def hold(self, name: str) -> None:
        self._held().hold(name)

    def release(self, name: str) -> None:
        self._held().release(name)

    def is_held(self, name: str) -> bool:
        if self._locks is not None:
            return self._locks.is_held(name)
        return is_held(self.path.with_name(LOCK_NAME), name)

    def _held(self) -> Locks:
        assert self._locks is not None, "opened only to be looked at"
        return self._locks

    def _trouble(self, what: str, error: sqlite3.DatabaseError) -> LedgerError:
        if any(word in str(error) for word in ("malformed", "not a database", "no such")):
            return damaged(self.path, error)
        return LedgerError(
            f"{self.path}: the ledger cannot be {what} ({error}). What it holds so far is kept; free "
            "space or mend the folder, then start the same command again."
        )


def damaged(path: Path, error: Exception) -> LedgerError:
    """The error of a file that is not what we wrote."""
    return LedgerError(
        f"{path}: the ledger is damaged ({error}). `digest runs verify` says what is wrong, and "
        "`digest runs rescue FILE` writes what can still be read into a new ledger."
    )


def open_file(path: Path) -> SqliteDatabase:
    """Open a ledger's file for writing; see `connect`. The locks are in a folder beside it."""
    connection = connect(path)
    (_, _, name) = connection.execute("PRAGMA database_list").fetchone()
    try:
        return SqliteDatabase(Path(name), connection, Locks(path.with_name(LOCK_NAME)))
    except OSError as error:
        connection.close()
        raise unwritable(path.parent, error) from error


def open_file_to_read(path: Path) -> SqliteDatabase:
    """Open a ledger's file without changing anything; see `connect_to_read`."""
    return SqliteDatabase(path, connect_to_read(path))


def connect(path: Path) -> sqlite3.Connection:
    """Open a ledger's file for writing; made when missing, with its folder, and its schema made the newest.

    A commit is on disk when it returns: in WAL mode with `synchronous = FULL` SQLite syncs the log at every
    commit (sqlite.org, pragma.html#pragma_synchronous), and a torn tail of the log fails its checksums and is
    left out (sqlite.org, fileformat2.html, section 4.2).

    Raises:
        UsageError: the folder or file cannot be written.
        LedgerError: the file is damaged, or was written by a newer version of this program.
    """
    folder = path.parent
    _refuse_what_is_no_file(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    except (OSError, sqlite3.OperationalError) as error:
        raise unwritable(folder, error) from error
    try:
        check(connection)  # before anything is changed
        connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
        _use_log(connection)
        migrate(connection)
    except sqlite3.OperationalError as error:
        connection.close()
        raise unwritable(path, error) from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise damaged(path, error) from error
    except ValueError as error:
        connection.close()
        raise foreign(path, error) from error
    return connection


def _use_log(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on; SQLite does not wait by itself when another process does so too."""
    give_up = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(0.02)  # it does not wait by itself here, see above
        else:
            return


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a ledger without changing anything, even in a folder that cannot be written.

    Raises:
        NoLedgerError: there is none.
        UsageError: it cannot be read.
        LedgerError: it is damaged, or of another version.
    """
    if not path.exists():
        raise NoLedgerError(
            f"{path}: there is no ledger. `digest run` makes one; --out names another folder."
        )
    _refuse_what_is_no_file(path)
    log = path.with_name(f"{path.name}-wal")
    ways = ["mode=ro"]
    if not log.exists() or not log.stat().st_size:
        ways.append("mode=ro&immutable=1")  # without a log, nothing needs to be written beside the file
    trouble: Exception | None = None
    for way in ways:
        try:
            connection = _open(f"{path.absolute().as_uri()}?{way}")
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            trouble = error
        else:
            return _checked(path, connection)
    assert trouble is not None  # or we would have returned
    if isinstance(trouble, sqlite3.OperationalError):
        raise UsageError(f"{path}: cannot be read ({trouble}).")
    raise damaged(path, trouble)


def _refuse_what_is_no_file(path: Path) -> None:
    """Raises UsageError: a folder, device or named pipe has the ledger's name; SQLite waits for the last."""
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: cannot be used as a ledger: it is no file.")


def _open(address: str) -> sqlite3.Connection:
    """A connection whose schema could be read; what SQLite says of a damaged one may be no text either."""
    connection = sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:  # no connection is left open; raised again
        connection.close()
        raise
    return connection


def _checked(path: Path, connection: sqlite3.Connection) -> sqlite3.Connection:
    """The connection, or one with a schema that was brought up to date."""
    try:
        version = check(connection)
    except ValueError as error:
        connection.close()
        raise foreign(path, error) from error
    if version == len(migrations()):
        return connection
    connection.close()
    if version == 0:
        raise LedgerError(f"{path}: the ledger is empty: no run has written to it, or what it held is gone.")
    return connect(path)


def unwritable(path: Path, error: Exception) -> UsageError:
    """The error of a folder or file that we may not write."""
    reason = getattr(error, "strerror", None) or error
    return UsageError(f"{path}: cannot be written ({reason}). Choose another folder with --out.")


def foreign(path: Path, error: Exception) -> LedgerError:
    """The error of a file of another version or another program."""
    return LedgerError(
        f"{path}: not a ledger that this program can use: {error}. Update the program, or choose another "
        "folder with --out."
    )
