"""What people and programs are shown of results: sentences, tables, JSON. Results go to standard output."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digest.errors import DigestError
from digest.llm.batch import Pending
from digest.llm.cached_client import RunUsage
from digest.model import KINDS, Announcement, Digest, Section, TextOrigin
from digest.pipeline.day import Published
from digest.pipeline.entry import AS_ASKED
from digest.pipeline.progress import duration
from digest.publish.counts import checks_of
from digest.sources.arxiv.no_announcement import NoAnnouncement
from digest.system.terminal import in_short, printable

if TYPE_CHECKING:
    from digest.summarize.checks import Rule


def aside(sentence: str) -> None:
    """Tell a person what is going on, where the result does not go."""
    print(printable(sentence), file=sys.stderr, flush=True)  # bars, when there are any, take it from here


def on_screen(sentence: str) -> None:
    """The same, only where a person looks on: not in logs."""
    if sys.stderr.isatty():
        aside(sentence)


COMPLETE, DEFECTS, FLAGGED = 0, 1, 3
"""Exit codes of what was carried out; the others belong to errors."""


@dataclass(frozen=True)
class Result:
    """What became of one section on one day; a bare digest was finished by an earlier run."""

    section: Section
    day: date | None
    outcome: Published | Digest | NoAnnouncement | Pending | DigestError

    @property
    def exit_code(self) -> int:
        """0 complete or nothing to do, 3 papers flagged or not shown by arXiv, else the error's own."""
        if isinstance(self.outcome, DigestError):
            return self.outcome.exit_code
        if isinstance(self.outcome, Published) and self.outcome.state == "flagged":
            return FLAGGED
        return COMPLETE

    def show(self, *, quiet: bool) -> None:
        """Print it; with `quiet`, errors only."""
        if isinstance(self.outcome, DigestError):
            print(f"digest: {self.section.key}: {self.outcome}", file=sys.stderr)
        elif isinstance(self.outcome, NoAnnouncement | Pending):
            if not quiet:
                print(f"{self.section.key}: {self.outcome.sentence}")
        elif isinstance(self.outcome, Published) and not quiet:
            _published(self.outcome)

    def values(self) -> dict[str, Any]:
        """As plain values, for --json."""
        shown: dict[str, Any] = {"section": self.section.key, "exit_code": self.exit_code}
        if isinstance(self.outcome, DigestError):
            return {**shown, "date": _day(self.day), "state": "failed", "why": str(self.outcome)}
        if isinstance(self.outcome, NoAnnouncement):
            return {**shown, "date": _day(self.day), "state": "quiet", "why": self.outcome.sentence}
        if isinstance(self.outcome, Pending):
            why = self.outcome.sentence
            return {**shown, "date": _day(self.outcome.date), "state": "submitted", "why": why}
        if isinstance(self.outcome, Digest):
            counts = self.outcome.counts.model_dump()
            return {**shown, "date": _day(self.day), "state": "skipped", "new": False, "counts": counts}
        digest = self.outcome.digest
        return {
            **shown,
            "date": _day(digest.date),
            "state": self.outcome.state,
            "new": self.outcome.new,
            "changed": self.outcome.changes.values(),
            "source": digest.source,
            "sample": digest.sample,
            "notes": list(digest.notes),
            "files": [str(self.outcome.markdown), str(self.outcome.json)],
            "counts": digest.counts.model_dump(),
            **({"withheld": digest.withheld} if digest.withheld else {}),
            "checks": checks_of(digest.entries).model_dump(),
            "from_abstract": sum(_without_text(digest).values()),
            **self.outcome.tally.report(),
            "flagged": {entry.paper.id: entry.flag.reason for entry in digest.entries if entry.flag},
            "kept": dict(self.outcome.kept),
        }


def in_all(results: Sequence[Result], seconds: float, pages: Path | None) -> None:
    """Print what several digests took together, and where pages of them are, if any was made."""
    tallies = [one.outcome.tally for one in results if isinstance(one.outcome, Published)]
    if len(tallies) > 1:
        tally = sum(tallies, RunUsage())
        known = f"questions asked {tally.asked}, answers from the ledger {tally.reused}"
        print(f"in all: {len(tallies)} digests, {known}; {took(tally)}; {duration(seconds)}")
    if pages:
        print(f"to read: {pages}")


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def tell_why(tally: RunUsage) -> None:
    """Print why something was not asked or not answered, and what could be set better."""
    if tally.stopped is not None:
        print(f"stopped: {tally.stopped}")
    if tally.trouble is not None:
        print(f"not answered, the last for this reason: {tally.trouble}")
    for sentence in tally.advice.values():
        if sentence != tally.trouble:
            print(f"to be set better: {sentence}")


