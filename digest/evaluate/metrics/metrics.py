"""The metrics of one line, by name, each with what it means and a signature that pins its definition.

All are percentages, or characters for `len`. None where a metric has nothing to say of a line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
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

_SOURCE = "src:title+abstract+comments+text"


@dataclass(frozen=True)
class Metric:
    """One column of the comparison.

    Attributes:
        name: in files, flags and reports.
        tier: see `Tier`.
        signature: everything that the value depends on.
        meaning: a sentence for the report.
        lower: whether less is better.
        margin: how much worse a candidate may be and still pass, where the metric is a gate.
        bound: the largest difference that one paper can make.
        sd: standard deviation of the paired differences between two runs of one system, where measured
            (350 papers with three published lines by one system each).
    """

    name: str
    tier: Tier
    signature: str
    meaning: str
    lower: bool = False
    margin: float | None = None
    bound: float | None = 100.0
    sd: float | None = None


METRICS: tuple[Metric, ...] = (
    Metric("err", "gate", "err|v:1", "papers without a line", lower=True, margin=2),
    Metric(
        "fmt_ok",
        "gate",
        f"fmt_ok|len:{SHORTEST}-{LONGEST}|sentences:{MOST_SENTENCES}|cjk:40|v:1",
        "one line of the right form",
        margin=2,
    ),
    Metric(
        "lint_ok",
        "gate",
        f"lint_ok|sev:2|rules:{RULES_HASH}|{_SOURCE}|v:1",
        "no finding of severity 2 or 3",
        margin=2,
    ),
    Metric(
        "lint3", "gate", f"lint3|sev:3|rules:{RULES_HASH}|{_SOURCE}|v:1", "no finding of severity 3", margin=2
    ),
    Metric(
        "src_support",
        "gate",
        f"src_support|{_SOURCE}|v:1",
        "Latin names and numbers of the line that the paper has",
        margin=1,
        sd=10.1,
    ),
    Metric("own_name", "gate", "own_name|v:1", 'the name in a title "NAME: ..." is in the line', margin=5),
    Metric(
        "xling",
        "content",
        "xling|model:none|v:1",
        "the line is about its paper, by a model trained on published lines",
        margin=5,  # a harmless restyle alone costs 4
    ),
    Metric(
        "chrf_c2",
        "reference",
        "chrf_c2|nc:2|nw:0|b:2|norm:fw|refs:mean|v:1",
        "similarity to the published line: house style, and content",
        sd=17.1,
    ),
    Metric(
        "chrf",
        "reference",
        "chrf|nc:6|nw:0|b:2|norm:none|refs:mean|v:1",
        "the same as sacreBLEU has it",
        sd=24.3,
    ),
    Metric(
        "idf_f1",
        "reference",
        "idf_f1|nc:2|idf:gold|norm:fw|refs:mean|v:1",
        "the same by what is said in few published lines only: content before style",
        sd=20.9,
    ),
    Metric(
        "term_recall",
        "reference",
        "term_recall|refs:mean|v:1",
        "Latin names and numbers of the published line that the line has",
        sd=32.5,
    ),
    Metric("len", "style", "len|unit:char|v:1", "length in characters", bound=None),
    Metric("len_ok", "style", "len_ok|45-100|v:1", "of the house's usual length"),
    Metric("template", "style", "template|v:1", "该论文…解决或旨在…提出或通过…"),
    Metric(
        "natural",
        "style",
        f"natural|rules:{','.join(NATURAL)}|{RULES_HASH}|v:1",
        "none of the unnatural turns that a program can count",
    ),
    *(
        Metric(
            rule.replace("-", "_"),
            "style",
            f"{rule.replace('-', '_')}|rules:{RULES_HASH}|v:1",
            meaning,
            lower=True,
        )
        for rule, meaning in (
            ("task-twice", "the name of the task twice"),
            ("long-attributive", "more than 20 characters before a name"),
            ("solves-nothing", "旨在解决 with a survey, a benchmark or an analysis"),
            ("empty-end", "an end without content: 提升性能"),
            ("by-proposing", "通过提出……，提升……"),
        )
    ),
    Metric("retry", "ops", "retry|v:1", "papers that were asked about again", lower=True),
)

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
