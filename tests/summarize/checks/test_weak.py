"""Lines in the manner of a weak model, marked by hand: the wrong ones are found, the right ones pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from digest.summarize.checks import PaperIndex, about, check
from tests.summarize.checks.planted import Case

_LINES = Path(__file__).parents[2] / "data" / "weak_lines.tsv"
_RULES = {
    "task": {"wrong-task"},
    "problem": {"problem-is-task"},
    "method": {"problem-is-method"},
    "sense": {"wrong-sense"},
    "half": {"half-word", "broken-word"},
    "words": {"untranslated-phrase"},
    "we": {"first-person"},
    "name": {"mangled-name", "wrong-own-name"},
    "paper": {"off-topic", "other-paper"},
}


def _rows() -> list[tuple[str, str, str]]:
    rows = _LINES.read_text(encoding="utf-8").splitlines()
    return [(a, b, c) for a, b, c in (row.split("\t") for row in rows if not row.startswith("#"))]


@pytest.fixture(scope="module")
def found(seed: list[Case]) -> list[tuple[str, str, set[str]]]:
    """What is wrong with each line, what was said of it, and the rules of severity 2 and 3 that doubt it."""
    sources = {case.id: case.source for case in seed}
    batch = PaperIndex(sources.values())
    judged = []
    for id_, wrong, line in _rows():
        findings = list(check(line, sources[id_]))
        if other := about(line, sources[id_], batch):
            findings.append(other)
        judged.append((wrong, line, {f.rule for f in findings if f.severity >= 2}))
    return judged


def test_the_wrong_lines_of_a_weak_model_are_found(found: list[tuple[str, str, set[str]]]) -> None:
    wrong = [(kind, line, rules) for kind, line, rules in found if kind != "right"]
    missed = [line for kind, line, rules in wrong if not rules & _RULES[kind]]
    assert len(missed) <= len(wrong) / 7, missed


def test_its_right_lines_pass(found: list[tuple[str, str, set[str]]]) -> None:
    doubted = [(line, rules) for kind, line, rules in found if kind == "right" and rules]
    assert len(doubted) <= 1, doubted
