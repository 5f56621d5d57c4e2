"""Looking after a ledger: thinned out, copied while it is in use, and rescued when its file is damaged."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from digest.errors import LedgerError, UsageError
from digest.ledger.ledger import Ledger
from digest.ledger.schema import migrate
from digest.ledger.store import FILE_NAME, connect_to_read, damaged, unpack_text

_TABLES = {
    "runs": "id",
    "completions": "id",
    "events": "id",
    "outcomes": "question, recipe",
    "texts": "paper, recipe",
    "announcements": "categories, date",
    "snapshots": "url, fetched",
    "listings": "paper, section, date",
    "capabilities": "endpoint, model",
}
"""Every table, with its primary key."""


def age(text: str) -> timedelta:
    """90d or 12w as a span of time.

    Raises:
        UsageError: it is neither.
    """
    match = re.fullmatch(r"(\d{1,5})([dw])", text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no age. Ages look like 90d (days) or 12w (weeks).")
    return timedelta(days=int(match[1]) * (7 if match[2] == "w" else 1))


def prune(ledger: Ledger, before: datetime, *, answers: bool) -> dict[str, int]:
    """Delete what is older, give the space back, and say how many rows of each table went.

    Without `answers` nothing is lost that a run needs: events, unlabelled answers of arXiv, outcomes, runs
    that got no answer. With `answers` everything of that time goes: its days would be paid for again.
    """
    instant, day = before.isoformat(timespec="milliseconds"), before.date().isoformat()
    started = "SELECT id FROM runs WHERE started < ?"
    questions = f"SELECT key FROM completions WHERE run IN ({started})"  # noqa: S608 - our own words
    rows = {
        "events": ("at < ?", instant),
        "outcomes": (f"question IN ({questions})", instant),
        "snapshots": ("date IS NULL AND fetched < ?", instant),
    }
    if answers:
        rows |= {
            "completions": (f"run IN ({started})", instant),
            "texts": ("at < ?", instant),
            "announcements": ("date < ?", day),
            "snapshots": ("coalesce(date, substr(fetched, 1, 10)) < ?", day),
        }
    used = "SELECT run FROM completions UNION SELECT run FROM events"
    rows["runs"] = (f"started < ? AND state != 'running' AND id NOT IN ({used})", instant)
    with ledger.transaction():
        gone = {
            table: ledger.write(f"DELETE FROM {table} WHERE {which}", (limit,)).rowcount  # noqa: S608
            for table, (which, limit) in rows.items()
        }
    with contextlib.suppress(LedgerError):  # another process is reading: the space is given back next time
        ledger.write("VACUUM")
        ledger.write("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return gone


def backup(folder: Path, target: Path) -> None:
    """Copy the ledger of a folder, whole and of one moment, even while a run writes to it.

    The copy is written beside `target` and renamed into place; an older one is replaced.

    Raises:
        UsageError: there is no ledger, or `target` cannot be written.
        LedgerError: the ledger is damaged; `target` is as it was.
    """
    path = folder / FILE_NAME
    if target.exists() and target.samefile(path):
        raise UsageError(f"{target} is the ledger itself: name another file.")
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    with contextlib.closing(connect_to_read(path)) as source:
        try:
            with contextlib.closing(sqlite3.connect(beside)) as copy:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
                (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
                if found != "ok":
                    raise damaged(path, ValueError(found))
            with beside.open("rb") as file:
                os.fsync(file.fileno())
            beside.replace(target)
        except sqlite3.OperationalError as error:
            raise UsageError(f"{target}: cannot be written ({error}).") from error
        except sqlite3.DatabaseError as error:
            raise damaged(path, error) from error
        except OSError as error:
            raise UsageError(f"{target}: cannot be written ({error.strerror}).") from error
        finally:
            for leftover in (beside, beside.with_name(f"{beside.name}-journal")):
                leftover.unlink(missing_ok=True)


def rescue(folder: Path, target: Path) -> dict[str, tuple[int, int]]:
    """Write every row that can still be read into a new ledger; by table: rows kept, rows damaged.

    Each table is read from its beginning and from its end, up to what is damaged. The damaged file stays as
    it is.

    Raises:
        UsageError: there is no ledger, or `target` exists or cannot be written.
        LedgerError: nothing can be read at all.
    """
    path = folder / FILE_NAME
    if not path.exists():
        raise UsageError(f"{path}: there is no ledger.")
    if target.exists():
        raise UsageError(f"{target} exists: name a new file.")
    source = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    with contextlib.closing(source):
        try:
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.DatabaseError as error:
            raise LedgerError(f"{path}: nothing of it can be read ({error}).") from error
        try:
            with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy:
                migrate(copy)
                return {table: _copy(table, source, copy) for table in _TABLES}
        except sqlite3.DatabaseError as error:
            target.unlink(missing_ok=True)
            raise UsageError(f"{target}: cannot be written ({error}).") from error


def _copy(table: str, source: sqlite3.Connection, copy: sqlite3.Connection) -> tuple[int, int]:
    names = [str(row[1]) for row in source.execute(f"PRAGMA table_info({table})")]
    marks = ", ".join("?" * len(names))
    row_of = f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - our words
    bad = 0
    if not names:
        return 0, 0
    copy.execute("BEGIN")
    for row in _readable(table, source):
        if any(isinstance(value, bytes) and unpack_text(value) is None for value in row):
            bad += 1
            continue
        try:
            copy.execute(row_of, row)
        except sqlite3.IntegrityError:
            bad += 1
    copy.execute("COMMIT")
    (count,) = copy.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - ours
    return int(count), bad


def _readable(table: str, source: sqlite3.Connection) -> Iterator[tuple[object, ...]]:
    """The rows up to what is damaged, and those after it; some may come twice."""
    for direction in ("ASC", "DESC"):
        order = ", ".join(f"{column} {direction}" for column in _TABLES[table].split(", "))
        try:
            yield from source.execute(f"SELECT * FROM {table} NOT INDEXED ORDER BY {order}")  # noqa: S608
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            continue
        else:
            return
