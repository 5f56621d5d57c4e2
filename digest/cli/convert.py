"""`digest import`, `digest render`: a published digest as JSON, and back, byte for byte."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import options
from digest.cli.output import print_message

if TYPE_CHECKING:
    from digest.publish.formats import Format

Source = Annotated[Path, typer.Argument(metavar="FILE", help="The file to read.")]


def import_(source: Source, output: options.Target) -> None:
    """Read a published digest (Markdown) and write it as JSON."""
    from digest.publish.formats import JSON, MARKDOWN

    _convert(source, output, MARKDOWN, JSON)


def render(source: Source, output: options.Target) -> None:
    """Read a digest (JSON) and write it as Markdown."""
    from digest.publish.formats import JSON, MARKDOWN

    _convert(source, output, JSON, MARKDOWN)


def _convert(source: Path, output: Path, read: Format, written: Format) -> None:
    from digest.publish.files import convert

    digest = convert(source, output, read, written)
    print_message(f"{output}: {len(digest.entries)} papers")
