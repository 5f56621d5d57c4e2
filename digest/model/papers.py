"""Papers, where they were announced, and their text."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime
from typing import Literal

from pydantic import Field

from digest.model.base import AnnounceType, Record, Severity


class Section(Record):
    """A named group of categories with one digest a day."""

    key: str = Field(description="name in flags and file names, such as audio")
    title: str = Field(description="name in the digest, such as 音频")
    categories: tuple[str, ...] = Field(min_length=1, description="arXiv categories, such as cs.SD")


class Paper(Record):
    """Metadata of one version of a paper, as plain text."""

    id: str = Field(description="arXiv identifier without version, such as 2601.19781 or hep-th/9901001")
    version: int | None = Field(default=None, ge=1, description="None where the source did not say")
    title: str
    authors: tuple[str, ...] = ()
    abstract: str
    comments: str | None = None
    categories: tuple[str, ...] = Field(default=(), description="the first is the primary one")
    published: datetime | None = Field(default=None, description="submission of version 1")
    updated: datetime | None = Field(default=None, description="submission of this version")
    doi: str | None = None
    journal_ref: str | None = None

    @property
    def versioned_id(self) -> str:
        """The identifier with its version where that is known: 2601.19781v1."""
        return self.id if self.version is None else f"{self.id}v{self.version}"


class Listing(Record):
    """One paper's place in an announcement."""

    id: str
    version: int | None = None
    kind: AnnounceType
    category: str = Field(description="the category whose announcement this is")
    position: int = Field(ge=1, description="place in that announcement, from 1")
    seen: Date | None = Field(
        default=None, description="date of an earlier digest of the section that held it"
    )


class Announcement(Record):
    """The announcement of one date for the categories of one section, one listing a paper.

    `listings` are in the order of publication (new, cross, replaced); `papers[i]` belongs to `listings[i]`.
    """

    date: Date
    listings: tuple[Listing, ...]
    papers: tuple[Paper, ...]
    source: str = Field(description="where the day came from: listing, catchup, oai, snapshot")
    saved: bool = Field(default=False, description="read from our own snapshots of these pages")
    declared: dict[str, dict[AnnounceType, int]] = Field(
        default_factory=dict, description="arXiv's own counts: category, kind, papers"
    )
    withheld: int = Field(
        default=0, ge=0, description="papers that arXiv counts and does not show, over all categories"
    )
    notes: tuple[str, ...] = Field(default=(), description="disagreements between sources, in words")


class Finding(Record):
    """A check's finding in a summary, or of a paper's text."""

    rule: str
    severity: Severity
    evidence: str = Field(description="the words found, quoted")


class TextOrigin(Record):
    """The origin of the passages of a prompt, or the reason why there are none."""

    source: Literal["pdf", "abstract"]
    reason: str | None = Field(default=None, description="why only the abstract or part of the text was used")
    sections: tuple[str, ...] = Field(default=(), description="each with its pages: Introduction (1-2)")
    tokens: int = Field(default=0, ge=0, description="of the passages")
    counted_by: str | None = Field(default=None, description="name of the vocabulary, or estimate")
    extractor: str | None = Field(default=None, description="name and version")
    pages: int | None = Field(default=None, description="pages of the PDF")
    findings: tuple[Finding, ...] = ()


class Passage(Record):
    """A piece of a paper's text, in reading order."""

    heading: str
    pages: tuple[int, ...] = Field(description="page numbers, from 1")
    content: str


class Text(Record):
    """Passages of the full paper for the prompt, with their origin; no passages: abstract only."""

    origin: TextOrigin
    passages: tuple[Passage, ...] = ()
    transient: bool = Field(default=False, description="the PDF may be had on another try")
