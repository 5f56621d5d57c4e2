"""The command line: its commands, each in a file of this folder, and every way out of it.

The files declare options up front, and import what is heavy where it is used: `--help` must stay fast.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from typing import Annotated

import typer

from digest import __version__
from digest.cli import (
    backfill,
    completion,
    convert,
    deliver,
    doctor,
    gold,
    init,
    lint,
    paper,
    run,
    runs,
    site,
    status,
    text,
)
from digest.cli import eval as evaluation
from digest.cli import list as list_
from digest.cli.output import print_error
from digest.system.errors import DigestError
from digest.system.files import words_at_home
from digest.system.language import VARIABLE as LANGUAGE
from digest.system.language import language
from digest.system.logs import FLAG, VARIABLE, masked, story_of, switch_on, switched_on, without_switch
from digest.system.terminal import open_standard_streams, printable_streams, shows_chinese

app = typer.Typer(
    name="digest",
    help="The daily bilingual arXiv digest: one checked line in Chinese for every announced paper.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich would double the time of --help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("backfill")(backfill.backfill)
app.command("list")(list_.list_)
app.command("paper")(paper.paper)
app.command("text")(text.text)
app.command("lint")(lint.lint)
app.command("site")(site.site)
app.command("serve")(site.serve)
app.command("deliver")(deliver.deliver)
app.command("status")(status.status)
app.command("init")(init.init)
app.command("doctor")(doctor.command)
app.command("completion")(completion.completion)
app.command("import")(convert.import_)
app.command("render")(convert.render)
app.add_typer(site.interests_app, name="interests")
app.add_typer(runs.app, name="runs")
app.add_typer(gold.app, name="gold")
app.add_typer(evaluation.app, name="eval")


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
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # a tenth of a second
    open_standard_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal without Chinese shows escapes, and no error
        sys.stdout.reconfigure(errors="backslashreplace")
    if not shows_chinese(sys.stdout):
        os.environ[LANGUAGE] = "en"  # better words of another language than escapes
    completion.prepare(os.environ)
    debugging = switched_on(sys.argv[1:], os.environ)
    sys.argv[1:] = words_at_home(without_switch(sys.argv[1:]))
    if debugging:
        switch_on().debug("digest %s on Python %s: %s", __version__, sys.version, sys.argv[1:])
    with printable_streams():
        _run(debugging=debugging)


def _to_the_last_byte() -> None:
    try:
        if language() == "zh":
            _in_chinese()
        else:
            app()
    finally:
        sys.stdout.flush()


def _in_chinese() -> None:
    """Carry out the command line, its help and Typer's own words in Chinese."""
    from digest.cli.help import in_chinese, print_usage_error

    try:
        code = in_chinese(typer.main.get_command(app)).main(standalone_mode=False)
    except typer.Abort:
        code = 1
    except Exception as error:  # Typer's click has no public name; what is not its own is raised again
        if not hasattr(error, "format_message"):
            raise
        print_usage_error(error)
        code = getattr(error, "exit_code", 2)
    sys.exit(code)


def _run(*, debugging: bool) -> None:
    try:
        _to_the_last_byte()
    except DigestError as error:
        if debugging:
            print(story_of(error), file=sys.stderr)
        print_error(error)
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code in {130, 143}:  # Ctrl-C, as typer reports it; SIGTERM
            print_error("stopped. What was answered is kept; run it again to go on.")
        raise
    except Exception as error:  # noqa: BLE001 - a bug; a traceback would help nobody at a terminal
        hint = f"Please report it, with what `digest {FLAG} ...` says."
        if debugging:
            print(story_of(error), file=sys.stderr)
            hint = "Please report it, with the lines above."
        print_error(f"a bug: {type(error).__name__}: {masked(str(error))}. {hint}")
        sys.exit(1)
