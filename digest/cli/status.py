"""`digest status`: what is due, made, pending and missing of the last 30 days, for people and monitors."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from digest.cli import options
from digest.cli.table import table
from digest.system.language import translated

if TYPE_CHECKING:
    from datetime import date as Date

    from digest.config import Settings
    from digest.ledger.interface import Delivery, DeliveryState
    from digest.pipeline.status import DayState, DayStatus, Runs, SectionStatus

STATES: tuple[DayState, ...] = ("complete", "flagged", "pending", "nothing", "due", "missing")
"""Columns of the table."""

CALLS = 3
"""The exit code where somebody should look."""


def status(section: options.Sections = None, out: options.Out = None, json: options.Json = False) -> None:
    """Tell what is due, made, pending and missing of the last 30 days; exit 3 if somebody should look."""
    from digest.cli import output
    from digest.config import load
    from digest.pipeline.status import status_of

    settings = load({"run": {"sections": section or None, "out": out}}, os.environ)
    now, folder = datetime.now(UTC), settings.run.out
    runs = runs_in(settings, now)
    found = [status_of(one, folder, runs, now) for one in settings.chosen_sections()]
    if not settings.run.sections:  # those that nobody ever ran are not waited for, unless all are so
        found = [one for one in found if one.begun] or found
    if json:
        output.as_json(values(found, now))
    else:
        for line in lines(found):
            print(line)
    raise typer.Exit(CALLS if any(one.calls for one in found) else 0)


def runs_in(settings: Settings, now: datetime) -> Runs:
    """The runs of the last 30 days that the ledger knows; empty where there is none."""
    from digest.ledger import FILE_NAME, open_history
    from digest.pipeline.status import REACH, LastRun, Runs

    where, since = settings.ledger_at, (now - REACH).date()
    if isinstance(where, Path) and not (where / FILE_NAME).exists():
        return Runs()
    last: dict[tuple[str, Date], LastRun] = {}
    undated: dict[str, LastRun] = {}
    with open_history(where) as history:
        for section, day, state, began, report in history.days(since):
            why = report.get("why", "it was stopped from outside" if state == "stopped" else "")
            run = LastRun(state, began, why, report.get("kind", ""))
            if day is None:
                undated[section] = run
                continue
            before = last.get((section, day))
            if before and before.state == state == "submitted":
                run = before  # the batch is as old as that
            last[section, day] = run
            undated.pop(section, None)
        deliveries = history.deliveries(since, (now + timedelta(days=2)).date())
        wanted = bool(settings.deliver.channels)
        sent = deliveries_of(deliveries) if deliveries or wanted else None
        return Runs(last, undated, history.first_days(), sent)


def deliveries_of(deliveries: Iterable[Delivery]) -> dict[tuple[str, Date], dict[str, DeliveryState]]:
    """Section and day -> recipient -> the state of the last attempt to send its digest there."""
    found: dict[tuple[str, Date], dict[str, DeliveryState]] = {}
    for one in deliveries:
        name = f"{one.channel}/{one.recipient}"
        found.setdefault((one.section, one.date), {})[name] = one.state
    return found


def values(found: Sequence[SectionStatus], now: datetime) -> dict[str, Any]:
    """As plain values, for --json."""
    return {
        "now": now.isoformat(timespec="seconds"),
        "look": any(one.calls for one in found),
        "sections": [
            {
                "section": one.section.key,
                "title": one.section.title,
                "look": one.calls,
                "newest": None if one.newest is None else one.newest.date.isoformat(),
                **{name: [f"{day.date}" for day in one.in_state(name)] for name in STATES},
                "days": [_day(day) for day in one.days],
            }
            for one in found
        ],
    }


def _day(day: DayStatus) -> dict[str, Any]:
    return {
        "date": day.date.isoformat(),
        "state": day.state,
        **({"counts": day.counts.model_dump()} if day.counts else {}),
        **({"why": day.why} if day.why else {}),
        **({"sent": dict(day.sent)} if day.sent is not None else {}),
    }


def lines(found: Sequence[SectionStatus]) -> Iterator[str]:
    """A table, a line a section, and a line for each day to be looked at."""
    knows_sent = any(day.sent is not None for one in found for day in one.days)
    names = [*STATES, *(["sent"] if knows_sent else [])]
    rows = []
    for one in found:
        counts: list[object] = [len(one.in_state(name)) for name in STATES]
        sent = [sum(day.reached for day in one.days)] if knows_sent else []
        newest = translated("none yet") if one.newest is None else one.newest.date
        rows.append([one.section.key, *counts, *sent, newest])
    yield from table(["section", *names, "newest"], rows, right=names)
    for one in found:
        for day in one.in_state("flagged", "pending", "due", "missing"):
            yield f"{translated(day.state):<8}  {one.section.key} {day.date}: {translated(_words(day))}"
        for day in one.days:
            for recipient, state in day.unsent:
                what = f"{one.section.key} {day.date}: {recipient}: {translated(state)}"
                yield f"{translated('unsent'):<8}  {what}"


def _words(day: DayStatus) -> str:
    if day.state == "flagged" and day.counts is not None:
        return f"{day.counts.flagged} of {day.counts.listed} papers flagged"
    return day.why
