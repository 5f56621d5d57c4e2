"""Defects planted into published lines are found."""

from __future__ import annotations

from functools import cache

import pytest

from digest.summarize.checks import PaperIndex, Source, about, check
from tests.summarize.checks.planted import KINDS, Case, Plant, cases_of

_CASES, _SEED = 200, 20260128
_FEW = 40


@cache
def _day(papers: tuple[Source, ...]) -> PaperIndex:
    return PaperIndex(papers)


def _batch(case: Case) -> PaperIndex:
    return _day(tuple(source for _, source in case.day))


def _found(line: str, source: Source, others: PaperIndex) -> bool:
    if any(finding.severity >= 2 for finding in check(line, source)):
        return True
    return about(line, source, others) is not None


@pytest.mark.parametrize("number", [_FEW, pytest.param(_CASES, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("plant", "share"), KINDS, ids=[plant.__name__ for plant, _ in KINDS])
def test_planted_defects_are_found(published: list[Case], plant: Plant, share: float, number: int) -> None:
    planted = list(cases_of(plant, published, number, _SEED))
    assert len(planted) == number
    missed = [(case.id, line) for case, line in planted if not _found(line, case.source, _batch(case))]
    assert len(missed) <= (1 - share) * number, missed


@pytest.mark.parametrize("number", [_FEW, pytest.param(_CASES, marks=pytest.mark.slow)])
def test_most_lines_of_other_papers_are_refused(published: list[Case], number: int) -> None:
    """Refused: at severity 3, so that the entry is flagged when asking again does not help."""
    plant, _ = KINDS[0]
    refused = 0
    for case, line in cases_of(plant, published, number, _SEED):
        finding = about(line, case.source, _batch(case))
        findings = [*check(line, case.source), *([finding] if finding else [])]
        refused += any(finding.severity == 3 for finding in findings)
    assert refused >= 0.92 * number
