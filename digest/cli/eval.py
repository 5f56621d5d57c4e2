"""The commands `digest eval` and `digest gold`: flags only, nothing heavy imported up front."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from digest.errors import UsageError

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

judge_app = typer.Typer(
    help="Ask a judge about a run, and find out whether it may be believed.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings=_OPTIONS,
)
eval_app.add_typer(judge_app, name="judge")

Files = Annotated[list[Path], typer.Argument(metavar="FILE...")]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where digests and the ledger go.")]
Sample = Annotated[
    bool, typer.Option("--sample", help="Recorded answers of the bundled day: no key, no network.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's name, or its folder.")]

Base = Annotated[str, typer.Option("--base", metavar="NAME", help="What others are held against.")]
JudgeName = Annotated[str, typer.Option("--judge", metavar="NAME", help="A model; or rule: asks nobody.")]


@eval_app.callback()
def require_extra() -> None:
    """Which prompt is better: run, score, compare, judge."""
    missing = [name for name in ("numpy", "scipy", "sacrebleu") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"`digest eval` needs {', '.join(missing)}, which a plain installation leaves out. "
            "Install them: pip install 'bilingual-arxiv-digest[eval]'; in a clone: pip install -e '.[eval]'."
        )


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
    from digest.cli import gold as commands

    raise typer.Exit(commands.gold_import(files, output, sample, stratify, since, seed))


@gold_app.command("check")
def gold_check(files: Files) -> None:
    """Say what is wrong with gold sets; exit 1 if anything is."""
    from digest.cli import gold as commands

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
    sample: Sample = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Ask prompts and models about the papers of a gold set; the same command again goes on."""
    from digest.cli import eval_run as commands
    from digest.cli.session import CommandOptions

    models = model or []
    flags: dict[str, dict[str, Any]] = {
        "run": {"out": out},
        "model": {"name": next(iter(models), None), "concurrency": concurrency, "max_cost": max_cost},
        "text": {"source": "abstract" if no_pdf else None},
    }
    given = CommandOptions(flags, sample, json, quiet)
    raise typer.Exit(commands.run(given, gold, prompt, models, epochs, limit, name))


@eval_app.command()
def score(run: Run, out: Out = None) -> None:
    """Score a run anew; asks nothing."""
    from digest.cli import eval_compare as commands

    raise typer.Exit(commands.score(run, out))


@eval_app.command()
def train(
    files: Files,
    without: Annotated[
        list[Path] | None,
        typer.Option("--without", metavar="GOLD", help="Gold that will be scored; may be repeated."),
    ] = None,
    out: Out = None,
) -> None:
    """Train the metric xling on published digests or gold sets: is a line about its paper?"""
    from digest.cli import eval_train as commands

    raise typer.Exit(commands.train(files, without or [], out))


class _Compare(TyperCommand):
    """A command whose exit code 2 means something else than wrong usage."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer has a click of its own
        """Parse the flags; wrong ones are exit code 1."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # whichever click typer brings; --help ends here too, with 0
            if getattr(error, "exit_code", 0):
                vars(error)["exit_code"] = 1
            raise


@eval_app.command(cls=_Compare)
def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs over one gold set.")],
    base: Base,
    margin: Annotated[
        list[str] | None,
        typer.Option("--margin", metavar="METRIC=POINTS", help="How much worse one may be; makes it decide."),
    ] = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Hold every variant against a base, with statistics; write report.html and report.md.

    Exit: 0 nothing is worse, 1 usage, 2 a gate is worse, 3 xling, a metric with --margin or a calibrated
    judge is, 4 more than 5 % of the papers have no answer yet.
    """
    from digest.cli import eval_compare as commands
    from digest.errors import UsageError

    try:
        code = commands.compare_runs(runs, base, margin or [], out, as_json=json)
    except UsageError as error:
        typer.echo(f"digest: {error}", err=True)
        code = 1  # 2 says here that a gate is worse
    raise typer.Exit(code)


@judge_app.command("run")
def judge_run(run: Run, base: Base, judge: JudgeName, out: Out = None, quiet: Quiet = False) -> None:
    """Ask a judge about a run: a checklist for each line, then both orders; with it, planted defects."""
    from digest.cli import eval_compare as commands
    from digest.cli.session import CommandOptions

    given = CommandOptions({"run": {"out": out}, "model": {"name": judge}}, quiet=quiet)
    raise typer.Exit(commands.judge(given, run, base, judge))


@judge_app.command("export")
def judge_export(
    run: Run,
    base: Base,
    judge: JudgeName,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The JSONL to write.")],
    out: Out = None,
) -> None:
    """Write the open questions to a judge as a batch file; after an import there may be further ones."""
    from digest.cli import eval_compare as commands
    from digest.cli.session import CommandOptions

    given = CommandOptions({"run": {"out": out}})
    raise typer.Exit(commands.judge_export(given, run, base, judge, output))


@judge_app.command("import")
def judge_import(
    run: Run,
    answers: Annotated[Path, typer.Argument(metavar="FILE", help="The answers (JSONL of a batch).")],
    base: Base,
    judge: JudgeName,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Take a judge's answers from a file, today's or recorded ones: replay."""
    from digest.cli import eval_compare as commands
    from digest.cli.session import CommandOptions

    given = CommandOptions({"run": {"out": out}}, quiet=quiet)
    raise typer.Exit(commands.judge_import(given, run, base, judge, answers))


@eval_app.command()
def label(
    run: Run,
    base: Base,
    candidate: Annotated[
        str | None, typer.Option("--with", metavar="NAME", help="The other variant, where there are several.")
    ] = None,
    n: Annotated[int, typer.Option("--n", min=1, metavar="N", help="At most so many pairs.")] = 50,
    out: Out = None,
) -> None:
    """Compare lines by eye, without knowing whose they are; labels count in a judge's calibration."""
    from digest.cli import eval_compare as commands

    raise typer.Exit(commands.label(run, base, candidate, n, out))


@eval_app.command()
def show(
    run: Run,
    paper: Annotated[str, typer.Argument(metavar="ID", help="A paper of the gold.")],
    out: Out = None,
) -> None:
    """Print one paper with all lines, differences, findings and scores."""
    from digest.cli import eval_compare as commands

    raise typer.Exit(commands.show_paper(run, paper, out))


@eval_app.command()
def power(
    metric: Annotated[str, typer.Option("--metric", metavar="NAME")] = "chrf_c2",
    n: Annotated[int | None, typer.Option("--n", min=2, metavar="N", help="What N papers find.")] = None,
    delta: Annotated[
        float | None, typer.Option("--delta", min=0.01, metavar="POINTS", help="How many papers it needs.")
    ] = None,
) -> None:
    """Say how many papers an evaluation needs."""
    from digest.cli import eval_compare as commands

    raise typer.Exit(commands.power(metric, n, delta))
