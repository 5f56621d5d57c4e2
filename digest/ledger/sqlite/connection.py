"""The ledger's file: opened, read and written; every trouble becomes a sentence."""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import BaseModel

from digest.errors import LedgerError, UsageError
from digest.ledger import FILE_NAME
from digest.ledger.sqlite.schema import MIGRATIONS, check, migrate

T = TypeVar("T", bound=BaseModel)

LOCK_NAME = "ledger.locks"
_BUSY_SECONDS = 30.0


class Store:
    """An open file with the ledger's tables.

    Args:
        path: the file.
        connection: to it, in autocommit mode.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def one(self, sql: str, values: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, if any."""
        return next(self.rows(sql, values), None)

    def rows(self, sql: str, values: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, one after another.

        Raises:
            LedgerError: the file is damaged there, or cannot be read.
        """
        try:
            yield from self._connection.execute(sql, values)
        except sqlite3.DatabaseError as error:
            raise self._trouble("read", error) from error
        except UnicodeDecodeError as error:
            raise damaged(self.path, error) from error

    def write(self, sql: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Carry out a statement; when this returns outside a transaction, it is on disk.

        Raises:
            LedgerError: the disk is full, the file damaged or not writable.
        """
        try:
            return self._connection.execute(sql, values)
        except sqlite3.DatabaseError as error:
            raise self._trouble("written", error) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside, or nothing; on disk at the end. Raises as `write` does."""
        self.write("BEGIN IMMEDIATE")
        try:
            yield
            self.write("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # SQLite itself rolls back when the disk is full
                self._connection.rollback()
            raise

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


def connect(folder: Path) -> sqlite3.Connection:
    """Open the ledger of a folder for writing; both are made when missing, and the schema is made the newest.

    A commit is on disk when it returns: in WAL mode with `synchronous = FULL` SQLite syncs the log at every
    commit (sqlite.org, pragma.html#pragma_synchronous), and a torn tail of the log fails its checksums and is
    left out (sqlite.org, fileformat2.html, section 4.2).

    Raises:
        UsageError: the folder or file cannot be written.
        LedgerError: the file is damaged, or was written by a newer version of this program.
    """
    path = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    except (OSError, sqlite3.OperationalError) as error:
        raise unwritable(folder, error) from error
    try:
        check(connection)  # before anything is changed
        _use_log(connection)
        connection.execute("PRAGMA synchronous = FULL")
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
            time.sleep(0.02)
        else:
            return


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a ledger without changing anything, even in a folder that cannot be written.

    Raises:
        UsageError: there is none.
        LedgerError: it is damaged, or of another version.
    """
    if not path.exists():
        raise UsageError(f"{path}: there is no ledger. `digest run` makes one; --out names another folder.")
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


def _open(address: str) -> sqlite3.Connection:
    """A connection whose schema could be read; what SQLite says of a damaged one may be no text either."""
    connection = sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
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
    if version == len(MIGRATIONS):
        return connection
    connection.close()
    if version == 0:
        raise LedgerError(f"{path}: the ledger is empty: no run has written to it, or what it held is gone.")
    return connect(path.parent)


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


def pack(record: BaseModel) -> bytes:
    """A record as it is kept: JSON, compressed; zlib's own checksum (Adler-32) tells damage on reading."""
    return pack_text(record.model_dump_json(exclude_defaults=True))


def pack_text(text: str) -> bytes:
    """The same of a text."""
    return zlib.compress(text.encode())


def unpack(kind: type[T], blob: Any) -> T | None:  # noqa: ANN401 - whatever stands in a column
    """A record as it was kept; None when its bytes are damaged, which counts as not kept."""
    text = unpack_text(blob)
    try:
        return None if text is None else kind.model_validate_json(text)
    except ValueError:
        return None


def unpack_text(blob: Any) -> str | None:  # noqa: ANN401 - whatever stands in a column
    """The same of a text."""
    try:
        return zlib.decompress(blob).decode()
    except (zlib.error, ValueError, TypeError):
        return None
