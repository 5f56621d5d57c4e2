"""The locks of one process by name: advisory locks of a session, which the server lifts when that ends."""

from __future__ import annotations

import hashlib
from contextlib import suppress

import psycopg

from digest.ledger.postgres.server import Connection


class AdvisoryLocks:
    """The locks that a session holds; it never meets locks of its own.

    Args:
        session: a connection of its own, in autocommit mode; closed with the locks.
    """

    def __init__(self, session: Connection) -> None:
        self._session = session
        row = session.execute("SELECT current_schema()::text").fetchone()
        self._schema = None if row is None else row[0]
        self._held: set[str] = set()

    def close(self) -> None:
        """End the session, and with it all locks."""
        self._session.close()

    def move_to(self, session: Connection) -> None:
        """Hold the same locks in another session, but for those that another process was faster to take."""
        self._session = session
        for name in self._held:
            self._ask("SELECT pg_try_advisory_lock(%s)", name)

    def try_hold(self, name: str) -> bool:
        """Take a lock, unless another process holds it."""
        if name not in self._held:
            if not self._ask("SELECT pg_try_advisory_lock(%s)", name):
                return False
            self._held.add(name)
        return True

    def release(self, name: str) -> None:
        """Lift a lock; nothing happens if it is not held."""
        if name in self._held:
            self._held.remove(name)
            with suppress(psycopg.OperationalError, psycopg.InterfaceError):  # then the lock is gone as well
                self._ask("SELECT pg_advisory_unlock(%s)", name)

    def holds(self, name: str) -> bool:
        """True: this session holds the lock."""
        return name in self._held

    def number(self, name: str) -> int:
        """The signed 64-bit number of a lock: the server knows no names, and all its ledgers share them."""
        digest = hashlib.sha256(f"digest {self._schema} {name}".encode()).digest()
        return int.from_bytes(digest[:8], signed=True)

    def _ask(self, sql: str, name: str) -> bool:
        row = self._session.execute(sql.encode(), (self.number(name),)).fetchone()
        return row is not None and bool(row[0])
