"""The ledger: one SQLite file under `runs/` that keeps what was received, for ever.

A completion is committed in the moment it arrives, before anything else happens to it (`store.connect` says
what a commit survives). Errors are events, never answers. Events wait in memory for the next commit, so that
a run of thousands of papers does not sync the disk for each of them; a killed run may lose its last few. So
do outcomes, which can be made again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from datetime import date as Date  # noqa: N812 - `date` is the name of an argument below
from pathlib import Path
from typing import Any

from digest.ledger.sqlite.batches import SqliteBatches
from digest.ledger.sqlite.connection import (
    LOCK_NAME,
    Store,
    connect,
    pack,
    pack_text,
    unpack,
    unpack_text,
    unwritable,
)
from digest.ledger.sqlite.locks import Locks
from digest.model import Announcement, Completion, Digest, Snapshot, Text

_MOST_WAITING = 500


class SqliteLedger(Store):
    """An open ledger. One per process; others may have the same file open.

    Args:
        folder: the `runs/` folder; made when missing.

    Raises:
        UsageError: the folder or file cannot be written.
        LedgerError: the file is damaged, or was written by a newer version of this program.
    """

    def __init__(self, folder: Path) -> None:
        connection = connect(folder)
        (_, _, path) = connection.execute("PRAGMA database_list").fetchone()
        super().__init__(Path(path), connection)
        try:
            self._locks = Locks(folder / LOCK_NAME)
        except OSError as error:
            connection.close()
            raise unwritable(folder, error) from error
        self._waiting: list[tuple[str, tuple[Any, ...]]] = []

    def close(self) -> None:
        """Write what waits, and close the file; the locks of this process end."""
        try:
            if self._waiting:
                with self.transaction():
                    self._write_waiting()
        finally:
            self._locks.close()
            super().close()

    # completions

    def completion(self, key: str, after: int = 0) -> Completion | None:
        """The newest answer kept under `key`, if any; only one kept by run `after` or a later one.

        Bytes that were damaged on the disk are no answer.
        """
        sql = "SELECT completion FROM completions WHERE key = ? AND run >= ? ORDER BY id DESC"
        for (blob,) in self.rows(sql, (key, after)):
            completion = unpack(Completion, blob)
            if completion is not None and completion.key == key:
                return completion
        return None

    def keep(self, completion: Completion, request: Mapping[str, Any], run: int, paper: str | None) -> None:
        """Keep an answer. When this returns, it is on disk."""
        with self.transaction():
            self.write(
                "INSERT INTO completions (key, run, paper, request, completion) VALUES (?, ?, ?, ?, ?)",
                (completion.key, run, paper, pack_text(_canonical(request)), pack(completion)),
            )
            self._write_waiting()
            self.write("DELETE FROM outcomes WHERE question = ?", (completion.key,))

    def asked_alone(self) -> frozenset[str]:
        """The keys of answers that `digest paper` got."""
        sql = "SELECT key FROM completions JOIN runs ON runs.id = completions.run WHERE command = 'paper'"
        return frozenset(str(key) for (key,) in self.rows(sql))

    def newest(self) -> int:
        """The number of the newest answer: it grows while any process gets answers."""
        row = self.one("SELECT max(id) FROM completions")
        return 0 if row is None or row[0] is None else int(row[0])

    # questions under way

    def claim(self, key: str) -> bool:
        """Whether this process may ask now; False while another, living one does.

        Whoever gets the claim looks for the answer once more: the other may just have kept it.
        """
        return self._locks.try_hold(f"ask {key}")

    def release(self, key: str) -> None:
        """The question is answered, or given up."""
        self._locks.release(f"ask {key}")

    def claim_digests(self) -> bool:
        """Whether this process may rewrite digests now; `release_digests` afterwards."""
        return self._locks.try_hold("digests")

    def release_digests(self) -> None:
        """Others may rewrite digests again."""
        self._locks.release("digests")

    # runs and events

    def begin(self, command: str, section: str | None = None, day: Date | None = None) -> int:
        """Note that a run has begun, and return its number. It lives until `finish`, or as long as we do."""
        with self.transaction():
            cursor = self.write(
                "INSERT INTO runs (started, state, command, section, date) VALUES (?, 'running', ?, ?, ?)",
                (_now(), command, section, _iso(day)),
            )
            run = int(cursor.lastrowid or 0)
            self._locks.hold(run_lock(run))  # before anybody can see the run and find it dead
        return run

    def finish(self, run: int, state: str, report: Mapping[str, Any], day: Date | None = None) -> None:
        """Note how a run ended: complete, flagged, quiet, or failed, with its report."""
        with self.transaction():
            self.write(
                "UPDATE runs SET finished = ?, state = ?, report = ?, date = coalesce(?, date) WHERE id = ?",
                (_now(), state, _canonical(report), _iso(day), run),
            )
            self._write_waiting()
        self._locks.release(run_lock(run))

    def event(
        self, run: int, stage: str, what: str, paper: str | None = None, detail: str | None = None
    ) -> None:
        """Note something that happened on the way; never an answer."""
        sql = "INSERT INTO events (run, at, paper, stage, what, detail) VALUES (?, ?, ?, ?, ?, ?)"
        self._write_later(sql, (run, _now(), paper, stage, what, detail))

    def flagged_before(self, section: str, day: Date, codes: Collection[str]) -> tuple[int, Collection[str]]:
        """The last run that published a day, and the papers that it flagged with one of these codes."""
        row = self.one(
            "SELECT id, report FROM runs WHERE section = ? AND date = ? AND state IN ('complete', 'flagged') "
            "AND command = 'run' ORDER BY id DESC LIMIT 1",
            (section, day.isoformat()),
        )
        if row is None:
            return 0, ()
        flagged: dict[str, str] = json.loads(row[1]).get("flagged", {})
        return int(row[0]), frozenset(paper for paper, code in flagged.items() if code in codes)

    def states(self, command: str, section: str, day: Date) -> tuple[str, ...]:
        """How the runs of a command for a section and day ended, oldest first."""
        rows = self.rows(
            "SELECT id, state FROM runs WHERE command = ? AND section = ? AND date = ? ORDER BY id",
            (command, section, day.isoformat()),
        )
        return tuple(
            "killed" if state == "running" and not self._locks.is_held(run_lock(run)) else str(state)
            for run, state in rows
        )

    def reports(self, command: str, most: int) -> tuple[Mapping[str, Any], ...]:
        """The reports of the last runs of a command that ended, newest first."""
        rows = self.rows(
            "SELECT report FROM runs WHERE command = ? AND report IS NOT NULL ORDER BY id DESC LIMIT ?",
            (command, most),
        )
        return tuple(json.loads(report) for (report,) in rows)

    # outcomes: derived from completions, so they may be lost

    def outcome(self, question: str, recipe: str) -> str | None:
        """What became of a question (by its key) under a recipe, as JSON, if that is kept."""
        row = self.one("SELECT outcome FROM outcomes WHERE question = ? AND recipe = ?", (question, recipe))
        return None if row is None else unpack_text(row[0])

    def keep_outcome(self, question: str, recipe: str, outcome: str) -> None:
        """Keep what became of a question (JSON), until there is a new answer to it."""
        sql = "INSERT OR REPLACE INTO outcomes (question, recipe, outcome) VALUES (?, ?, ?)"
        self._write_later(sql, (question, recipe, pack_text(outcome)))

    # texts

    def text(self, paper: str, recipe: str) -> Text | None:
        """The passages kept for a paper (identifier with version) under a recipe, if any."""
        row = self.one("SELECT text FROM texts WHERE paper = ? AND recipe = ?", (paper, recipe))
        return None if row is None else unpack(Text, row[0])

    def texts_of(self, paper_id: str, recipe: str) -> tuple[Text, ...]:
        """The passages kept for all versions of a paper under a recipe, newest version first."""
        rows = self.rows(
            "SELECT text FROM texts WHERE paper > ? AND paper < ? AND recipe = ? "
            "ORDER BY length(paper) DESC, paper DESC",
            (f"{paper_id}v", f"{paper_id}w", recipe),
        )
        return tuple(text for (blob,) in rows if (text := unpack(Text, blob)) is not None)

    def keep_text(self, paper: str, recipe: str, text: Text) -> None:
        """Keep a paper's passages, so that the same question can be put together again."""
        self.write(
            "INSERT OR REPLACE INTO texts (paper, recipe, at, text) VALUES (?, ?, ?, ?)",
            (paper, recipe, _now(), pack(text)),
        )

    # announcements with metadata: a day that is here needs nothing of arXiv any more

    def announcement(self, categories: Collection[str], day: Date) -> Announcement | None:
        """What was announced in a section's categories on a date, if it is kept."""
        row = self.one(
            "SELECT announcement FROM announcements WHERE categories = ? AND date = ?",
            ("+".join(categories), day.isoformat()),
        )
        return None if row is None else unpack(Announcement, row[0])

    def keep_announcement(self, categories: Collection[str], announcement: Announcement) -> None:
        """Keep a whole announcement, once the API has added all it can."""
        self.write(
            "INSERT OR REPLACE INTO announcements (categories, date, announcement) VALUES (?, ?, ?)",
            ("+".join(categories), announcement.date.isoformat(), pack(announcement)),
        )

    # answers of arXiv: this is a `SnapshotStore`

    def put(self, snapshot: Snapshot) -> None:
        """Keep an answer of arXiv; one with the same URL and time is replaced."""
        fetched = snapshot.fetched.astimezone(UTC).isoformat(timespec="microseconds")
        self.write(
            "INSERT OR REPLACE INTO snapshots (url, fetched, category, date, snapshot) "
            "VALUES (?, ?, ?, ?, ?)",
            (snapshot.url, fetched, snapshot.category, _iso(snapshot.date), pack(snapshot)),
        )

    def get(self, url: str) -> Snapshot | None:
        """The labelled answer of a URL that was fetched last."""
        row = self.one(
            "SELECT snapshot FROM snapshots WHERE url = ? AND date IS NOT NULL ORDER BY fetched DESC LIMIT 1",
            (url,),
        )
        return None if row is None else unpack(Snapshot, row[0])

    def day(self, category: str, date: Date) -> tuple[Snapshot, ...]:
        """The answers labelled as a category's announcement of a date, of each URL the last, oldest first."""
        rows = self.rows(
            "SELECT snapshot, max(fetched) FROM snapshots WHERE category = ? AND date = ? "
            "GROUP BY url ORDER BY max(fetched)",
            (category, date.isoformat()),
        )
        snapshots = [unpack(Snapshot, row[0]) for row in rows]
        whole = tuple(one for one in snapshots if one is not None)
        return whole if len(whole) == len(snapshots) else ()  # a day with a page missing is not kept

    def before(self, category: str, date: Date) -> Date | None:
        """The latest earlier date of which a category's announcement is kept."""
        row = self.one(
            "SELECT max(date) FROM snapshots WHERE category = ? AND date < ?", (category, date.isoformat())
        )
        return None if row is None or row[0] is None else Date.fromisoformat(row[0])

    # listings of published digests

    def keep_listings(self, digest: Digest) -> None:
        """Note which papers a digest holds, for telling later digests that they were seen."""
        if digest.date is None:
            return
        day = digest.date.isoformat()
        with self.transaction():
            for entry in digest.entries:
                self.write(
                    "INSERT OR REPLACE INTO listings (section, date, paper, kind) VALUES (?, ?, ?, ?)",
                    (digest.section.key, day, entry.paper.id, entry.listing.kind),
                )

    def seen(self, section: str, paper: str, before: Date) -> Date | None:
        """The newest date before `before` on which a digest of the section held the paper."""
        row = self.one(
            "SELECT max(date) FROM listings WHERE paper = ? AND section = ? AND date < ?",
            (paper, section, before.isoformat()),
        )
        return None if row is None or row[0] is None else Date.fromisoformat(row[0])

    # what endpoints can do

    def traits(self, endpoint: str, model: str) -> str | None:
        """What was learned about an endpoint and model (JSON), if anything."""
        row = self.one("SELECT traits FROM capabilities WHERE endpoint = ? AND model = ?", (endpoint, model))
        return None if row is None else str(row[0])

    def keep_traits(self, endpoint: str, model: str, traits: str) -> None:
        """Remember what was learned about an endpoint and model (JSON)."""
        self.write(
            "INSERT OR REPLACE INTO capabilities (endpoint, model, traits, learned) VALUES (?, ?, ?, ?)",
            (endpoint, model, traits, _now()),
        )

    def batches(self, endpoint: str) -> SqliteBatches:
        """The batches of the endpoint at an address."""
        return SqliteBatches(self, endpoint)

    def _write_later(self, sql: str, values: tuple[Any, ...]) -> None:
        self._waiting.append((sql, values))
        if len(self._waiting) >= _MOST_WAITING:
            with self.transaction():
                self._write_waiting()

    def _write_waiting(self) -> None:
        """Inside a transaction: what waits. It waits no more, even if the disk then has no room for it."""
        waiting, self._waiting = self._waiting, []
        for sql, values in waiting:
            self.write(sql, values)


def run_lock(run: int) -> str:
    """The name of the lock that a living run holds."""
    return f"run {run}"


def _iso(day: Date | None) -> str | None:
    return None if day is None else day.isoformat()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _canonical(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
