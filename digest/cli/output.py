"""Printing that more than one command does: results to standard output, all else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from digest.system.language import translated
from digest.system.terminal import printable

if TYPE_CHECKING:
    from digest.model import RunUsage, TextOrigin

COMPLETE, DEFECTS, FLAGGED = 0, 1, 3
"""Exit codes of what was carried out; the others belong to errors."""


def say(sentence: str) -> None:
    """Print a sentence in the user's language; see `digest.system.language` for how it is found there."""
    print(translated(sentence), flush=True)


def aside(sentence: str) -> None:
    """Tell a person what is going on, where the result does not go."""
    words = printable(translated(sentence))
    print(words, file=sys.stderr, flush=True)  # bars, when there are any, take it from here


def on_screen(sentence: str) -> None:
    """The same, only where a person looks on: not in logs."""
    if sys.stderr.isatty():
        aside(sentence)


def complain(error: object, of: str = "") -> None:
    """Tell of an error, and of what: a section, say."""
    print(f"digest: {of}: " if of else "digest: ", translated(str(error)), sep="", file=sys.stderr)


def tell_why(tally: RunUsage) -> None:
    """Print why something was not asked or not answered, and what could be set better."""
    if tally.stopped is not None:
        say(f"stopped: {tally.stopped}")
    if tally.trouble is not None:
        say(f"not answered, the last for this reason: {tally.trouble}")
    for sentence in tally.advice.values():
        if sentence != tally.trouble:
            say(f"to be set better: {sentence}")


def listed(*parts: str) -> str:
    """Parts of a sentence, each in the user's language already, one after another."""
    return translated("; ").join(parts)


def took(tally: RunUsage) -> str:
    """Tokens and cost in words of the user's language; tokens cached or spent on thinking apart."""
    usage = tally.usage
    cached = translated(f" ({usage.cached:,} cached)") if usage.cached else ""
    thought = translated(f" ({usage.reasoning:,} reasoning)") if usage.reasoning else ""
    tokens = translated(f"tokens {usage.input:,} in{cached}, {usage.output:,} out{thought}")
    if not tally.asked:
        return tokens
    cost = translated("price unknown" if tally.cost is None else f"cost ${tally.cost:.4f}")
    return listed(tokens, cost)


def origin(text: TextOrigin) -> str:
    """Where a prompt's passages came from, in words of the user's language."""
    if text.source == "abstract":
        return translated(f"abstract ({text.reason})" if text.reason else "abstract")
    sections = ", ".join(text.sections)
    read = translated(f"PDF of {text.pages} pages, read by {text.extractor}: {sections}")
    reason = f" ({translated(text.reason)})" if text.reason else ""
    return listed(read, translated(f"{text.tokens} tokens ({text.counted_by})")) + reason


def as_json(value: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
    """Print plain values as JSON."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # what such a terminal would show instead is no JSON
        text = json.dumps(value, indent=2)
    print(text)
