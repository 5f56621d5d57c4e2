"""`digest lint`: checks of digests that are already written, ours or published ones, Markdown or JSON."""

from __future__ import annotations

import json as json_module
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from digest.cli import options, output
from digest.cli.table import table as table_of
from digest.system.errors import UsageError
from digest.system.language import translated

if TYPE_CHECKING:
    from digest.model import Digest, Severity
    from digest.summarize.checks import Rule

_COLUMNS = ("file", "number", "id", "severity", "rule", "evidence")


def lint(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Digests, Markdown or JSON.")
    ] = None,
    rules: Annotated[bool, typer.Option("--rules", help="List the rules instead.")] = False,
    json: options.Json = False,
) -> None:
    """Check the lines of digests, ours or published ones; exit 1 when one has a defect."""
    raise typer.Exit(check(files or [], rules=rules, json=json))


def check(files: Sequence[Path], *, rules: bool, json: bool) -> int:
    """Check digests and print what was found, or list the rules; return the exit code."""
    from digest.config import load
    from digest.summarize.checks import rules_for

    settings = load(environment=os.environ)
    if rules:
        show_rules(rules_for(settings.checks), json=json)
        return output.COMPLETE
    if not files:
        raise UsageError("Name the digests to check: Markdown or JSON files.")
    rows = lint_files(files, settings.checks)
    if not rows and not json:
        output.print_message("nothing found")
    else:
        print(to_json(rows) if json else table(rows), end="")
    return output.DEFECTS if any(row.severity == 3 for row in rows) else output.COMPLETE


@dataclass(frozen=True)
class LintFinding:
    """One finding, and where it is; `number` is kind and place of the entry, as its heading: new 001."""

    file: str
    number: str
    id: str
    rule: str
    severity: Severity
    evidence: str


def lint_files(
    paths: Iterable[Path], settings: Mapping[str, Severity | Literal["off"]] | None = None
) -> tuple[LintFinding, ...]:
    """Check every line of digests, against its own paper and against the others of its file.

    Args:
        paths: digests; names that end in .json are read as JSON, all others as Markdown.
        settings: the table [checks] of `digest.toml`; see `rules_for`.

    Returns:
        The findings in the order of files and entries, of one entry the severest first.

    Raises:
        UsageError: a file cannot be read or is no digest, or a setting names no rule.
    """
    from digest.publish.formats import read_digest
    from digest.summarize.checks import rules_for

    rules = rules_for(settings or {})
    return tuple(row for path in paths for row in _lint(read_digest(path), str(path), rules))


def table(rows: Sequence[LintFinding]) -> str:
    """The rows as text in columns under a heading, one row a line; a line feed ends each."""
    cells = ([getattr(row, name) for name in _COLUMNS] for row in rows)
    return "".join(f"{line}\n" for line in table_of(_COLUMNS, cells))


def to_json(rows: Sequence[LintFinding]) -> str:
    """The rows as a JSON array of objects; Chinese stands as it is, and a line feed ends the text."""
    return json_module.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2) + "\n"


def _lint(digest: Digest, name: str, rules: Sequence[Rule]) -> Iterator[LintFinding]:
    from digest.summarize.checks import PaperIndex, check_lines, repeated, source_of

    batch = PaperIndex(source_of(entry.paper) for entry in digest.entries)
    lines = [entry.summary.line if entry.summary else "" for entry in digest.entries]
    twice = repeated(list(zip(lines, batch, strict=True)), rules)
    for place, (entry, source) in enumerate(zip(digest.entries, batch, strict=True)):
        if entry.summary is None:
            continue
        found = list(check_lines(entry.summary, source, batch, rules))
        if place in twice:
            found.append(twice[place])
        for finding in sorted(found, key=lambda finding: -finding.severity):
            yield LintFinding(
                file=name,
                number=f"{entry.listing.kind} {entry.listing.position:03}",
                id=entry.paper.id,
                rule=finding.rule,
                severity=finding.severity,
                evidence=finding.evidence,
            )


def show_rules(table: Sequence[Rule], *, json: bool) -> None:
    """Print the rules that check a line: name, severity, and what each finds."""
    if json:
        output.as_json([{"rule": rule.id, "severity": rule.severity, "why": rule.why} for rule in table])
        return
    for line in table_of(("", "", ""), ((rule.id, rule.severity, translated(rule.why)) for rule in table)):
        print(line)
