"""`digest eval judge` and `digest eval label`: what judges and people say of a run's lines."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import options
from digest.cli.output import print_message
from digest.system.errors import UsageError

if TYPE_CHECKING:
    from digest.cli.session import CommandOptions
    from digest.evaluate.comparison.results import ResultTable
    from digest.evaluate.judge.verdicts import Judged
    from digest.ledger import Ledger
    from digest.llm.cached_client import Completes


def judge_run(
    run: options.EvalRun,
    base: options.Base,
    judge: options.JudgeName,
    out: options.Out = None,
    quiet: options.Quiet = False,
) -> None:
    """Ask a judge about a run: a checklist for each line, then both orders; with it, planted defects."""
    from digest.cli.session import CommandOptions

    given = CommandOptions({"run": {"out": out}, "model": {"name": judge}}, quiet=quiet)
    _judge(given, run, base, judge)


def judge_export(
    run: options.EvalRun,
    base: options.Base,
    judge: options.JudgeName,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The JSONL to write.")],
    out: options.Out = None,
) -> None:
    """Write the open questions to a judge as a batch file; after an import there may be further ones."""
    from digest.cli.session import CommandOptions

    given = CommandOptions({"run": {"out": out}})
    _export(given, run, base, judge, output)


def judge_import(
    run: options.EvalRun,
    answers: Annotated[Path, typer.Argument(metavar="FILE", help="The answers (JSONL of a batch).")],
    base: options.Base,
    judge: options.JudgeName,
    out: options.Out = None,
    quiet: options.Quiet = False,
) -> None:
    """Take a judge's answers from a file, today's or recorded ones: replay."""
    from digest.cli.session import CommandOptions
    from digest.llm.batch.by_file import Replay

    given = CommandOptions({"run": {"out": out}}, quiet=quiet)
    results, judged = _ask(given, run, base, judge, Replay(answers))
    _heard(results, base, judged)


def _judge(given: CommandOptions, run: str, base: str, name: str) -> None:
    """Ask a judge about a run, calibrate it on planted defects, and print what came of it."""
    import asyncio

    from digest.cli import eval_output
    from digest.cli.session import prepared
    from digest.evaluate.judge.calibration import hear, rule_judge
    from digest.evaluate.judge.judges import RULE
    from digest.llm.endpoint import Endpoint

    if name == RULE:
        results = eval_output.results_of([run], given.flags["run"]["out"])
        judged = asyncio.run(hear(results, base, rule_judge(results), lambda: None))
    else:
        with prepared(given) as ready:
            results, judged = _ask(given, run, base, name, Endpoint(ready.settings.model))
    _heard(results, base, judged)


def _export(given: CommandOptions, run: str, base: str, name: str, output: Path) -> None:
    """Write what a judge would be asked and the ledger cannot answer as a batch file."""
    from digest.config import load
    from digest.evaluate.judge.judges import RULE
    from digest.ledger import open_ledger
    from digest.llm.batch.by_file import Collector
    from digest.llm.endpoint import Endpoint
    from digest.system.files import write_atomically

    if name == RULE:
        raise UsageError("--judge rule asks nobody: `digest eval judge run` does it at once.")
    settings = load(given.flags, os.environ)
    with open_ledger(settings.ledger_at) as ledger:
        endpoint = Endpoint(settings.model, lambda model: ledger.capabilities(endpoint.address, model))
        endpoint.capabilities(name)  # learned by earlier runs
    collector = Collector(endpoint.write)
    _ask(given, run, base, name, collector)
    write_atomically(output, collector.to_jsonl())
    print_message(f"{output}: {len(collector.requests)} questions")


def _ask(
    given: CommandOptions, run: str, base: str, name: str, endpoint: Completes
) -> tuple[ResultTable, dict[str, list[Judged]]]:
    """Ask a model through the ledger."""
    import asyncio

    from digest.cli import eval_output
    from digest.cli.progress import choose
    from digest.cli.session import ledger_of
    from digest.config import load
    from digest.evaluate.judge.calibration import hear, questions
    from digest.evaluate.judge.judges import ModelJudge
    from digest.llm.cached_client import CachedClient
    from digest.llm.endpoint import Endpoint

    settings = load(given.flags, os.environ)
    results = eval_output.results_of([run], settings.run.out)
    body = Endpoint(settings.model).body  # whoever answers: the questions must be the same

    async def go(ledger: Ledger) -> dict[str, list[Judged]]:
        asker = CachedClient(endpoint, ledger, ledger.begin("judge", results.folders[0].info.gold))
        try:
            asked = ModelJudge(name, asker.ask, body)
            judged = await hear(results, base, asked, lambda: progress.step("pairs"))
        finally:
            if isinstance(endpoint, Endpoint):
                await endpoint.close()
        ledger.finish(asker.run, "complete", asker.usage.report())
        return judged

    with ledger_of(settings, given) as ledger, choose(quiet=given.quiet) as progress:
        progress.start("pairs", sum(map(len, questions(results, base).values())))
        return results, asyncio.run(go(ledger))


def _heard(results: ResultTable, base: str, judged: Mapping[str, Sequence[Judged]]) -> None:
    """Keep the verdicts, and print what they say."""
    from digest.cli import eval_output
    from digest.evaluate.judge.calibration import juries, keep

    calibration = keep(results, judged)
    eval_output.calibration(calibration)
    for label, (jury, _) in juries(results, base).items():
        if jury.judge == calibration.judge:
            eval_output.jury(label, base, jury)


def label(
    run: options.EvalRun,
    base: options.Base,
    candidate: Annotated[
        str | None, typer.Option("--with", metavar="NAME", help="The other variant, where there are several.")
    ] = None,
    n: Annotated[int, typer.Option("--n", min=1, metavar="N", help="At most so many pairs.")] = 50,
    out: options.Out = None,
) -> None:
    """Compare lines by eye, without knowing whose they are; labels count in a judge's calibration."""
    from digest.cli import eval_output
    from digest.evaluate.judge.human_labels import label_pairs
    from digest.evaluate.judge.verdicts import pairs_of

    results = eval_output.results_of([run], out)
    others = [name for name in results.columns if name != base]
    if candidate == base:
        raise UsageError(f"--with {candidate}: that is the base itself.")
    if candidate is None and len(others) != 1:
        raise UsageError(f"Say with --with which variant is shown beside {base}: {', '.join(others)}.")
    pairs = pairs_of(results.column(base), results.column(candidate or others[0]), results.papers)
    given = label_pairs(pairs, results.folders[0], n, print, input)
    print_message(f"{given} labels kept in {results.folders[0].path / 'labels.jsonl'}")
