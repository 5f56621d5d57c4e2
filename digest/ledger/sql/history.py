"""Runs as they were: read from the ledger without changing anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date as Date
from datetime import datetime
from typing import Any

from pydantic import Field

from digest.ledger.interface import Delivery
from digest.ledger.sql.codec import unpack
from digest.ledger.sql.database import Closing, Database, SqlRow
from digest.ledger.sql.deliveries import read_deliveries
from digest.ledger.sql.ledger import run_lock
from digest.model import Completion, Record, Usage
from digest.system.errors import UsageError

_COLUMNS = ", ".join(("id", "command", "section", "date", "state", "started", "finished", "report"))


class Run(Record):
    """One execution: state is running, stopped, failed, quiet, flagged or complete."""

    id: int
    command: str
    section: str | None
    date: str | None = Field(description="of the announcement, once known")
    state: str
    started: datetime
    finished: datetime | None
    report: dict[str, Any] = Field(description="counts, questions, tokens, source, why it failed")

    @property
    def seconds(self) -> float | None:
        """The duration in seconds; None while it runs, or when nobody saw its end."""
        return None if self.finished is None else (self.finished - self.started).total_seconds()


class Event(Record):
    """Something that happened to a paper, or to the whole run."""

    at: datetime
    paper: str | None
    stage: str
    what: str
    detail: str | None


class History(Closing):
    """A ledger, to be looked at.

    Args:
        database: closed with the history.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def close(self) -> None:
        """End the connection."""
        self.database.close()

    @property
    def name(self) -> str:
        """For messages: see `Database`."""
        return self.database.name

    def runs(self) -> Iterator[Run]:
        """All runs, oldest first."""
        for row in self.database.rows(f"SELECT {_COLUMNS} FROM runs ORDER BY id"):
            yield self._run(row)

    def run(self, number: int) -> Run:
        """One run.

        Raises:
            UsageError: there is no such run.
        """
        row = self.database.one(f"SELECT {_COLUMNS} FROM runs WHERE id = ?", (number,))
        if row is None:
            raise UsageError(f"{self.name}: there is no run {number}. `digest runs` lists them.")
        return self._run(row)

    def events(self, run: int) -> Iterator[Event]:
        """The events of a run, in order."""
        for at, paper, stage, what, detail in self.database.scan(
            "SELECT at, paper, stage, what, detail FROM events WHERE run = ? ORDER BY id", (run,)
        ):
            yield Event(at=at, paper=paper, stage=stage, what=what, detail=detail)

    def answers(self, run: int) -> Iterator[tuple[str | None, Completion]]:
        """The answers that a run was given, each with its paper; damaged ones are left out."""
        for paper, blob in self.database.scan(
            "SELECT paper, completion FROM completions WHERE run = ? ORDER BY id", (run,)
        ):
            completion = unpack(Completion, blob)
            if completion is not None:
                yield paper, completion

    def days(self, since: Date) -> Iterator[tuple[str, Date | None, str, datetime, dict[str, Any]]]:
        """The runs that made digests of days since then, or never knew their day, oldest first.

        Each as section, day, state, when it began, and its report.
        """
        sql = (
            "SELECT id, section, date, state, started, report FROM runs "
            "WHERE command = 'run' AND section IS NOT NULL AND (date >= ? OR date IS NULL) ORDER BY id"
        )
        for number, section, day, state, started, report in self.database.rows(sql, (since.isoformat(),)):
            alive = state != "running" or self.database.is_held(run_lock(number))
            known = Date.fromisoformat(day) if day else None
            values = json.loads(report) if report else {}
            yield section, known, state if alive else "stopped", datetime.fromisoformat(started), values

    def first_days(self) -> dict[str, Date]:
        """Section -> the first day of which a digest was asked for."""
        sql = (
            "SELECT section, min(date) FROM runs WHERE command = 'run' AND date IS NOT NULL GROUP BY section"
        )
        return {section: Date.fromisoformat(day) for section, day in self.database.rows(sql) if section}

    def deliveries(self, first: Date, last: Date) -> tuple[Delivery, ...]:
        """Everything noted of the digests of these dates and between, in the order in which it was noted."""
        return read_deliveries(self.database, first, last)

    def _run(self, row: SqlRow) -> Run:
        number, command, section, date, state, started, finished, report = row
        values: dict[str, Any] = json.loads(report) if report else {}
        if state == "running" and not self.database.is_held(run_lock(number)):
            state = "stopped"
        if not report:  # it could not say itself what it took
            answers = [completion for _, completion in self.answers(number)]
            usage = sum((one.usage for one in answers), Usage())
            values = {"asked": len(answers), **usage.model_dump()}
        return Run(
            id=number,
            command=command,
            section=section,
            date=date,
            state=state,
            started=started,
            finished=finished,
            report=values,
        )


def outlook(run: Run, events: list[Event]) -> str:
    """The end of a run that did not end well, and what the next one will do; a sentence or two."""
    if run.command == "after" and run.state != "running":
        why = run.report.get("why") or (
            "" if run.state == "complete" else "its process was stopped from outside"
        )
        return (
            f"It failed: {why}. The next `digest run` of that day carries it out again."
            if why
            else "It is done."
        )
    day = run.command == "run"
    flagged = ", ".join(run.report.get("flagged", {}))
    if run.state in {"failed", "stopped"}:
        why = run.report.get("why", "its process was stopped from outside")
        return f"It ended {_place(events)}: {why.rstrip('.')}. {_next(run, events)}"
    return {
        "running": "It is under way.",
        "quiet": "There was nothing to publish.",
        "complete": (
            "It is finished: the next run takes everything from the ledger, and writes the same files."
            if day
            else "It is finished."
        ),
        "flagged": (
            "It is finished, but for flagged papers; the next run tries these again, and only these: "
            f"{flagged}."
            if day
            else f"It is finished, but for flagged papers: {flagged}."
        ),
    }[run.state]


def _place(events: list[Event]) -> str:
    checked = {event.paper for event in events if event.stage == "check"}
    if any(event.stage == "publish" for event in events):
        return "while writing the digest"
    if checked or any(event.paper for event in events):
        return f"while asking about the papers ({len(checked)} were done)"
    if any(event.stage == "source" for event in events):
        return "before the first paper was done"
    return "before the announcement was there"


def _next(run: Run, events: list[Event]) -> str:
    kept = sum(event.stage == "ask" and event.what in {"answered", "kept"} for event in events)
    days = f" --date {run.date}" if run.date else ""
    section = f" --section {run.section}" if run.section else ""
    command = f"digest run{days}{section}" if run.command == "run" else f"digest {run.command} ..."
    return f"`{command}` goes on: {kept} answers are kept and will not be asked for again."
