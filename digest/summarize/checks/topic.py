"""Whether a line is about its paper: its terms, by a bilingual glossary, against the paper's words.

The score of a line for a paper is a log-likelihood ratio in naive-Bayes form, summed over the line's terms:
"a line about this paper" against "a line about some paper". A term that the paper has counts for it, the more
the rarer it is in the batch; a term that it lacks counts against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log

from digest.model import Finding
from digest.summarize.checks.rule import Example, Reading, Rule, Source
from digest.summarize.checks.words import Vocabulary

_MISSED = 0.05
"""Share of the terms of published lines that the glossary does not find in their paper's abstract (4.5 %)."""

_USUAL = 0.2
"""Share of papers that have a term, where there is no batch to count in."""

_NAMED, _UNNAMED = 3.0, -4.0
"""What a Latin name counts that the paper has, or lacks: nearly all names of published lines are theirs."""

OFF_TOPIC = -2.5
"""A score that 1 in 300 published lines is below, and 19 in 20 lines of another paper of the same day."""

DOUBTFUL, DECISIVE = 5.0, 13.0
"""How much better another paper must fit: to doubt a line, and to refuse it."""


@dataclass(frozen=True)
class Terms:
    """What a line is about: glossary terms and Latin names."""

    chinese: frozenset[str]
    latin: frozenset[str]


@cache
def glossary() -> dict[str, tuple[str, ...]]:
    """Chinese term -> the beginnings of the English words for it."""
    text = files("digest.summarize.checks").joinpath("glossary.txt").read_text(encoding="utf-8")
    rows = (row.split("\t") for row in text.splitlines() if "\t" in row)
    return {chinese: tuple(english.split("|")) for chinese, english in rows}


@cache
def _lengths() -> dict[str, tuple[int, ...]]:
    """First character -> the lengths of the glossary's terms that begin with it, longest first."""
    lengths: dict[str, set[int]] = {}
    for term in glossary():
        lengths.setdefault(term[0], set()).add(len(term))
    return {first: tuple(sorted(group, reverse=True)) for first, group in lengths.items()}


def terms_of(reading: Reading) -> Terms:
    """The terms of a line; of terms that begin at one place the longest."""
    known, lengths, line = glossary(), _lengths(), reading.line
    found, place = set(), 0
    while place < len(line):
        step = 1
        for length in lengths.get(line[place], ()):
            if line[place : place + length] in known:
                found.add(line[place : place + length])
                step = length
                break
        place += step
    names = {token.text for token in reading.tokens if not token.lower}
    return Terms(frozenset(found), frozenset(names))


def _has(vocabulary: Vocabulary, term: str) -> bool:
    found = vocabulary.terms.get(term)  # a batch asks every paper for the terms of every line
    if found is None:
        found = vocabulary.terms[term] = any(vocabulary.begins(stem) for stem in glossary()[term])
    return found


def _weights(share: float) -> tuple[float, float]:
    """What a term that this share of the papers has counts for the papers with it, and for those without."""
    return log((1 - _MISSED) / share), log(_MISSED / (1 - share))


def _score(terms: Terms, paper: Vocabulary, weights: Mapping[str, tuple[float, float]]) -> float:
    score = 0.0
    for term in terms.chinese:
        present, absent = weights[term]
        score += present if _has(paper, term) else absent
    for name in terms.latin:
        score += _NAMED if paper.supports(name) else _UNNAMED
    return score


def _lacking(terms: Terms, paper: Vocabulary) -> list[str]:
    """Terms of the line that the paper does not have."""
    return sorted(term for term in terms.chinese if not _has(paper, term)) + sorted(
        name for name in terms.latin if not paper.supports(name)
    )


def off_topic(reading: Reading) -> Iterator[str]:
    """Most of the line's terms are not in title and abstract."""
    terms = terms_of(reading)
    paper = reading.source.subject
    weights = dict.fromkeys(terms.chinese, _weights(_USUAL))
    if _score(terms, paper, weights) < OFF_TOPIC and (lacking := _lacking(terms, paper)):
        yield "、".join(lacking[:4])


def about(
    line: str, source: Source, others: Sequence[Source], rules: Sequence[Rule] | None = None
) -> Finding | None:
    """Whether `line` fits another paper better than its own.

    Args:
        line: the Chinese line.
        source: its paper.
        others: the other papers of the batch; `source` among them does no harm.
        rules: the table with the user's severities; default: RULES of this module.

    Returns:
        A finding `other-paper` (the other one fits far better) or `nearer-paper` (it fits better), with the
        terms that this paper lacks and the other one's title as evidence; None where neither holds.
    """
    terms = terms_of(Reading(line, source))
    lacking = _lacking(terms, source.subject)
    if not lacking:
        return None  # no paper can fit better than one that has every term
    rest = [other for other in others if other != source]
    if not rest:
        return None
    subjects = [other.subject for other in rest]
    weights = {
        term: _weights(
            (1 + sum(_has(paper, term) for paper in (source.subject, *subjects))) / (len(rest) + 6)
        )
        for term in terms.chinese
    }
    scores = [_score(terms, subject, weights) for subject in subjects]
    best = max(range(len(rest)), key=scores.__getitem__)
    ahead = scores[best] - _score(terms, source.subject, weights)
    wanted = "other-paper" if ahead >= DECISIVE else "nearer-paper" if ahead >= DOUBTFUL else None
    rule = next((rule for rule in rules or RULES if rule.id == wanted), None)
    if rule is None:
        return None
    evidence = f"{'、'.join(lacking[:4])}；《{rest[best].title[:60]}》"
    return Finding(rule=rule.id, severity=rule.severity, evidence=evidence)


_ABSTRACT = "We separate overlapping speakers in meeting recordings with a small network for hearing aids."

RULES = (
    Rule(
        "other-paper",
        3,
        "内容与这篇论文不符，像是另一篇论文的介绍（{}），请只根据所给论文重写",
        "the line fits another paper of the batch far better",
        None,
    ),
    Rule(
        "nearer-paper",
        2,
        "内容可能与这篇论文不符（{}），请只根据所给论文重写",
        "the line fits another paper of the batch better",
        None,
    ),
    Rule(
        "off-topic",
        2,
        "这些词与论文内容不符：{}，请只根据所给论文重写",
        "most of the line's terms are not in title and abstract",
        off_topic,
        (
            Example("该论文属于轨迹预测任务，旨在解决自动驾驶的安全问题。", hit=True, abstract=_ABSTRACT),
            Example("该论文属于语音分离任务，旨在解决会议语音重叠的问题。", hit=False, abstract=_ABSTRACT),
        ),
    ),
)
