"""The rules that hold for the single fields of a structured answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from digest.model import Finding
from digest.summarize.checks.rule import Reading, Rule, Source, reading_of, rule_of

LENGTHS: Mapping[str, tuple[int, int]] = {"task": (2, 40), "problem": (4, 80), "contribution": (6, 120)}
"""Characters that a field may have, least and most."""

FIELD_LENGTH = rule_of("field-length")


def check_fields(fields: Mapping[str, str], source: Source, rules: Sequence[Rule]) -> tuple[Finding, ...]:
    """The findings in the fields `task`, `problem` and `contribution` of an answer.

    Args:
        fields: name -> content; other names are passed over.
        source: the paper.
        rules: the table of rules; those marked `fields` are used, and `field-length`.

    Returns:
        Findings whose evidence begins with the field's name.
    """
    return tuple(
        Finding(rule=rule.id, severity=rule.severity, evidence=f"{name}: {evidence}")
        for name, reading in ((name, reading_of(fields[name], source)) for name in fields if name in LENGTHS)
        for rule in rules
        for evidence in _find(rule, name, reading)
    )


def _find(rule: Rule, name: str, reading: Reading) -> Iterator[str]:
    if rule.fields and rule.find:
        yield from rule.find(reading)
    elif rule.id == "field-length":
        least, most = LENGTHS[name]
        if not least <= len(reading.line.strip()) <= most:
            yield f"{len(reading.line)}字，应为{least}至{most}字"
