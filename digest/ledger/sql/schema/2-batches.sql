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
