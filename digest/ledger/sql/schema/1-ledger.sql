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
