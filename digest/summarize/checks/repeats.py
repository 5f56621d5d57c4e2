"""The rule on a day's lines together: one same line for several papers tells of none of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from digest.model import Finding
from digest.summarize.checks.rule import Rule, Source, rule_of
from digest.summarize.checks.words import squash

_NOT_SAID = re.compile(r"[\W_]+")

SAME_LINE = rule_of("same-line")


def repeated(
    lines: Sequence[tuple[str, Source]], rules: Sequence[Rule] = (SAME_LINE,)
) -> Mapping[int, Finding]:
    """The lines of a day that stand beside several papers, whatever their spaces and punctuation.

    A paper listed twice may have its line twice, and a line that holds its own paper's name is that paper's.

    Args:
        lines: each with its paper.
        rules: the table with the user's severities.

    Returns:
        Place in `lines` -> finding, with another such paper's title as evidence.
    """
    rule = next((rule for rule in rules if rule.id == SAME_LINE.id), None)
    if rule is None:
        return {}
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for place, (line, _) in enumerate(lines):
        if said := _NOT_SAID.sub("", line.lower()):
            groups[said].append(place)
    found = {}
    for said, places in groups.items():
        if len(places) == 1:
            continue
        titles = {place: squash(lines[place][1].title) for place in places}
        for place in places:
            name = lines[place][1].own_name
            other = next((one for one in places if titles[one] != titles[place]), None)
            if other is not None and not (name and squash(name) in said):
                title = lines[other][1].title[:60]
                found[place] = Finding(rule=rule.id, severity=rule.severity, evidence=title)
    return found
