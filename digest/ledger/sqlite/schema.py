"""The ledger's tables, as a list of migrations; the number applied is SQLite's `user_version`.

A migration is never edited once released: a change is a further one. Each runs in one transaction with the
new version number, so a process killed in between leaves the old schema, whole.
"""

from __future__ import annotations

import sqlite3

APPLICATION = 0x61725864
"""SQLite's `application_id` of our files: "arXd"."""

MIGRATIONS: tuple[str, ...] = (
    f"""
    PRAGMA application_id = {APPLICATION};
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice: locks are named after it
        started TEXT NOT NULL,
        finished TEXT,
        state TEXT NOT NULL,             -- running, complete, flagged, quiet, failed
        command TEXT NOT NULL,           -- run, paper
        date TEXT,                       -- announcement date, once known
        section TEXT,
        report TEXT                      -- JSON: counts, questions, tokens, why it failed
    );
    CREATE TABLE completions (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL,               -- hash of everything that determines the answer
        run INTEGER REFERENCES runs (id),
        paper TEXT,
        request BLOB NOT NULL,           -- zlib of canonical JSON: what was asked
        completion BLOB NOT NULL         -- zlib of JSON: the answer with usage, times, model
    );
    CREATE INDEX completions_key ON completions (key, id);
    CREATE INDEX completions_run ON completions (run);
    CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        run INTEGER REFERENCES runs (id),
        at TEXT NOT NULL,
        paper TEXT,
        stage TEXT NOT NULL,             -- source, text, ask, check, publish
        what TEXT NOT NULL,
        detail TEXT                      -- words, or the findings as JSON
    );
    CREATE INDEX events_run ON events (run, paper);
    CREATE TABLE outcomes (
        question TEXT NOT NULL,          -- key of the first question about a paper
        recipe TEXT NOT NULL,            -- hash of the checks and of the other papers
        outcome BLOB NOT NULL,           -- zlib of JSON: the summary and its findings
        PRIMARY KEY (question, recipe)
    ) WITHOUT ROWID;
    CREATE TABLE texts (
        paper TEXT NOT NULL,             -- identifier with version
        recipe TEXT NOT NULL,            -- hash of what shapes the passages
        at TEXT NOT NULL,
        text BLOB NOT NULL,              -- zlib of JSON
        PRIMARY KEY (paper, recipe)
    ) WITHOUT ROWID;
    CREATE TABLE snapshots (
        url TEXT NOT NULL,
        fetched TEXT NOT NULL,
        category TEXT,                   -- with date: the announcement that it was found to be
        date TEXT,
        snapshot BLOB NOT NULL,          -- zlib of JSON
        PRIMARY KEY (url, fetched)
    ) WITHOUT ROWID;
    CREATE INDEX snapshots_day ON snapshots (category, date);
    CREATE TABLE announcements (
        categories TEXT NOT NULL,        -- of the section, joined by +
        date TEXT NOT NULL,
        announcement BLOB NOT NULL,      -- zlib of JSON, with the metadata of the API
        PRIMARY KEY (categories, date)
    ) WITHOUT ROWID;
    CREATE TABLE listings (
        section TEXT NOT NULL,
        date TEXT NOT NULL,
        paper TEXT NOT NULL,
        kind TEXT NOT NULL,
        PRIMARY KEY (paper, section, date)
    ) WITHOUT ROWID;
    CREATE TABLE capabilities (
        endpoint TEXT NOT NULL,
        model TEXT NOT NULL,
        traits TEXT NOT NULL,            -- JSON: what the endpoint was found to accept
        learned TEXT NOT NULL,
        PRIMARY KEY (endpoint, model)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE batches (
        id INTEGER PRIMARY KEY,
        token TEXT NOT NULL UNIQUE,      -- ours, in the metadata of the endpoint's batch
        endpoint TEXT NOT NULL,
        run INTEGER NOT NULL REFERENCES runs (id),
        section TEXT NOT NULL,
        date TEXT NOT NULL,
        state TEXT NOT NULL,             -- intended, uploaded, submitted, collected, void
        changed TEXT NOT NULL,
        file TEXT,                       -- the endpoint's name of the uploaded questions
        remote TEXT                      -- the endpoint's name of the batch
    );
    CREATE TABLE batch_rows (
        batch INTEGER NOT NULL REFERENCES batches (id),
        key TEXT NOT NULL,
        paper TEXT NOT NULL,
        request BLOB NOT NULL,           -- zlib of JSON
        PRIMARY KEY (batch, key)
    ) WITHOUT ROWID;
    CREATE INDEX batch_rows_key ON batch_rows (key);
    """,
    """
    ALTER TABLE batch_rows ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;  -- 1: by a content filter
    """,
    """
    CREATE TABLE deliveries (            -- rows are added, and never changed
        id INTEGER PRIMARY KEY,
        date TEXT NOT NULL,
        section TEXT NOT NULL,
        channel TEXT NOT NULL,
        recipient TEXT NOT NULL,         -- a hash, or empty: no address
        edition TEXT NOT NULL,           -- empty: the digest; else which correction
        attempt INTEGER NOT NULL,
        state TEXT NOT NULL,             -- sending, sent, failed, unsure
        at TEXT NOT NULL,
        shown TEXT NOT NULL,             -- JSON: paper -> hash of what was said of it
        UNIQUE (date, section, channel, recipient, edition, attempt, state)
    );
    """,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema to the newest version; two processes may do so at once.

    Raises:
        sqlite3.DatabaseError: the file is no ledger, or cannot be written.
        ValueError: the file was written by a newer version of this program, or by another program.
    """
    version = check(connection)
    while version < len(MIGRATIONS):
        connection.execute("BEGIN IMMEDIATE")
        version = _version(connection)  # another process may have been faster
        if version < len(MIGRATIONS):
            for statement in MIGRATIONS[version].split(";\n"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version + 1}")
            version += 1
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
    if version > len(MIGRATIONS):
        raise ValueError(f"it has schema {version}, and this program knows {len(MIGRATIONS)}")
    return version


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
