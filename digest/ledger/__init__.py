"""What was received, kept for ever: SQLite behind one small interface."""

from __future__ import annotations

from digest.ledger.sqlite.connection import FILE_NAME
from digest.ledger.sqlite.ledger import Ledger

__all__ = ["FILE_NAME", "Ledger"]
