"""Progress while a run goes on: bars on a terminal, one plain line a stage elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from digest.system.language import translated
from digest.system.terminal import bare, printable

if TYPE_CHECKING:
    from rich.progress import TaskID


class Progress(Protocol):
    """The receiver of the pipeline's reports."""

    def say(self, sentence: str) -> None:
        """Something worth a line of its own."""

    def start(self, stage: str, total: int) -> None:
        """A stage with so many steps begins."""

    def step(self, stage: str) -> None:
        """One step of a stage is done."""


class Silent:
    """For --quiet, --json and tests."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to put away."""

    def say(self, sentence: str) -> None:
        """Say nothing."""

    def start(self, stage: str, total: int) -> None:
        """Show nothing."""

    def step(self, stage: str) -> None:
        """Show nothing."""


class Lines(Silent):
    """One plain line when a stage is complete: for pipes, cron and CI logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._left: dict[str, tuple[int, int]] = {}

    def say(self, sentence: str) -> None:
        """Print the sentence."""
        print(translated(sentence), file=self._stream, flush=True)

    def start(self, stage: str, total: int) -> None:
        """Remember how many steps there are."""
        self._left[stage] = (total, total)

    def step(self, stage: str) -> None:
        """Count down, and print at the end."""
        total, left = self._left[stage]
        self._left[stage] = (total, left - 1)
        if left == 1:
            self.say(f"{translated(stage)}: {total} of {total}")


class Bars:
    """A bar a stage, on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("{task.description:<8}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._bars = RichProgress(*columns, console=Console(file=bare(sys.stderr)))
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def say(self, sentence: str) -> None:
        """Print above the bars; never as markup, since titles may look like it."""
        self._bars.console.print(
            printable(translated(sentence)), markup=False, highlight=False, soft_wrap=True
        )

    def start(self, stage: str, total: int) -> None:
        """Show a new bar."""
        if stage in self._tasks:
            self._bars.remove_task(self._tasks[stage])
        self._tasks[stage] = self._bars.add_task(translated(stage), total=total)

    def step(self, stage: str) -> None:
        """Move the bar."""
        self._bars.advance(self._tasks[stage])


def choose(*, quiet: bool) -> Silent | Lines | Bars:
    """The right one for where standard error goes: results go to standard output, progress never does."""
    if quiet:
        return Silent()
    return Bars() if sys.stderr.isatty() else Lines(sys.stderr)
