"""The titles that papers had in earlier digests, to tell of a new version what it was called before."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing, suppress
from functools import cached_property
from pathlib import Path

from digest.system.errors import UsageError

_TABLE = (
    "create table if not exists titles (paper text, day text, title text, primary key (paper, day)) "
    "without rowid"
)
_BEFORE = "select day, title from titles where paper = ? and day < ? order by day desc limit 1"


class Titles:
    """Titles by paper and day, in an SQLite file: of 100,000 papers a build asks for a few hundred.

    Args:
        path: of the file. One that is damaged is replaced: digests tell again what it held.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._noted: dict[str, dict[str, str]] = defaultdict(dict)

    def before(self, paper: str, day: str) -> str:
        """The paper's latest title before a day (YYYY-MM-DD); empty if no digest before held it."""
        found = [one for one in self._noted.get(paper, {}).items() if one[0] < day]
        with suppress(sqlite3.DatabaseError):  # damaged, or not to be read
            found += self._kept.execute(_BEFORE, (paper, day)).fetchall() if self._kept else []
        return max(found, default=("", ""), key=lambda one: one[0])[1]

    def note(self, paper: str, day: str, title: str) -> None:
        """Remember that a digest of the day called the paper so."""
        self._noted[paper][day] = title

    def save(self) -> None:
        """Write down what was noted.

        Raises:
            UsageError: the file cannot be written.
        """
        if not self._noted:
            return
        if kept := self.__dict__.pop("_kept", None):
            kept.close()
        try:
            try:
                self._write()
            except sqlite3.OperationalError:  # locked, or the folder cannot be written
                raise
            except sqlite3.DatabaseError:
                self._path.unlink()
                self._write()
        except (sqlite3.Error, OSError) as error:
            raise UsageError(f"{self._path} cannot be written: {error}.") from error
        self._noted.clear()

    @cached_property
    def _kept(self) -> sqlite3.Connection | None:
        return sqlite3.connect(self._path) if self._path.exists() else None

    def _write(self) -> None:
        rows = ((paper, day, title) for paper, days in self._noted.items() for day, title in days.items())
        with closing(sqlite3.connect(self._path)) as connection:
            connection.execute("pragma synchronous = off")  # what a power cut takes is made again
            connection.execute(_TABLE)
            connection.executemany("insert or replace into titles values (?, ?, ?)", rows)
            connection.commit()
