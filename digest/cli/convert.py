"""`digest import`, `digest render`: a published digest as JSON, and back, byte for byte."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from digest.cli import options
from digest.cli.output import print_message

Source = Annotated[Path, typer.Argument(metavar="FILE", help="The file to read.")]


def import_(source: Source, output: options.Target) -> None:
    """Read a published digest (Markdown) and write it as JSON."""
    from digest.publish.files import import_file

    digest = import_file(source, output)
    print_message(f"{output}: {len(digest.entries)} papers")


def render(source: Source, output: options.Target) -> None:
    """Read a digest (JSON) and write it as Markdown."""
    from digest.publish.files import render_file

    digest = render_file(source, output)
    print_message(f"{output}: {len(digest.entries)} papers")
