"""The commands `digest eval` and `digest gold`: flags only, nothing heavy imported up front."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

_OPTIONS = {"help_option_names": ["-h", "--help"]}

gold_app = typer.Typer(
    help="Gold sets: published lines to compare with.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings=_OPTIONS,
)
eval_app = typer.Typer(
    help="Which prompt is better: run, score, compare, judge.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings=_OPTIONS,
)

Files = Annotated[list[Path], typer.Argument(metavar="FILE...")]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where digests and the ledger go.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's name, or its folder.")]


@gold_app.command("import")
def gold_import(
    files: Files,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The JSONL to write.")],
    sample: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only N papers, spread.")] = None,
    stratify: Annotated[
        str, typer.Option(metavar="NAMES", help="What --sample spreads over: section, day, kind.")
    ] = "section,day",
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Leave out earlier digests.")] = None,
    seed: Annotated[int, typer.Option(help="Of --sample.")] = 0,
) -> None:
    """Make a gold set of published digests, Markdown or JSON."""
    from digest.evaluate import commands

    raise typer.Exit(commands.gold_import(files, output, sample, stratify, since, seed))


@gold_app.command("check")
def gold_check(files: Files) -> None:
    """Say what is wrong with gold sets; exit 1 if anything is."""
    from digest.evaluate import commands

    raise typer.Exit(commands.gold_check(files))


@eval_app.command()
def run(
    gold: Annotated[Path, typer.Option("--gold", "-g", metavar="FILE", help="The gold set (JSONL).")],
    prompt: Annotated[
        list[str], typer.Option("--prompt", "-p", metavar="NAME", help="A prompt; may be repeated.")
    ],
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", metavar="NAME", help="May be repeated.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, metavar="N", help="Ask everything N times.")] = 1,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N papers.")] = None,
    max_cost: Annotated[
        float | None, typer.Option(min=0, metavar="USD", help="Stop before this is spent.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run; default: made of what it asks.")] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Questions under way at once.")
    ] = None,
    no_pdf: Annotated[bool, typer.Option("--no-pdf", help="Ask about title and abstract only.")] = False,
    out: Out = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Recorded answers of the bundled day: no key, no network.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Ask prompts and models about the papers of a gold set; the same command again goes on."""
    from digest.commands import Given
    from digest.evaluate import commands

    models = model or []
    flags: dict[str, dict[str, Any]] = {
        "run": {"out": out},
        "model": {"name": next(iter(models), None), "concurrency": concurrency, "max_cost": max_cost},
        "text": {"source": "abstract" if no_pdf else None},
    }
    given = Given(flags, sample, json, quiet)
    raise typer.Exit(commands.run(given, gold, prompt, models, epochs, limit, name))
