"""Looking after a ledger's file: copied while it is in use, and rescued when it is damaged."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from digest.ledger import FILE_NAME
from digest.ledger.sql.codec import unpack_text
from digest.ledger.sql.copy import copy
from digest.ledger.sql.database import Database
from digest.ledger.sqlite.connection import SqliteDatabase, connect, connect_to_read, damaged
from digest.ledger.sqlite.schema import migrate
from digest.system.errors import LedgerError, UsageError
from digest.system.parts import is_alive

_PART = re.compile(r"(\d+)\.(?:[a-z]+\.)?part.*")
"""The process, and with a dot what it was, after the name of the file that is being written."""

_MOST_GROWN = 100
"""A header that states more than so many times the file's size is damaged itself."""


def backup(folder: Path, target: Path) -> None:
    """Copy the ledger of a folder, whole and of one moment, even while a run writes to it.

    The copy is written beside `target` and renamed into place; an older one is replaced.

    Raises:
        UsageError: there is no ledger, or `target` cannot be written.
        LedgerError: the ledger is damaged; `target` is as it was.
    """
    path = folder / FILE_NAME
    target = _followed(target)
    if target.exists() and path.exists() and target.samefile(path):
        raise UsageError(f"{target} is the ledger itself: name another file.")
    _refuse_what_is_no_file(target)
    with contextlib.closing(connect_to_read(path)) as source, _in_place_of(target) as beside:
        try:
            with contextlib.closing(sqlite3.connect(beside)) as copy:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
                (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
                if found != "ok":
                    raise damaged(path, ValueError(found))
        except sqlite3.OperationalError as error:
            raise UsageError(f"{target}: cannot be written ({error}).") from error
        except sqlite3.DatabaseError as error:
            raise damaged(path, error) from error


def export(source: Database, target: Path) -> None:
    """Write a ledger of another database into a file, whole and of one moment, as `backup` does.

    Raises:
        UsageError: `target` cannot be written.
        LedgerError: the ledger cannot be read; `target` is as it was.
    """
    target = _followed(target)
    if not target.parent.is_dir():
        raise UsageError(f"{target}: cannot be written: there is no folder {target.parent}.")
    _refuse_what_is_no_file(target)
    with _in_place_of(target) as beside, SqliteDatabase(beside, connect(beside)) as file:
        copy(source, file)
        file.write("PRAGMA journal_mode = DELETE")


def rescue(folder: Path, target: Path) -> dict[str, tuple[int, int]]:
    """Write every row that can still be read into a new ledger; by table: rows kept, rows damaged.

    Each table is read from its beginning and from its end, up to what is damaged. The damaged file stays as
    it is, and `target` appears when it is complete.

    Raises:
        UsageError: there is no ledger, or `target` exists or cannot be written.
        LedgerError: nothing can be read at all.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        raise UsageError(f"{path}: there is no ledger.")
    if target.exists():
        raise UsageError(f"{target} exists: name a new file.")
    with _in_place_of(target) as beside:
        work = _beside(target, "damaged")
        _whole_copy(path, work)
        try:
            with contextlib.closing(sqlite3.connect(work, isolation_level=None)) as source:
                _open_damaged(source, path)
                with contextlib.closing(sqlite3.connect(beside, isolation_level=None)) as copy:
                    migrate(copy)
                    found = {table: _copy(table, source, copy) for table in _tables(copy)}
                    copy.execute("PRAGMA journal_mode = DELETE")  # the file alone is renamed
        except sqlite3.DatabaseError as error:
            raise UsageError(f"{target}: cannot be written ({error}).") from error
        if not any(kept for kept, _ in found.values()):
            raise LedgerError(f"{path}: nothing of it can be read (it has no rows that a ledger has).")
    return found


@contextlib.contextmanager
def _in_place_of(target: Path) -> Iterator[Path]:
    """A file to be written beside `target`, which it replaces at the end, once it is on the disk.

    Raises:
        UsageError: it cannot be written; `target` is as it was.
    """
    clear(target)
    beside = _beside(target, "new")
    try:
        yield beside
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(target)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror}).") from error
    finally:
        clear(target)


def clear(target: Path) -> None:
    """Delete what this process, and processes that were killed, left beside a file that they were writing."""
    for part in target.parent.glob(f".{glob.escape(target.name)}.*.part*"):
        owner = _PART.fullmatch(part.name.removeprefix(f".{target.name}."))
        if owner is not None and (int(owner[1]) == os.getpid() or not is_alive(int(owner[1]))):
            with contextlib.suppress(OSError):
                part.unlink()


def _refuse_what_is_no_file(path: Path) -> None:
    """Do nothing if a file may take this place: a folder or a device, such as /dev/null, must stay.

    Raises:
        UsageError: it may not.
    """
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} cannot be written: it is no file.")


def _followed(target: Path) -> Path:
    """Where a link leads, or the path itself: a link is to stay one."""
    return Path(os.path.realpath(target)) if target.is_symlink() else target


def _beside(target: Path, what: str) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.{what}.part")


def _whole_copy(path: Path, work: Path) -> None:
    """Copy a file and its log; one that was cut is filled with zeros to the size that its header states."""
    shutil.copyfile(path, work)
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        shutil.copyfile(log, work.with_name(f"{work.name}-wal"))
    with work.open("rb") as file:
        header = file.read(32)
    stated = int.from_bytes(header[16:18]) * int.from_bytes(header[28:32])
    if work.stat().st_size < stated < _MOST_GROWN * max(work.stat().st_size, 1):
        os.truncate(work, stated)


def _open_damaged(source: sqlite3.Connection, path: Path) -> None:
    try:
        source.execute("PRAGMA writable_schema = ON")  # tables whose own description is damaged are left out
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise LedgerError(f"{path}: nothing of it can be read ({error}).") from error


def _copy(table: str, source: sqlite3.Connection, copy: sqlite3.Connection) -> tuple[int, int]:
    try:
        names = [str(row[1]) for row in source.execute(f"PRAGMA table_info({table})")]
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        names = []
    marks = ", ".join("?" * len(names))
    row_of = f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({marks})"
    bad = 0
    if not names:
        return 0, 0
    copy.execute("BEGIN")
    for row in _readable(table, source, _key(table, copy)):
        if isinstance(row[-1], bytes) and unpack_text(row[-1]) is None:  # what a row is kept for stands last
            bad += 1
            continue
        try:
            copy.execute(row_of, row)
        except sqlite3.IntegrityError:
            bad += 1
    copy.execute("COMMIT")
    (count,) = copy.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(count), bad


def _readable(table: str, source: sqlite3.Connection, key: list[str]) -> Iterator[tuple[object, ...]]:
    """The rows up to what is damaged, and those after it; some may come twice."""
    for direction in ("ASC", "DESC"):
        order = ", ".join(f"{column} {direction}" for column in key)
        try:
            yield from source.execute(f"SELECT * FROM {table} NOT INDEXED ORDER BY {order}")
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            continue
        else:
            return


def _tables(copy: sqlite3.Connection) -> list[str]:
    rows = copy.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [str(name) for (name,) in rows]


def _key(table: str, copy: sqlite3.Connection) -> list[str]:
    """The columns of the primary key."""
    columns = copy.execute(f"PRAGMA table_info({table})").fetchall()
    return [str(column[1]) for column in sorted(columns, key=lambda one: int(one[5])) if column[5]]
