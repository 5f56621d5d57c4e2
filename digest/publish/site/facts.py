"""The overview's facts of a section on a day: made from its page, kept between builds as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date as Date
from typing import Any

from digest.model import KINDS, Section
from digest.publish.site.pages import Facts, Leaf, parts_of

_TASKS, _TOP = 5, 4


def facts_of(leaf: Leaf) -> Facts:
    """The facts that the overview tells of it."""
    kinds = Counter(view.kind for view in leaf.views)
    parts = parts_of(leaf.views)
    tasks = tuple((group.name, len(group.views)) for group in parts.groups if group.name)[:_TASKS]
    others = [view for group in parts.groups for view in group.views[1:]]
    first = [*parts.mine, *(group.views[0] for group in parts.groups), *others, *parts.replaced][:_TOP]
    return Facts(
        leaf.section,
        leaf.date,
        {kind: kinds[kind] for kind in KINDS},
        leaf.counts.flagged,
        tasks,
        len(parts.mine),
        tuple((view.anchor, view.title, view.line) for view in first),
        leaf.sample,
    )


def facts_to(facts: Facts) -> dict[str, Any]:
    """As plain values."""
    return {
        "section": facts.section.model_dump(mode="json"),
        "date": facts.date.isoformat(),
        "kinds": dict(facts.kinds),
        "flagged": facts.flagged,
        "tasks": [list(one) for one in facts.tasks],
        "mine": facts.mine,
        "top": [list(one) for one in facts.top],
        "sample": facts.sample,
    }


def facts_from(values: Mapping[str, Any]) -> Facts:
    """The facts that `facts_to` made plain."""
    return Facts(
        Section.model_validate(values["section"]),
        Date.fromisoformat(values["date"]),
        values["kinds"],
        values["flagged"],
        tuple((name, count) for name, count in values["tasks"]),
        values["mine"],
        tuple((anchor, title, line) for anchor, title, line in values["top"]),
        values["sample"],
    )
