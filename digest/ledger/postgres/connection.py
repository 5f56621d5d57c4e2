"""The ledger's database in PostgreSQL: read, written, and come back to when the server was away."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

import psycopg
from pydantic import SecretStr

from digest.ledger.postgres.locks import AdvisoryLocks
from digest.ledger.postgres.schema import check, migrate, problems, require
from digest.ledger.postgres.server import Connection, Server, lost
from digest.ledger.sql.codec import restored, storable
from digest.ledger.sql.database import Database, SqlRow
from digest.ledger.sql.schema import Table, migrations, newest

T = TypeVar("T")

logger = logging.getLogger(__name__)
logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())  # we say ourselves what goes wrong

PATIENCE = 120.0
"""Seconds that the server may be away while we run: long enough for a restart."""

_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_AT_ONCE = 200
"""Rows in memory while many are read."""

_AGAIN = {"40001", "40P01"}
"""States of a transaction that another one got in the way of: it can be carried out again."""

_MOST_AGAIN = 20


def open_server(url: SecretStr, *, to_read: bool = False) -> PostgresDatabase:
    """Open the ledger at an address; its tables are made when missing, and brought up to date.

    Raises:
        NoLedgerError: `to_read`, and there is none.
        UsageError: the server, database or user is not usable.
        LedgerError: the server cannot be reached, or the tables are those of a newer version of this program.
    """
    server = Server(url)
    try:
        session = server.connect()
    except psycopg.Error as error:
        raise server.refusal(error) from error
    try:
        version = check(server, session, to_read=to_read)
        if to_read:
            require(server, version)
        if version < len(migrations()):
            migrate(server, session)
        return PostgresDatabase(server, session)
    except psycopg.Error as error:
        session.close()
        raise server.trouble(error) from error
    except BaseException:  # no connection is left open; raised again
        session.close()
        raise


class PostgresDatabase(Database):
    """An open database with the ledger's tables.

    Locks are those of one session; statements go through a pool of connections. When the server restarts,
    both are had anew within `PATIENCE`. A transaction whose end was not heard is looked up, and carried out
    again only if it was lost.

    Args:
        server: to connect to again.
        session: a connection of its own for the locks, in autocommit mode.
        sleep: how to wait for the server (seconds).
        clock: seconds, for the patience with it.
    """

    def __init__(
        self,
        server: Server,
        session: Connection,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = server.name
        self._server = server
        self._locks = AdvisoryLocks(session)
        self._sleep = sleep
        self._clock = clock
        self._current: Connection | None = None
        self._patience = PATIENCE
        self._pool = server.pool()

    def __reduce__(self) -> tuple[Callable[[SecretStr], PostgresDatabase], tuple[SecretStr]]:
        """As its address: where it is unpickled it is opened anew."""
        return open_server, (self._server.url,)

    def close(self) -> None:
        self._pool.close()
        self._locks.close()

    # reading and writing

    def rows(self, sql: str, values: SqlRow = ()) -> Iterator[SqlRow]:
        yield from self._patiently(lambda: self._fetch(sql, values))

    def scan(self, sql: str, values: SqlRow = ()) -> Iterator[SqlRow]:
        try:
            with (
                self._connection() as connection,
                connection.transaction(),
                connection.cursor(name="scan") as cursor,
            ):
                cursor.itersize = _AT_ONCE
                for row in cursor.execute(_sql(sql), tuple(map(storable, values))):
                    yield tuple(map(restored, row))
        except psycopg.Error as error:
            raise self._server.trouble(error) from error

    def write(self, sql: str, values: SqlRow = ()) -> int:
        return self._patiently(lambda: self._execute(sql, values))

    def insert(self, sql: str, values: SqlRow) -> int:
        ((number,),) = self._patiently(lambda: self._fetch(f"{sql} RETURNING id", values))
        return int(number)

    def _fetch(self, sql: str, values: SqlRow) -> list[SqlRow]:
        with self._connection() as connection:
            found = connection.execute(_sql(sql), tuple(map(storable, values))).fetchall()
        return [tuple(map(restored, row)) for row in found]

    def _execute(self, sql: str, values: SqlRow) -> int:
        with self._connection() as connection:
            return connection.execute(_sql(sql), tuple(map(storable, values))).rowcount

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """The connection of the transaction under way, or one of the pool."""
        if self._current is not None:
            yield self._current
            return
        with self._pool.connection() as connection:
            yield connection

    # transactions

    def run_transaction(self, work: Callable[[], T]) -> T:
        give_up = self._clock() + self._patience
        for _ in range(_MOST_AGAIN):
            ended: tuple[str, T] | None = None
            try:
                with self._inside() as connection:
                    row = connection.execute("SELECT pg_current_xact_id()::text").fetchone()
                    assert row is not None  # one row always comes
                    ended = row[0], work()
            except psycopg.Error as error:
                if lost(error):
                    self._reconnect(error, give_up)
                elif error.sqlstate not in _AGAIN:
                    raise self._server.trouble(error) from error
                else:
                    self._sleep(random.uniform(0, _LONGEST_PAUSE))  # so that one goes first
                if ended is None or not self._was_committed(ended[0], give_up):
                    trouble = error
                    continue
            return ended[1]
        raise self._server.trouble(trouble) from trouble

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        try:
            with self._pool.connection() as connection:
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                connection.read_only = True
                try:
                    with connection.transaction():
                        self._current = connection
                        yield
                finally:
                    self._current = None
                    connection.isolation_level = connection.read_only = None
        except psycopg.Error as error:
            raise self._server.trouble(error) from error

    @contextmanager
    def _inside(self) -> Iterator[Connection]:
        with self._pool.connection() as connection, connection.transaction():
            self._current = connection
            try:
                yield connection
            finally:
                self._current = None

    def _was_committed(self, transaction: str, give_up: float) -> bool:
        """True where a transaction of unheard end was committed; waits for one that has not ended yet."""
        while True:
            ((state,),) = self.rows("SELECT pg_xact_status(CAST(? AS xid8))", (transaction,))
            if state != "in progress" or self._clock() > give_up:
                return bool(state == "committed")
            self._sleep(_PAUSE)

    def fill(self, table: Table, rows: Iterable[SqlRow]) -> None:
        with self._connection() as connection:
            columns = ", ".join(table.columns)
            with connection.cursor() as cursor:
                with cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN".encode()) as copy:
                    for row in rows:
                        copy.write_row(tuple(map(storable, row)))
                if table.numbered:
                    newest_number = "coalesce(max(id), 1), max(id) IS NOT NULL"
                    sql = (
                        f"SELECT setval(pg_get_serial_sequence(%s, 'id'), {newest_number}) FROM {table.name}"
                    )
                    cursor.execute(sql.encode(), (table.name,))

    def claim_whole(self) -> None:
        names = ", ".join(table.name for table in newest()[0])
        self.write(f"LOCK TABLE {names} IN EXCLUSIVE MODE")

    def give_back(self) -> None:
        pass  # PostgreSQL does so by itself

    def problems(self) -> Iterator[str]:
        return problems(self)

    # locks

    def try_hold(self, name: str) -> bool:
        return self._patiently(lambda: self._locks.try_hold(name))

    def hold(self, name: str) -> None:
        self.try_hold(name)

    def release(self, name: str) -> None:
        self._locks.release(name)

    def is_held(self, name: str) -> bool:
        number = self._locks.number(name) % 2**64
        sql = (
            "SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database "
            "WHERE datname = current_database() AND locktype = 'advisory' AND granted AND objsubid = 1 "
            "AND CAST(classid AS bigint) = ? AND CAST(objid AS bigint) = ?"
        )
        return self._locks.holds(name) or self.one(sql, (number >> 32, number % 2**32)) is not None

    # a server that was away

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """Outside a transaction: again when the connection was lost. Inside, `run_transaction` sees to it."""
        if self._current is not None:
            return attempt()
        give_up = self._clock() + self._patience
        while True:
            try:
                return attempt()
            except psycopg.Error as error:
                if not lost(error):
                    raise self._server.trouble(error) from error
                self._reconnect(error, give_up)

    def _reconnect(self, error: psycopg.Error, give_up: float) -> None:
        """Wait for the server; what we held is ours again, unless another process was faster.

        Raises:
            LedgerError: it did not come back in time.
        """
        logger.info("%s: connection lost (%s)", self.name, type(error).__name__)
        self._locks.close()
        pause = _PAUSE
        while True:
            try:
                self._locks.move_to(self._server.connect())
                break
            except psycopg.Error as again:
                if not lost(again) or self._clock() > give_up:
                    self._patience = 0.0  # whoever closes us, or notes how it ended, need not wait again
                    raise self._server.trouble(again) from again
                self._sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        self._pool.close()  # its connections were lost too, and it would try again ever more rarely
        self._pool = self._server.pool()


@cache
def _sql(sql: str) -> bytes:
    """A statement with psycopg's marks for values."""
    return sql.replace("%", "%%").replace("?", "%s").encode()
