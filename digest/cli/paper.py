"""`digest paper`: papers asked about again, old and new lines side by side, the difference marked."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import options, output
from digest.cli.output import COMPLETE, FLAGGED, origin, print_message, print_reasons, took
from digest.system.errors import UsageError
from digest.system.terminal import bare, in_short, printable

if TYPE_CHECKING:
    from digest.cli.session import CommandOptions
    from digest.model import Entry, Finding, RunUsage
    from digest.pipeline.redo import Redone, Unknown
    from digest.pipeline.resources import Resources

_JSON_MARKS = {"same": "=", "gone": "-", "new": "+"}


def paper(
    ids: Annotated[
        list[str],
        typer.Argument(metavar="ID...", help="arXiv identifiers, such as 2601.19781; - for a pipe."),
    ],
    model: options.Model = None,
    prompt: options.PromptName = None,
    out: options.Out = None,
    keep: Annotated[bool, typer.Option("--keep", help="Show the new line, but change no digest.")] = False,
    fresh: Annotated[  # noqa: ARG001 - for those who know it from `digest run`
        bool, typer.Option("--fresh", help="Ask even what the ledger can answer: always so here.")
    ] = True,
    sample: options.Sample = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Ask again about papers, and put the new lines into the digests that hold them."""
    from digest.cli.session import CommandOptions

    flags = options.flags_of(prompt=prompt, out=out, model=model)
    raise typer.Exit(redo(CommandOptions(flags, sample, json, quiet), ids, keep=keep))


def redo(given: CommandOptions, wanted: Sequence[str], *, keep: bool) -> int:
    """Ask again about papers, print what came of it, and return the exit code; `-` reads standard input."""
    from digest.cli.session import prepared, update_pages, with_resources
    from digest.pipeline.redo import redo_papers

    names = [sys.stdin.read().removeprefix("\ufeff") if one == "-" else one for one in wanted]
    if not any(name.strip() for name in names):
        raise UsageError("Name the papers: identifiers such as 2601.19781, or - to read them from a pipe.")
    results: list[tuple[tuple[Redone | Unknown, ...], RunUsage]] = []

    async def go(resources: Resources) -> None:
        results.append(await redo_papers(names, resources, keep=keep))

    with prepared(replace(given, fresh=True)) as ready:
        with_resources(ready, go, quiet=True)
    ((papers, usage),) = results
    if not keep:
        update_pages(ready.settings)
    if given.json:
        output.as_json(values(papers, usage))
    else:
        show(papers, usage, quiet=given.quiet, keep=keep)
    return exit_code(papers)


def exit_code(papers: Sequence[Redone | Unknown]) -> int:
    """The exit code: that of the first paper that could not be had, else 3 when a line is flagged, else 0."""
    from digest.pipeline.redo import Redone, Unknown

    errors = [one.error.exit_code for one in papers if isinstance(one, Unknown)]
    if errors:
        return errors[0]
    return FLAGGED if any(isinstance(one, Redone) and one.entry.flag for one in papers) else COMPLETE


def show(papers: Sequence[Redone | Unknown], usage: RunUsage, *, quiet: bool, keep: bool) -> None:
    """Print what came of every paper; with `quiet`, errors only."""
    from digest.pipeline.redo import Unknown

    for one in papers:
        if isinstance(one, Unknown):
            output.print_error(one.error)
        elif not quiet:
            _show(one, keep=keep)
            print()
    if not quiet:
        print_message(f"questions asked {usage.asked}; {took(usage)}")
        print_reasons(usage)


def _show(result: Redone, *, keep: bool) -> None:
    entry = result.entry
    print(f"{entry.paper.versioned_id}  {in_short(entry.paper.title)}")
    olds = list(_different(result.older))
    if sys.stdout.isatty():
        _side_by_side(olds, entry)
    else:
        for row in _plain(olds, entry):
            print_message(row)
    if entry.text is not None:
        print_message(f"text:   {origin(entry.text)}")
    for path in result.digests:
        print_message(f"rewritten: {path}")
    if not result.digests:
        print_message(_why_unchanged(result, keep=keep))


def _why_unchanged(result: Redone, *, keep: bool) -> str:
    from digest.publish.keeping import is_better

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
    from digest.summarize.line_diff import marked

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

    from digest.summarize.line_diff import differences

    console = Console(file=bare(sys.stdout))
    befores: list[Entry | None] = list(olds) or [None]
    for old in befores:
        columns = (Column(name, overflow="fold") for name in ("before", "after"))  # Chinese has no spaces
        table = Table(*columns, expand=True, show_lines=True)
        before, after = Text(), Text()
        lines = ("" if old is None else printable(_line(old)), printable(_line(entry)))
        for kind, piece in differences(*lines):
            if kind != "new":
                before.append(piece, "red strike" if kind == "gone" else "")
            if kind != "gone":
                after.append(piece, "bold green" if kind == "new" else "")
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


def values(papers: Sequence[Redone | Unknown], usage: RunUsage) -> dict[str, Any]:
    """The result as plain values, for --json."""
    return {"papers": [_values(one) for one in papers], **usage.report()}


def _pieces(old: str, new: str) -> list[tuple[str, str]]:
    from digest.summarize.line_diff import differences

    return [(_JSON_MARKS[kind], piece) for kind, piece in differences(old, new)]


def _values(one: Redone | Unknown) -> dict[str, Any]:
    from digest.pipeline.redo import Unknown

    if isinstance(one, Unknown):
        return {"id": one.wanted, "error": str(one.error)}
    return {
        "id": one.entry.paper.versioned_id,
        "entry": one.entry.model_dump(mode="json", exclude_defaults=True),
        "older": [entry.model_dump(mode="json", exclude_defaults=True) for entry in one.older],
        "difference": [_pieces(_line(old), _line(one.entry)) for old in _different(one.older)],
        "digests": [str(path) for path in one.digests],
    }
