"""Papers by the day on which they were announced, a file a day: so much fits on a disk, not into memory."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from digest.model import taxonomy
from digest.sources.arxiv.calendar import announced_on
from digest.sources.bulk.dated import DatedPaper
from digest.system.errors import SourceError
from digest.system.files import read_text

_BUFFER = 8 << 20
"""Characters that are held before they are written."""

_SHOWN = 3
_WHOLE = "whole.json"


@dataclass
class Unread:
    """Records that could not be read: how many, and the first of them in words."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def note(self, why: str) -> None:
        """Count one."""
        self.count += 1
        if len(self.first) < _SHOWN:
            self.first.append(why)

    @property
    def sentence(self) -> str:
        """For the user; empty where all could be read."""
        if not self.count:
            return ""
        return f"{self.count} records could not be read, and are missing: {'; '.join(self.first)}"


class DayFiles:
    """A folder with a file a day, made once from a stream of papers.

    Args:
        folder: where they are; its name says what it was made from.
        first: the first day that is wanted.
        last: the last one.
        categories: papers of others are left out.
    """

    def __init__(self, folder: Path, first: Date, last: Date, categories: Collection[str]) -> None:
        self._folder = folder
        self._first, self._last = first, last
        self._categories = tuple(categories)
        self._held: tuple[Date, tuple[DatedPaper, ...]] | None = None

    @property
    def whole(self) -> bool:
        """True where all has been written before."""
        return (self._folder / _WHOLE).exists()

    @property
    def unread(self) -> str:
        """A sentence on what could not be read when it was made; empty for nothing."""
        return str(self._told().get("unread") or "")

    @property
    def newest(self) -> Date | None:
        """The last day on which any paper of the stream was announced, of whatever category."""
        newest = self._told().get("newest")
        return Date.fromisoformat(newest) if newest else None

    def _told(self) -> dict[str, str | None]:
        try:
            told = json.loads(read_text(self._folder / _WHOLE))
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}

    def fill(self, papers: Iterable[DatedPaper], unread: Unread) -> None:
        """Write all papers that are wanted; what was begun before is written anew.

        Raises:
            SourceError: the stream breaks off, or nothing can be written.
        """
        held, size = defaultdict[Date, list[str]](list), 0
        newest: datetime | None = None
        try:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True, exist_ok=True)
            for one in papers:
                text, submitted = "", one.versions[-1][1]
                newest = submitted if newest is None else max(newest, submitted)
                for day in self._days_of(one):
                    text = text or one.model_dump_json(exclude_defaults=True) + "\n"
                    held[day].append(text)
                    size += len(text)
                if size > _BUFFER:
                    self._append(held)
                    held.clear()
                    size = 0
            self._append(held)
            told = {"unread": unread.sentence, "newest": newest and announced_on(newest).isoformat()}
            text = json.dumps(told, ensure_ascii=False)
            (self._folder / _WHOLE).write_text(text, encoding="utf-8")
        except OSError as error:
            raise SourceError(f"{self._folder} cannot be written: {error.strerror or error}.") from error

    def _days_of(self, one: DatedPaper) -> Iterator[Date]:
        wanted = any(
            taxonomy.belongs(code, ours) for code in one.paper.categories for ours in self._categories
        )
        if wanted:
            yield from (day for day, _ in one.announcements() if self._first <= day <= self._last)

    def _append(self, held: dict[Date, list[str]]) -> None:
        for day, lines in held.items():
            with self._file(day).open("a", encoding="utf-8") as file:
                file.writelines(lines)

    def _file(self, day: Date) -> Path:
        return self._folder / f"{day}.jsonl"

    def day(self, day: Date) -> tuple[DatedPaper, ...]:
        """The papers announced on a date, each once; of two records of one paper the later stands.

        Raises:
            SourceError: the file was damaged; it says how to make it anew.
        """
        if self._held is not None and self._held[0] == day:  # each section of a day asks
            return self._held[1]
        path = self._file(day)
        if not path.exists():
            return ()
        found: dict[str, DatedPaper] = {}
        try:
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    one = DatedPaper.model_validate_json(line)
                    found[one.paper.id] = one
        except (OSError, ValidationError, UnicodeDecodeError) as error:
            raise SourceError(f"{path} is damaged. Delete {self._folder}, and run again.") from error
        self._held = day, tuple(found.values())
        return self._held[1]
