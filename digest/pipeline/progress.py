"""The reports of a run on its way, and who is told them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Self

from digest.model import RunUsage


class Progress:
    """The receiver of the pipeline's reports; this one tells nobody: for --quiet, --json and tests."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to put away."""

    def say(self, sentence: str) -> None:
        """Something worth a line of its own."""

    def doing(self, what: str) -> None:
        """Tell of something that begins now, and has no steps to count."""

    def start(self, stage: str, total: int) -> None:
        """A stage with so many steps begins."""

    def step(self, stage: str) -> None:
        """One step of a stage is done; of one that was not started nothing is shown."""

    def spending(self, stage: str, usage: RunUsage) -> None:
        """Show with the steps of a stage what it spends, which stands in `usage`."""

    def paused(self) -> AbstractContextManager[None]:
        """Within it nothing moves: somebody is asked."""
        return nullcontext()


def format_duration(seconds: float) -> str:
    """A time for people, such as `40 seconds`, `52 minutes`, `3.5 hours`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
