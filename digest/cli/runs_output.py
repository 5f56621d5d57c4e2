"""Runs as people and programs are shown them: a table, one run paper by paper, JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from digest.cli.table import table as table_of
from digest.ledger.sql.history import Event, History, Run, outlook
from digest.system.language import translated

_HEAD = (
    *("run", "began (UTC)", "command", "date", "section", "state"),
    *("announced", "listed", "summarised", "flagged", "asked", "from ledger"),
    *("tokens in", "tokens out", "cost ($)", "seconds", "source"),
)
_SPARE = (
    *("source", "tokens in", "tokens out", "from ledger", "listed"),
    *("announced", "asked", "seconds", "command", "cost ($)"),
)
"""Columns that a narrow terminal does without, the first of them first; `digest runs show` has them all."""


def table(runs: Sequence[Run]) -> Iterator[str]:
    """A line a run, with a head; a narrow terminal shows the columns that tell most."""
    return table_of(_HEAD, map(_row, runs), spare=_SPARE)


def _row(run: Run) -> tuple[object, ...]:
    report = run.report
    counts = report.get("counts", {})
    cost, seconds = report.get("cost"), run.seconds
    return (
        run.id,
        f"{run.started:%Y-%m-%d %H:%M:%S}",
        run.command,
        run.date,
        run.section,
        translated(run.state),
        *(counts.get(name) for name in ("announced", "listed", "summarised", "flagged")),
        *(report.get(name) for name in ("asked", "reused", "input", "output")),
        None if cost is None else f"{cost:.4f}",
        None if seconds is None else f"{seconds:.1f}",
        report.get("source"),
    )


def values(run: Run) -> dict[str, Any]:
    """A run as plain values."""
    return {**run.model_dump(mode="json"), "seconds": run.seconds}


def one(history: History, run: Run) -> Iterator[str]:
    """A run, and what became of each of its papers, in lines."""
    events = list(history.events(run.id))
    names = map(translated, _HEAD)
    yield from table_of(("", ""), zip(names, _row(run), strict=True))
    yield translated(outlook(run, events))
    for event in events:
        if event.paper is None:
            yield f"{_clock(event)}  {_words(event)}"
    for paper, own in _by_paper(events).items():
        yield paper
        for event in own:
            yield f"  {_clock(event)}  {_words(event)}"
            yield from (f"                {finding}" for finding in _findings(event))


def one_values(history: History, run: Run) -> dict[str, Any]:
    """One run as plain values, for --json."""
    events = list(history.events(run.id))
    papers = {
        paper: [event.model_dump(mode="json", exclude={"paper"}) for event in own]
        for paper, own in _by_paper(events).items()
    }
    whole = [event.model_dump(mode="json", exclude={"paper"}) for event in events if event.paper is None]
    return {**values(run), "outlook": outlook(run, events), "stages": whole, "papers": papers}


def lines(history: History, run: Run) -> Iterator[str]:
    """A run as JSON lines: the run itself, what happened in it, and the answers it was given."""
    yield _json({"kind": "run", **values(run)})
    for event in history.events(run.id):
        yield _json({"kind": "event", **event.model_dump(mode="json")})
    for paper, completion in history.answers(run.id):
        yield _json({"kind": "answer", "paper": paper, **completion.model_dump(mode="json")})


def _json(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


def _by_paper(events: Sequence[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        if event.paper is not None:
            found.setdefault(event.paper, []).append(event)
    return found


def _clock(event: Event) -> str:
    return f"{event.at:%H:%M:%S.%f}"[:-3]


def _words(event: Event) -> str:
    detail = event.detail or ""
    if event.stage == "check":
        attempts = _checked(event).get("attempts")
        detail = "" if attempts is None else f"{attempts} attempts" if attempts > 1 else "1 attempt"
    what = f"{translated(event.stage)}: {translated(event.what)}"
    return f"{what} ({translated(detail)})" if detail else what


def _findings(event: Event) -> Iterator[str]:
    for finding in _checked(event).get("findings", []) if event.stage == "check" else []:
        yield f"{finding['rule']} ({finding['severity']}): {finding['evidence']}"


def _checked(event: Event) -> dict[str, Any]:
    """The notes of a check: attempts and findings."""
    try:
        found: dict[str, Any] = json.loads(event.detail or "{}")
    except ValueError:
        return {}
    return found
