"""The folder of an evaluation run: what was asked, the answers, and what was made of them.

::

    run.json       what the run is: gold, prompts, models, when
    gold.jsonl     the gold set, as it was
    texts.jsonl    the passages that prompts held, a paper a line; only where PDFs were read
    records.jsonl  an answer a line, appended as it comes
    scores.jsonl   metrics and findings of every answer; made of the above without asking anybody
    judge.jsonl    verdicts of judges
    labels.jsonl   verdicts of people
    report.html, report.md
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError

from digest.evaluate.gold import dataset as gold_sets
from digest.evaluate.gold.dataset import Gold
from digest.model import Finding, Record
from digest.summarize.prompt import Prompt
from digest.system.errors import UsageError
from digest.system.files import read_bytes, write_atomically

R = TypeVar("R", bound=Record)

GOLD = "gold"
"""The name of the published lines beside those of variants."""


class Variant(Record):
    """A prompt with a model, and what both were given of a paper: what is compared."""

    prompt: str = Field(description="name@hash")
    model: str
    text: str = Field(default="", description="pdf or abstract")

    @property
    def key(self) -> str:
        """One word for files."""
        return f"{self.prompt}|{self.model}"


class RunInfo(Record):
    """The identity of a run; two runs with the same are one."""

    name: str
    gold: str
    gold_hash: str
    papers: tuple[str, ...] = Field(description="identifiers that are asked about")
    prompts: tuple[Prompt, ...]
    models: tuple[str, ...]
    epochs: int
    text: str = Field(description="pdf or abstract: what the prompts were given")
    recorded: bool = Field(default=False, description="answers of the sample server, not of a live model")
    version: str = Field(description="of this program")
    started: datetime

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Prompts x models, in the order given."""
        return tuple(
            Variant(prompt=prompt.identity, model=model, text=self.text)
            for prompt in self.prompts
            for model in self.models
        )


def labels(variants: Iterable[Variant]) -> dict[Variant, str]:
    """For each variant the shortest name that is unique: prompt, with hash, model and text where needed."""
    unique = list(dict.fromkeys(variants))
    hashes = {variant.prompt for variant in unique}
    names = [prompt.partition("@")[0] for prompt in hashes]
    models = {variant.model for variant in unique}
    texts = {variant.text for variant in unique}
    named = {}
    for variant in unique:
        name = variant.prompt.partition("@")[0]
        name = name if names.count(name) == 1 and name != GOLD else variant.prompt
        model = f" x {variant.model}" if len(models) > 1 else ""
        named[variant] = f"{name}{model}{f' of {variant.text}' if len(texts) > 1 else ''}"
    return named


TROUBLE = frozenset({"unreachable", "quota", "ceiling", "refusing"})
"""Errors that say nothing of the model: asking again may bring a line. All others are the model's own."""


_PASSING = 2
"""So many runs in which nothing answered are the model's own trouble, where another was answered."""


class Answer(Record):
    """One answer: the line, or why there is none, and what it took."""

    key: str
    id: str
    prompt: str
    model: str
    epoch: int = 0
    line: str | None = None
    error: str | None = Field(default=None, description="the flag's code, where there is no line")
    vain: int = Field(default=0, description="runs, one after another, in which nothing answered")
    attempts: int = 1
    cached: bool = Field(default=False, description="all of it came from the ledger")
    t_ms: int = 0
    tok_in: int = 0
    tok_out: int = 0
    cost: float | None = Field(default=None, description="US dollars; None: no price known")

    @property
    def troubled(self) -> bool:
        """True: there is no line for a reason that may pass, and it was not there twice in a row."""
        return self.error in TROUBLE and self.vain < _PASSING


class Score(Record):
    """The metrics' values of one answer, or of a published line."""

    key: str
    made_of: str = Field(default="", description="hash of the line, its paper, and the metrics' signatures")
    metrics: dict[str, float | None]
    findings: tuple[Finding, ...] = ()


class Passages(Record):
    """The text of a paper that prompts held."""

    id: str
    text: str


def runs_in(out: Path) -> Path:
    """The folder of the evaluation runs of an output folder."""
    return out / "eval"


def model_in(runs: Path) -> Path:
    """The file of the model of the metric `xling`, for all runs of a folder; there may be none."""
    return runs / "xling.npz"


def key_of(paper: str, variant: Variant, epoch: int) -> str:
    """The identifier of an answer in all files of a run."""
    return hashlib.sha256(f"{paper}|{variant.key}|{epoch}".encode()).hexdigest()[:16]


def gold_key(paper: str) -> str:
    """The identifier of the published line of a paper."""
    return f"gold:{paper}"


