"""`digest runs`: what the ledger says of runs, and its care. Flags, one call, printing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import options
from digest.cli.output import print_message

if TYPE_CHECKING:
    from digest.ledger import Where
    from digest.ledger.sql.history import History

app = typer.Typer(help="Look at the runs of the ledger, and take care of it.", rich_markup_mode=None)

Number = Annotated[int, typer.Argument(metavar="RUN", help="The number of a run, as `digest runs` shows it.")]

_SHOWN = 30
_DAMAGED = 4


def _history(out: Path | None, *, sample: bool) -> History:
    from digest.ledger import open_history

    return open_history(options.settings_of(out, sample=sample).ledger_at)


@app.callback(invoke_without_command=True)
def runs(
    context: typer.Context,
    out: options.Out = None,
    sample: options.Sample = False,
    json: options.Json = False,
) -> None:
    """List the last 30 runs; with --json all of them."""
    if context.invoked_subcommand is not None:
        context.default_map = {context.invoked_subcommand: {"out": out, "sample": sample, "json": json}}
        return
    from digest.cli import output, runs_output

    with _history(out, sample=sample) as history:
        found = list(history.runs())
    if json:
        output.as_json([runs_output.values(run) for run in found])
        return
    if len(found) > _SHOWN:
        print_message(f"{len(found) - _SHOWN} older runs: --json lists them")
    for line in runs_output.table(found[-_SHOWN:]):
        typer.echo(line)


@app.command("show")
def show_(
    run: Number, out: options.Out = None, sample: options.Sample = False, json: options.Json = False
) -> None:
    """Show one run: each paper's stages, attempts and findings; where it failed, and what comes next."""
    from digest.cli import output, runs_output

    with _history(out, sample=sample) as history:
        wanted = history.run(run)
        if json:
            output.as_json(runs_output.one_values(history, wanted))
            return
        for line in runs_output.one(history, wanted):
            typer.echo(line)


@app.command()
def export(run: Number, out: options.Out = None, sample: options.Sample = False) -> None:
    """Write one run as JSON lines: the run, its events, its answers."""
    from digest.cli import runs_output

    with _history(out, sample=sample) as history:
        for line in runs_output.lines(history, history.run(run)):
            typer.echo(line)


@app.command()
def verify(out: options.Out = None, sample: options.Sample = False) -> None:
    """Check the ledger, and the digests against it; exit 4 when something is wrong."""
    from digest.cli.verify import verify

    settings, problems = options.settings_of(out, sample=sample), 0
    for problem in verify(settings.run.out, settings.ledger_at):
        print_message(problem)
        problems += 1
    print_message(
        f"{problems} problems" if problems else "The ledger is whole, and the digests agree with it."
    )
    raise typer.Exit(_DAMAGED if problems else 0)


@app.command()
def prune(
    older_than: Annotated[str, typer.Option("--older-than", metavar="AGE", help="Such as 90d or 12w.")],
    answers: Annotated[
        bool,
        typer.Option("--answers", help="Delete answers and texts too: old days would be paid for again."),
    ] = False,
    out: options.Out = None,
    sample: options.Sample = False,
) -> None:
    """Delete what old runs left and no run needs; answers stay unless --answers is given."""
    from datetime import UTC, datetime

    from digest.ledger import open_database
    from digest.ledger.sql import prune as old

    span, where = old.age(older_than), options.settings_of(out, sample=sample).ledger_at
    open_database(where, to_read=True).close()  # what is not there is not to be made
    with open_database(where) as database:
        gone = old.prune(database, datetime.now(UTC) - span, answers=answers)
    counts = ", ".join(f"{count} {table}" for table, count in gone.items())
    print_message(f"deleted: {counts}")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy; an older one is replaced.")],
    out: options.Out = None,
    sample: options.Sample = False,
) -> None:
    """Copy the ledger into a file, even while a run writes to it; one in PostgreSQL too."""
    from digest.ledger import open_database
    from digest.ledger.sqlite import maintenance

    where = options.settings_of(out, sample=sample).ledger_at
    if isinstance(where, Path):
        maintenance.backup(where, file)
    else:
        with open_database(where, to_read=True) as database:
            maintenance.export(database, file)
    print_message(f"{file}: {file.stat().st_size:,} bytes")


@app.command()
def rescue(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new ledger.")],
    out: options.Out = None,
    sample: options.Sample = False,
) -> None:
    """Write what can still be read of a damaged ledger into a new one."""
    from digest.ledger.sqlite import maintenance
    from digest.system.errors import UsageError

    where = options.settings_of(out, sample=sample).ledger_at
    if not isinstance(where, Path):
        raise UsageError(
            "Only a ledger in a file can be rescued. One in PostgreSQL comes back from the "
            "server's own backup, or from a file of `digest runs backup` by `digest runs copy`."
        )
    for table, (kept, lost) in maintenance.rescue(where, file).items():
        print_message(f"{table}: {kept} rows kept, {lost} damaged" if lost else f"{table}: {kept} rows kept")
    print_message(f"Move {file} to the place of the damaged ledger, without its -wal and -shm files.")


@app.command("copy")
def copy_(
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="A folder, file, or postgresql://... address.")
    ],
    target: Annotated[str, typer.Argument(metavar="TO", help="Likewise; made when missing, else empty.")],
) -> None:
    """Copy a ledger into another database, and compare; a password is read from PGPASSWORD or ~/.pgpass."""
    from digest.ledger import open_database
    from digest.ledger.sql.copy import copy

    with open_database(_named(source), to_read=True) as one, open_database(_named(target)) as other:
        found, written = copy(one, other)
        print_message(", ".join(f"{content.rows} {table}" for table, content in found.items()))
        print_message(
            f"{other.name}: written, read again, and the same as {one.name}"
            if written
            else f"{other.name}: holds the same as {one.name} already; nothing was written"
        )


def _named(text: str) -> Where:
    """The place of a ledger as a user names it: an address, or the path of a folder or file."""
    from pydantic import SecretStr

    from digest.system.files import at_home

    return SecretStr(text) if "://" in text else at_home(text)
