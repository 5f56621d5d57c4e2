"""The passages that a prompt would get of a paper, for a person who wonders why a summary went wrong."""

from __future__ import annotations

from digest.model import Text


def describe(text: Text) -> str:
    """The passages with their pages, then the counts and the findings, as plain text in lines.

    Characters that a terminal would obey are left out.
    """
    origin = text.origin
    lines = []
    for section, passage in zip(origin.sections, text.passages, strict=True):
        lines += [f"== {section}", "", passage.content, ""]
    if origin.source == "abstract":
        lines.append(f"text: abstract ({origin.reason})")
    else:
        lines.append(f"text: {', '.join(origin.sections)} of {origin.pages} pages")
        lines.append(f"tokens: {origin.tokens} ({origin.counted_by})")
        lines.append(f"extractor: {origin.extractor}")
    lines += [f"finding: {finding.rule}: {finding.evidence}" for finding in origin.findings]
    return "".join(char for char in "\n".join(lines) if char.isprintable() or char == "\n")
