"""The plan of a run is told, and where it is dear somebody is asked, before anything is."""

from __future__ import annotations

import sys

from digest.pipeline.plan import RunEstimate, dollars
from digest.pipeline.resources import Resources
from digest.system.errors import UsageError
from digest.system.language import translated

_YES = {"y", "yes", "j", "ja", "是", "好"}


def agree(plan: RunEstimate, days: int, resources: Resources, *, yes: bool) -> None:
    """Tell what a run is about to do, and go on if that is wanted.

    Args:
        plan: of the first day that has something to do.
        days: how many days are left, this one included; the others are taken to be like it.
        resources: see `Resources`.
        yes: `--yes`: nobody needs to be asked.

    Raises:
        UsageError: it would cost more than `[run] confirm_cost`, and nobody said that it may.
    """
    resources.progress.say(f"plan: {_words(plan)}")
    resources.progress.say(f"      {plan.reckoned}")
    whole = plan.times(days)
    if days > 1:
        resources.progress.say(f"{days} days like this: {_words(whole)}")
    limit = resources.settings.run.confirm_cost
    if yes or limit is None or (whole.cost is None and whole.local):
        return
    if whole.cost is not None and whole.cost <= limit:
        return
    if whole.cost is None:
        why = "What this run costs is not known: no price is known of the model."
    else:
        why = f"This run would cost about ${dollars(whole.cost)}, more than [run] confirm_cost = {limit:g}."
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{why} Nothing was asked. --yes goes ahead; or set confirm_cost or [model.price].")
    with resources.progress.paused():
        print(f"{why} Go on? [y/N] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline().strip().lower()
    if answer not in _YES:
        raise UsageError("Nothing was asked. --limit takes fewer papers, --batch half the price.")


def _words(plan: RunEstimate) -> str:
    """A plan in the user's language."""
    return ", ".join(map(translated, plan.parts))