def _published(result: Published) -> None:
    digest, counts, tally = result.digest, result.digest.counts, result.tally
    print(result.markdown, result.json, sep="\n")
    for note in digest.notes:
        print(f"note: {note}")
    if changed := result.changes:
        print(f"since the run before: {len(changed.papers)} papers more, {len(changed.lines)} lines changed")
    if counts.kept:
        print(
            f"announced {counts.announced} = listed {counts.listed} "
            f"= summarised {counts.summarised} + flagged {counts.flagged}"
        )
    else:
        print(
            f"only the first {counts.listed} of {counts.announced} announced papers: "
            f"summarised {counts.summarised}, flagged {counts.flagged}"
        )
    print(f"questions asked {tally.asked}, answers from the ledger {tally.reused}; {took(tally)}")
    if reasons := _without_text(digest):
        why = ", ".join(f"{reason} ({number})" for reason, number in reasons.most_common(3))
        print(f"lines from title and abstract alone {sum(reasons.values())} of {counts.summarised}: {why}")
    tell_why(tally)
    checks = checks_of(digest.entries)
    rules = "".join(f"; {rule} {number}" for rule, number in checks.by_rule.items())
    print(
        f"lines checked {checks.checked}: clean {checks.clean}, mended by asking again {checks.mended}, "
        f"doubtful {checks.doubtful}, flagged {checks.flagged}{rules}"
    )
    _of_papers(result)


def _of_papers(result: Published) -> None:
    """What there is to say of single papers."""
    digest = result.digest
    for entry in digest.entries:
        if entry.text is not None and entry.text.findings:
            rules = ", ".join(sorted({finding.rule for finding in entry.text.findings}))
            print(f"in the PDF of {entry.paper.id}, kept out of the prompt or to be looked at: {rules}")
    for entry in digest.entries:
        for note in entry.notes:
            print(f"note on {entry.paper.id}: {note}")
        if entry.flag is not None:
            print(f"flagged {entry.paper.id}: {entry.flag.reason} ({entry.flag.code})")
    for paper, reason in result.kept.items():
        print(f"keeps its earlier line {paper}: {reason}")


def _without_text(digest: Digest) -> Counter[str]:
    """How many lines had to be made without the paper's text, by the reason."""
    texts = (entry.text for entry in digest.entries if entry.summary)
    reasons = (text.reason for text in texts if text is not None and text.source == "abstract")
    return Counter(reason for reason in reasons if reason and reason != AS_ASKED)


def took(tally: RunUsage) -> str:
    """Tokens and cost in words; tokens that were cached or spent on thinking apart."""
    usage = tally.usage
    cached = f" ({usage.cached:,} cached)" if usage.cached else ""
    thought = f" ({usage.reasoning:,} reasoning)" if usage.reasoning else ""
    cost = "price unknown" if tally.cost is None else f"cost ${tally.cost:.4f}"
    spent = f"; {cost}" if tally.asked else ""
    return f"tokens {usage.input:,} in{cached}, {usage.output:,} out{thought}{spent}"


def table_of_days(results: Sequence[Result]) -> None:
    """Print a line a day and section."""
    rows: list[tuple[str, ...]] = [
        ("date", "section", "state", "announced", "summarised", "flagged", "asked", "from ledger")
    ]
    for result in results:
        values = result.values()
        counts = values.get("counts", {})
        cells = [values["date"], values["section"], values["state"]]
        cells += [counts.get(name, "") for name in ("announced", "summarised", "flagged")]
        cells += [values.get(name, "") for name in ("asked", "reused")]
        rows.append(tuple(str(cell) for cell in cells))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for result in results:
        if isinstance(result.outcome, DigestError):
            print(f"digest: {result.day} {result.section.key}: {result.outcome}", file=sys.stderr)


def announcement(section: Section, announced: Announcement | NoAnnouncement) -> None:
    """Print what was announced for a section: kind, identifier, title, and the counts beside arXiv's own."""
    if isinstance(announced, NoAnnouncement):
        print(f"{section.key}: {announced.sentence}")
        return
    count = Counter(listing.kind for listing in announced.listings)
    kinds = ", ".join(f"{count[kind]} {kind}" for kind in KINDS)
    print(
        f"{section.title} {announced.date}: {len(announced.listings)} papers ({kinds}), "
        f"from {announced.source}"
    )
    for category, declared in announced.declared.items():
        own = ", ".join(f"{declared.get(kind, 0)} {kind}" for kind in KINDS)
        print(f"arXiv's own count, {category}: {own}")
    for note in announced.notes:
        print(f"note: {note}")
    for listing, paper in zip(announced.listings, announced.papers, strict=True):
        print(f"{listing.kind:<8}  {paper.versioned_id:<16}  {in_short(paper.title)}")


def announcement_values(section: Section, announced: Announcement | NoAnnouncement) -> dict[str, Any]:
    """An announcement as plain values, for --json."""
    return {"section": section.key, **announced.model_dump(mode="json", exclude_defaults=True)}


def rules(table: Sequence[Rule], *, json: bool) -> None:
    """Print the rules that check a line: name, severity, and what each finds."""
    rows = [{"rule": rule.id, "severity": rule.severity, "why": rule.why} for rule in table]
    if json:
        as_json(rows)
        return
    for row in rows:
        print(f"{row['rule']:<20}  {row['severity']}  {row['why']}")


def origin(text: TextOrigin) -> str:
    """Where a prompt's passages came from, in words."""
    if text.source == "abstract":
        return f"abstract ({text.reason})" if text.reason else "abstract"
    sections = ", ".join(text.sections)
    counted = f"{text.tokens} tokens ({text.counted_by})"
    reason = f" ({text.reason})" if text.reason else ""
    return f"PDF of {text.pages} pages, read by {text.extractor}: {sections}; {counted}{reason}"


def as_json(value: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
    """Print plain values as JSON."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # what such a terminal would show instead is no JSON
        text = json.dumps(value, indent=2)
    print(text)
