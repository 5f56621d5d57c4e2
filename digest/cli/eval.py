"""`digest eval`, `digest eval judge`: the commands that find out which prompt or model is better."""

from __future__ import annotations

from importlib.util import find_spec

import typer

from digest.cli import eval_compare, eval_inspect, eval_judge, eval_run, eval_train
from digest.system.errors import UsageError

app = typer.Typer(
    help="Which prompt is better: run, score, compare, judge.", no_args_is_help=True, rich_markup_mode=None
)
judge_app = typer.Typer(
    help="Ask a judge about a run, and find out whether it may be believed.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("run")(eval_run.run)
app.command("score")(eval_inspect.score)
app.command("train")(eval_train.train)
app.command("compare", cls=eval_compare.Compare)(eval_compare.compare)
app.command("label")(eval_judge.label)
app.command("show")(eval_inspect.show)
app.command("power")(eval_inspect.power)
app.add_typer(judge_app, name="judge")
judge_app.command("run")(eval_judge.judge_run)
judge_app.command("export")(eval_judge.judge_export)
judge_app.command("import")(eval_judge.judge_import)


@app.callback()
def require_extra() -> None:
    """Raise UsageError, which says what to install, where the extra `eval` is missing."""
    missing = [name for name in ("numpy", "scipy", "sacrebleu") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"`digest eval` needs {', '.join(missing)}, which a plain installation leaves out. "
            "Install them: pip install 'bilingual-arxiv-digest[eval]'; in a clone: pip install -e '.[eval]'."
        )
