"""Records of invented papers for the sample server."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from digest.model import KINDS, AnnounceType

CATEGORIES = ("cs.SD", "eess.AS", "cs.CL", "cs.LG")


def record(number: int, day: date, kind: AnnounceType = "new", **fields: Any) -> dict[str, Any]:
    """One announced paper; its number makes it unlike all others."""
    return {
        "id": f"{day:%y%m}.{number:05}",
        "version": 1 if kind == "new" else 2,
        "kind": kind,
        "date": day.isoformat(),
        "title": f"Invented Study {number} of $x_{{{number}}}$",
        "authors": [f"Author {number}", "Bo Example"],
        "abstract": f"We study {number} things. Code: https://example.org/code/{number}.",
        "comments": f"{number} pages" if number % 2 else None,
        "categories": ["cs.SD", "eess.AS"],
        **fields,
    }


def day_of(day: date, size: int, chance: random.Random) -> list[dict[str, Any]]:
    """A day's papers in cs.SD and eess.AS, of all kinds."""
    records = []
    for number in chance.sample(range(1, 99_999), size):
        chosen = chance.sample(CATEGORIES, chance.randint(1, 4))
        if not {"cs.SD", "eess.AS"} & set(chosen):
            chosen.append(chance.choice(["cs.SD", "eess.AS"]))
        records.append(record(number, day, chance.choice(KINDS), categories=chosen))
    return records


def write(records: Iterable[dict[str, Any]], path: Path) -> Path:
    """Put the records into a file as the sample server reads it."""
    path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return path
