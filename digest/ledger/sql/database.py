"""The interface of a database that holds a ledger; each driver is one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Self, TypeVar

from digest.ledger.sql.schema import Table

T = TypeVar("T")

SqlRow = tuple[Any, ...]
"""A row of str, bytes, int and None."""


class Closing(ABC):
    """Something that the end of a `with` statement closes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """End the connection; locks that are held end too."""


class Database(Closing):
    """An open database with the ledger's tables; one per process, used by one thread.

    SQL is what SQLite and PostgreSQL both understand, with `?` for values. Text may hold any character of
    Python's, and orders by code points.

    Raises:
        LedgerError: from every method: the database cannot be read or written, or is damaged.
    """

    name: str
    """For messages: a path, or an address without its password."""

    def one(self, sql: str, values: SqlRow = ()) -> SqlRow | None:
        """The first row of a query, if any."""
        return next(self.rows(sql, values), None)

    @abstractmethod
    def rows(self, sql: str, values: SqlRow = ()) -> Iterator[SqlRow]:
        """The rows of a query whose result fits into memory."""

    @abstractmethod
    def scan(self, sql: str, values: SqlRow = ()) -> Iterator[SqlRow]:
        """The rows of a query, a few in memory at a time."""

    @abstractmethod
    def write(self, sql: str, values: SqlRow = ()) -> int:
        """Carry out a statement, outside a transaction for good, and return how many rows it changed."""

    @abstractmethod
    def insert(self, sql: str, values: SqlRow) -> int:
        """Insert one row into a table that the database numbers, and return its number."""

    @abstractmethod
    def run_transaction(self, work: Callable[[], T]) -> T:
        """All that `work` writes, committed when this returns, or nothing; returns what `work` returns.

        `work` may be carried out again, after what it wrote was undone.
        """

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[None]:
        """A context in which all that is read is of one moment, whatever others write."""

    @abstractmethod
    def fill(self, table: Table, rows: Iterable[SqlRow]) -> None:
        """Inside a transaction: insert many rows with their numbers; later numbers are larger."""

    @abstractmethod
    def claim_whole(self) -> None:
        """Inside a transaction: keep all others from writing until it ends."""

    @abstractmethod
    def give_back(self) -> None:
        """Give the space of deleted rows back, where the database does not do so by itself."""

    @abstractmethod
    def problems(self) -> Iterator[str]:
        """A sentence for each fault that the database finds in itself, or missing part of the schema."""

    @abstractmethod
    def try_hold(self, name: str) -> bool:
        """Take a lock, unless another process holds it. It ends with `release`, or with this process."""

    @abstractmethod
    def hold(self, name: str) -> None:
        """Take a lock that nobody else wants to keep, such as that of a new run."""

    @abstractmethod
    def release(self, name: str) -> None:
        """Lift a lock; nothing happens if it is not held."""

    @abstractmethod
    def is_held(self, name: str) -> bool:
        """True: a living process, this one or another, holds the lock."""
