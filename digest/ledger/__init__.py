"""What was received, kept for ever: SQLite behind one small interface."""

from __future__ import annotations

from digest.ledger.ledger import FILE_NAME, Ledger

__all__ = ["FILE_NAME", "Ledger"]
