"""The nouns of the project, as frozen records that compare by value, pickle and turn into JSON.

This module imports nothing of ours. Dates are arXiv announcement dates (US Eastern); instants are UTC.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date as Date
from datetime import datetime
from typing import Any, Literal, Protocol, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal["new", "cross", "replaced"]
"""The kind of an announcement: for the first time, in a further category, or as a new version."""

KINDS: tuple[Kind, ...] = get_args(Kind)
"""All kinds in the order of precedence: a paper that is new somewhere is new."""

PaperKind = Literal["method", "dataset", "benchmark", "survey", "analysis", "system", "theory", "other"]
"""The kind of contribution of a paper; the form of the Chinese line depends on it."""

Language = Literal["zh", "en"]
"""The language of a line."""

LANGUAGES: tuple[Language, ...] = get_args(Language)

Severity = Literal[1, 2, 3]
"""Of a finding: 1 style, 2 worth a look, 3 a defect."""


class Record(BaseModel):
    """Base of all records: frozen, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
    kind: Kind
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
    declared: dict[str, dict[Kind, int]] = Field(
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
    """Where the passages of a prompt came from, or why there are none."""

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


class Usage(Record):
    """Tokens as the endpoint billed them; cached are part of input, reasoning part of output."""

    input: int = Field(default=0, ge=0)
    output: int = Field(default=0, ge=0)
    cached: int = Field(default=0, ge=0)
    reasoning: int = Field(default=0, ge=0)

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input=self.input + other.input,
            output=self.output + other.output,
            cached=self.cached + other.cached,
            reasoning=self.reasoning + other.reasoning,
        )


class Completion(Record):
    """One answer of a model, as it came."""

    key: str = Field(description="hash of everything that determined it")
    model: str
    resolved_model: str | None = Field(default=None, description="the name that the endpoint answered with")
    content: str
    finish_reason: str | None = None
    usage: Usage = Usage()
    cost: float | None = Field(default=None, description="US dollars when it came; None: no price known")
    milliseconds: int = Field(default=0, ge=0)
    received: datetime


class Summary(Record):
    """The validated answer: the fields, and the line that a reader reads.

    A prompt that asks for the line alone leaves the fields empty.
    """

    kind: PaperKind | None = None
    task: str = ""
    problem: str = ""
    contribution: str = ""
    line: str
    lang: Language = Field(default="zh", description="of the line and the fields")
    translations: dict[Language, str] = Field(
        default_factory=dict, description="language -> the line in it, where more than one was asked for"
    )
    prompt: str = Field(default="", description="name@hash of the prompt; empty for an imported line")
    model: str = ""
    completion: str = Field(default="", description="key of the completion in the ledger")
    attempts: int = Field(default=1, ge=1)
    mended: tuple[Finding, ...] = Field(
        default=(), description="of severity 2 or 3, in earlier attempts and no longer in this one"
    )


class Flag(Record):
    """Why an entry needs a person's eye."""

    code: str = Field(description="a word for machines: refused, empty, unreadable, unreachable, checks, ...")
    reason: str = Field(description="in Chinese, as the digest shows it")


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


class Form(Record):
    """Where a published file departs from our own Markdown, so that it can be written again byte for byte."""

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
    declared: dict[str, dict[Kind, int]] = Field(default_factory=dict)
    withheld: int = Field(default=0, ge=0, description="papers that arXiv counts and does not show")
    notes: tuple[str, ...] = ()
    entries: tuple[Entry, ...]
    form: Form | None = Field(default=None, description="of an imported file that is not of our form")
    sample: bool = Field(default=False, description="of the sample day: recorded answers, typeset PDFs")


class Message(Record):
    """One message of a conversation with a model."""

    role: Literal["system", "user", "assistant"]
    content: str


class Request(Record):
    """Everything that determines an answer, and nothing else: no endpoint, no timeout, no concurrency."""

    model: str
    messages: tuple[Message, ...]
    temperature: float | None = None
    max_tokens: int
    json_schema: dict[str, Any] | None = None
    body: dict[str, Any] = Field(
        default_factory=dict, description="further fields that shape the answer, such as enable_thinking"
    )

    def canonical(self) -> dict[str, Any]:
        """As plain values, the same for equal requests."""
        values = {"version": 1, **self.model_dump(mode="json")}
        if not self.body:
            del values["body"]
        return values

    @property
    def prompt_tokens(self) -> int:
        """An upper estimate of what the question takes: three bytes a token."""
        return sum(len(message.content.encode()) for message in self.messages) // 3

    @property
    def tokens(self) -> int:
        """An upper estimate of what it takes, question and answer."""
        return self.prompt_tokens + self.max_tokens

    @property
    def key(self) -> str:
        """SHA-256 of the canonical form, 64 hexadecimal digits."""
        text = json.dumps(self.canonical(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


SnapshotKind = Literal["listing", "catchup", "feed"]
"""The kind of page that a kept answer of arXiv is."""

_SNAPSHOT_URLS: dict[str, SnapshotKind] = {
    r"/list/[^/]+/new(?:\?|$)": "listing",
    r"/catchup/[^/]+/\d{4}-\d\d-\d\d(?:\?|$)": "catchup",
    r"/(?:atom|rss)/[^/]+$": "feed",
}
"""The ends of the URLs of older snapshots, whose label has no kind."""


class Snapshot(Record):
    """One answer. The label (kind, category, date, page) is given once it was checked to be complete."""

    url: str
    fetched: datetime
    status: int
    etag: str | None = None
    last_modified: str | None = None
    body: str
    kind: SnapshotKind | None = None
    category: str | None = Field(
        default=None, description="such as cs.SD; all of a section joined by + for a feed"
    )
    date: Date | None = Field(default=None, description="the announcement that the answer was found to be")
    page: int = Field(default=1, ge=1, description="which page of the reading it is")
    pages: int | None = Field(default=None, description="pages of the reading; None in older labels")

    @model_validator(mode="before")
    @classmethod
    def _kind_of_older_label(cls, values: Any) -> Any:  # noqa: ANN401 - whatever is to be validated
        if isinstance(values, dict) and values.get("date") and not values.get("kind"):
            found = (
                kind for ending, kind in _SNAPSHOT_URLS.items() if re.search(ending, str(values.get("url")))
            )
            return {**values, "kind": next(found, None)}
        return values


class SnapshotStore(Protocol):
    """Answers of arXiv as they came. Only labelled ones are ever used in place of asking arXiv."""

    def put(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; one with the same `url` and `fetched` is replaced, which is how labels come."""

    def get(self, url: str) -> Snapshot | None:
        """The labelled snapshot of `url` that was fetched last."""

    def day(self, category: str, date: Date) -> tuple[Snapshot, ...]:
        """All that is labelled so, of each URL the last, in the order of fetching; empty if there is none."""

    def before(self, category: str, date: Date) -> Date | None:
        """The latest earlier date for which `category` has labelled snapshots."""
