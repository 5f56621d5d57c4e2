"""True if a line is about its paper: its terms, by a bilingual glossary, against the paper's words.

The score of a line for a paper is a log-likelihood ratio in naive-Bayes form, summed over the line's terms:
"a line about this paper" against "a line about some paper". A term that the paper has counts for it, the more
the rarer it is in the batch; a term that it lacks counts against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from math import inf, log

from digest.model import Finding
from digest.summarize.checks import wordlists
from digest.summarize.checks.batch import Batch
from digest.summarize.checks.rule import Reading, Rule, Source, reading_of, rule, rule_of
from digest.summarize.checks.words import Vocabulary, squash

_MISSED = 0.05
"""Share of the terms of published lines that the glossary does not find in their paper's abstract (4.5 %)."""

_USUAL = 0.2
"""Share of papers that have a term, where there is no batch to count in."""

_NAMED, _UNNAMED = 3.0, -4.0
"""The weight of a Latin name that the paper has, or lacks: nearly all names of published lines are theirs."""

_IN_TITLE = 2.0
"""Further weight of a term of the title: a line has 3.5 of them on the average, another paper's 0.6."""

_LOOSE = 0.6
"""The share at which a loose term counts that the paper lacks: 成本 and 风险 have many words."""

OFF_TOPIC, OFF_TITLE = -8.0, 3.0
"""A score so low, with the terms of the title counted at this, that no published line has it."""

DOUBTFUL, DECISIVE, DECISIVE_UNTITLED = 5.0, 11.0, 7.0
"""The lead of another paper that it takes: to doubt a line, to refuse it, and to refuse one that has no term
of its own paper's title. With every term of the glossary forgotten in 6 papers of 100, which is more than was
seen on days that it was not made with, none of 1,980 published lines is refused."""


@dataclass(frozen=True)
class Terms:
    """The subject of a line: glossary terms and Latin names, in their order."""

    chinese: tuple[str, ...]
    latin: tuple[str, ...]


@cache
def glossary() -> dict[str, tuple[str, ...]]:
    """Chinese term -> the beginnings of the English words for it, single words first."""
    return {
        chinese.lstrip("~"): tuple(sorted(english.split("|"), key=lambda stem: " " in stem))
        for chinese, english in wordlists.pairs("glossary.txt")
    }


@cache
def loose_terms() -> frozenset[str]:
    """Terms of the glossary that stand for more English words than it has."""
    return frozenset(chinese[1:] for chinese, _ in wordlists.pairs("glossary.txt") if chinese.startswith("~"))


@cache
def _lengths() -> dict[str, tuple[int, ...]]:
    """First character -> the lengths of the glossary's terms that begin with it, longest first."""
    lengths: dict[str, set[int]] = {}
    for term in glossary():
        lengths.setdefault(term[0], set()).add(len(term))
    return {first: tuple(sorted(group, reverse=True)) for first, group in lengths.items()}


def terms_of(reading: Reading) -> Terms:
    """The terms of a line; of terms that begin at one place the longest."""
    names = dict.fromkeys(token.text for token in reading.tokens if not token.lower)
    return Terms(_chinese(reading.line), tuple(names))


def _chinese(line: str) -> tuple[str, ...]:
    known, lengths = glossary(), _lengths()
    found: dict[str, None] = {}
    end = 0
    for place, character in enumerate(line):
        if place >= end and character in lengths:
            for length in lengths[character]:
                if (term := line[place : place + length]) in known:
                    found[term] = None
                    end = place + length
                    break
    return tuple(found)


def has(vocabulary: Vocabulary, term: str) -> bool:
    """True if a text has one of the English words for a term of the glossary."""
    return any(map(vocabulary.begins, glossary()[term]))


def _weights(term: str, share: float) -> tuple[float, float]:
    """The weights of a term that this share of the papers has: for papers with it, and for those without."""
    absent = log(_MISSED / (1 - share))
    return log((1 - _MISSED) / share), absent * (_LOOSE if term in loose_terms() else 1)


