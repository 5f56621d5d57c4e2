"""`digest site`, `digest serve`, `digest interests`: the pages that people read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from digest.cli import options
from digest.cli.output import print_message, print_status

interests_app = typer.Typer(
    help="What you care for comes first.", no_args_is_help=True, rich_markup_mode=None
)


def site(
    out: options.Out = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Where the pages go; default: DIR/site.")
    ] = None,
) -> None:
    """Make the pages of all digests, or bring them up to date."""
    from digest.publish.site.build import build_site

    built = build_site(options.settings_of(out), to)
    for sentence in built.unreadable:
        print_status(f"digest: left out: {sentence}")
    print_message(f"{built.index}: {built.pages} sections of days; files written {built.written}")
    raise typer.Exit(2 if built.unreadable else 0)


def serve(
    out: options.Out = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help="Of the pages; default: DIR/site.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8000,
) -> None:
    """Show the pages on this machine; Ctrl-C ends it."""
    from digest.publish.site.serve import serve_folder

    settings = options.settings_of(out)
    serve_folder(folder or settings.run.out / settings.site.folder, port)


@interests_app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="BibTeX or RIS, as Zotero exports it.")],
    out: options.Out = None,
) -> None:
    """Take a library: papers like those in it come first."""
    from digest.publish.site.library import import_library

    settings = options.settings_of(out)
    papers, without = import_library(source, settings.run.out)
    left = f"; {without} entries without a title left out" if without else ""
    print_message(
        f"{papers} papers of {source} are kept in {settings.run.out}{left}. `digest site` puts them to use."
    )
