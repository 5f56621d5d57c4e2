"""The table of what was sent to whom: rows are added, and never changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from datetime import date as Date

from digest.ledger.interface import Delivery
from digest.ledger.sql.database import Database

_COLUMNS = "date, section, channel, recipient, edition, attempt, state, at, shown"


class _NotedError(Exception):
    """One of the rows is there already."""


def read_deliveries(database: Database, first: Date, last: Date) -> tuple[Delivery, ...]:
    """Everything noted of the digests of these dates and between, in the order in which it was noted."""
    sql = f"SELECT {_COLUMNS} FROM deliveries WHERE date BETWEEN ? AND ? ORDER BY id"
    return tuple(
        Delivery(
            date=Date.fromisoformat(day),
            section=section,
            channel=channel,
            recipient=recipient,
            edition=edition,
            attempt=attempt,
            state=state,
            at=datetime.fromisoformat(at),
            shown=json.loads(shown),
        )
        for day, section, channel, recipient, edition, attempt, state, at, shown in database.rows(
            sql, (first.isoformat(), last.isoformat())
        )
    )


def write_deliveries(database: Database, deliveries: Sequence[Delivery]) -> bool:
    """Note them all, or none: False if one is noted already."""

    def work() -> None:
        for one in deliveries:
            _insert(database, one)

    try:
        database.run_transaction(work)
    except _NotedError:
        return False
    return True


def _insert(database: Database, one: Delivery) -> None:
    sql = f"INSERT INTO deliveries ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
    at = one.at.astimezone(UTC).isoformat(timespec="milliseconds")
    shown = json.dumps(dict(one.shown), ensure_ascii=False, sort_keys=True)
    place = (one.date.isoformat(), one.section, one.channel, one.recipient, one.edition)
    if database.write(sql, (*place, one.attempt, one.state, at, shown)) != 1:
        raise _NotedError
