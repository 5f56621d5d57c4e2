"""The metrics of one line, by name, each with what it means and a signature that pins its definition.

All are percentages, or characters for `len`. None where a metric has nothing to say of a line.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from statistics import fmean
from typing import Literal

from digest.evaluate.metrics.chrf import chrf
from digest.evaluate.metrics.idf import Idf
from digest.model import Finding
from digest.summarize.checks import Source, about, check, style
from digest.summarize.checks.form import LONGEST, MOST_SENTENCES, SHORTEST
from digest.summarize.checks.rule import Reading, rules_of
from digest.summarize.checks.words import squash

Tier = Literal["gate", "content", "reference", "style", "ops"]
"""The use of a metric: gates and content decide, references mix content and house style, style and costs
inform."""


def _rules_hash() -> str:
    """The identifier of the rules of the checks: their code, their texts and their word lists."""
    folder = files("digest.summarize.checks")
    parts = [part for part in folder.iterdir() if part.name.endswith((".py", ".toml", ".txt"))]
    parts.sort(key=lambda part: part.name)
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:8]


RULES_HASH = _rules_hash()

NATURAL = {rule.id: rule.find for rule in rules_of(style) if rule.find}
"""The rules of the metric `natural`: id -> its function."""


@dataclass(frozen=True)
class Metric:
    """One column of the comparison: see `metrics.toml`.

    Attributes:
        name: in files, flags and reports.
        meaning: a sentence for the report.
    """

    name: str
    tier: Tier
    signature: str
    meaning: str
    lower: bool = False
    margin: float | None = None
    bound: float = 100.0
    sd: float | None = None


def _metrics() -> Iterator[Metric]:
    """The metrics as `metrics.toml` describes them."""
    known = {
        "rules": RULES_HASH,
        "natural": ",".join(NATURAL),
        "source": "src:title+abstract+comments+text",
        "shortest": SHORTEST,
        "longest": LONGEST,
        "sentences": MOST_SENTENCES,
    }
    table = files("digest.evaluate.metrics").joinpath("metrics.toml").read_text(encoding="utf-8")
    for name, described in tomllib.loads(table).items():
        yield Metric(name, **{**described, "signature": described["signature"].format(**known)})


METRICS = tuple(_metrics())

SIGNATURES = "\n".join(metric.signature for metric in METRICS)
"""The definitions of all metrics: scores that were made by others are made anew."""

BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}

_TEMPLATE = re.compile(r"该论文.*(解决|旨在).*(提出|通过)", re.DOTALL)
_SENTENCES = re.compile(r"[。！？]")
_PUNCTUATION = str.maketrans("，。；：！？（）［］“”‘’、", ",.;:!?()[]\"\"'',")
"""One form for punctuation, so that ， for , costs nothing."""


@dataclass(frozen=True)
class Scored:
    """The metrics of a line, and what the checks found in it."""

    metrics: dict[str, float | None]
    findings: tuple[Finding, ...]


def idf_of(lines: Iterable[str]) -> Idf:
    """The weights of `idf_f1`."""
    return Idf(line.translate(_PUNCTUATION) for line in lines)


def score(
    line: str,
    source: Source,
    references: Sequence[str],
    others: Sequence[Source] = (),
    idf: Idf | None = None,
) -> Scored:
    """Everything that can be said of one line without asking anybody.

    Args:
        line: the Chinese line.
        source: its paper.
        references: published lines of the paper; may be empty.
        others: the other papers of its day.
        idf: of all published lines; needed where there are references.
    """
    reading = Reading(line, source)
    findings = check(line, source)
    if other := about(line, source, others):
        findings = (*findings, other)
    worst = max((finding.severity for finding in findings), default=0)
    plain = line.translate(_PUNCTUATION)
    own = source.own_name

    unnatural = {rule: any(True for _ in find(reading)) for rule, find in NATURAL.items()}

    def weighed(wanted: str) -> float | None:
        return idf.f1(plain, wanted.translate(_PUNCTUATION)) if idf else None

    metrics: dict[str, float | None] = {
        "err": 0.0,
        "fmt_ok": _percent(_well_formed(line, reading)),
        "lint_ok": _percent(worst < 2),
        "lint3": _percent(worst < 3),
        "src_support": _support(reading),
        "own_name": _percent(squash(own) in squash(line)) if own else None,
        "chrf_c2": _mean(references, lambda wanted: chrf(plain, wanted.translate(_PUNCTUATION), 2)),
        "chrf": _mean(references, lambda wanted: chrf(line, wanted)),
        "idf_f1": _mean(references, weighed),
        "term_recall": _mean(references, lambda wanted: _recall(reading, Reading(wanted, source))),
        "len": float(len(line)),
        "len_ok": _percent(45 <= len(line) <= 100),
        "template": _percent(bool(_TEMPLATE.search(line))),
        "natural": _percent(not any(unnatural.values())),
        **{rule.replace("-", "_"): _percent(found) for rule, found in unnatural.items()},
    }
    return Scored(metrics, findings)


def missing() -> Scored:
    """The score where there is no line."""
    return Scored({"err": 100.0}, ())


def _percent(holds: bool) -> float:
    return 100.0 if holds else 0.0


def _mean(references: Sequence[str], value: Callable[[str], float | None]) -> float | None:
    found = [one for wanted in references if (one := value(wanted)) is not None]
    return fmean(found) if found else None


def _well_formed(line: str, reading: Reading) -> bool:
    sentences = [part for part in _SENTENCES.split(line) if part.strip()]
    return (
        len(line.splitlines()) == 1
        and SHORTEST <= len(line) <= LONGEST
        and len(sentences) <= MOST_SENTENCES
        and line.endswith("。")
        and reading.cjk >= 0.4 * len(line)
    )


def _support(reading: Reading) -> float | None:
    """The share of names and numbers that the paper has; None for a line without any."""
    known = reading.source.quantities
    numbers = reading.quantities
    wrong = {token.start for token in reading.unsupported}
    names = {token.start for token in reading.tokens}
    total = len(names) + len(numbers)
    if not total:
        return None
    missed = len(wrong & names) + sum(not known.support(number) for number in numbers)
    return 100 * (1 - missed / total)


def _terms(reading: Reading) -> set[str]:
    names = {squash(token.text) for token in reading.tokens}
    return names | {quantity.written for quantity in reading.quantities}


def _recall(ours: Reading, wanted: Reading) -> float | None:
    terms = _terms(wanted)
    if not terms:
        return None
    have, text = _terms(ours), squash(ours.line)
    return 100 * sum(term in have or (len(term) > 2 and term in text) for term in terms) / len(terms)
