"""The ledger: what was received, kept for ever in a database.

A completion is committed in the moment it arrives, before anything else happens to it (the drivers say what a
commit survives). Errors are events, never answers. Events wait in memory for the next commit, so that a run
of thousands of papers does not sync the disk for each of them; a killed run may lose its last few. So do
outcomes, which can be made again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date as Date
from typing import Any

from digest.ledger.interface import Delivery, Ledger
from digest.ledger.sql.batches import SqlBatches
from digest.ledger.sql.codec import iso, now, pack, pack_text, unpack, unpack_text
from digest.ledger.sql.database import Closing, Database, SqlRow
from digest.ledger.sql.deliveries import read_deliveries, write_deliveries
from digest.ledger.sql.snapshots import SqlSnapshots
from digest.model import Announcement, Completion, Digest, Text

_MOST_WAITING = 500
Statement = tuple[str, SqlRow]


class SqlLedger(SqlSnapshots, Closing, Ledger):
    """An open ledger. One per process; others may have the same database open.

    Args:
        database: with the ledger's tables; closed with the ledger.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._waiting: list[Statement] = []
        self._outcomes: dict[tuple[str, str], bytes] = {}

    @property
    def name(self) -> str:
        return self.database.name

    def __reduce__(self) -> tuple[type[SqlLedger], tuple[Database]]:
        """As its database: where it is unpickled it is opened anew."""
        return type(self), (self.database,)

    def close(self) -> None:
        try:
            if self._waiting or self._outcomes:
                self._commit()
        finally:
            self.database.close()

    # completions

    def completion(self, key: str, after: int = 0) -> Completion | None:
        sql = "SELECT completion FROM completions WHERE key = ? AND run >= ? ORDER BY id DESC"
        for (blob,) in self.database.rows(sql, (key, after)):
            completion = unpack(Completion, blob)
            if completion is not None and completion.key == key:
                return completion
        return None

    def keep(self, completion: Completion, request: Mapping[str, Any], run: int, paper: str | None) -> None:
        self._commit(
            (
                "INSERT INTO completions (key, run, paper, request, completion) VALUES (?, ?, ?, ?, ?)",
                (completion.key, run, paper, pack_text(_canonical(request)), pack(completion)),
            ),
            last=("DELETE FROM outcomes WHERE question = ?", (completion.key,)),
        )

    def asked_alone(self) -> frozenset[str]:
        sql = "SELECT key FROM completions JOIN runs ON runs.id = completions.run WHERE command = 'paper'"
        return frozenset(str(key) for (key,) in self.database.rows(sql))

    def newest(self) -> int:
        row = self.database.one("SELECT max(id) FROM completions")
        return 0 if row is None or row[0] is None else int(row[0])

    # questions under way

    def claim(self, key: str) -> bool:
        return self.database.try_hold(f"ask {key}")

    def release(self, key: str) -> None:
        self.database.release(f"ask {key}")

    def claim_digests(self) -> bool:
        return self.database.try_hold("digests")

    def release_digests(self) -> None:
        self.database.release("digests")

    # runs and events

    def begin(self, command: str, section: str | None = None, day: Date | None = None) -> int:
        sql = "INSERT INTO runs (started, state, command, section, date) VALUES (?, 'running', ?, ?, ?)"
        values = (now(), command, section, iso(day))

        def work() -> int:
            run = self.database.insert(sql, values)
            self.database.hold(run_lock(run))  # before anybody can see the run and find it dead
            return run

        return self.database.run_transaction(work)

    def finish(self, run: int, state: str, report: Mapping[str, Any], day: Date | None = None) -> None:
        self._commit(
            (
                "UPDATE runs SET finished = ?, state = ?, report = ?, date = coalesce(?, date) WHERE id = ?",
                (now(), state, _canonical(report), iso(day), run),
            )
        )
        self.database.release(run_lock(run))

    def event(
        self, run: int, stage: str, what: str, paper: str | None = None, detail: str | None = None
    ) -> None:
        sql = "INSERT INTO events (run, at, paper, stage, what, detail) VALUES (?, ?, ?, ?, ?, ?)"
        self._waiting.append((sql, (run, now(), paper, stage, what, detail)))
        self._commit_many()

    def flagged_before(self, section: str, day: Date, codes: Collection[str]) -> tuple[int, Collection[str]]:
        row = self.database.one(
            "SELECT id, report FROM runs WHERE section = ? AND date = ? AND state IN ('complete', 'flagged') "
            "AND command = 'run' ORDER BY id DESC LIMIT 1",
            (section, day.isoformat()),
        )
        if row is None:
            return 0, ()
        flagged: dict[str, str] = json.loads(row[1]).get("flagged", {})
        return int(row[0]), frozenset(paper for paper, code in flagged.items() if code in codes)

    def states(self, command: str, section: str, day: Date) -> tuple[str, ...]:
        rows = self.database.rows(
            "SELECT id, state FROM runs WHERE command = ? AND section = ? AND date = ? ORDER BY id",
            (command, section, day.isoformat()),
        )
        return tuple(
            "stopped" if state == "running" and not self.database.is_held(run_lock(run)) else str(state)
            for run, state in rows
        )

    def reports(self, command: str, most: int) -> tuple[Mapping[str, Any], ...]:
        rows = self.database.rows(
            "SELECT report FROM runs WHERE command = ? AND report IS NOT NULL ORDER BY id DESC LIMIT ?",
            (command, most),
        )
        return tuple(json.loads(report) for (report,) in rows)

    # outcomes: derived from completions, so they may be lost

    def outcome(self, question: str, recipe: str) -> str | None:
        row = self.database.one(
            "SELECT outcome FROM outcomes WHERE question = ? AND recipe = ?", (question, recipe)
        )
        return None if row is None else unpack_text(row[0])

    def keep_outcome(self, question: str, recipe: str, outcome: str) -> None:
        self._outcomes[question, recipe] = pack_text(outcome)
        self._commit_many()

    # texts

    def text(self, paper: str, recipe: str) -> Text | None:
        row = self.database.one("SELECT text FROM texts WHERE paper = ? AND recipe = ?", (paper, recipe))
        return None if row is None else unpack(Text, row[0])

    def texts_of(self, paper_id: str, recipe: str) -> tuple[Text, ...]:
        rows = self.database.rows(
            "SELECT text FROM texts WHERE paper > ? AND paper < ? AND recipe = ? "
            "ORDER BY length(paper) DESC, paper DESC",
            (f"{paper_id}v", f"{paper_id}w", recipe),
        )
        return tuple(text for (blob,) in rows if (text := unpack(Text, blob)) is not None)

    def keep_text(self, paper: str, recipe: str, text: Text) -> None:
        self.database.write(
            "INSERT INTO texts (paper, recipe, at, text) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (paper, recipe) DO UPDATE SET at = excluded.at, text = excluded.text",
            (paper, recipe, now(), pack(text)),
        )

    # announcements with metadata: a day that is here needs nothing of arXiv any more

    def announcement(self, categories: Collection[str], day: Date) -> Announcement | None:
        row = self.database.one(
            "SELECT announcement FROM announcements WHERE categories = ? AND date = ?",
            ("+".join(categories), day.isoformat()),
        )
        return None if row is None else unpack(Announcement, row[0])

    def keep_announcement(self, categories: Collection[str], announcement: Announcement) -> None:
        self.database.write(
            "INSERT INTO announcements (categories, date, announcement) VALUES (?, ?, ?) "
            "ON CONFLICT (categories, date) DO UPDATE SET announcement = excluded.announcement",
            ("+".join(categories), announcement.date.isoformat(), pack(announcement)),
        )

    # listings of published digests

    def keep_listings(self, digest: Digest) -> None:
        if digest.date is None:
            return
        day = digest.date.isoformat()
        sql = (
            "INSERT INTO listings (section, date, paper, kind) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (paper, section, date) DO UPDATE SET kind = excluded.kind"
        )

        def work() -> None:
            for entry in digest.entries:
                self.database.write(sql, (digest.section.key, day, entry.paper.id, entry.listing.kind))

        self.database.run_transaction(work)

    def seen(self, section: str, paper: str, before: Date) -> Date | None:
        row = self.database.one(
            "SELECT max(date) FROM listings WHERE paper = ? AND section = ? AND date < ?",
            (paper, section, before.isoformat()),
        )
        return None if row is None or row[0] is None else Date.fromisoformat(row[0])

    # what endpoints can do

    def capabilities(self, endpoint: str, model: str) -> str | None:
        row = self.database.one(
            "SELECT traits FROM capabilities WHERE endpoint = ? AND model = ?", (endpoint, model)
        )
        return None if row is None else str(row[0])

    def keep_capabilities(self, endpoint: str, model: str, learned: str) -> None:
        self.database.write(
            "INSERT INTO capabilities (endpoint, model, traits, learned) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (endpoint, model) "
            "DO UPDATE SET traits = excluded.traits, learned = excluded.learned",
            (endpoint, model, learned, now()),
        )

    def batches(self, endpoint: str) -> SqlBatches:
        return SqlBatches(self.database, endpoint)

    # what was sent to whom

    def deliveries(self, first: Date, last: Date) -> tuple[Delivery, ...]:
        return read_deliveries(self.database, first, last)

    def note_deliveries(self, deliveries: Sequence[Delivery]) -> bool:
        return write_deliveries(self.database, deliveries)

    def _commit_many(self) -> None:
        if len(self._waiting) + len(self._outcomes) >= _MOST_WAITING:
            self._commit()

    def _commit(self, *first: Statement, last: Statement | None = None) -> None:
        """Commit statements and what waits, which waits no more, even if the disk then has no room for it."""
        waiting, self._waiting = self._waiting, []
        outcomes, self._outcomes = self._outcomes, {}
        kept = (
            "INSERT INTO outcomes (question, recipe, outcome) VALUES (?, ?, ?) "
            "ON CONFLICT (question, recipe) DO UPDATE SET outcome = excluded.outcome"
        )  # in one order in every process, or two might wait for each other
        waiting += [(kept, (*place, outcome)) for place, outcome in sorted(outcomes.items())]
        statements: Sequence[Statement] = (*first, *waiting, *((last,) if last else ()))

        def work() -> None:
            for sql, values in statements:
                self.database.write(sql, values)

        self.database.run_transaction(work)


def run_lock(run: int) -> str:
    """The name of the lock that a living run holds."""
    return f"run {run}"


def _canonical(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
