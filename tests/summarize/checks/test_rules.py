"""The table of rules: every rule finds what its examples say, and can be told to the model."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from digest.model import Finding
from digest.summarize.checks import RULES, Rule, Source, check, correction, form, registry, rules_for, style
from digest.summarize.checks.rule import Reading, rule_texts, rules_of
from digest.system.errors import UsageError
from tests.summarize.checks.examples import EXAMPLES, Example

_EXAMPLES = [(rule, example) for rule in RULES for example in EXAMPLES.get(rule.id, ())]
_LINE = "该论文属于语音增强任务，旨在解决噪声下语音质量差的问题。提出新框架，提升语音清晰度"


@pytest.mark.parametrize(
    ("rule", "example"), _EXAMPLES, ids=[f"{rule.id}-{n}" for n, (rule, _) in enumerate(_EXAMPLES)]
)
def test_example(rule: Rule, example: Example) -> None:
    assert rule.find is not None
    found = list(rule.find(Reading(example.line, Source(example.title, example.abstract))))
    assert bool(found) == example.hit
    assert all(found)


def test_every_line_rule_has_both_kinds_of_examples() -> None:
    for rule in RULES:
        hits = {example.hit for example in EXAMPLES.get(rule.id, ())}
        assert hits == ({True, False} if rule.find else set()), rule.id
    assert {rule.id for rule in RULES} >= EXAMPLES.keys()


def test_each_rule_of_a_module_is_in_the_table() -> None:
    folder = Path(registry.__file__).parent
    modules = [import_module(f"digest.summarize.checks.{path.stem}") for path in folder.glob("*.py")]
    assert {rule.id for module in modules for rule in rules_of(module)} == {rule.id for rule in RULES}


def test_ids_are_unique_and_the_severest_come_first() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert [rule.severity for rule in RULES] == sorted((rule.severity for rule in RULES), reverse=True)


def test_corrections_are_chinese_and_hold_the_evidence() -> None:
    for rule in RULES:
        sentence = correction(Finding(rule=rule.id, severity=rule.severity, evidence="X{0}Y"))
        assert re.search("[\u4e00-\u9fff]{4}", sentence), rule.id
        assert "X{0}Y" in sentence or "{" not in rule.reason


def test_texts_name_the_bounds_that_the_code_has() -> None:
    bounds = {
        "too-short": form.SHORTEST,
        "short": form.SHORT,
        "too-long": form.LONGEST,
        "many-sentences": form.MOST_SENTENCES,
        "long-attributive": style.LONGEST_ATTRIBUTIVE,
    }
    told = {rule.id: rule.why for rule in RULES}
    assert all(f" {bound} " in f" {told[rule]} " for rule, bound in bounds.items())


def test_every_text_belongs_to_a_rule() -> None:
    assert set(rule_texts()) == {rule.id for rule in RULES}


def test_a_finding_of_an_unknown_rule_can_still_be_told() -> None:
    assert correction(Finding(rule="gone", severity=2, evidence="词")) == "gone：词"


def test_a_user_turns_a_rule_off_or_changes_its_severity() -> None:
    source = Source("Speech Enhancement", "We enhance noisy speech.")
    assert [(f.rule, f.severity) for f in check(_LINE, source)] == [("no-final-stop", 2)]
    assert check(_LINE, source, rules_for({"no-final-stop": "off"})) == ()
    assert [f.severity for f in check(_LINE, source, rules_for({"no-final-stop": 3}))] == [3]


def test_an_unknown_rule_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"no such rule.*'too-long'.*no-final-stop"):
        rules_for({"too-longer": 2})


@pytest.mark.parametrize("severity", [0, 4, "on"])
def test_an_unknown_severity_is_refused(severity: object) -> None:
    with pytest.raises(UsageError, match="neither"):
        rules_for({"too-long": severity})  # type: ignore[dict-item]  # what a file may hold
