"""The table of what was sent to whom: rows are added, and never changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from datetime import date as Date  # noqa: N812 - as in digest.model

from digest.ledger.interface import Delivery
from digest.ledger.sqlite.connection import Store

_COLUMNS = "date, section, channel, recipient, edition, attempt, state, at, shown"


class _NotedError(Exception):
    """One of the rows is there already."""


def read_deliveries(store: Store, first: Date, last: Date) -> tuple[Delivery, ...]:
    """Everything noted of the digests of these dates and between, in the order in which it was noted."""
    sql = f"SELECT {_COLUMNS} FROM deliveries WHERE date BETWEEN ? AND ? ORDER BY id"  # noqa: S608 - ours
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
        for day, section, channel, recipient, edition, attempt, state, at, shown in store.rows(
            sql, (first.isoformat(), last.isoformat())
        )
    )


def write_deliveries(store: Store, deliveries: Sequence[Delivery]) -> bool:
    """Note them all, or none: False if one is noted already."""
    try:
        with store.transaction():
            for one in deliveries:
                _insert(store, one)
    except _NotedError:
        return False
    return True


def _insert(store: Store, one: Delivery) -> None:
    sql = f"INSERT INTO deliveries ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"  # noqa: S608 - ours
    at = one.at.astimezone(UTC).isoformat(timespec="milliseconds")
    shown = json.dumps(dict(one.shown), ensure_ascii=False, sort_keys=True)
    place = (one.date.isoformat(), one.section, one.channel, one.recipient, one.edition)
    if store.write(sql, (*place, one.attempt, one.state, at, shown)).rowcount != 1:
        raise _NotedError
