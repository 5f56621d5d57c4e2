"""The command line: parse flags, call one function, print. No logic, and nothing heavy imported up front."""

from __future__ import annotations

import gc
import io
import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from digest import __version__
from digest.cli.eval import eval_app, gold_app
from digest.cli.runs import app as runs_app
from digest.cli.site import interests_app, register
from digest.cli.status import register as register_status
from digest.errors import DigestError
from digest.system.files import words_at_home
from digest.system.logs import FLAG, VARIABLE, masked, story_of, switch_on, switched_on, without_switch
from digest.system.terminal import open_standard_streams, printable_streams

logger = logging.getLogger(__name__)

app = typer.Typer(
    name="digest",
    help="The daily bilingual arXiv digest: one checked line in Chinese for every announced paper.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich would double the time of --help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(eval_app, name="eval")
app.add_typer(gold_app, name="gold")
app.add_typer(runs_app, name="runs")
app.add_typer(interests_app, name="interests")
register(app)
register_status(app)

Flags = dict[str, dict[str, Any]]
"""Table of the settings -> key -> value; None where the flag was not given."""

Model = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="What the endpoint calls the model.")
]
PromptName = Annotated[
    str | None, typer.Option("--prompt", metavar="NAME", help="A prompt in prompts/, or a file.md.")
]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where digests and the ledger go.")]
Sections = Annotated[
    list[str] | None,
    typer.Option("--section", metavar="NAME", help="A section of digest.toml; may be repeated."),
]
Approximate = Annotated[
    bool,
    typer.Option("--approximate", help="Take days that arXiv no longer shows from OAI-PMH, with gaps."),
]
Sample = Annotated[
    bool, typer.Option("--sample", help="Use the bundled day and recorded answers: no key, no network.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.command()
def run(
    date: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="Announcement date, first..last, today, yesterday, last-week; default: the latest.",
        ),
    ] = None,
    section: Sections = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N papers.")] = None,
    model: Model = None,
    prompt: PromptName = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Questions under way at once.")
    ] = None,
    out: Out = None,
    no_pdf: Annotated[bool, typer.Option("--no-pdf", help="Ask about title and abstract only.")] = False,
    max_cost: Annotated[
        float | None, typer.Option(min=0, metavar="USD", help="Stop asking before this much is spent.")
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="Hand the questions in as a batch, at half the price.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for batches under way.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask again, even what the ledger can answer.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Go ahead above [run] confirm_cost, without a question.")
    ] = False,
    approximate: Approximate = False,
    sample: Sample = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make the digest of a day: fetch, read, ask, check, write."""
    from digest.cli.session import CommandOptions, run_days

    flags: Flags = {
        "run": {"sections": section or None, "prompt": prompt, "out": out},
        "model": {"name": model, "concurrency": concurrency, "max_cost": max_cost},
        "text": {"source": "abstract" if no_pdf else None},
    }
    given = CommandOptions(flags, sample, json, quiet, fresh, approximate, batch, wait, yes)
    raise typer.Exit(run_days(given, date, limit))


@app.command("list")
def list_(
    date: Annotated[
        str | None,
        typer.Argument(metavar="[DATE]", help="Announcement date, today or yesterday; default: the latest."),
    ] = None,
    section: Sections = None,
    out: Out = None,
    approximate: Approximate = False,
    sample: Sample = False,
    json: Json = False,
) -> None:
    """List what arXiv announced, with its own counts; asks no model."""
    from digest.cli.session import CommandOptions, list_announcements

    flags: Flags = {"run": {"sections": section or None, "out": out}}
    raise typer.Exit(list_announcements(CommandOptions(flags, sample, json, approximate=approximate), date))


@app.command()
def paper(
    ids: Annotated[
        list[str],
        typer.Argument(metavar="ID...", help="arXiv identifiers, such as 2601.19781; - for a pipe."),
    ],
    model: Model = None,
    prompt: PromptName = None,
    out: Out = None,
    keep: Annotated[bool, typer.Option("--keep", help="Show the new line, but change no digest.")] = False,
    fresh: Annotated[  # noqa: ARG001 - for those who know it from `digest run`
        bool, typer.Option("--fresh", help="Ask even what the ledger can answer: always so here.")
    ] = True,
    sample: Sample = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Ask again about papers, and put the new lines into the digests that hold them."""
    from digest.cli.session import CommandOptions, redo

    flags: Flags = {"run": {"prompt": prompt, "out": out}, "model": {"name": model}}
    raise typer.Exit(redo(CommandOptions(flags, sample, json, quiet), ids, keep=keep))


