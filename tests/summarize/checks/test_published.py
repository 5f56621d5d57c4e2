"""What is found in lines that were published, and in recorded answers, was read by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from digest.model import Finding, Summary
from digest.summarize.answer import Fields
from digest.summarize.checks import about, check, check_summary
from digest.summarize.compose import compose
from tests.summarize.checks.planted import Case

_VERDICTS = Path(__file__).parents[2] / "data" / "verdicts.jsonl"


def _findings(case: Case) -> list[Finding]:
    other = about(case.line, case.source, [source for _, source in case.day])
    found = [*check(case.line, case.source), *([other] if other else [])]
    return [finding for finding in found if finding.severity >= 2]


@pytest.mark.slow
def test_few_published_lines_are_doubted(published: list[Case]) -> None:
    doubted = [case.id for case in published if _findings(case)]
    assert 0 < len(doubted) <= 0.02 * len(published), doubted


def test_every_finding_in_published_lines_has_a_verdict(published: list[Case]) -> None:
    verdicts = [json.loads(row) for row in _VERDICTS.read_text(encoding="utf-8").splitlines()]
    judged = {(row["id"], row["rule"], row["evidence"]) for row in verdicts if row["of"] == "published"}
    found = {(case.id, f.rule, f.evidence) for case in published for f in _findings(case)}
    assert found == judged
    defects = [row["verdict"] == "defect" for row in verdicts if row["severity"] == 3]
    assert sum(defects) >= 0.85 * len(defects)


def test_in_the_seed_only_the_known_defects_are_found(seed: list[Case]) -> None:
    found = {(case.id, f.rule, f.severity) for case in seed for f in _findings(case)}
    assert found == {
        ("2601.19781", "broken-word", 3),
        ("2601.19781", "untranslated-phrase", 2),
        ("2601.19029", "wrong-sense", 2),  # 音乐性能 for piano performance
        ("2509.19721", "wrong-task", 2),  # 语音识别 for speaker verification
    }


def test_recorded_answers_are_clean(shared: Path, seed: list[Case]) -> None:
    sources = {case.id: case.source for case in seed}
    batch = tuple(sources.values())
    found = set()
    for name in ("fields", "line"):
        for row in (shared / "recorded" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            answer = json.loads(row)
            id_ = answer.pop("id")
            line = answer.get("line") or compose(Fields(**answer))
            summary = Summary(**{**answer, "line": line})
            found |= {(id_, f.rule) for f in check_summary(summary, sources[id_], batch) if f.severity >= 2}
    assert found == set()
