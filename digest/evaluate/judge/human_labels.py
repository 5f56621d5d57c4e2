"""Verdicts of people: two lines side by side, without saying whose they are."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from digest.evaluate.judge.verdicts import TURNED, LinePair, Verdict
from digest.evaluate.runs.folder import RunFolder, append, read_rows
from digest.model import Record
from digest.system.language import translated


class Label(Record):
    """A person's verdict on a pair."""

    pair: str
    paper: str
    verdict: Verdict
    swapped: bool


def labels_in(path: Path) -> list[Label]:
    """The labels in a file, of two for one pair the later."""
    return list({label.pair: label for label in read_rows(path, Label)}.values())


def label_pairs(
    pairs: Sequence[LinePair],
    folder: RunFolder,
    most: int,
    say: Callable[[str], None],
    ask: Callable[[], str],
) -> int:
    """Show pairs without a label, in an order and with sides that tell nothing; keep each answer at once.

    Args:
        pairs: base and candidate, in this order; where their lines are the same there is nothing to say.
        folder: the run.
        most: how many are shown.
        say: shows text.
        ask: reads one answer; raises EOFError when there are no more.

    Returns:
        How many labels were given.
    """
    path = folder.path / "labels.jsonl"
    labelled = {label.pair for label in labels_in(path)}
    waiting = [pair for pair in pairs if pair.id not in labelled and pair.first != pair.second]
    waiting.sort(key=lambda pair: _draw("place", pair))
    given = 0
    for number, pair in enumerate(waiting[:most], start=1):
        swapped = _draw("side", pair) < 0.5
        a, b = (pair.second, pair.first) if swapped else (pair.first, pair.second)
        say(translated(f"\n{number} of {min(most, len(waiting))}  {pair.paper.id}  {pair.paper.title}"))
        say(pair.paper.abstract)
        say(f"\nA  {a}\n\nB  {b}\n")
        key = _key(say, ask)
        if key == "q":
            break
        if key == "s":
            continue
        shown: dict[str, Verdict] = {"a": "first", "b": "second"}
        verdict = shown.get(key, "tie")
        verdict = TURNED[verdict] if swapped else verdict
        append(path, [Label(pair=pair.id, paper=pair.paper.id, verdict=verdict, swapped=swapped)])
        given += 1
    return given


def _draw(what: str, pair: LinePair) -> float:
    """A number below 1 that is always the same for a pair, so that labelling can go on another day."""
    return random.Random(f"{what} {pair.id}").random()


def _key(say: Callable[[str], None], ask: Callable[[], str]) -> str:
    """One of the answers; the end of the input is the wish to stop."""
    for _ in range(100):
        say(translated("Which is truer to the paper? [a] A  [b] B  [t] no difference  [s] skip  [q] stop"))
        try:
            key = ask().strip().lower()
        except EOFError:
            return "q"
        if key in {"a", "b", "t", "s", "q"}:
            return key
    return "q"