class RunFolder:
    """A run's files.

    Args:
        path: the folder; `open_run` finds it, `create` makes it.
        info: what stands in run.json.
    """

    def __init__(self, path: Path, info: RunInfo) -> None:
        self.path = path
        self.info = info

    def gold(self) -> Gold:
        """The papers of the gold set that the run is about; see `whole_gold`."""
        gold, wanted = self.whole_gold(), set(self.info.papers)
        return gold.model_copy(update={"papers": tuple(p for p in gold.papers if p.id in wanted)})

    def whole_gold(self) -> Gold:
        """The gold set that the run was made with.

        Raises:
            UsageError: it was changed since.
        """
        gold = gold_sets.read(self.path / "gold.jsonl")
        if gold.hash != self.info.gold_hash:
            raise UsageError(
                f"{self.path}: gold.jsonl is {gold.hash}, but the run was made with {self.info.gold_hash}. "
                "Results of different gold cannot be mixed: start a new run."
            )
        return gold

    def answers(self) -> dict[str, Answer]:
        """The answers by key; of two for one question the later, of an error and a line the line."""
        found: dict[str, Answer] = {}
        for answer in read_rows(self.path / "records.jsonl", Answer):
            if answer.error is None or answer.key not in found or found[answer.key].error is not None:
                found[answer.key] = answer
        return found

    def texts(self) -> dict[str, str]:
        """The passages that prompts held, by paper."""
        return {row.id: row.text for row in read_rows(self.path / "texts.jsonl", Passages)}

    def scores(self) -> dict[str, Score]:
        """The scores by key, as `score_run` wrote them."""
        return {row.key: row for row in read_rows(self.path / "scores.jsonl", Score)}


def create(folder: Path, info: RunInfo, gold: bytes) -> RunFolder:
    """Begin a run, or go on with it where it is there.

    Raises:
        UsageError: another run has this name.
    """
    path = folder / info.name
    if (path / "run.json").exists():
        known = open_run(path, folder)
        asks = ("gold_hash", "prompts", "models", "text", "recorded")
        differing = [name for name in asks if getattr(known.info, name) != getattr(info, name)]
        if differing:
            raise UsageError(
                f"{path} is another run (its {', '.join(differing)} differ). Give a new one with --name."
            )
        papers = tuple(dict.fromkeys((*known.info.papers, *info.papers)))
        wider = {"papers": papers, "epochs": max(known.info.epochs, info.epochs)}
        info = known.info.model_copy(update=wider)
    write_atomically(path / "gold.jsonl", gold.decode("utf-8"))
    write_atomically(path / "run.json", info.model_dump_json(indent=1) + "\n")
    return RunFolder(path, info)


def open_run(run: Path, folder: Path, *others: Path) -> RunFolder:
    """A run by its path, or by its name in `folder`, else in one of the others.

    Raises:
        UsageError: there is none, or it was written by another version.
    """
    places = (run, *(place / run for place in (folder, *others)))
    path = next((place for place in places if (place / "run.json").exists()), folder / run)
    try:
        text = (path / "run.json").read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path / 'run.json'}: not UTF-8 text (byte {error.start}).") from error
    except OSError:
        known = ", ".join(sorted(p.parent.name for p in folder.glob("*/run.json"))) or "none yet"
        raise UsageError(f"There is no run {str(run)!r}. Runs in {folder}: {known}.") from None
    try:
        return RunFolder(path, RunInfo.model_validate_json(text))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path / 'run.json'}: {where}: {first['msg']}. Start a new run.") from None


def read_rows(path: Path, kind: type[R]) -> Iterator[R]:
    """The rows of a JSONL file that others may be appending to; none if there is no file.

    A last line without line feed is half written, and left out.

    Raises:
        UsageError: a row is not readable; says which.
    """
    if not path.exists():
        return
    rows = read_bytes(path).removeprefix(codecs.BOM_UTF8).split(b"\n")[:-1]
    for number, row in enumerate(rows, start=1):
        try:
            yield kind.model_validate_json(row)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise UsageError(f"{path}, line {number}: not readable ({first['msg']}).") from None


def append(path: Path, rows: Iterable[Record]) -> None:
    """Add rows to a JSONL file; a half written last line, of a killed process, is removed first.

    Raises:
        UsageError: it cannot be written.
    """
    text = "".join(row.model_dump_json(exclude_defaults=True) + "\n" for row in rows)
    try:
        if path.exists():
            content = path.read_bytes()
            if not content.endswith(b"\n"):
                with path.open("r+b") as file:
                    file.truncate(content.rfind(b"\n") + 1)
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error


def write_rows(path: Path, rows: Iterable[Record]) -> None:
    """Write a JSONL file anew."""
    write_atomically(path, "".join(row.model_dump_json(exclude_defaults=True) + "\n" for row in rows))
