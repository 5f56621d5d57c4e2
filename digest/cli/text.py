"""`digest text`: what a prompt would get of a paper, for a person who wonders why a summary went wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import options, output
from digest.system.errors import UsageError
from digest.system.language import translated

if TYPE_CHECKING:
    from digest.cli.session import CommandOptions
    from digest.model import Text


def text(
    paper: Annotated[str, typer.Argument(metavar="ID|FILE.pdf", help="An arXiv identifier, or a PDF.")],
    out: options.Out = None,
    sample: options.Sample = False,
    json: options.Json = False,
) -> None:
    """Print what a prompt would get of a paper, with counts and findings."""
    from digest.cli.session import CommandOptions

    raise typer.Exit(show_text(CommandOptions({"run": {"out": out}}, sample, json), paper))


def show_text(given: CommandOptions, wanted: str) -> int:
    """Print what a prompt would get of a paper or of a PDF file; return the exit code."""
    import asyncio

    from digest.cli.session import prepared
    from digest.pipeline.redo import paper_called
    from digest.sources.http_client import Http
    from digest.text.reader import TextReader

    file = _file_named(wanted)
    texts: list[Text] = []
    with prepared(given, asks_model=False) as ready:
        arxiv, out = ready.settings.arxiv, ready.settings.run.out

        async def go() -> None:
            async with (
                Http(arxiv, clock=ready.clock, say=output.print_status) as http,
                TextReader(ready.settings.text, out / "pdf", arxiv.pdf, http.download) as reader,
            ):
                model = ready.settings.model.name
                if file is not None:
                    texts.append(await reader.read_file(file, model))
                else:
                    texts.append(await reader.read(await paper_called(wanted, http, arxiv), model))

        asyncio.run(go())
    (text,) = texts
    if given.json:
        output.as_json(text.model_dump(mode="json", exclude_defaults=True))
    else:
        print(describe(text))
    return output.COMPLETE


def _file_named(wanted: str) -> Path | None:
    """The PDF file of that name; None for an identifier or address, which may end in .pdf too."""
    from digest.sources.identifiers import find_identifiers

    file = Path(wanted)
    if not wanted.lower().endswith(".pdf"):
        return None
    if not file.is_file():
        if all(paper for _, paper in find_identifiers(wanted)):
            return None
        raise UsageError(f"{file}: it is no file." if file.exists() else f"{file}: there is no such file.")
    return file


def describe(text: Text) -> str:
    """The passages with their pages, then the counts and the findings, as plain text in lines."""
    origin = text.origin
    lines = []
    for section, passage in zip(origin.sections, text.passages, strict=True):
        lines += [f"== {section}", "", passage.content, ""]
    if origin.source == "abstract":
        lines.append(translated(f"text: abstract ({origin.reason})"))
    else:
        lines.append(translated(f"text: {', '.join(origin.sections)} of {origin.pages} pages"))
        lines.append(translated(f"tokens: {origin.tokens} ({origin.counted_by})"))
        lines.append(translated(f"extractor: {origin.extractor}"))
    lines += [translated(f"finding: {finding.rule}: {finding.evidence}") for finding in origin.findings]
    return "\n".join(lines)
