"""The sample's records and recorded answers, and how they are looked up."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from datetime import date as Date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from digest.model import KINDS, AnnounceType, Paper
from digest.model.taxonomy import belongs, category_names
from digest.sample.knobs import DAY, Knobs
from digest.system.errors import UsageError


class SamplePaper(Paper):
    """A paper together with its announcement: one line of a records file.

    Its authors are as the submitter wrote them, such as "Ann Lee (MIT)" or "Bo King, Jr.".
    """

    version: int = 1
    kind: AnnounceType = "new"
    date: Date = DAY
    pages: tuple[str, ...] = ()
    """The categories whose pages show it; empty: all of its own."""

    def shown_in(self, subject: str) -> bool:
        """True if the pages of a category (cs.SD) or an archive (cs) list this record."""
        return any(belongs(c, subject) for c in self.pages or self.categories)

    def kind_in(self, subjects: Iterable[str]) -> AnnounceType:
        """The kind as these categories announce it: new in one is cross-listed in the others."""
        primary = self.categories[0]
        if self.kind == "new" and not any(belongs(primary, s) for s in subjects):
            return "cross"
        return self.kind

    @property
    def names(self) -> tuple[str, ...]:
        """The authors as the export API has them: without affiliations, no comma before Jr. or III."""
        return tuple(re.sub(r"\s*\(.*?\)|,(?= )", "", author) for author in self.authors)

    @property
    def submitted(self) -> datetime:
        """Submission of version 1: as recorded, else made up from the identifier's month."""
        if self.published:
            return self.published
        match = re.search(r"(\d\d)(0[1-9]|1[0-2])[.\d]", self.id)
        if self.kind == "new" or match is None or match[0][:4] == f"{self.date:%y%m}":
            return self._eve(self.id)
        month = datetime(2000 + int(match[1]), int(match[2]), 1, tzinfo=UTC)
        return min(month + timedelta(seconds=share(self.id, 27 * 86_400)), self._eve(self.id))

    @property
    def revised(self) -> datetime:
        """Submission of this version: as recorded, else made up."""
        if self.updated:
            return self.updated
        return self.submitted if self.version == 1 else self._eve(self.versioned_id)

    def _eve(self, name: str) -> datetime:
        """Some time on the working day before the announcement."""
        day = datetime(self.date.year, self.date.month, self.date.day, tzinfo=UTC) - timedelta(days=1)
        while day.weekday() >= 5:
            day -= timedelta(days=1)
        return day + timedelta(seconds=share(name, 43_200))


def share(text: str, parts: int) -> int:
    """A number below `parts` that depends on nothing but the text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % parts


def is_subject(name: str) -> bool:
    """True if it is a category (cs.SD) or an archive (cs)."""
    return any(code == name or code.startswith(name + ".") for code in category_names())


class SampleData:
    """Records and recorded answers as the knobs name them, indexed."""

    def __init__(self, knobs: Knobs) -> None:
        self.records = tuple(_record(row, path) for path in knobs.records for row in _rows(path))
        self.entries = _answers(knobs.entry)
        self.fields = _answers(knobs.fields)
        self.lines = {row["id"]: str(row["line"]) for path in knobs.line for row in _rows(path)}
        self._latest: dict[str, SamplePaper] = {}
        self._titles: dict[str, list[tuple[list[str], SamplePaper]]] = {}  # by their first word
        for record in sorted(self.records, key=lambda record: (record.date, record.version)):
            self._latest[record.id] = record
        for record in self._latest.values():
            title = words(record.title)
            self._titles.setdefault(title[0] if title else "", []).append((title, record))

    def day(self, date: Date, subjects: Sequence[str]) -> list[SamplePaper]:
        """The records announced on that date in any of the subjects: new, cross, replaced; each by age."""
        found = [r for r in self.records if r.date == date and any(r.shown_in(s) for s in subjects)]
        found.sort(key=lambda record: (KINDS.index(record.kind_in(subjects)), _age(record.id)))
        once: dict[str, SamplePaper] = {}
        for record in found:
            once.setdefault(record.id, record)
        return list(once.values())

    def last_day(self, today: Date) -> Date:
        """The date of the last announcement up to today."""
        return max((record.date for record in self.records if record.date <= today), default=today)

    def get(self, id: str) -> SamplePaper | None:
        """The current record of an identifier, given with or without a version that exists."""
        bare, version = split_version(id)
        record = self._latest.get(bare)
        if record is None or (version is not None and not 1 <= version <= record.version):
            return None
        return record if version is None else record.model_copy(update={"version": version})

    def about(self, texts: Iterable[str]) -> SamplePaper | None:
        """The paper whose title stands last in the last of the texts that holds any title."""
        for text in reversed(list(texts)):
            said = words(text)
            for start in range(len(said) - 1, -1, -1):
                candidates = self._titles.get(said[start])
                if candidates is None:
                    continue
                found = [
                    (len(title), record)
                    for title, record in candidates
                    if said[start : start + len(title)] == title
                ]
                if found:
                    return max(found, key=lambda pair: pair[0])[1]
        return None


def split_version(id: str) -> tuple[str, int | None]:
    """Split 2601.19781v2 into 2601.19781 and 2."""
    match = re.fullmatch(r"(.*?)(?:v(\d+))?", id)
    assert match is not None  # the expression matches every text
    return match[1], int(match[2]) if match[2] else None


def is_identifier(id: str) -> bool:
    """True if it has the form of an arXiv identifier, old or new, with or without version."""
    return bool(re.fullmatch(r"(\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})(v\d+)?", id))


def _record(row: dict[str, Any], path: Path) -> SamplePaper:
    try:
        return SamplePaper.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        message = f"{path}: the record of {row.get('id')} is not usable: {place}: {first['msg']}."
        raise UsageError(message) from None


def _answers(paths: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """Identifier -> recorded answer; the date of the recording is none of the answer's."""
    rows = {row.pop("id"): row for path in paths for row in _rows(path)}
    for row in rows.values():
        row.pop("recorded", None)
    return rows


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: the sample server cannot read this file: {error}.") from error


def words(text: str) -> list[str]:
    """The text's words without case, punctuation and line breaks, so that wrapped titles are found."""
    return re.findall(r"[^\W_]+", text.casefold())


def _age(id: str) -> tuple[bool, str]:
    """Sorts identifiers as arXiv lists them: oldest first, the old form (math/0405482) before the new."""
    return "/" not in id, id.rpartition("/")[2]
