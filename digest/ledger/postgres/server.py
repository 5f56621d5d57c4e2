"""A PostgreSQL server: its address, connections to it, and its troubles in sentences."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool
from pydantic import SecretStr

from digest.system.errors import DigestError, LedgerError, UsageError

Connection = psycopg.Connection[tuple[Any, ...]]

OLDEST = 130_000
"""The first version that tells what became of a transaction whose end was not heard: 13.0."""

_MOST_CONNECTIONS = 4

_DEFAULTS: dict[str, str] = {
    "application_name": "digest",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""So that we notice within a minute that the server is gone; an address may say otherwise."""

_SETTINGS = """
    SELECT set_config(name, value, false)
    FROM pg_settings JOIN (VALUES
        ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3'),
        ('idle_session_timeout', '0'), ('idle_in_transaction_session_timeout', '0'),
        ('lock_timeout', '0'),
        ('default_transaction_isolation', 'read committed'), ('synchronous_commit', 'on')
    ) AS ours (name, value) USING (name)
    WHERE name <> 'synchronous_commit' OR setting = 'off'
"""
"""The server notices within a minute that our machine is gone, and ends no idle session: claims hang on it.
A commit is on its disk; more, such as replicas that have it, is left as the server has it set."""


class Server:
    """The server and database of an address.

    Args:
        url: postgresql://user:password@host:port/database, with libpq's parameters.

    Attributes:
        name: the address without password and parameters, for messages.

    Raises:
        UsageError: that is no address.
    """

    def __init__(self, url: SecretStr) -> None:
        given = _parameters_of(url)
        self.url = url
        self.conninfo = make_conninfo("", **{**_DEFAULTS, **given, "client_encoding": "utf8"})
        self._secrets = [str(value) for key, value in given.items() if "password" in key and value]
        user = f"{given['user']}@" if given.get("user") else ""
        port = f":{given['port']}" if given.get("port") else ""
        self.database = str(given.get("dbname") or "")
        self.name = f"postgresql://{user}{given.get('host') or 'localhost'}{port}/{self.database}"

    def connect(self) -> Connection:
        """A new connection in autocommit mode.

        Raises:
            psycopg.OperationalError: there is none to be had.
        """
        connection = psycopg.connect(self.conninfo, autocommit=True)
        try:
            prepare(connection)
        except BaseException:  # no connection is left open; raised again
            connection.close()
            raise
        return connection

    def pool(self) -> ConnectionPool[Connection]:
        """A pool of connections in autocommit mode, which opens them as they are needed."""
        return ConnectionPool(
            self.conninfo,
            connection_class=psycopg.Connection[tuple[Any, ...]],
            kwargs={"autocommit": True},
            min_size=1,
            max_size=_MOST_CONNECTIONS,
            configure=prepare,
            timeout=10.0,
            open=True,
        )

    def refusal(self, error: psycopg.Error) -> DigestError:
        """The error for a first connection that cannot be had."""
        said = self._said(error)
        if any(
            word in said for word in ("authentication failed", "no password supplied", "no pg_hba.conf")
        ) or ("role" in said and "does not exist" in said):
            return UsageError(
                f"{self.name}: the server refuses the user or the password ({said}). A password may stand in "
                "DIGEST_LEDGER_URL, in PGPASSWORD or in ~/.pgpass."
            )
        if "database" in said and "does not exist" in said:
            return UsageError(
                f"{self.name}: there is no such database ({said}). `createdb {self.database}` on the server "
                "makes it."
            )
        if "permission denied" in said:
            return self._forbidden(said)
        return LedgerError(
            f"{self.name}: the ledger's database cannot be reached ({said}). Start it, or check the address "
            "in [ledger] or DIGEST_LEDGER_URL; then start the same command again."
        )

    def trouble(self, error: psycopg.Error) -> DigestError:
        """The error for something that cannot be read or written."""
        said, state = self._said(error), error.sqlstate or ""
        if state == "42501":
            return self._forbidden(said)
        if state == "25006":
            return self.read_only()
        if state.startswith("XX") or state in {"42P01", "42703"}:  # corrupted; a table or column is missing
            return LedgerError(
                f"{self.name}: the ledger is damaged ({said}). `digest runs verify` says what is wrong; a "
                "backup of the server's, or one of `digest runs backup`, brings it back."
            )
        what = "reached any more" if lost(error) else "read or written"
        return LedgerError(
            f"{self.name}: the ledger cannot be {what} ({said}). What it holds so far is kept; mend the "
            "database, then start the same command again."
        )

    def read_only(self) -> UsageError:
        """The error for a replica, or for a database that was set to take no writes."""
        return UsageError(
            f"{self.name}: takes no writes: it is a replica, or set to be read-only. Name the primary server "
            "in [ledger] or DIGEST_LEDGER_URL."
        )

    def _forbidden(self, said: str) -> UsageError:
        return UsageError(
            f"{self.name}: the user may not do that ({said}). It needs a database of its own, or a schema in "
            "which it may make tables: GRANT ALL ON SCHEMA public TO the user."
        )

    def _said(self, error: psycopg.Error) -> str:
        """The server's words in one line, without the password."""
        lines = [" ".join(line.split()) for line in str(error).splitlines() if line.strip()]
        said = (lines[0] if lines else type(error).__name__).removeprefix("connection failed: ")
        for secret in self._secrets:
            said = said.replace(secret, "***")
        return said.rstrip(".")


def _parameters_of(url: SecretStr) -> dict[str, Any]:
    """The parameters in an address; a password that spoils it is not among what is said of it."""
    with contextlib.suppress(psycopg.ProgrammingError):
        given = conninfo_to_dict(url.get_secret_value())
        if re.fullmatch(r"[\d,]*", str(given.get("port") or "")) and "@" not in str(
            given.get("dbname") or ""
        ):
            return given
    raise UsageError(
        "The ledger's address cannot be read. It looks like postgresql://user@host:5432/database; in a "
        "password, write characters such as / @ : as %2F %40 %3A."
    )


def prepare(connection: Connection) -> None:
    """Set what a new connection needs, whatever the server's defaults are."""
    connection.execute("SET statement_timeout = 0")
    connection.execute(_SETTINGS)


def lost(error: psycopg.Error) -> bool:
    """True where the connection was lost, or could not be had: another attempt may do better."""
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    state = error.sqlstate or ""
    return not state or state.startswith(("08", "57P"))
