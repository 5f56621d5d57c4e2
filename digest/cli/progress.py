"""Progress while a run goes on: bars on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self, TextIO

from digest.model import RunUsage
from digest.pipeline.progress import Progress, format_duration
from digest.system.language import translated
from digest.system.terminal import bare, printable

if TYPE_CHECKING:
    from rich.progress import TaskID

Clock = Callable[[], float]
"""Seconds, monotonic."""

_EVERY = 60.0
"""Seconds between plain lines of one stage."""

_ENOUGH = 3
"""Steps from which on the time that is left can be told."""


class Pace:
    """The pace at which a stage goes on.

    Args:
        total: its steps.
        clock: see `Clock`.
    """

    def __init__(self, total: int, clock: Clock) -> None:
        self.total = total
        self.done = 0
        self._clock = clock
        self._latest = deque([clock()], maxlen=40)

    def step(self) -> None:
        """One more is done."""
        self.done += 1
        self._latest.append(self._clock())

    @property
    def left(self) -> float | None:
        """Seconds that the rest will take at the pace of the latest steps; None: that is not known yet."""
        if self.done < _ENOUGH or self.done >= self.total:
            return None
        return (self._latest[-1] - self._latest[0]) / (len(self._latest) - 1) * (self.total - self.done)


def spent(usage: RunUsage | None) -> str:
    """Tokens and cost so far; nothing before the first answer."""
    if usage is None or not usage.asked:
        return ""
    cost = f", ${usage.cost:.4f}" if usage.cost else ""
    return translated(f"{usage.tokens.input + usage.tokens.output:,} tokens{cost}")


class _Paced(Progress, ABC):
    """The pace of each stage, and what it spends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._paces: dict[str, Pace] = {}
        self._usages: dict[str, RunUsage] = {}

    def start(self, stage: str, total: int) -> None:
        """Remember how many steps there are."""
        self._paces[stage] = Pace(total, self._clock)

    def step(self, stage: str) -> None:
        """Count a step of a stage that was started, and show it."""
        if pace := self._paces.get(stage):
            pace.step()
            self._show(stage, pace, spent(self._usages.get(stage)))

    def spending(self, stage: str, usage: RunUsage) -> None:
        """Remember it, to be shown with the steps."""
        self._usages[stage] = usage

    @abstractmethod
    def _show(self, stage: str, pace: Pace, so_far: str) -> None:
        """Show where a stage is, and what it spent so far."""


class Lines(_Paced):
    """A plain line a stage, and one a minute where it takes longer: for pipes, cron and CI logs."""

    def __init__(self, stream: TextIO, clock: Clock = time.monotonic) -> None:
        super().__init__(clock)
        self._stream = stream
        self._told: dict[str, float] = {}

    def say(self, sentence: str) -> None:
        """Print the sentence."""
        print(translated(sentence), file=self._stream, flush=True)

    def doing(self, what: str) -> None:
        """Print it as well."""
        self.say(what)

    def start(self, stage: str, total: int) -> None:
        """Remember how many steps there are, and when it began."""
        super().start(stage, total)
        self._told[stage] = self._clock()

    def _show(self, stage: str, pace: Pace, so_far: str) -> None:
        """Print now and then, and at the end."""
        if pace.done == pace.total:
            self.say(f"{translated(stage)}: {pace.total} of {pace.total}")
        elif (left := pace.left) is not None and self._clock() - self._told[stage] >= _EVERY:
            self._told[stage] = self._clock()
            more = translated(f"; {so_far} so far") if so_far else ""
            rest = translated(f"about {translated(format_duration(left))} left")
            self.say(f"{translated(stage)}: {pace.done} of {pace.total}, {rest}{more}")


class Bars(_Paced):
    """A bar a stage, on a terminal, and above them what has no steps."""

    def __init__(self) -> None:
        super().__init__(time.monotonic)
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn
        from rich.progress import Progress as RichProgress
        from rich.table import Column

        columns = (
            SpinnerColumn(finished_text=" "),
            TextColumn(
                "{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")
            ),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[info]}", markup=False, table_column=Column(no_wrap=True)),
        )
        self._bars = RichProgress(*columns, console=Console(file=bare(sys.stderr)))
        self._tasks: dict[str, TaskID] = {}
        self._doing: TaskID | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done_with_it()
        self._bars.stop()

    def say(self, sentence: str) -> None:
        """Print above the bars; never as markup, since titles may look like it."""
        self._bars.console.print(
            printable(translated(sentence)), markup=False, highlight=False, soft_wrap=True
        )

    def doing(self, what: str) -> None:
        """Show it with something that moves, until the next thing is done."""
        self._done_with_it()
        self._doing = self._bars.add_task(printable(translated(what)), total=None, info="")

    def start(self, stage: str, total: int) -> None:
        """Show a new bar."""
        self._done_with_it()
        if stage in self._tasks:
            self._bars.remove_task(self._tasks[stage])
        super().start(stage, total)
        self._tasks[stage] = self._bars.add_task(translated(stage), total=total, info=f"0/{total}")

    def _show(self, stage: str, pace: Pace, so_far: str) -> None:
        """Move the bar, and tell what is left and spent."""
        left = pace.left
        parts = [
            f"{pace.done}/{pace.total}",
            translated(f"{format_duration(left)} left") if left else "",
            so_far,
        ]
        self._bars.update(self._tasks[stage], advance=1, info="  ".join(filter(None, parts)))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take the bars away while somebody is asked."""
        self._done_with_it()
        self._bars.stop()
        try:
            yield
        finally:
            self._bars.start()

    def _done_with_it(self) -> None:
        if self._doing is not None:
            self._bars.remove_task(self._doing)
            self._doing = None


def choose(*, quiet: bool) -> Progress:
    """The right one for where standard error goes: results go to standard output, progress never does."""
    if quiet:
        return Progress()
    return Bars() if sys.stderr.isatty() else Lines(sys.stderr)
