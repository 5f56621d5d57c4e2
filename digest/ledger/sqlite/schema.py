"""The schema of a ledger's file; the number of migrations applied is SQLite's `user_version`.

All that are missing run in one transaction with the new version number, so a process killed in between leaves
the old schema, whole.
"""

from __future__ import annotations

import sqlite3

from digest.ledger.sql.schema import migrations, statements

APPLICATION = 0x61725864
"""SQLite's `application_id` of our files: "arXd"."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema to the newest version; two processes may do so at once.

    Raises:
        sqlite3.DatabaseError: the file is no ledger, or cannot be written.
        ValueError: the file was written by a newer version of this program, or by another program.
    """
    if check(connection) == len(migrations()):
        return
    connection.execute("BEGIN IMMEDIATE")
    version = check(connection)  # another process may have been faster
    if version == 0:
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
    for migration in migrations()[version:]:
        for statement in statements(migration):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(migrations())}")
    connection.execute("COMMIT")


def check(connection: sqlite3.Connection) -> int:
    """The schema version of a file that is one of ours; 0 of an empty one.

    Raises:
        sqlite3.DatabaseError: the file is no database.
        ValueError: the file was written by a newer version of this program, or by another program.
    """
    version = _version(connection)
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION and (version or tables or application):
        raise ValueError("it was written by another program")
    if version > len(migrations()):
        raise ValueError(f"it has schema {version}, and this program knows {len(migrations())}")
    return version


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
