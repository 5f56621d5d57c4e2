"""The rules that check every line against its paper: one function a rule, in a table.

What no rule sees is written in the evaluation's measurements: 提升 for 降低, method and problem exchanged.
"""

from __future__ import annotations

from digest.summarize.checks.fields import check_fields
from digest.summarize.checks.paper_index import PaperIndex
from digest.summarize.checks.registry import RULES, check, check_lines, check_summary, correction, rules_for
from digest.summarize.checks.repeats import repeated
from digest.summarize.checks.rule import Rule, Source, source_of
from digest.summarize.checks.topic import about

__all__ = [
    "RULES",
    "PaperIndex",
    "Rule",
    "Source",
    "about",
    "check",
    "check_fields",
    "check_lines",
    "check_summary",
    "correction",
    "repeated",
    "rules_for",
    "source_of",
]
