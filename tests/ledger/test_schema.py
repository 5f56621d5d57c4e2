"""Every schema that was ever released is brought up to date, whole, even by two processes at once."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from digest.ledger import FILE_NAME, open_ledger
from digest.ledger.sql.codec import pack, pack_text
from digest.ledger.sql.schema import migrations
from digest.ledger.sqlite.schema import APPLICATION, migrate
from digest.model import Text, TextOrigin
from tests import forked
from tests.ledger.test_ledger import completion, request

DESCRIBED = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"


def released(path: Path, version: int) -> sqlite3.Connection:
    """A ledger as the program of that schema version made it, by its own SQL."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    for statements in migrations()[:version]:
        connection.executescript(statements)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {version}")
    return connection


@pytest.mark.parametrize("version", range(1, len(migrations()) + 1))
def test_a_ledger_of_every_version_keeps_its_answers(tmp_path: Path, version: int) -> None:
    asked, answered = request(), completion(request().key)
    text = Text(origin=TextOrigin(source="abstract", reason="扫描件"))
    connection = released(tmp_path / FILE_NAME, version)
    connection.execute("INSERT INTO runs (started, state, command) VALUES ('2026-01-28', 'complete', 'run')")
    connection.execute(
        "INSERT INTO completions (key, run, paper, request, completion) VALUES (?, 1, '1', ?, ?)",
        (asked.key, pack_text("{}"), pack(answered)),
    )
    connection.execute(
        "INSERT INTO texts (paper, recipe, at, text) VALUES ('1v1', 'r', '', ?)", (pack(text),)
    )
    connection.close()
    with open_ledger(tmp_path) as ledger:
        assert ledger.database.one("PRAGMA user_version") == (len(migrations()),)
        assert ledger.completion(asked.key) == answered
        assert ledger.text("1v1", "r") == text
        assert ledger.begin("run") == 2
        described = list(ledger.database.rows(DESCRIBED))
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    migrate(fresh)
    assert described == fresh.execute(DESCRIBED).fetchall()
    fresh.close()


def test_a_migration_that_fails_leaves_the_old_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released(tmp_path / FILE_NAME, len(migrations())).close()
    broken = (*migrations(), "CREATE TABLE half (x);\nCREATE TABLE runs (y);\n")
    monkeypatch.setattr("digest.ledger.sqlite.schema.migrations", lambda: broken)
    connection = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError, match="runs already exists"):
        migrate(connection)
    connection.close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(broken) - 1,)
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)
    connection.close()


def test_many_processes_may_make_the_same_ledger(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from digest.ledger import open_ledger\n"
    script += "with open_ledger(Path(sys.argv[1])) as ledger: print(ledger.begin('run'))"
    processes = [forked.Process("-c", script, str(tmp_path)) for _ in range(3)]
    said = [process.communicate() for process in processes]
    assert sorted(said) == [(f"{number}\n", "") for number in range(1, 4)]


def test_what_identifies_a_ledger_never_changes() -> None:
    assert int.from_bytes(b"arXd") == APPLICATION
