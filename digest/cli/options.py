"""Options that more than one command has, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import completion

if TYPE_CHECKING:
    from digest.config import Settings

Flags = dict[str, dict[str, Any]]
"""Table of the settings -> key -> value; None where the flag was not given."""

Model = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="What the endpoint calls the model.")
]
PromptName = Annotated[
    str | None,
    typer.Option(
        "--prompt",
        metavar="NAME",
        help="A prompt in prompts/, or a file.md.",
        autocompletion=completion.prompts,
    ),
]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where digests and the ledger go.")]
Sections = Annotated[
    list[str] | None,
    typer.Option(
        "--section",
        metavar="NAME",
        help="A section of digest.toml; may be repeated.",
        autocompletion=completion.sections,
    ),
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
Limit = Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Only the first N papers.")]
Concurrency = Annotated[
    int | None, typer.Option("--concurrency", min=1, metavar="N", help="Questions under way at once.")
]
MaxCost = Annotated[
    float | None,
    typer.Option("--max-cost", min=0, metavar="USD", help="Stop asking before this much is spent."),
]
NoPdf = Annotated[bool, typer.Option("--no-pdf", help="Ask about title and abstract only.")]
Batch = Annotated[bool, typer.Option("--batch", help="Hand the questions in as batches, at half the price.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for batches under way.")]

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Gold sets or digests.")]
Target = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")]

EvalRun = Annotated[str, typer.Argument(metavar="RUN", help="A run's name, or its folder.")]
Base = Annotated[str, typer.Option("--base", metavar="NAME", help="What others are held against.")]
JudgeName = Annotated[str, typer.Option("--judge", metavar="NAME", help="A model; or rule: asks nobody.")]


def flags_of(
    *,
    section: list[str] | None = None,
    prompt: str | None = None,
    out: Path | None = None,
    model: str | None = None,
    concurrency: int | None = None,
    max_cost: float | None = None,
    no_pdf: bool = False,
) -> Flags:
    """The options of a command that asks a model, as settings."""
    return {
        "run": {"sections": section or None, "prompt": prompt, "out": out},
        "model": {"name": model, "concurrency": concurrency, "max_cost": max_cost},
        "text": {"source": "abstract" if no_pdf else None},
    }


def settings_of(out: Path | None, *, sample: bool = False) -> Settings:
    """The settings of a command that has `--out` and perhaps `--sample`: the folder of that day."""
    import os

    from digest.config import load

    if not sample:
        return load({"run": {"out": out}}, os.environ)
    return in_sample_folder(load({"run": {"out": out}, "ledger": {"url": ""}}))


def in_sample_folder(settings: Settings) -> Settings:
    """The settings with the sample day's folder: apart from real work, and neither is taken for the other."""
    from digest.sample.knobs import FOLDER

    run = settings.run.model_copy(update={"out": settings.run.out / FOLDER})
    return settings.model_copy(update={"run": run})
