"""`digest eval run`: prompts and models asked about the papers of a gold set."""

from __future__ import annotations

import json as json_module
import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest import __version__
from digest.cli import options, output
from digest.system.errors import UsageError

if TYPE_CHECKING:
    from digest.cli.session import CommandOptions, Ready
    from digest.config import Settings
    from digest.evaluate.gold.dataset import Gold
    from digest.evaluate.runs.folder import Answer, RunFolder
    from digest.model import RunUsage
    from digest.summarize.prompt import Prompt


def run(
    gold: Annotated[Path, typer.Option("--gold", "-g", metavar="FILE", help="The gold set (JSONL).")],
    prompt: Annotated[
        list[str], typer.Option("--prompt", "-p", metavar="NAME", help="A prompt; may be repeated.")
    ],
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", metavar="NAME", help="May be repeated.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, metavar="N", help="Ask everything N times.")] = 1,
    limit: options.Limit = None,
    max_cost: options.MaxCost = None,
    name: Annotated[str | None, typer.Option(help="Name of the run; default: made of what it asks.")] = None,
    concurrency: options.Concurrency = None,
    no_pdf: options.NoPdf = False,
    out: options.Out = None,
    sample: options.Sample = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Ask prompts and models about the papers of a gold set; the same command again goes on."""
    from digest.cli.session import CommandOptions

    models = model or []
    first = next(iter(models), None)
    flags = options.flags_of(out=out, model=first, concurrency=concurrency, max_cost=max_cost, no_pdf=no_pdf)
    given = CommandOptions(flags, sample, json, quiet)
    raise typer.Exit(_run(given, gold, prompt, models, epochs, limit, name))


def _run(
    given: CommandOptions,
    gold: Path,
    prompts: Sequence[str],
    models: Sequence[str],
    epochs: int,
    limit: int | None,
    name: str | None,
) -> int:
    """Ask every prompt and model about the gold papers, score the answers; return the exit code."""
    from digest.cli.prompts import load as load_prompt
    from digest.cli.session import prepared
    from digest.config import find
    from digest.evaluate.gold import dataset as gold_sets
    from digest.evaluate.metrics.scoring import score_run
    from digest.evaluate.runs.folder import RunInfo, create, key_of, runs_in
    from digest.evaluate.runs.runner import refuse_leaks
    from digest.system.files import read_bytes

    if name is not None and not _NAME.fullmatch(name):
        raise UsageError(f"--name {name[:40]}: take up to 80 letters and digits, with . _ - in between.")
    loaded = [load_prompt(one) for one in prompts]
    gold = gold if gold.exists() else find(str(gold))
    content = read_bytes(gold)  # once: of what a shell hands as `<(...)` nothing is left
    gold_set = gold_sets.parse(content, gold)
    with prepared(given) as ready:
        settings = ready.settings
        variants = tuple({one.identity: one for one in (_as_daily(p, settings) for p in loaded)}.values())
        refuse_leaks(gold_set, variants)
        names = tuple(dict.fromkeys(models)) or (settings.model.name,)
        papers = tuple(paper.id for paper in gold_set.papers[:limit])
        info = RunInfo(
            name=name or _name(gold_set, variants, names, settings),
            gold=gold_set.name,
            gold_hash=gold_set.hash,
            papers=papers,
            prompts=variants,
            models=names,
            epochs=epochs,
            text=settings.text.source,
            recorded=given.sample,
            version=__version__,
            started=datetime.now(UTC),
        )
        folder = create(runs_in(settings.run.out), info, content)
        usage = _ask(folder, ready, papers, epochs)
    score_run(folder)
    asked = product(papers, folder.info.variants, range(epochs))
    return _report(folder, usage, given, {key_of(*one) for one in asked})


def _as_daily(prompt: Prompt, settings: Settings) -> Prompt:
    """The prompt as a daily run asks it: in all its languages, where it has room for them."""
    return prompt.speaking(settings.run.languages) if prompt.answer == "entry" else prompt


def _name(gold: Gold, prompts: Sequence[Prompt], models: Sequence[str], settings: Settings) -> str:
    """A name made of all that is asked: the same command goes on with the same run."""
    import hashlib

    asked = [gold.hash, *(prompt.identity for prompt in prompts), *models, settings.text.source]
    return f"{gold.name}-{hashlib.sha256('|'.join(asked).encode()).hexdigest()[:6]}"


def _ask(folder: RunFolder, ready: Ready, papers: Sequence[str], epochs: int) -> RunUsage:
    import asyncio

    from digest.cli.progress import choose
    from digest.cli.session import ledger_of
    from digest.evaluate.runs.runner import run_tasks
    from digest.pipeline.resources import open_resources
    from digest.system.clock import Clock

    given, settings = ready.given, ready.settings

    async def go() -> RunUsage:
        async with open_resources(
            settings, folder.info.prompts[0], ledger, progress, ready.clock
        ) as resources:
            now = replace(resources, clock=Clock())
            return await run_tasks(folder, now, frozenset(papers), epochs)

    with ledger_of(settings, given) as ledger, choose(quiet=given.quiet or given.json) as progress:
        return asyncio.run(go())


_NAME = re.compile(r"(?!.*\.(?:npz|jsonl)$)\w[\w.-]{0,79}")
"""The form of a run's name, which is also its folder's."""


def _next(folder: RunFolder, *, unfinished: bool, failed: Sequence[Answer]) -> str:
    """A sentence on what the user may want to do now."""
    from digest.evaluate.runs.folder import labels

    info = folder.info
    if unfinished:
        return "start the same command again"
    if len(info.variants) == 1:
        if failed:
            why = shlex.join(["digest", "eval", "show", info.name, failed[0].id])
            return f"see why the model gave no line, with {why}; it will hardly give one when asked again"
        return "the same command with a second --prompt or --model, to have something to compare it with"
    base = labels(info.variants)[info.variants[0]]
    return shlex.join(["digest", "eval", "compare", info.name, "--base", base])


def _report(folder: RunFolder, usage: RunUsage, given: CommandOptions, wanted: set[str]) -> int:
    answers = folder.answers()
    failed = [answer for answer in answers.values() if answer.error]
    unasked = len(wanted - answers.keys())
    if given.json:
        counts = {"failed": len(failed), "unasked": unasked}
        print(json_module.dumps({"run": str(folder.path), **counts, **usage.report()}))
    elif not given.quiet:
        waiting = f", {unasked} not asked" if unasked else ""
        output.print_message(
            f"{folder.path}: {len(answers)} answers, {len(failed)} papers without a line{waiting}"
        )
        cost = "price unknown" if usage.cost is None else f"{usage.cost:.4f} USD"
        tokens = usage.tokens
        output.print_message(
            f"questions asked {usage.asked}, answers from the ledger {usage.reused}; "
            f"tokens {tokens.input:,} in, {tokens.output:,} out; {cost}"
        )
        output.print_reasons(usage)
        unfinished = bool(unasked) or any(answer.troubled for answer in failed)
        output.print_message(f"next: {_next(folder, unfinished=unfinished, failed=failed)}")
    return output.FLAGGED if failed or unasked else output.COMPLETE
