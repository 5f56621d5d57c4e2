"""What was received, kept for ever: SQLite behind one small interface."""

from __future__ import annotations

from digest.ledger.ledger import Ledger
from digest.ledger.store import FILE_NAME

__all__ = ["FILE_NAME", "Ledger"]
