"""The interface of a ledger: its contents and promises, whatever database is behind it.

Kept by `sql/` (a file under `runs/`, or PostgreSQL), and by the tests in dictionaries. An answer is committed
before `keep` returns; claims and runs of a process that died are free again; nothing damaged is returned.
Instants are UTC, dates are arXiv announcement dates.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import datetime
from typing import Any, Literal, Protocol

from digest.model import Announcement, Completion, Digest, Request, SnapshotStore, Text

BatchState = Literal["intended", "uploaded", "submitted", "collected", "void"]
"""The state of a batch: see the state machine in `digest.llm.batch.lifecycle`."""

OPEN_STATES: frozenset[BatchState] = frozenset({"intended", "uploaded", "submitted"})
"""States of a batch whose answers are not collected yet."""


@dataclass(frozen=True)
class Batch:
    """One batch of questions as the ledger knows it; `file` and `remote` are the endpoint's names."""

    id: int
    token: str
    run: int
    section: str
    date: Date
    state: BatchState
    changed: datetime
    file: str | None
    remote: str | None

    @property
    def title(self) -> str:
        """Section and date, for the user."""
        return f"{self.section} {self.date}"


DeliveryState = Literal["sending", "sent", "failed", "unsure"]
"""The state of one attempt to deliver: begun; taken by the service; not taken; nobody knows."""


@dataclass(frozen=True)
class Delivery:
    """A section of a day on its way to one recipient, in one state of one attempt.

    Attributes:
        recipient: tells the recipients of a channel apart; no address, and nothing that a key is in.
        edition: empty for the digest itself, else which correction of it.
        attempt: from 1.
        at: when it came to this state.
        shown: paper -> hash of what the message says of it; only where an attempt begins.
    """

    date: Date
    section: str
    channel: str
    recipient: str
    edition: str
    attempt: int
    state: DeliveryState
    at: datetime
    shown: Mapping[str, str] = field(default_factory=dict)


class BatchLog(Protocol):
    """The batches of one endpoint."""

    def intend(self, run: int, section: str, day: Date, questions: Sequence[tuple[Request, str]]) -> Batch:
        """Note a batch before anything of it is sent: questions, each with the paper that it is about."""

    def change(
        self, batch: Batch, state: BatchState, file: str | None = None, remote: str | None = None
    ) -> Batch:
        """Note how far a batch is, and when; names that are not given stay."""

    def open(self) -> tuple[Batch, ...]:
        """The batches whose answers are not collected yet, oldest first."""

    def questions(self, batch: Batch) -> Iterator[tuple[Request, str]]:
        """The questions of a batch, each with its paper, by their keys."""

    def count(self, batch: Batch) -> int:
        """The number of questions in a batch."""

    def holder(self, key: str) -> int | None:
        """The number of the oldest open batch that the question is in, if it is in one."""

    def collected(self, key: str, after: int = 0) -> bool:
        """True: the question was part of a batch that ended, of run `after` or a later one."""

    def refuse(self, key: str) -> None:
        """Note that a content filter refused the question, which asking again would not change."""

    def refused(self, key: str) -> bool:
        """True: a content filter refused the question in a batch."""


class Ledger(SnapshotStore, Protocol):
    """All that was received, by kind."""

    # answers of models

    def completion(self, key: str, after: int = 0) -> Completion | None:
        """The newest answer under `key` that run `after` or a later one got, if any."""

    def keep(self, completion: Completion, request: Mapping[str, Any], run: int, paper: str | None) -> None:
        """Keep an answer with its canonical request; it is on disk when this returns."""

    def newest(self) -> int:
        """The number of the newest answer: it grows while any process gets answers."""

    def asked_alone(self) -> frozenset[str]:
        """The keys of answers that `digest paper` got."""

    def claim(self, key: str) -> bool:
        """True: this process may ask now. False: another, living one does.

        Whoever gets the claim looks for the answer once more: the other may just have kept it.
        """

    def release(self, key: str) -> None:
        """The question is answered, or given up."""

    # runs, and what happened in them

    def begin(self, command: str, section: str | None = None, day: Date | None = None) -> int:
        """Note that a run has begun, and return its number, from 1; it lives until `finish`, or as we do."""

    def finish(self, run: int, state: str, report: Mapping[str, Any], day: Date | None = None) -> None:
        """Note how a run ended (complete, flagged, quiet, submitted, failed, stopped), with its report."""

    def event(
        self, run: int, stage: str, what: str, paper: str | None = None, detail: str | None = None
    ) -> None:
        """Note something that happened on the way; the last few of a killed run may be lost."""

    def flagged_before(self, section: str, day: Date, codes: Collection[str]) -> tuple[int, Collection[str]]:
        """The last run that published a day (0: none), and the papers it flagged with one of the codes."""

    def states(self, command: str, section: str, day: Date) -> tuple[str, ...]:
        """The states in which the runs of a command for a section and day ended, oldest first; see `finish`.

        One that goes on is running, one whose process died is stopped.
        """

    def reports(self, command: str, most: int) -> tuple[Mapping[str, Any], ...]:
        """The reports of the last runs of a command that ended, newest first."""

    def claim_digests(self) -> bool:
        """True: this process may rewrite digests, until `release_digests`."""

    def release_digests(self) -> None:
        """Others may rewrite digests again."""

    # records that can be made again from answers and papers, kept to save time

    def outcome(self, question: str, recipe: str) -> str | None:
        """The outcome of a question (by its key) under a recipe, as JSON, if that is kept."""

    def keep_outcome(self, question: str, recipe: str, outcome: str) -> None:
        """Keep what became of a question (JSON), until there is a new answer to it."""

    def text(self, paper: str, recipe: str) -> Text | None:
        """The passages of a paper (identifier with version) under a recipe, if they are kept."""

    def texts_of(self, paper_id: str, recipe: str) -> tuple[Text, ...]:
        """The passages of all versions of a paper under a recipe, newest version first."""

    def keep_text(self, paper: str, recipe: str, text: Text) -> None:
        """Keep the passages of a paper, so that the same question can be put together again."""

    # announcements, and the listings of digests

    def announcement(self, categories: Collection[str], day: Date) -> Announcement | None:
        """The announcement in a section's categories on a date, if it is kept."""

    def keep_announcement(self, categories: Collection[str], announcement: Announcement) -> None:
        """Keep a whole announcement, with metadata."""

    def keep_listings(self, digest: Digest) -> None:
        """Note which papers a digest holds, for telling later digests that they were seen."""

    def seen(self, section: str, paper: str, before: Date) -> Date | None:
        """The newest date before `before` on which a digest of the section held the paper."""

    # the capabilities learned of endpoints

    def capabilities(self, endpoint: str, model: str) -> str | None:
        """The capabilities learned of an endpoint (address) and model, as JSON, if anything."""

    def keep_capabilities(self, endpoint: str, model: str, learned: str) -> None:
        """Remember what was learned (JSON)."""

    # the deliveries: what was sent to whom

    def deliveries(self, first: Date, last: Date) -> tuple[Delivery, ...]:
        """Everything noted of the digests of these dates and between, in the order in which it was noted."""

    def note_deliveries(self, deliveries: Sequence[Delivery]) -> bool:
        """Note them all, or none: False if one is noted already. They are on disk when this returns.

        Of two processes that note the begin of the same attempt, one gets True.
        """

    # batches

    def batches(self, endpoint: str) -> BatchLog:
        """The batches of the endpoint at an address."""
