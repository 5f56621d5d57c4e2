"""The nouns of the project, as frozen records that compare by value, pickle and turn into JSON.

This room imports nothing of ours. Dates are arXiv announcement dates (US Eastern); instants are UTC.
"""

from __future__ import annotations

from digest.model.answers import Completion, Message, Request, Summary, Usage
from digest.model.base import KINDS, LANGUAGES, AnnounceType, Language, PaperKind, Record, Severity
from digest.model.digests import CheckCounts, Counts, Digest, Entry, Flag, RoundTripHints
from digest.model.papers import Announcement, Finding, Listing, Paper, Passage, Section, Text, TextOrigin
from digest.model.snapshots import NoSnapshots, Snapshot, SnapshotKind, SnapshotStore
from digest.model.usage import RunUsage

__all__ = [
    "KINDS",
    "LANGUAGES",
    "AnnounceType",
    "Announcement",
    "CheckCounts",
    "Completion",
    "Counts",
    "Digest",
    "Entry",
    "Finding",
    "Flag",
    "Language",
    "Listing",
    "Message",
    "NoSnapshots",
    "Paper",
    "PaperKind",
    "Passage",
    "Record",
    "Request",
    "RoundTripHints",
    "RunUsage",
    "Section",
    "Severity",
    "Snapshot",
    "SnapshotKind",
    "SnapshotStore",
    "Summary",
    "Text",
    "TextOrigin",
    "Usage",
]
