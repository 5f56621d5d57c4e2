"""Characters that PDFs hold in place of those that are meant: ligatures, soft hyphens, controls."""

from __future__ import annotations

_MENDED = str.maketrans(
    {
        "ﬀ": "ff",
        "ﬁ": "fi",
        "ﬂ": "fl",
        "ﬃ": "ffi",
        "ﬄ": "ffl",
        "ﬅ": "st",
        "ﬆ": "st",
        "\u00ad": "-",
        "\u2010": "-",
    }
    | dict.fromkeys((*range(9), *range(11, 32), *range(127, 160), 8203, 65279, 65533))
)


def tidy(content: str) -> str:
    """A line without ligatures, controls, marks without width and more than one space in a row."""
    if content.isascii() and content.isprintable() and "  " not in content:
        return content  # as most lines are
    return " ".join(content.translate(_MENDED).split())
