"""The checks of English lines: rules of the table that hold in any language, and what differs in English."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from digest.model import Finding
from digest.summarize.checks.quantities import AMOUNT
from digest.summarize.checks.rule import Reading, Rule, Source, reading_of, rule_of

SHORTEST, LONGEST = 8, 60
"""Words of a line."""

_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]+")
_ASSISTANT = re.compile(
    r"\s*(?:sure|certainly|here is|here's|as an ai|i'm sorry|sorry|i cannot|(?:line|summary|answer):)",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?][\"”’)\]]*$")


def check_english(line: str, source: Source, rules: Sequence[Rule]) -> tuple[Finding, ...]:
    """The findings in one English line beside its paper, the severest first.

    Findings bear the ids of the table's rules, so that [checks] of `digest.toml` rules them too.
    """
    reading = reading_of(line, source)
    own = dict(_own(reading))
    found = (
        Finding(rule=rule.id, severity=rule.severity, evidence=evidence)
        for rule in rules
        for evidence in _evidence(rule, reading, own)
    )
    return tuple(sorted(found, key=lambda finding: -finding.severity))


def _evidence(rule: Rule, reading: Reading, own: dict[str, str]) -> Iterator[str]:
    if rule.id in own:
        yield own[rule.id]
    elif rule.any_language and rule.find:
        yield from rule.find(reading)


def _own(reading: Reading) -> Iterator[tuple[str, str]]:
    """Rule -> evidence, of what is told apart otherwise than in Chinese."""
    line, count = reading.line.strip(), len(reading.line.split())
    if chinese := _CHINESE.search(line):
        yield "not-english", chinese[0]
    if leak := _ASSISTANT.match(line):
        yield "prompt-leak", leak[0].strip()
    if not _END.search(line):
        yield "no-final-stop", line[-12:]
    if count < SHORTEST:
        yield "too-short", f"{count} words"
    if count > LONGEST:
        yield "too-long", f"{count} words"
    for token in reading.unsupported:
        if re.search(r"[A-Za-z].*[A-Z0-9]", token.text) and not AMOUNT.fullmatch(token.text):
            yield "unsupported-name", token.text
            break


NOT_ENGLISH = rule_of("not-english")
