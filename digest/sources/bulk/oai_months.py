"""OAI-PMH harvested by the month: a file a category and month, each asked for once.

A record stands under the day on which it last changed. So the papers submitted in a month are found in the
harvests of that month and of all later ones, and none is missing because it was changed since.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date as Date
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from digest.sources.arxiv.oai_pmh import OaiPage, parse_oai, set_of
from digest.sources.bulk.dated import DatedPaper
from digest.sources.bulk.day_files import Unread
from digest.sources.http_client import Http
from digest.system.errors import SourceError

_PAGES = 400
_LATE = timedelta(days=1)
"""After the end of a month its records may still come in."""


class OaiMonths:
    """The harvests of some categories.

    Args:
        folder: where they are kept.
        http: asks arXiv.
        address: of OAI-PMH.
        today: UTC.
    """

    def __init__(self, folder: Path, http: Http, address: str, today: Date) -> None:
        self._folder = folder
        self._http = http
        self._address = address
        self._today = today

    async def harvest(self, category: str, first: Date) -> None:
        """Harvest all months since `first` that are not there; those that had ended are asked for once.

        Raises:
            SourceError: arXiv gave no usable answer; what was harvested before is kept.
        """
        for begin, end in _months(first, self._today):
            path = self._file(category, begin)
            if not _is_whole(path, end, self._today):
                await self._month(category, begin, min(end, self._today), path)

    async def _month(self, category: str, begin: Date, end: Date, path: Path) -> None:
        asked = {
            "verb": "ListRecords",
            "metadataPrefix": "arXivRaw",
            "from": begin.isoformat(),
            "until": end.isoformat(),
            "set": set_of(category),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            file.write(json.dumps({"harvested": self._today.isoformat()}) + "\n")
            for _ in range(_PAGES):
                url = f"{self._address}?{urlencode(asked)}"
                page = parse_oai((await self._http.get(url)).text, strict=False)
                file.writelines(_rows(page))
                if page.token is None:
                    break
                asked = {"verb": "ListRecords", "resumptionToken": page.token}
            else:
                raise SourceError(f"OAI-PMH gave more than {_PAGES} pages for {category} in {begin:%Y-%m}.")
        part.replace(path)

    def papers(self, categories: Sequence[str], first: Date, unread: Unread) -> Iterator[DatedPaper]:
        """All records that were harvested, oldest month first.

        Raises:
            SourceError: a file was damaged.
        """
        for begin, _ in _months(first, self._today):
            for category in categories:
                path = self._file(category, begin)
                try:
                    with path.open(encoding="utf-8") as lines:
                        next(lines)
                        for line in lines:
                            if line.startswith('"'):
                                unread.note(json.loads(line))
                            else:
                                yield DatedPaper.model_validate_json(line)
                except (OSError, ValueError, StopIteration) as error:
                    raise SourceError(f"{path} is damaged. Delete it, and run again.") from error

    def stamp(self, categories: Sequence[str], first: Date) -> str:
        """The mark that tells these harvests from those of another day."""
        files = [
            self._file(category, begin) for begin, _ in _months(first, self._today) for category in categories
        ]
        return " ".join(f"{file.name} {file.stat().st_mtime_ns}" for file in files)

    def _file(self, category: str, begin: Date) -> Path:
        return self._folder / category / f"{begin:%Y-%m}.jsonl"


def _rows(page: OaiPage) -> Iterator[str]:
    for paper, history in zip(page.papers, page.histories, strict=True):
        if not history:
            yield json.dumps(f"{paper.id}: no version has a date") + "\n"
            continue
        yield DatedPaper(paper=paper, versions=history).model_dump_json(exclude_defaults=True) + "\n"
    yield from (json.dumps(why) + "\n" for why in page.broken)


def _months(first: Date, last: Date) -> Iterator[tuple[Date, Date]]:
    """Each month from that of `first` to that of `last`, by its first and last day."""
    begin = first.replace(day=1)
    while begin <= last:
        following = (begin + timedelta(days=32)).replace(day=1)
        yield begin, following - timedelta(days=1)
        begin = following


def _is_whole(path: Path, end: Date, today: Date) -> bool:
    """True for a harvest made today, or after the month was over."""
    try:
        with path.open(encoding="utf-8") as lines:
            harvested = Date.fromisoformat(json.loads(next(lines))["harvested"])
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return False
    return harvested == today or harvested > end + _LATE
