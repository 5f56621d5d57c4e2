"""`digest gold`: published lines to compare with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import options
from digest.cli.output import COMPLETE, DEFECTS, print_message
from digest.system.errors import UsageError

if TYPE_CHECKING:
    from digest.evaluate.gold.dataset import GoldPaper
    from digest.evaluate.gold.importer import Stratum
    from digest.summarize.prompt import Prompt

app = typer.Typer(
    help="Gold sets: published lines to compare with.", no_args_is_help=True, rich_markup_mode=None
)

STRATA: tuple[Stratum, ...] = ("section", "day", "kind")


@app.command("import")
def import_(
    files: options.Files,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The JSONL to write.")],
    sample: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only N papers, spread.")] = None,
    stratify: Annotated[
        str, typer.Option(metavar="NAMES", help="What --sample spreads over: section, day, kind.")
    ] = "section,day",
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Leave out earlier digests.")] = None,
    seed: Annotated[int, typer.Option(help="Of --sample.")] = 0,
) -> None:
    """Make a gold set of published digests, Markdown or JSON."""
    from digest.cli.dates import parse_day
    from digest.evaluate.gold import dataset as gold_sets
    from digest.evaluate.gold import importer
    from digest.publish.formats import read_digest
    from digest.system.files import write_atomically

    strata = [name for name in STRATA if name in stratify.split(",")]
    if set(stratify.split(",")) - set(STRATA):
        raise UsageError(f"--stratify {stratify}: name some of {', '.join(STRATA)}, with commas between.")
    after = parse_day(since, datetime.now(UTC)) if since else None
    if output.resolve() in {path.resolve() for path in files}:
        raise UsageError(f"--output {output}: that is one of the digests that are read.")
    made = importer.import_digests(files, read_digest, after)
    papers = made.papers if sample is None else importer.sample(made.papers, sample, strata, seed)
    text = gold_sets.to_jsonl(papers)
    write_atomically(output, text)
    flagged = {paper.id: rules for paper in papers if (rules := _flags(paper))}
    several = sum(len(paper.references) > 1 for paper in papers)
    print_message(f"{output}: {len(papers)} papers, gold {gold_sets.digest_of(text.encode())}")
    if several:
        print_message(f"{several} of them with several references")
    for reason, count in made.left_out.items():
        print_message(f"left out, {reason}: {count}")
    for paper, rules in flagged.items():
        print_message(f"flagged, no reference for metrics: {paper} ({', '.join(rules)})")
    for sentence in gold_sets.problems(gold_sets.read(output), _prompts()):
        print_message(f"wrong: {sentence}")


@app.command("check")
def check(files: options.Files) -> None:
    """Say what is wrong with gold sets; exit 1 if anything is."""
    from digest.evaluate.gold import dataset as gold_sets

    prompts = _prompts()
    wrong = 0
    for path in files:
        gold = gold_sets.read(path)
        flagged = sum(bool(_flags(paper)) for paper in gold.papers)
        print_message(
            f"{path}: {len(gold.papers)} papers, {flagged} with a flagged reference, gold {gold.hash}"
        )
        for sentence in gold_sets.problems(gold, prompts):
            print(f"  {sentence}")
            wrong += 1
    raise typer.Exit(DEFECTS if wrong else COMPLETE)


def _flags(paper: GoldPaper) -> tuple[str, ...]:
    return tuple(rule for reference in paper.references for rule in reference.flags)


def _prompts() -> list[Prompt]:
    """All prompts that are there."""
    from digest.cli.prompts import known, load

    return [load(name) for name in known()]
