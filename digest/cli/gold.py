"""What `digest gold` does between flags and printing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from datetime import date as Date  # noqa: N812 - as in digest.model
from pathlib import Path

from digest.cli import output as show
from digest.cli.dates import parse_day
from digest.cli.eval_output import printable
from digest.errors import UsageError
from digest.evaluate.gold import dataset as gold_sets
from digest.evaluate.gold.importer import Stratum, import_digests, sample
from digest.publish.files import write_atomically
from digest.summarize.prompt import known as known_prompts
from digest.summarize.prompt import load as load_prompt

STRATA: tuple[Stratum, ...] = ("section", "day", "kind")


def gold_import(
    files: Sequence[Path], output: Path, n: int | None, by: str, since: str | None, seed: int
) -> int:
    """Make gold of digests, print what became of their entries, and return the exit code."""
    strata = [name for name in STRATA if name in by.split(",")]
    if set(by.split(",")) - set(STRATA):
        raise UsageError(f"--stratify {by}: name some of {', '.join(STRATA)}, with commas between.")
    after: Date | None = parse_day(since, datetime.now(UTC)) if since else None
    if output.resolve() in {path.resolve() for path in files}:
        raise UsageError(f"--output {output}: that is one of the digests that are read.")
    made = import_digests(files, after)
    papers = made.papers if n is None else sample(made.papers, n, strata, seed)
    text = gold_sets.to_jsonl(papers)
    write_atomically(output, text)
    flagged = {paper.id: rules for paper in papers if (rules := _flags(paper))}
    several = sum(len(paper.references) > 1 for paper in papers)
    print(f"{output}: {len(papers)} papers, gold {gold_sets.digest_of(text.encode())}")
    if several:
        print(f"{several} of them with several references")
    for reason, count in made.left_out.items():
        print(f"left out, {reason}: {count}")
    for paper, rules in flagged.items():
        print(printable(f"flagged, no reference for metrics: {paper} ({', '.join(rules)})"))
    for sentence in gold_sets.problems(gold_sets.read(output), [load_prompt(one) for one in known_prompts()]):
        print(printable(f"wrong: {sentence}"))
    return show.COMPLETE


def _flags(paper: gold_sets.GoldPaper) -> tuple[str, ...]:
    return tuple(rule for reference in paper.references for rule in reference.flags)


def gold_check(files: Sequence[Path]) -> int:
    """Print what is wrong with gold sets; return the exit code."""
    prompts = [load_prompt(name) for name in known_prompts()]
    wrong = 0
    for path in files:
        gold = gold_sets.read(path)
        flagged = sum(bool(_flags(paper)) for paper in gold.papers)
        print(f"{path}: {len(gold.papers)} papers, {flagged} with a flagged reference, gold {gold.hash}")
        for sentence in gold_sets.problems(gold, prompts):
            print(printable(f"  {sentence}"))
            wrong += 1
    return show.DEFECTS if wrong else show.COMPLETE
