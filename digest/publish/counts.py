"""The promise in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from digest.model import CheckCounts, Counts, Entry


def counts_of(entries: Collection[Entry], announced: int) -> Counts:
    """Count the entries of a digest against the number of papers that were announced.

    An entry of an imported digest may have neither line nor flag; it is listed, and counts as neither.
    """
    return Counts(
        announced=announced,
        listed=len(entries),
        summarised=sum(entry.summary is not None and entry.flag is None for entry in entries),
        flagged=sum(entry.flag is not None for entry in entries),
    )


def checks_of(entries: Collection[Entry]) -> CheckCounts:
    """The counts of the checks over the lines of a digest, with what asking again has mended."""
    checked = [entry for entry in entries if entry.summary is not None]
    doubtful = [entry for entry in checked if any(one.severity >= 2 for one in entry.findings)]
    mended = [entry for entry in checked if entry.summary and entry.summary.mended and entry not in doubtful]
    rules = Counter(finding.rule for entry in doubtful for finding in entry.findings if finding.severity >= 2)
    rules.update(finding.rule for entry in checked if entry.summary for finding in entry.summary.mended)
    return CheckCounts(
        checked=len(checked),
        clean=len(checked) - len(doubtful) - len(mended),
        mended=len(mended),
        doubtful=sum(entry.flag is None for entry in doubtful),
        flagged=sum(entry.flag is not None for entry in doubtful),
        by_rule=dict(sorted(rules.items())),
    )
