"""Checks of digests that are already written: ours or published ones, Markdown or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from digest.model import Digest, Record, Severity
from digest.publish.formats import read_file
from digest.summarize.checks import Batch, Rule, check_lines, repeated, rules_for, source_of

_COLUMNS = ("file", "number", "id", "severity", "rule", "evidence")


class Row(Record):
    """One finding, and where it is."""

    file: str
    number: str = Field(description="kind and place of the entry, as its heading has them: new 001")
    id: str
    rule: str
    severity: Severity
    evidence: str


def lint_files(
    paths: Iterable[Path], settings: Mapping[str, Severity | Literal["off"]] | None = None
) -> tuple[Row, ...]:
    """Check every line of digests, against its own paper and against the others of its file.

    Args:
        paths: digests; names that end in .json are read as JSON, all others as Markdown.
        settings: the table [checks] of `digest.toml`; see `rules_for`.

    Returns:
        The findings in the order of files and entries, of one entry the severest first.

    Raises:
        UsageError: a file cannot be read or is no digest, or a setting names no rule.
    """
    rules = rules_for(settings or {})
    return tuple(row for path in paths for row in _lint(read_file(path), str(path), rules))


def table(rows: Sequence[Row]) -> str:
    """The rows as text in columns under a heading, one row a line; a line feed ends each."""
    cells = [_COLUMNS, *(tuple(_printable(str(getattr(row, name))) for name in _COLUMNS) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_COLUMNS) - 1)]
    return "".join(
        "  ".join((*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1])) + "\n"
        for row in cells
    )


def to_json(rows: Sequence[Row]) -> str:
    """The rows as a JSON array of objects; Chinese stands as it is, and a line feed ends the text."""
    return json.dumps([row.model_dump() for row in rows], ensure_ascii=False, indent=2) + "\n"


def _lint(digest: Digest, name: str, rules: Sequence[Rule]) -> Iterator[Row]:
    batch = Batch(source_of(entry.paper) for entry in digest.entries)
    lines = [entry.summary.line if entry.summary else "" for entry in digest.entries]
    twice = repeated(list(zip(lines, batch, strict=True)), rules)
    for place, (entry, source) in enumerate(zip(digest.entries, batch, strict=True)):
        if entry.summary is None:
            continue
        found = list(check_lines(entry.summary, source, batch, rules))
        if place in twice:
            found.append(twice[place])
        for finding in sorted(found, key=lambda finding: -finding.severity):
            yield Row(
                file=name,
                number=f"{entry.listing.kind} {entry.listing.position:03}",
                id=entry.paper.id,
                rule=finding.rule,
                severity=finding.severity,
                evidence=finding.evidence,
            )


def _printable(text: str) -> str:
    """`text` with everything escaped that would move a terminal's cursor."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
