"""The results of a day's sections, as people and programs are shown them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from digest.cli.output import (
    COMPLETE,
    FLAGGED,
    as_json,
    listed,
    print_error,
    print_message,
    print_reasons,
    took,
)
from digest.cli.table import table
from digest.llm.batch import Pending
from digest.model import Digest, RunUsage, Section
from digest.pipeline.day import Published
from digest.pipeline.entry import AS_ASKED
from digest.pipeline.progress import format_duration
from digest.publish.counts import checks_of
from digest.publish.markdown import DOUBT
from digest.sources.source import NoAnnouncement
from digest.system.errors import DigestError
from digest.system.language import translated


@dataclass(frozen=True)
class Result:
    """The result of one section on one day; a bare digest was finished by an earlier run."""

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

    @property
    def published(self) -> date | None:
        """The day whose digest is there now, made by this run or before it."""
        if isinstance(self.outcome, Published):
            return self.outcome.digest.date
        return self.day if isinstance(self.outcome, Digest) else None

    def show(self, *, quiet: bool) -> None:
        """Print it; with `quiet`, errors only."""
        if isinstance(self.outcome, DigestError):
            print_error(self.outcome, self.section.key)
        elif isinstance(self.outcome, NoAnnouncement | Pending):
            if not quiet:
                print(f"{self.section.key}: {translated(self.outcome.sentence)}")
        elif isinstance(self.outcome, Published) and not quiet:
            _published(self.outcome)

    def values(self) -> dict[str, Any]:
        """As plain values, for --json."""
        day = self.outcome.date if isinstance(self.outcome, Pending) else self.published or self.day
        shown: dict[str, Any] = {"section": self.section.key, "exit_code": self.exit_code}
        shown["date"] = day and day.isoformat()
        if isinstance(self.outcome, DigestError):
            return {**shown, "state": "failed", "why": str(self.outcome)}
        if isinstance(self.outcome, NoAnnouncement):
            return {**shown, "state": "quiet", "why": self.outcome.sentence}
        if isinstance(self.outcome, Pending):
            return {**shown, "state": "submitted", "why": self.outcome.sentence}
        if isinstance(self.outcome, Digest):
            counts = self.outcome.counts.model_dump()
            return {**shown, "state": "skipped", "new": False, "counts": counts}
        digest = self.outcome.digest
        return {
            **shown,
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
            **self.outcome.usage.report(),
            "flagged": {entry.paper.id: entry.flag.reason for entry in digest.entries if entry.flag},
            "kept": dict(self.outcome.kept),
        }


def table_of_days(results: Sequence[Result]) -> None:
    """Print a line a day and section."""
    head = ("date", "section", "state", "announced", "summarised", "flagged", "asked", "from ledger")
    rows = []
    for result in results:
        values = result.values()
        counts = values.get("counts", {})
        cells = [values["date"], values["section"], translated(values["state"])]
        cells += [counts.get(name) for name in ("announced", "summarised", "flagged")]
        rows.append([*cells, values.get("asked"), values.get("reused")])
    for line in table(head, rows, spare=("from ledger", "asked")):
        print(line)
    for result in results:
        if isinstance(result.outcome, DigestError):
            print_error(result.outcome, f"{result.day} {result.section.key}")


def in_all(results: Sequence[Result], seconds: float, pages: Path | None) -> None:
    """Print what several digests took together, and where pages of them are, if any was made."""
    usages = [one.outcome.usage for one in results if isinstance(one.outcome, Published)]
    if len(usages) > 1:
        usage = sum(usages, RunUsage())
        known = f"questions asked {usage.asked}, answers from the ledger {usage.reused}"
        digests = translated(f"in all: {len(usages)} digests, {known}")
        print(listed(digests, took(usage), translated(format_duration(seconds))))
    if pages:
        print_message(f"to read: {pages}")


def nothing_due(*, json: bool, quiet: bool) -> None:
    """Say that every digest is made already."""
    if json:
        as_json([])
    elif not quiet:
        print_message("Nothing is due: the digests of the latest announcement are complete.")


def _published(result: Published) -> None:
    digest, counts, usage = result.digest, result.digest.counts, result.usage
    print(result.markdown, result.json, sep="\n")
    for note in digest.notes:
        print_message(f"note: {note}")
    if changed := result.changes:
        print_message(
            f"since the run before: {len(changed.papers)} papers more, {len(changed.lines)} lines changed"
        )
    if counts.kept:
        print_message(
            f"announced {counts.announced} = listed {counts.listed} "
            f"= summarised {counts.summarised} + flagged {counts.flagged}"
        )
    else:
        print_message(
            f"only the first {counts.listed} of {counts.announced} announced papers: "
            f"summarised {counts.summarised}, flagged {counts.flagged}"
        )
    print_message(f"questions asked {usage.asked}, answers from the ledger {usage.reused}; {took(usage)}")
    if reasons := _without_text(digest):
        why = ", ".join(f"{translated(reason)} ({number})" for reason, number in reasons.most_common(3))
        print_message(
            f"lines from title and abstract alone {sum(reasons.values())} of {counts.summarised}: {why}"
        )
    print_reasons(usage)
    checks = checks_of(digest.entries)
    rules = "".join(f"; {rule} {number}" for rule, number in checks.by_rule.items())
    print_message(
        f"lines checked {checks.checked}: clean {checks.clean}, mended by asking again {checks.mended}, "
        f"doubtful {checks.doubtful}, flagged {checks.flagged}{rules}"
    )
    _of_papers(result)


def _of_papers(result: Published) -> None:
    """Print a line for each paper that there is something to say of."""
    digest = result.digest
    for entry in digest.entries:
        if entry.text is not None and entry.text.findings:
            rules = ", ".join(sorted({finding.rule for finding in entry.text.findings}))
            print_message(
                f"in the PDF of {entry.paper.id}, kept out of the prompt or to be looked at: {rules}"
            )
    for entry in digest.entries:
        for note in entry.notes:
            print_message(f"note on {entry.paper.id}: {note}")
        if entry.flag is not None:
            print_message(f"flagged {entry.paper.id}: {entry.flag.reason} ({entry.flag.code})")
    if any(entry.flag is not None and entry.summary for entry in digest.entries):
        print_message(
            f"{DOUBT} behind a line says that it failed a check: compare it with the abstract, or ask again "
            "with `digest paper ID`."
        )
    for paper, reason in result.kept.items():
        print_message(f"keeps its earlier line {paper}: {reason}")


def _without_text(digest: Digest) -> Counter[str]:
    """The count of lines that had to be made without the paper's text, by the reason."""
    texts = (entry.text for entry in digest.entries if entry.summary)
    reasons = (text.reason for text in texts if text is not None and text.source == "abstract")
    return Counter(reason for reason in reasons if reason and reason != AS_ASKED)
