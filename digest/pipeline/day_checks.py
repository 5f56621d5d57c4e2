"""Faults that only a whole day shows: a shorter digest, an endpoint that answers nobody, one line twice."""

from __future__ import annotations

import re
from collections.abc import Sequence

from digest.model import Announcement, Entry, Finding, Flag, RunUsage, Section
from digest.pipeline.resources import Resources
from digest.publish.keeping import find_digest
from digest.sources.source import APPROXIMATE
from digest.system.errors import ModelError, UsageError


def refuse_shorter(
    section: Section, announcement: Announcement, limit: int | None, resources: Resources
) -> None:
    """Do nothing if the digest may take the place of the one that is there.

    Raises:
        UsageError: a quick look, or a list with gaps, would take the place of a longer digest.
    """
    out = resources.settings.run.out
    there = resources.own(find_digest(out, announcement.date, section.key))
    if there is None:
        return
    place, held = f"{out}/{announcement.date}/{section.key}", len(there.entries)
    if limit is not None and held > limit:
        raise UsageError(
            f"{place} holds {held} papers, and --limit {limit} would leave {limit} of them. "
            "Give another folder with --out."
        )
    missing = {entry.paper.id for entry in there.entries} - {one.id for one in announcement.listings}
    if missing and (announcement.source in APPROXIMATE or not announcement.listings):
        raise UsageError(
            f"{place} holds {len(missing)} papers that are not announced by {announcement.source}. "
            "Give another folder with --out."
        )


def refuse_silence(entries: Sequence[Entry], usage: RunUsage) -> None:
    """Do nothing if anybody answered anything, or there was nothing to ask.

    Raises:
        ModelError: no question was answered, and none from the ledger.
    """
    dead = {"unreachable", "rejected"}
    if not entries or usage.asked or usage.reused or usage.stopped:
        return
    if all(entry.flag is not None and entry.flag.code in dead for entry in entries):
        why = (usage.trouble or "it said nothing").rstrip(".")
        raise ModelError(f"No question was answered, so nothing was published. The last reason: {why}.")


def flag_repeated(entries: Sequence[Entry], resources: Resources) -> tuple[Entry, ...]:
    """The entries, each flagged whose line stands beside another paper of the day, too."""
    said = [re.sub(r"\W", "", entry.summary.line) for entry in entries if entry.summary]
    if len(set(said)) == len(said) or resources.settings.checks.get("same-line") == "off":
        return tuple(entries)  # without the checks, which take a tenth of a second to import
    from digest.summarize.checks import repeated, source_of

    lines = [(entry.summary.line if entry.summary else "", source_of(entry.paper)) for entry in entries]
    found = repeated(lines, resources.rules())
    return tuple(
        _with(entry, found[place]) if place in found else entry for place, entry in enumerate(entries)
    )


def ending(error: BaseException) -> tuple[str, dict[str, str]]:
    """State and reason, for the ledger, of a run that an error ends; a signal such as Ctrl-C stops it."""
    if isinstance(error, Exception):
        return "failed", {"why": str(error) or type(error).__name__}
    return "stopped", {}


def _with(entry: Entry, finding: Finding) -> Entry:
    update: dict[str, object] = {"findings": (*entry.findings, finding)}
    if finding.severity == 3 and entry.flag is None:
        update["flag"] = Flag(code="checks", reason=f"未通过检查：{finding.rule}「{finding.evidence}」")
    return entry.model_copy(update=update)
