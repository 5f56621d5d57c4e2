"""The files of the digests that a site is made from."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date as Date
from pathlib import Path

from digest.model import Digest
from digest.publish.formats import read_digest

Week = tuple[int, int]
"""Year and number, as ISO 8601 counts."""


@dataclass(frozen=True, order=True)
class DigestFile:
    """A digest on disk: `<date>/<section>.json`."""

    date: Date
    key: str
    path: Path = field(compare=False)
    stamp: str = field(compare=False)

    @property
    def name(self) -> str:
        """The path of its files from the root of the site, without what their names end in."""
        return f"{self.date}/{self.key}"

    @property
    def week(self) -> Week:
        """The week of its day."""
        year, number, _ = self.date.isocalendar()
        return year, number


def digest_files(folder: Path, order: Sequence[str] = ()) -> list[DigestFile]:
    """The digests under `folder`, oldest first, a day's sections in the order given."""
    found = []
    for path in folder.glob("????-??-??/*.json"):
        with suppress(ValueError, OSError):
            day, state = Date.fromisoformat(path.parent.name), path.stat()
            if not path.name.startswith("."):
                found.append(DigestFile(day, path.stem, path, f"{state.st_size}:{state.st_mtime_ns}"))
    place = {key: index for index, key in enumerate(order)}
    return sorted(found, key=lambda one: (one.date, place.get(one.key, len(place)), one.key))


def read_in_place(source: DigestFile) -> Digest:
    """The digest; its date is that of its folder.

    Raises:
        DigestError: it is none, or cannot be read.
    """
    digest = read_digest(source.path)
    if digest.section.key != source.key or digest.date != source.date:
        section = digest.section.model_copy(update={"key": source.key})
        digest = digest.model_copy(update={"date": source.date, "section": section})
    return digest
