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
