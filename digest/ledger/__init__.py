"""Everything received, kept for ever, behind one interface."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from digest.ledger.interface import Batch, BatchLog, Delivery, Ledger
from digest.system.errors import UsageError

if TYPE_CHECKING:
    from digest.ledger.sql.database import Database
    from digest.ledger.sql.history import History
    from digest.ledger.sql.ledger import SqlLedger

FILE_NAME = "ledger.sqlite3"
"""The file of a folder's ledger."""

Where = Path | SecretStr
"""The place of a ledger: a folder such as `runs/`, a file, or the address of a PostgreSQL database."""

__all__ = [
    "FILE_NAME",
    "Batch",
    "BatchLog",
    "Delivery",
    "Ledger",
    "Where",
    "open_database",
    "open_history",
    "open_ledger",
]


def open_ledger(where: Where) -> SqlLedger:
    """A ledger, a context manager; folder, file and tables are made when missing.

    Raises:
        UsageError: it cannot be written, or the address or the database is not usable.
        LedgerError: it is damaged or cannot be reached, or was written by a newer version of this program.
    """
    from digest.ledger.sql.ledger import SqlLedger

    return SqlLedger(open_database(where))


def open_history(where: Where) -> History:
    """A ledger to be looked at, a context manager; nothing is changed.

    Raises:
        UsageError: there is none.
        LedgerError: it is damaged or cannot be reached, or is of another version.
    """
    from digest.ledger.sql.history import History

    return History(open_database(where, to_read=True))


def open_database(where: Where, *, to_read: bool = False) -> Database:
    """The database of a ledger. Raises as `open_ledger` does, `to_read` as `open_history`."""
    if isinstance(where, SecretStr):
        try:
            from digest.ledger.postgres.connection import open_server
        except ImportError as error:
            raise UsageError(
                f"A ledger in PostgreSQL needs its driver ({error}): pip install "
                "'bilingual-arxiv-digest[scale]'."
            ) from error
        return open_server(where, to_read=to_read)
    from digest.ledger.sqlite.connection import open_file, open_file_to_read

    path = where if where.is_file() or where.suffix == Path(FILE_NAME).suffix else where / FILE_NAME
    return (open_file_to_read if to_read else open_file)(path)