Source = Annotated[Path, typer.Argument(metavar="FILE", help="The file to read.")]
Target = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")]


@app.command("import")
def import_(source: Source, output: Target) -> None:
    """Read a published digest (Markdown) and write it as JSON."""
    from digest.publish.files import import_file

    digest = import_file(source, output)
    typer.echo(f"{output}: {len(digest.entries)} papers")


@app.command()
def render(source: Source, output: Target) -> None:
    """Read a digest (JSON) and write it as Markdown."""
    from digest.publish.files import render_file

    digest = render_file(source, output)
    typer.echo(f"{output}: {len(digest.entries)} papers")


@app.command()
def lint(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Digests, Markdown or JSON.")
    ] = None,
    rules: Annotated[bool, typer.Option("--rules", help="List the rules instead.")] = False,
    json: Json = False,
) -> None:
    """Check the lines of digests, ours or published ones; exit 1 when one has a defect."""
    from digest.cli.session import lint as lint_files

    raise typer.Exit(lint_files(files or [], rules=rules, json=json))


@app.command()
def text(
    paper: Annotated[str, typer.Argument(metavar="ID|FILE.pdf", help="An arXiv identifier, or a PDF.")],
    out: Out = None,
    sample: Sample = False,
    json: Json = False,
) -> None:
    """Print what a prompt would get of a paper, with counts and findings."""
    from digest.cli.session import CommandOptions, show_text

    raise typer.Exit(show_text(CommandOptions({"run": {"out": out}}, sample, json), paper))


@app.command()
def doctor(
    model: Model = None,
    prompt: PromptName = None,
    out: Out = None,
    fetch_vocabulary: Annotated[
        bool, typer.Option("--fetch-vocabulary", help="Download tiktoken's vocabulary for counting tokens.")
    ] = False,
    sample: Sample = False,
    json: Json = False,
) -> None:
    """Check the whole set-up: settings, key, endpoint, arXiv, disk, ledger; asks one cheap question."""
    from digest.cli.doctor import doctor
    from digest.cli.session import CommandOptions

    flags: Flags = {"run": {"prompt": prompt, "out": out}, "model": {"name": model}}
    raise typer.Exit(doctor(CommandOptions(flags, sample, json), fetch_vocabulary=fetch_vocabulary))


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option(FLAG, help=f"Log what happens inside, as {VARIABLE}=1 does; goes behind, too.")
    ] = False,
) -> None:
    """Hold the options that stand before a command."""


def main() -> None:
    """Run the command line; every way out is an exit code and, if something went wrong, one sentence."""
    gc.set_threshold(100_000)  # what imports make stays: looking for garbage in it takes a tenth of the time
    open_standard_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal without Chinese shows escapes, and no error
        sys.stdout.reconfigure(errors="backslashreplace")
    debugging = switched_on(sys.argv[1:], os.environ)
    sys.argv[1:] = words_at_home(without_switch(sys.argv[1:]))
    if debugging:
        switch_on()
        logger.debug("digest %s on Python %s: %s", __version__, sys.version, sys.argv[1:])
    with printable_streams():
        _run(debugging=debugging)


def _to_the_last_byte() -> None:
    try:
        app()
    finally:
        sys.stdout.flush()


def _run(*, debugging: bool) -> None:
    try:
        _to_the_last_byte()
    except DigestError as error:
        if debugging:
            print(story_of(error), file=sys.stderr)
        print(f"digest: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == 130:  # Ctrl-C, as typer reports it
            print("digest: stopped. What was answered is kept; run it again to go on.", file=sys.stderr)
        raise
    except Exception as error:  # noqa: BLE001 - a bug; a traceback would help nobody at a terminal
        hint = f"Please report it, with what `digest {FLAG} ...` says."
        if debugging:
            print(story_of(error), file=sys.stderr)
            hint = "Please report it, with the lines above."
        print(f"digest: a bug: {type(error).__name__}: {masked(str(error))}. {hint}", file=sys.stderr)
        sys.exit(1)
