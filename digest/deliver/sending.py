"""The base of all channels: a message, what became of it, and secrets that nothing may show."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from digest.system.logs import keep_secret
from digest.system.redact import KeyRedactor
from digest.system.terminal import in_short

SendState = Literal["sent", "failed", "unsure"]


@dataclass(frozen=True)
class SendOutcome:
    """The outcome of one attempt: taken, not taken, or nobody knows; and why, in words without secrets."""

    state: SendState
    why: str = ""


class Secrets:
    """Values that no output may show, whole or in parts, however they are escaped.

    Args:
        values: addresses and passwords; they are kept out of the log of `--debug` as well.
    """

    def __init__(self, values: Iterable[str]) -> None:
        parts = {part for value in values for part in _secret_parts(value)}
        for part in parts:
            keep_secret(part)
        self._redactors = [KeyRedactor(part) for part in sorted(parts, key=len, reverse=True)]

    def taken_out(self, text: str) -> str:
        """The text in one line, without them, not too long."""
        for redactor in self._redactors:
            text = redactor.text(text)
        return in_short(" ".join(text.split()))


def _secret_parts(value: str) -> set[str]:
    """A secret, and what an address is made of: each may be repeated alone."""
    pieces = {value, *re.split(r"[/?&=@#]+|(?<=[a-z])://", value)}
    pieces |= {unquote(piece) for piece in pieces}
    return {piece for piece in pieces if len(piece) >= 8}
