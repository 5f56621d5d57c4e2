"""A ledger that lasts as long as the process."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from datetime import date as Date
from typing import Any, NamedTuple

from digest.ledger.interface import OPEN_STATES, Batch, BatchLog, BatchState, Delivery, Ledger
from digest.model import Announcement, Completion, Digest, Request, Snapshot, Text


class _Answer(NamedTuple):
    completion: Completion
    run: int


class _Run(NamedTuple):
    command: str
    section: str | None
    date: Date | None
    state: str
    report: Mapping[str, Any]


class MemoryLedger(Ledger):
    """A ledger in dictionaries. All questions may be asked: there is no other process.

    Attributes:
        events: run, stage, what, paper, detail; in order.
    """

    def __init__(self) -> None:
        self.events: list[tuple[int, str, str, str | None, str | None]] = []
        self._answers: list[_Answer] = []
        self._runs: dict[int, _Run] = {}
        self._outcomes: dict[tuple[str, str], str] = {}
        self._texts: dict[tuple[str, str], Text] = {}
        self._announcements: dict[tuple[str, Date], Announcement] = {}
        self._listings: set[tuple[str, str, Date]] = set()
        self._snapshots: dict[tuple[str, datetime], Snapshot] = {}
        self._capabilities: dict[tuple[str, str], str] = {}
        self._batches: dict[str, MemoryBatches] = {}
        self._deliveries: dict[tuple[object, ...], Delivery] = {}

    # completions

    def completion(self, key: str, after: int = 0) -> Completion | None:
        found = (one.completion for one in reversed(self._answers) if one.run >= after)
        return next((one for one in found if one.key == key), None)

    def keep(self, completion: Completion, request: Mapping[str, Any], run: int, paper: str | None) -> None:  # noqa: ARG002 - the interface's
        self._answers.append(_Answer(completion, run))
        self._outcomes = {at: value for at, value in self._outcomes.items() if at[0] != completion.key}

    def newest(self) -> int:
        return len(self._answers)

    def asked_alone(self) -> frozenset[str]:
        alone = {run for run, one in self._runs.items() if one.command == "paper"}
        return frozenset(one.completion.key for one in self._answers if one.run in alone)

    def claim(self, key: str) -> bool:  # noqa: ARG002 - the interface's
        return True

    def release(self, key: str) -> None:
        pass

    # runs

    def begin(self, command: str, section: str | None = None, day: Date | None = None) -> int:
        self._runs[len(self._runs) + 1] = _Run(command, section, day, "running", {})
        return len(self._runs)

    def finish(self, run: int, state: str, report: Mapping[str, Any], day: Date | None = None) -> None:
        begun = self._runs[run]
        self._runs[run] = begun._replace(state=state, report=report, date=day or begun.date)

    def event(
        self, run: int, stage: str, what: str, paper: str | None = None, detail: str | None = None
    ) -> None:
        self.events.append((run, stage, what, paper, detail))

    def flagged_before(self, section: str, day: Date, codes: Collection[str]) -> tuple[int, Collection[str]]:
        for number, run in sorted(self._runs.items(), reverse=True):
            published = run.command == "run" and run.state in {"complete", "flagged"}
            if published and (run.section, run.date) == (section, day):
                flagged = run.report.get("flagged", {}).items()
                return number, frozenset(paper for paper, code in flagged if code in codes)
        return 0, ()

    def states(self, command: str, section: str, day: Date) -> tuple[str, ...]:
        wanted = (command, section, day)
        return tuple(
            run.state for run in self._runs.values() if (run.command, run.section, run.date) == wanted
        )

    def reports(self, command: str, most: int) -> tuple[Mapping[str, Any], ...]:
        ended = [
            run.report for run in self._runs.values() if run.command == command and run.state != "running"
        ]
        return tuple(ended[: -most - 1 : -1])

    def claim_digests(self) -> bool:
        return True

    def release_digests(self) -> None:
        pass

    # what can be made again

    def outcome(self, question: str, recipe: str) -> str | None:
        return self._outcomes.get((question, recipe))

    def keep_outcome(self, question: str, recipe: str, outcome: str) -> None:
        self._outcomes[question, recipe] = outcome

    def text(self, paper: str, recipe: str) -> Text | None:
        return self._texts.get((paper, recipe))

    def texts_of(self, paper_id: str, recipe: str) -> tuple[Text, ...]:
        versions = [
            (int(version), text)
            for (paper, one), text in self._texts.items()
            for name, _, version in (paper.rpartition("v"),)
            if one == recipe and name == paper_id and version.isdigit()
        ]
        return tuple(text for _, text in sorted(versions, key=lambda pair: -pair[0]))

    def keep_text(self, paper: str, recipe: str, text: Text) -> None:
        self._texts[paper, recipe] = text

    # announcements

    def announcement(self, categories: Collection[str], day: Date) -> Announcement | None:
        return self._announcements.get(("+".join(categories), day))

    def keep_announcement(self, categories: Collection[str], announcement: Announcement) -> None:
        self._announcements["+".join(categories), announcement.date] = announcement

    def keep_listings(self, digest: Digest) -> None:
        if digest.date is not None:
            self._listings |= {(digest.section.key, entry.paper.id, digest.date) for entry in digest.entries}

    def seen(self, section: str, paper: str, before: Date) -> Date | None:
        days = (day for one, held, day in self._listings if (one, held) == (section, paper) and day < before)
        return max(days, default=None)

    # snapshots

    def put(self, snapshot: Snapshot) -> None:
        self._snapshots[snapshot.url, snapshot.fetched] = snapshot

    def get(self, url: str) -> Snapshot | None:
        found = [one for one in self._snapshots.values() if one.url == url and one.date is not None]
        return max(found, key=lambda one: one.fetched, default=None)

    def day(self, category: str, date: Date) -> tuple[Snapshot, ...]:
        found = [one for one in self._snapshots.values() if (one.category, one.date) == (category, date)]
        last = {one.url: one for one in sorted(found, key=lambda one: one.fetched)}
        return tuple(sorted(last.values(), key=lambda one: (one.fetched, one.url)))

    def before(self, category: str, date: Date) -> Date | None:
        dates = (one.date for one in self._snapshots.values() if one.category == category)
        return max((one for one in dates if one is not None and one < date), default=None)

    # endpoints

    def capabilities(self, endpoint: str, model: str) -> str | None:
        return self._capabilities.get((endpoint, model))

    def keep_capabilities(self, endpoint: str, model: str, learned: str) -> None:
        self._capabilities[endpoint, model] = learned

    def batches(self, endpoint: str) -> MemoryBatches:
        return self._batches.setdefault(endpoint, MemoryBatches())

    # deliveries

    def deliveries(self, first: Date, last: Date) -> tuple[Delivery, ...]:
        return tuple(one for one in self._deliveries.values() if first <= one.date <= last)

    def note_deliveries(self, deliveries: Sequence[Delivery]) -> bool:
        noted: dict[tuple[object, ...], Delivery] = {
            (one.date, one.section, one.channel, one.recipient, one.edition, one.attempt, one.state): one
            for one in deliveries
        }
        if len(noted) < len(deliveries) or noted.keys() & self._deliveries.keys():
            return False
        self._deliveries |= noted
        return True


class MemoryBatches(BatchLog):
    """A `BatchLog` in lists."""

    def __init__(self) -> None:
        self._batches: dict[int, tuple[Batch, dict[str, tuple[Request, str]]]] = {}
        self._refused: set[str] = set()

    def intend(self, run: int, section: str, day: Date, questions: Sequence[tuple[Request, str]]) -> Batch:
        number = len(self._batches) + 1
        now = datetime.now(UTC)
        batch = Batch(number, secrets.token_hex(8), run, section, day, "intended", now, None, None)
        self._batches[number] = batch, {request.key: (request, paper) for request, paper in questions}
        return batch

    def change(
        self, batch: Batch, state: BatchState, file: str | None = None, remote: str | None = None
    ) -> Batch:
        known, rows = self._batches[batch.id]
        file, remote = file or known.file, remote or known.remote
        changed = replace(known, state=state, changed=datetime.now(UTC), file=file, remote=remote)
        self._batches[batch.id] = changed, rows
        return changed

    def open(self) -> tuple[Batch, ...]:
        return tuple(batch for batch, _ in self._batches.values() if batch.state in OPEN_STATES)

    def questions(self, batch: Batch) -> Iterator[tuple[Request, str]]:
        _, rows = self._batches[batch.id]
        yield from (rows[key] for key in sorted(rows))

    def count(self, batch: Batch) -> int:
        return len(self._batches[batch.id][1])

    def holder(self, key: str) -> int | None:
        return next((one.id for one in self.open() if key in self._batches[one.id][1]), None)

    def collected(self, key: str, after: int = 0) -> bool:
        return any(
            key in rows and batch.run >= after and batch.state == "collected"
            for batch, rows in self._batches.values()
        )

    def refuse(self, key: str) -> None:
        if any(key in rows for _, rows in self._batches.values()):
            self._refused.add(key)

    def refused(self, key: str) -> bool:
        return key in self._refused
