"""`digest runs`: what the ledger says of runs, and its care. Flags, one call, printing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.options import Json, Out, settings_of
from digest.cli.output import say

if TYPE_CHECKING:
    from digest.ledger.sqlite.history import History

app = typer.Typer(help="Look at the runs of the ledger, and take care of it.", rich_markup_mode=None)

Number = Annotated[int, typer.Argument(metavar="RUN", help="The number of a run, as `digest runs` shows it.")]

_SHOWN = 30
_DAMAGED = 4


def _folder(out: Path | None) -> Path:
    return settings_of(out).run.out


def _history(out: Path | None) -> History:
    from digest.ledger.sqlite.history import History

    return History(_folder(out))


@app.callback(invoke_without_command=True)
def runs(context: typer.Context, out: Out = None, json: Json = False) -> None:
    """List the last 30 runs; with --json all of them."""
    if context.invoked_subcommand is not None:
        return
    from digest.cli import output, runs_output

    with _history(out) as history:
        found = list(history.runs())
    if json:
        output.as_json([runs_output.values(run) for run in found])
        return
    if len(found) > _SHOWN:
        say(f"{len(found) - _SHOWN} older runs: --json lists them")
    for line in runs_output.table(found[-_SHOWN:]):
        typer.echo(line)


@app.command("show")
def show_(run: Number, out: Out = None, json: Json = False) -> None:
    """Show one run: each paper's stages, attempts and findings; where it failed, and what comes next."""
    from digest.cli import output, runs_output

    with _history(out) as history:
        wanted = history.run(run)
        if json:
            output.as_json(runs_output.one_values(history, wanted))
            return
        for line in runs_output.one(history, wanted):
            typer.echo(line)


@app.command()
def export(run: Number, out: Out = None) -> None:
    """Write one run as JSON lines: the run, its events, its answers."""
    from digest.cli import runs_output

    with _history(out) as history:
        for line in runs_output.lines(history, history.run(run)):
            typer.echo(line)


@app.command()
def verify(out: Out = None) -> None:
    """Check the ledger, and the digests against it; exit 4 when something is wrong."""
    from digest.cli.verify import verify

    problems = 0
    for problem in verify(_folder(out)):
        say(problem)
        problems += 1
    say(f"{problems} problems" if problems else "The ledger is whole, and the digests agree with it.")
    raise typer.Exit(_DAMAGED if problems else 0)


@app.command()
def prune(
    older_than: Annotated[str, typer.Option("--older-than", metavar="AGE", help="Such as 90d or 12w.")],
    answers: Annotated[
        bool,
        typer.Option("--answers", help="Delete answers and texts too: old days would be paid for again."),
    ] = False,
    out: Out = None,
) -> None:
    """Delete what old runs left and no run needs; answers stay unless --answers is given."""
    from datetime import UTC, datetime

    from digest.ledger import FILE_NAME, open_ledger
    from digest.ledger.sqlite import maintenance
    from digest.ledger.sqlite.connection import connect_to_read

    span, folder = maintenance.age(older_than), _folder(out)
    connect_to_read(folder / FILE_NAME).close()  # what is not there is not to be made
    with open_ledger(folder) as ledger:
        gone = maintenance.prune(ledger, datetime.now(UTC) - span, answers=answers)
    counts = ", ".join(f"{count} {table}" for table, count in gone.items())
    say(f"deleted: {counts}")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy; an older one is replaced.")],
    out: Out = None,
) -> None:
    """Copy the ledger, even while a run writes to it."""
    from digest.ledger.sqlite import maintenance

    maintenance.backup(_folder(out), file)
    say(f"{file}: {file.stat().st_size:,} bytes")


@app.command()
def rescue(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new ledger.")], out: Out = None
) -> None:
    """Write what can still be read of a damaged ledger into a new one."""
    from digest.ledger.sqlite import maintenance

    for table, (kept, lost) in maintenance.rescue(_folder(out), file).items():
        say(f"{table}: {kept} rows kept, {lost} damaged" if lost else f"{table}: {kept} rows kept")
    say(f"Move {file} to the place of the damaged ledger, without its -wal and -shm files.")
