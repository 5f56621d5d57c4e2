"""Runs made of given lines, without any model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from digest.evaluate.comparison.compare import Comparison, compare
from digest.evaluate.comparison.results import ResultTable, load_results
from digest.evaluate.gold import dataset as gold_sets
from digest.evaluate.gold.dataset import Gold, GoldPaper, Reference
from digest.evaluate.metrics import metrics
from digest.evaluate.metrics.idf import Idf
from digest.evaluate.metrics.scoring import score_run
from digest.evaluate.runs.folder import Answer, RunFolder, RunInfo, append, create, key_of
from digest.summarize.checks import Source
from digest.summarize.prompt import Prompt

_STYLE = (("该论文", "本文"), ("旨在解决", "针对"), ("提升", "提高"), ("模型", "网络"), ("属于", "聚焦"))

Lines = Mapping[str, str | None]
"""Identifier -> line; None: the model gave none."""


def prompt(name: str) -> Prompt:
    return Prompt(name=name, answer="line", system=f"Instructions of {name}.", user="{paper}")


def make_run(
    folder: Path,
    gold_file: Path,
    variants: Mapping[str, Sequence[Lines]],
    *,
    name: str = "run",
    scored: bool = True,
    error: str = "refused",
) -> RunFolder:
    """A scored run of variants, each with the lines of every epoch."""
    gold = gold_sets.read(gold_file)
    prompts = {variant: prompt(variant) for variant in variants}
    info = RunInfo(
        name=name,
        gold=gold.name,
        gold_hash=gold.hash,
        papers=tuple(paper.id for paper in gold.papers),
        prompts=tuple(prompts.values()),
        models=("model",),
        epochs=max(len(epochs) for epochs in variants.values()),
        text="abstract",
        version="0",
        started=datetime(2026, 1, 28, tzinfo=UTC),
    )
    run = create(folder, info, gold_file.read_bytes())
    named = {variant.prompt.partition("@")[0]: variant for variant in info.variants}
    for variant, epochs in variants.items():
        for epoch, lines in enumerate(epochs):
            append(
                run.path / "records.jsonl",
                [
                    Answer(
                        key=key_of(paper, named[variant], epoch),
                        id=paper,
                        prompt=named[variant].prompt,
                        model="model",
                        epoch=epoch,
                        line=line,
                        error=None if line else error,
                    )
                    for paper, line in lines.items()
                ],
            )
    if scored:
        with patch.object(metrics, "score", partial(_score, gold_file)):
            score_run(run)
    return run


_plain, _known = metrics.score, dict[Any, metrics.Scored]()


def _score(
    gold_file: Path,
    line: str,
    source: Source,
    references: Sequence[str],
    others: Sequence[Source],
    idf: Idf,
) -> metrics.Scored:
    """`metrics.score`, of each line of a paper once: most lines of these runs are the published ones."""
    key = (gold_file, line, source, tuple(references), len(others))
    if key not in _known:
        _known[key] = _plain(line, source, references, others, idf)
    return metrics.Scored(dict(_known[key].metrics), _known[key].findings)


def compared(run: RunFolder, base: str = "a", **margins: float) -> tuple[ResultTable, Comparison]:
    """The results of a run, and their one candidate beside the base."""
    results = load_results([run])
    return results, compare(results, base, margins)[-1]


def published(gold: Gold) -> dict[str, str]:
    """The published lines."""
    return {paper.id: paper.references[0].line for paper in gold.papers}


def paper(number: int, line: str = "", **values: object) -> GoldPaper:
    """An invented paper."""
    known: dict[str, object] = {
        "id": f"2601.{number:05}",
        "version": 1,
        "section": "audio",
        "kind": "new",
        "title": f"NoiseNet{number}: Speech Enhancement in Noise",
        "abstract": f"We propose NoiseNet{number} for speech enhancement and improve quality by {number} dB.",
        "categories": ("cs.SD",),
        "references": (Reference(line=line or invented_line(number)),),
    }
    return GoldPaper.model_validate({**known, **values})


def invented_line(number: int) -> str:
    """A sound line for an invented paper."""
    return (
        f"该论文属于语音增强任务，旨在解决噪声环境下语音质量下降的问题。提出NoiseNet{number}模型，"
        f"将语音质量提升{number} dB。"
    )


def restyled(line: str) -> str:
    """The same in other words, which is no defect."""
    for old, new in _STYLE:
        line = line.replace(old, new)
    return line
