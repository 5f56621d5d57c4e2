"""The table of all rules, and the checks that run them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from digest.model import Finding, Language, Severity, Summary
from digest.summarize.checks import (
    english,
    fields,
    form,
    leaks,
    names,
    numbers,
    obeyed,
    repeats,
    script,
    style,
    tasks,
    topic,
)
from digest.summarize.checks.rule import Rule, Source, reading_of, rules_of
from digest.system.errors import UsageError

_MODULES = (form, leaks, obeyed, script, names, numbers, style, tasks, topic, repeats, fields, english)
"""Where rules are; of one severity, the first found is told first."""

RULES: tuple[Rule, ...] = tuple(
    sorted((rule for module in _MODULES for rule in rules_of(module)), key=lambda rule: -rule.severity)
)
"""Every rule, the severest first."""

_BY_ID = {rule.id: rule for rule in RULES}


def rules_for(settings: Mapping[str, Severity | Literal["off"]]) -> tuple[Rule, ...]:
    """The table as the user wants it.

    Args:
        settings: rule -> "off", or the severity that it is to have; the table [checks] of `digest.toml`.

    Raises:
        UsageError: there is no such rule or severity; names those there are.
    """
    for name, wanted in settings.items():
        if name not in _BY_ID:
            near = difflib.get_close_matches(name, _BY_ID, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"checks.{name}: there is no such rule.{hint} Rules: {', '.join(_BY_ID)}.")
        if wanted not in ("off", 1, 2, 3):
            raise UsageError(f'checks.{name}: {wanted!r} is neither "off" nor a severity (1, 2, 3).')
    return tuple(_with(rule, settings.get(rule.id)) for rule in RULES if settings.get(rule.id) != "off")


def _with(rule: Rule, severity: Severity | Literal["off"] | None) -> Rule:
    return rule if severity is None or severity == "off" else replace(rule, severity=severity)


def check(line: str, source: Source, rules: Sequence[Rule] = RULES) -> tuple[Finding, ...]:
    """The findings in one Chinese line beside its paper, the severest first.

    Only the first 2,000 characters are read. Whether the line fits another paper of the batch better is
    asked of `about`.
    """
    reading = reading_of(line, source)
    return tuple(
        Finding(rule=rule.id, severity=rule.severity, evidence=evidence)
        for rule in rules
        if rule.find
        for evidence in rule.find(reading)
    )


def check_summary(
    summary: Summary, source: Source, others: Sequence[Source] = (), rules: Sequence[Rule] = RULES
) -> tuple[Finding, ...]:
    """The findings in a summary: its fields where it has them, its line, and whether it is this paper's.

    Args:
        summary: the answer.
        source: its paper.
        others: the other papers of the batch; may be empty.
        rules: the table, as `rules_for` gives it.
    """
    lines = check_lines(summary, source, others, rules)
    if summary.kind is None:
        return lines
    if summary.lang == "en":
        rules = [rule for rule in rules if rule.any_language]
    answered = {"task": summary.task, "problem": summary.problem, "contribution": summary.contribution}
    found = fields.check_fields(answered, source, rules)
    said = {(finding.rule, finding.evidence.partition(": ")[2]) for finding in found}
    return (*found, *(finding for finding in lines if (finding.rule, finding.evidence) not in said))


def check_lines(
    summary: Summary, source: Source, others: Sequence[Source] = (), rules: Sequence[Rule] = RULES
) -> tuple[Finding, ...]:
    """The same without the fields: what is wrong with the line, and with it in further languages."""
    found = _check_in(summary.lang, summary.line, source, others, rules)
    return found + tuple(
        finding.model_copy(update={"evidence": f"line_{language}: {finding.evidence}"})
        for language, line in summary.translations.items()
        for finding in _check_in(language, line, source, others, rules)
    )


def _check_in(
    language: Language, line: str, source: Source, others: Sequence[Source], rules: Sequence[Rule]
) -> tuple[Finding, ...]:
    if language == "en":
        return english.check_english(line, source, rules)
    other = topic.about(line, source, others, rules)
    return (*check(line, source, rules), *([other] if other else ()))


def correction(finding: Finding, language: Language = "zh") -> str:
    """A finding as a sentence for the model that is to mend it."""
    rule = _BY_ID.get(finding.rule)
    if language == "en":
        return f"{rule.why if rule else finding.rule}: {finding.evidence}"
    return rule.reason.format(finding.evidence) if rule else f"{finding.rule}：{finding.evidence}"
