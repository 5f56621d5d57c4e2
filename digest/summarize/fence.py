"""Marks around a paper's text in a prompt that the text itself cannot forge."""

from __future__ import annotations

import hashlib


def fence(text: str) -> str:
    """`text` between an opening and a closing mark whose name does not occur in it.

    The name is a hash of the text, so the same text always makes the same prompt; it is hashed again for as
    long as the text contains it.
    """
    name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    while name in text:
        name = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"<paper-{name}>\n{text}\n</paper-{name}>"
