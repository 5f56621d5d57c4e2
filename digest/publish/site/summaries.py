"""The overview's summary of a section on a day, made from its page."""

from __future__ import annotations

from collections import Counter

from digest.model import KINDS
from digest.publish.site.pages import SectionPage, SectionSummary, parts_of

_TASKS, _TOP = 5, 4


def summary_of(leaf: SectionPage) -> SectionSummary:
    """The summary of a section's page."""
    kinds = Counter(view.kind for view in leaf.views)
    parts = parts_of(leaf.views)
    tasks = tuple((group.name, len(group.views)) for group in parts.groups if group.name)[:_TASKS]
    others = [view for group in parts.groups for view in group.views[1:]]
    first = [*parts.mine, *(group.views[0] for group in parts.groups), *others, *parts.replaced][:_TOP]
    return SectionSummary(
        section=leaf.section,
        date=leaf.date,
        kinds={kind: kinds[kind] for kind in KINDS},
        flagged=leaf.counts.flagged,
        tasks=tasks,
        mine=len(parts.mine),
        top=tuple((view.anchor, view.title, view.line) for view in first),
        sample=leaf.sample,
    )
