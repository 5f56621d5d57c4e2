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


def print_message(sentence: str) -> None:
    """Print a sentence in the user's language; see `digest.system.language` for how it is found there."""
    print(translated(sentence), flush=True)


def print_status(sentence: str) -> None:
    """Tell a person what is going on, where the result does not go."""
    words = printable(translated(sentence))
    print(words, file=sys.stderr, flush=True)  # bars, when there are any, take it from here


def print_on_terminal(sentence: str) -> None:
    """Print a status where a person looks on; nothing in logs."""
    if sys.stderr.isatty():
        print_status(sentence)


def print_error(error: object, of: str = "") -> None:
    """Tell of an error, and of what: a section, say."""
    print(f"digest: {of}: " if of else "digest: ", translated(str(error)), sep="", file=sys.stderr)


def print_reasons(usage: RunUsage) -> None:
    """Print why something was not asked or not answered, and what could be set better."""
    if usage.stopped is not None:
        print_message(f"stopped: {usage.stopped}")
    if usage.trouble is not None:
        print_message(f"not answered, the last for this reason: {usage.trouble}")
    for sentence in usage.advice.values():
        if sentence != usage.trouble:
            print_message(f"to be set better: {sentence}")


def listed(*parts: str) -> str:
    """Parts of a sentence, each in the user's language already, one after another."""
    return translated("; ").join(parts)


def took(usage: RunUsage) -> str:
    """Tokens and cost in words of the user's language; tokens cached or spent on thinking apart."""
    tokens = usage.tokens
    cached = translated(f" ({tokens.cached:,} cached)") if tokens.cached else ""
    thought = translated(f" ({tokens.reasoning:,} reasoning)") if tokens.reasoning else ""
    told = translated(f"tokens {tokens.input:,} in{cached}, {tokens.output:,} out{thought}")
    if not usage.asked:
        return told
    cost = translated("price unknown" if usage.cost is None else f"cost ${usage.cost:.4f}")
    return listed(told, cost)


def origin(text: TextOrigin) -> str:
    """The origin of a prompt's passages, in words of the user's language."""
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
