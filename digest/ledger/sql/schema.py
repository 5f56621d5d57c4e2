"""The ledger's tables: a file in `schema/` for each version, in the SQL of SQLite.

A file is never edited once released: a change is a further file, with the next number. SQLite carries them
out as they are; what other databases call differently, their drivers replace.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("schema")


@dataclass(frozen=True)
class Table:
    """A table of the newest version: its columns with their types, and those of its primary key."""

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]

    @property
    def numbered(self) -> bool:
        """True where the database numbers its rows."""
        return self.key == ("id",)


@cache
def migrations() -> tuple[str, ...]:
    """The SQL that makes version 1 of an empty database, version 2 of version 1, and so on."""
    files = {int(path.name.partition("-")[0]): path for path in _FOLDER.glob("*.sql")}
    return tuple(files[number].read_text(encoding="utf-8") for number in range(1, len(files) + 1))


def statements(migration: str) -> tuple[str, ...]:
    """The statements of a migration; each ends a line."""
    return tuple(part.strip() for part in migration.split(";\n") if part.strip())


@cache
def newest() -> tuple[tuple[Table, ...], frozenset[str]]:
    """The tables of the newest version, in the order of their making, and the names of its indexes."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(":memory:")) as plan:
        for migration in migrations():
            plan.executescript(migration)
        made = "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
        tables = []
        for (name,) in plan.execute(made, ("table",)).fetchall():
            columns = plan.execute(f"PRAGMA table_info({name})").fetchall()
            key = sorted((column for column in columns if column[5]), key=lambda column: int(column[5]))
            types = {str(column[1]): str(column[2]) for column in columns}
            tables.append(Table(str(name), types, tuple(str(column[1]) for column in key)))
        return tuple(tables), frozenset(str(name) for (name,) in plan.execute(made, ("index",)))
