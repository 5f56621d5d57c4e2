"""What more than one command prints: results to standard output, all else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from digest.system.terminal import printable

if TYPE_CHECKING:
    from digest.llm.cached_client import RunUsage
    from digest.model import TextOrigin

COMPLETE, DEFECTS, FLAGGED = 0, 1, 3
"""Exit codes of what was carried out; the others belong to errors."""


def aside(sentence: str) -> None:
    """Tell a person what is going on, where the result does not go."""
    print(printable(sentence), file=sys.stderr, flush=True)  # bars, when there are any, take it from here


def tell_why(tally: RunUsage) -> None:
    """Print why something was not asked or not answered, and what could be set better."""
    if tally.stopped is not None:
        print(f"stopped: {tally.stopped}")
    if tally.trouble is not None:
        print(f"not answered, the last for this reason: {tally.trouble}")
    for sentence in tally.advice.values():
        if sentence != tally.trouble:
            print(f"to be set better: {sentence}")


def took(tally: RunUsage) -> str:
    """Tokens and cost in words; tokens that were cached or spent on thinking apart."""
    usage = tally.usage
    cached = f" ({usage.cached:,} cached)" if usage.cached else ""
    thought = f" ({usage.reasoning:,} reasoning)" if usage.reasoning else ""
    cost = "price unknown" if tally.cost is None else f"cost ${tally.cost:.4f}"
    spent = f"; {cost}" if tally.asked else ""
    return f"tokens {usage.input:,} in{cached}, {usage.output:,} out{thought}{spent}"


def origin(text: TextOrigin) -> str:
    """Where a prompt's passages came from, in words."""
    if text.source == "abstract":
        return f"abstract ({text.reason})" if text.reason else "abstract"
    sections = ", ".join(text.sections)
    counted = f"{text.tokens} tokens ({text.counted_by})"
    reason = f" ({text.reason})" if text.reason else ""
    return f"PDF of {text.pages} pages, read by {text.extractor}: {sections}; {counted}{reason}"


def as_json(value: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
    """Print plain values as JSON."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # what such a terminal would show instead is no JSON
        text = json.dumps(value, indent=2)
    print(text)
