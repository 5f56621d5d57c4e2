"""Everything received, kept for ever, behind one interface."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from digest.ledger.interface import Batch, BatchLog, Ledger, SnapshotStore

if TYPE_CHECKING:
    from digest.ledger.sqlite.ledger import SqliteLedger

FILE_NAME = "ledger.sqlite3"
"""The file of a folder's ledger."""

__all__ = ["FILE_NAME", "Batch", "BatchLog", "Ledger", "SnapshotStore", "open_ledger"]


def open_ledger(folder: Path) -> SqliteLedger:
    """The ledger of a folder such as `runs/`, a context manager; both are made when missing.

    Raises:
        UsageError: the folder or file cannot be written.
        LedgerError: the file is damaged, or was written by a newer version of this program.
    """
    from digest.ledger.sqlite.ledger import SqliteLedger

    return SqliteLedger(folder)
