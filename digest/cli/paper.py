"""Old and new lines side by side, the difference marked: what `digest paper` shows."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from digest.cli.output import COMPLETE, FLAGGED, origin, tell_why, took
from digest.llm.cached_client import RunUsage
from digest.model import Entry, Finding
from digest.pipeline.redo import Redone, Unknown
from digest.publish.keeping import is_better
from digest.system.terminal import bare, in_short, printable

Mark = Literal["=", "-", "+"]
_WORDS = re.compile(r"[A-Za-z0-9]+(?:[-.][A-Za-z0-9]+)*|\s+|.", re.DOTALL)


def difference(old: str, new: str) -> list[tuple[Mark, str]]:
    """Pieces of both texts in order: in both (=), of the old only (-), of the new only (+).

    Chinese is compared by character, Latin letters and digits by word.
    """
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    pieces: list[tuple[Mark, str]] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(("=", "".join(before[a:b])))
            continue
        if b > a:
            pieces.append(("-", "".join(before[a:b])))
        if d > c:
            pieces.append(("+", "".join(after[c:d])))
    return pieces


def marked(old: str, new: str) -> tuple[str, str]:
    """Both texts for plain output: what is gone as [-...-], what is new as {+...+}."""
    pieces = difference(old, new)
    return (
        "".join(f"[-{text}-]" if mark == "-" else text for mark, text in pieces if mark != "+"),
        "".join(f"{{+{text}+}}" if mark == "+" else text for mark, text in pieces if mark != "-"),
    )


def exit_code(papers: Sequence[Redone | Unknown]) -> int:
    """That of the first paper that could not be had, else 3 when a line is flagged, else 0."""
    errors = [one.error.exit_code for one in papers if isinstance(one, Unknown)]
    if errors:
        return errors[0]
    return FLAGGED if any(isinstance(one, Redone) and one.entry.flag for one in papers) else COMPLETE


def show(papers: Sequence[Redone | Unknown], tally: RunUsage, *, quiet: bool, keep: bool) -> None:
    """Print what came of every paper; with `quiet`, errors only."""
    for one in papers:
        if isinstance(one, Unknown):
            print(f"digest: {one.error}", file=sys.stderr)
        elif not quiet:
            _show(one, keep=keep)
            print()
    if not quiet:
        print(f"questions asked {tally.asked}; {took(tally)}")
        tell_why(tally)


def _show(result: Redone, *, keep: bool) -> None:
    entry = result.entry
    print(f"{entry.paper.versioned_id}  {in_short(entry.paper.title)}")
    olds = list(_different(result.older))
    if sys.stdout.isatty():
        _side_by_side(olds, entry)
    else:
        for row in _plain(olds, entry):
            print(row)
    if entry.text is not None:
        print(f"text:   {origin(entry.text)}")
    for path in result.digests:
        print(f"rewritten: {path}")
    if not result.digests:
        print(_why_unchanged(result, keep=keep))


def _why_unchanged(result: Redone, *, keep: bool) -> str:
    if not result.older:
        return "no digest here holds this paper"
    if keep:
        return "no digest was changed: --keep"
    if not result.entry.summary:
        return "no digest was changed: there is no new line"
    if any(is_better(old, result.entry) for old in result.older):
        return "no digest was changed: the new line fails its checks, and the old one stays"
    return "no digest was changed"


def _different(older: Sequence[Entry]) -> Iterator[Entry]:
    """One entry a line: digests often hold the same."""
    seen = set()
    for entry in older:
        line = _line(entry)
        if line not in seen:
            seen.add(line)
            yield entry


def _plain(olds: Sequence[Entry], entry: Entry) -> Iterator[str]:
    for old in olds:
        if _line(old) == _line(entry):
            yield "before: the same line"
            yield from _found("before", old)
            continue
        before, after = marked(_line(old), _line(entry))
        yield f"before: {before}"
        yield from _found("before", old)
        yield f"after:  {after}"
    if not olds or any(_line(old) == _line(entry) for old in olds):
        yield f"line:   {_line(entry) or '-'}"
    yield from _found("after", entry)
    yield _made(entry)


def _found(when: str, entry: Entry) -> Iterator[str]:
    if entry.flag is not None:
        yield f"flag {when}: {entry.flag.reason} ({entry.flag.code})"
    for finding in entry.findings:
        yield f"finding {when}: {_words(finding)}"


def _words(finding: Finding) -> str:
    return f"{finding.rule} ({finding.severity}): {finding.evidence}"


def _made(entry: Entry) -> str:
    if entry.summary is None:
        return "no line"
    summary = entry.summary
    return f"prompt: {summary.prompt or '-'}, model: {summary.model or '-'}, attempts: {summary.attempts}"


def _line(entry: Entry) -> str:
    return entry.summary.line if entry.summary else ""


def _side_by_side(olds: Sequence[Entry], entry: Entry) -> None:
    """On a terminal: two columns, red what is gone and green what is new."""
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console = Console(file=bare(sys.stdout))
    befores: list[Entry | None] = list(olds) or [None]
    for old in befores:
        columns = (Column(name, overflow="fold") for name in ("before", "after"))  # Chinese has no spaces
        table = Table(*columns, expand=True, show_lines=True)
        before, after = Text(), Text()
        lines = ("" if old is None else printable(_line(old)), printable(_line(entry)))
        for mark, piece in difference(*lines):
            if mark != "+":
                before.append(piece, "red strike" if mark == "-" else "")
            if mark != "-":
                after.append(piece, "bold green" if mark == "+" else "")
        table.add_row(before, after)
        table.add_row(*(Text(printable("\n".join(_found_of(one)))) for one in (old, entry)))
        made = "in no digest here" if old is None else _made(old)
        table.add_row(Text(printable(made)), Text(printable(_made(entry))))
        console.print(table)


def _found_of(entry: Entry | None) -> list[str]:
    """Flag and findings, for a column that says itself whose they are."""
    if entry is None:
        return []
    flag = [f"{entry.flag.reason} ({entry.flag.code})"] if entry.flag else []
    return flag + [_words(finding) for finding in entry.findings] or ["no findings"]


def values(papers: Sequence[Redone | Unknown], tally: RunUsage) -> dict[str, Any]:
    """The same as plain values, for --json."""
    return {"papers": [_values(one) for one in papers], **tally.report()}


def _values(one: Redone | Unknown) -> dict[str, Any]:
    if isinstance(one, Unknown):
        return {"id": one.wanted, "error": str(one.error)}
    return {
        "id": one.entry.paper.versioned_id,
        "entry": one.entry.model_dump(mode="json", exclude_defaults=True),
        "older": [entry.model_dump(mode="json", exclude_defaults=True) for entry in one.older],
        "difference": [list(difference(_line(old), _line(one.entry))) for old in _different(one.older)],
        "digests": [str(path) for path in one.digests],
    }
