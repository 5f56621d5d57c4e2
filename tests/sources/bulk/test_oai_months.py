"""Harvests by the month: each once, every page followed, and a paper found wherever it changed since."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from digest.sources.bulk.day_files import Unread
from digest.sources.bulk.oai_months import OaiMonths
from digest.sources.http_client import Http
from digest.system.errors import SourceError, UnreachableError

HEAD = '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>'
EMPTY = HEAD.replace("<ListRecords>", '<error code="noRecordsMatch">none</error></OAI-PMH>')


def record(paper: str, *dates: str, title: str = "A title") -> str:
    versions = "".join(
        f'<version version="v{number}"><date>{one}</date></version>' for number, one in enumerate(dates, 1)
    )
    return (
        "<record><header/><metadata><arXivRaw xmlns='http://arxiv.org/OAI/arXivRaw/'>"
        f"<id>{paper}</id><title>{title}</title>{versions}<authors>Ann Lee</authors>"
        "<categories>cs.SD</categories><abstract>We hear.</abstract></arXivRaw></metadata></record>"
    )


class Arxiv:
    """Answers by month and token, and notes what it was asked."""

    def __init__(self, pages: dict[tuple[str, str], str]) -> None:
        self.pages = pages
        self.asked: list[tuple[str, str]] = []

    async def get(self, url: str) -> Any:
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        key = (query.get("from", ""), query.get("resumptionToken", ""))
        self.asked.append(key)
        text = self.pages.get(key, EMPTY)
        if text == "down":
            raise UnreachableError("down")

        class Page:
            pass

        page = Page()
        page.text = text  # type: ignore[attr-defined]
        return page


def months(arxiv: Arxiv, folder: Path, today: date) -> OaiMonths:
    return OaiMonths(folder, cast("Http", arxiv), "http://localhost/oai", today)


PAGES = {
    ("2025-01-01", ""): f"{HEAD}{record('2501.00001', 'Mon, 6 Jan 2025 10:00:00 GMT')}"
    f"<resumptionToken>more</resumptionToken></ListRecords></OAI-PMH>",
    (
        "",
        "more",
    ): f"{HEAD}{record('2501.00002', 'Mon, 6 Jan 2025 10:00:00 GMT')}{record('2501.00003', title='')}"
    "<resumptionToken/></ListRecords></OAI-PMH>",
    ("2025-02-01", ""): HEAD
    + record("2501.00004", "Mon, 6 Jan 2025 10:00:00 GMT", "Mon, 3 Feb 2025 10:00:00 GMT")
    + "</ListRecords></OAI-PMH>",
}


def test_months_are_harvested_once_and_all_later_ones_too(tmp_path: Path) -> None:
    arxiv = Arxiv(PAGES)
    today = date(2025, 3, 10)
    asyncio.run(months(arxiv, tmp_path, today).harvest("cs.SD", date(2025, 1, 6)))
    assert arxiv.asked == [("2025-01-01", ""), ("", "more"), ("2025-02-01", ""), ("2025-03-01", "")]
    unread = Unread()
    found = list(months(arxiv, tmp_path, today).papers(["cs.SD"], date(2025, 1, 6), unread))
    assert [one.paper.id for one in found] == ["2501.00001", "2501.00002", "2501.00004"]
    assert [number for number, _ in found[-1].versions] == [1, 2]
    assert "2501.00003" in unread.sentence
    asyncio.run(months(arxiv, tmp_path, today).harvest("cs.SD", date(2025, 1, 6)))
    assert len(arxiv.asked) == 4  # the same day: not even the month that goes on
    asyncio.run(months(arxiv, tmp_path, date(2025, 3, 11)).harvest("cs.SD", date(2025, 1, 6)))
    assert arxiv.asked[4:] == [("2025-03-01", "")]


def test_a_harvest_that_breaks_off_is_no_harvest(tmp_path: Path) -> None:
    arxiv = Arxiv({**PAGES, ("", "more"): "down"})
    first, today = date(2025, 1, 6), date(2025, 1, 20)
    with pytest.raises(UnreachableError):
        asyncio.run(months(arxiv, tmp_path, today).harvest("cs.SD", first))
    with pytest.raises(SourceError, match="damaged"):
        list(months(arxiv, tmp_path, today).papers(["cs.SD"], first, Unread()))
    arxiv.pages = PAGES
    asyncio.run(months(arxiv, tmp_path, today).harvest("cs.SD", first))
    assert len(list(months(arxiv, tmp_path, today).papers(["cs.SD"], first, Unread()))) == 2