@dataclass(frozen=True)
class _Fit:
    """The fit of a line with its paper.

    Attributes:
        terms: the line's terms and names.
        had, lacking: the line's terms that title and abstract have, and those and the names that they lack.
        named: the line's names that they have.
    """

    source: Source
    terms: Terms
    had: tuple[str, ...]
    lacking: tuple[str, ...]
    named: frozenset[str]
    unnamed: int

    @cached_property
    def titled(self) -> int:
        """The number of terms and names that the title has."""
        title = self.source.heading
        terms = sum(has(title, term) for term in self.had)
        return terms + sum(title.holds(name) for name in self.named)

    @property
    def firm(self) -> int:
        """The number of lacking terms and names that have few words in English."""
        return sum(term not in loose_terms() for term in self.lacking)

    def score(self, weights: Mapping[str, tuple[float, float]], title: float) -> float:
        """The log-likelihood ratio, with `title` for each term that the title has."""
        score = _NAMED * len(self.named) + _UNNAMED * self.unnamed + title * self.titled
        score += sum(weights[term][0] for term in self.had)
        return score + sum(weights[term][1] for term in self.lacking if term in weights)


@lru_cache(maxsize=64)  # asked for by a rule and by `about`
def _fit(reading: Reading) -> _Fit:
    terms, paper = terms_of(reading), reading.source.subject
    had = tuple(term for term in terms.chinese if has(paper, term))
    unnamed = sorted(name for name in terms.latin if not paper.supports(name))
    lacking = (*unnamed, *(term for term in terms.chinese if term not in had))
    return _Fit(reading.source, terms, had, lacking, frozenset(terms.latin).difference(unnamed), len(unnamed))


@rule("off-topic")
def off_topic(reading: Reading) -> Iterator[str]:
    """Nearly all of the line's terms are not in title and abstract."""
    fit = _fit(reading)
    if fit.firm < 3:
        return
    weights = {term: _weights(term, _USUAL) for term in fit.terms.chinese}
    if fit.score(weights, OFF_TITLE) < OFF_TOPIC:
        yield "、".join(fit.lacking[:4])


OTHER_PAPER = rule_of("other-paper")
NEARER_PAPER = rule_of("nearer-paper")


def about(
    line: str,
    source: Source,
    others: Sequence[Source],
    rules: Sequence[Rule] = (OTHER_PAPER, NEARER_PAPER),
) -> Finding | None:
    """True if `line` fits another paper better than its own.

    Args:
        line: the Chinese line.
        source: its paper.
        others: the other papers of the batch; `source` among them does no harm. A `Batch` is indexed once.
        rules: the table with the user's severities.

    Returns:
        A finding `other-paper` (the other one fits far better) or `nearer-paper` (it fits better), with the
        terms that this paper lacks and the other one's title as evidence; None where neither holds.
    """
    fit = _fit(reading_of(line, source))
    if not fit.lacking or (len(fit.lacking) < 2 and fit.titled > 1):
        return None  # no paper can fit better than one that has every term
    if source.own_name and squash(source.own_name) in squash(line):
        return None
    batch = others if isinstance(others, Batch) else Batch(others)
    best, ahead = _best_other(fit, batch)
    if best is None:
        return None
    decisive = len(fit.lacking) >= 2 and ahead >= (DECISIVE if fit.titled else DECISIVE_UNTITLED)
    wanted = OTHER_PAPER if decisive else NEARER_PAPER if ahead >= DOUBTFUL else None
    kept = next((one for one in rules if wanted and one.id == wanted.id), None)
    if kept is None:
        return None
    evidence = f"{'、'.join(fit.lacking[:4])}；《{best.title[:60]}》"
    return Finding(rule=kept.id, severity=kept.severity, evidence=evidence)


def _best_other(fit: _Fit, batch: Batch) -> tuple[Source | None, float]:
    """The paper of the batch that a line fits best, but for its own, and how much better than that."""
    known, source = glossary(), fit.source
    own = batch.titled(source.title)
    outside = fit.had if all(batch[place] != source for place in own) else ()
    scores = [0.0] * len(batch)
    weights = {}
    for term in fit.terms.chinese:
        having = batch.subjects.having(known[term])
        count = len(having) + (term in outside)
        present, absent = weights[term] = _weights(term, (1 + count) / (len(batch) + 6))
        scores = [score + absent for score in scores]
        _add(scores, having, present - absent)
        _add(scores, batch.headings.having(known[term]), _IN_TITLE)
    for name in fit.terms.latin:
        scores = [score + _UNNAMED for score in scores]
        _add(scores, batch.subjects.naming(name), _NAMED - _UNNAMED)
        _add(scores, batch.headings.naming(name), _IN_TITLE)
    _add(scores, own, -inf)
    best = max(scores, default=-inf)
    if best == -inf:
        return None, 0.0
    return batch[scores.index(best)], best - fit.score(weights, _IN_TITLE)


def _add(scores: list[float], places: Iterable[int], weight: float) -> None:
    for place in places:
        scores[place] += weight
