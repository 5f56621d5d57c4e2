"""Thinning a ledger out."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from digest.ledger.sql.database import Database
from digest.system.errors import UsageError


def age(text: str) -> timedelta:
    """90d or 12w as a span of time.

    Raises:
        UsageError: it is neither.
    """
    match = re.fullmatch(r"(\d{1,5})([dw])", text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no age. Ages look like 90d (days) or 12w (weeks).")
    return timedelta(days=int(match[1]) * (7 if match[2] == "w" else 1))


def prune(database: Database, before: datetime, *, answers: bool) -> dict[str, int]:
    """Delete what is older, give the space back, and say how many rows of each table went.

    Without `answers` nothing is lost that a run needs: events, unlabelled answers of arXiv, outcomes, runs
    that got no answer. With `answers` everything of that time goes: its days would be paid for again.
    """
    instant, day = before.isoformat(timespec="milliseconds"), before.date().isoformat()
    started = "SELECT id FROM runs WHERE started < ?"
    questions = f"SELECT key FROM completions WHERE run IN ({started})"
    rows = {
        "events": ("at < ?", instant),
        "outcomes": (f"question IN ({questions})", instant),
        "snapshots": ("date IS NULL AND fetched < ?", instant),
    }
    if answers:
        rows |= {
            "completions": (f"run IN ({started})", instant),
            "texts": ("at < ?", instant),
            "announcements": ("date < ?", day),
            "snapshots": ("coalesce(date, substr(fetched, 1, 10)) < ?", day),
        }
    used = "SELECT run FROM completions UNION SELECT run FROM events"
    rows["runs"] = (f"started < ? AND state != 'running' AND id NOT IN ({used})", instant)

    def work() -> dict[str, int]:
        return {
            table: database.write(f"DELETE FROM {table} WHERE {which}", (limit,))
            for table, (which, limit) in rows.items()
        }

    gone = database.run_transaction(work)
    database.give_back()
    return gone
