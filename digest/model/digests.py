"""Digests, their entries and their counts."""

from __future__ import annotations

from datetime import date as Date

from pydantic import Field

from digest.model.answers import Summary
from digest.model.base import AnnounceType, Record
from digest.model.papers import Finding, Listing, Paper, Section, TextOrigin

_NOT_ANSWERED = frozenset(
    {"unreachable", "rejected", "quota", "ceiling", "refusing", "too_long", "empty", "cut"}
)


class Flag(Record):
    """The reason why an entry needs a person's eye."""

    code: str = Field(description="a word for machines: refused, empty, unreadable, unreachable, checks, ...")
    reason: str = Field(description="in Chinese, as the digest shows it")

    @property
    def unanswered(self) -> bool:
        """True where the endpoint gave no answer about the paper."""
        return self.code in _NOT_ANSWERED


class Entry(Record):
    """One paper in a digest: with a summary, or a flag, or both (a line that failed its checks)."""

    listing: Listing
    paper: Paper
    summary: Summary | None = None
    flag: Flag | None = None
    findings: tuple[Finding, ...] = ()
    text: TextOrigin | None = None
    notes: tuple[str, ...] = Field(default=(), description="what the model was not shown of it, in words")
    link_base: str | None = Field(
        default=None, description="what stands before the id in a published link, where ours would differ"
    )


class Counts(Record):
    """The promise in numbers: announced = listed = summarised + flagged."""

    announced: int = Field(ge=0)
    listed: int = Field(ge=0)
    summarised: int = Field(ge=0, description="entries with a line and no flag")
    flagged: int = Field(ge=0)

    @property
    def kept(self) -> bool:
        """True if the promise is kept."""
        return self.announced == self.listed == self.summarised + self.flagged


class CheckCounts(Record):
    """The counts of the checks over the lines of a digest: checked = clean + mended + doubtful + flagged."""

    checked: int = Field(ge=0)
    clean: int = Field(ge=0, description="nothing of severity 2 or 3, at the first answer")
    mended: int = Field(ge=0, description="the same, after asking again")
    doubtful: int = Field(ge=0, description="something of severity 2 is left")
    flagged: int = Field(ge=0, description="something of severity 3 is left")
    by_rule: dict[str, int] = Field(
        default_factory=dict, description="findings of severity 2 or 3, mended ones too"
    )


class RoundTripHints(Record):
    """The departures of a published file from our Markdown, for writing it again byte for byte."""

    heading: str | None = Field(default=None, description="its first line, where ours would differ")
    declared: tuple[int, int] | None = Field(
        default=None, description="new and replaced papers by its head, where it lists other numbers"
    )
    verbatim: bool = Field(default=False, description="fields keep their line ends and spacing")


class Digest(Record):
    """One section on one date."""

    section: Section
    date: Date | None = Field(default=None, description="None for a published file that does not say")
    source: str = Field(default="import")
    counts: Counts
    declared: dict[str, dict[AnnounceType, int]] = Field(default_factory=dict)
    withheld: int = Field(default=0, ge=0, description="papers that arXiv counts and does not show")
    notes: tuple[str, ...] = ()
    entries: tuple[Entry, ...]
    form: RoundTripHints | None = Field(
        default=None, description="of an imported file that is not of our form"
    )
    sample: bool = Field(default=False, description="of the sample day: recorded answers, typeset PDFs")
