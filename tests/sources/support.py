"""Invented pages in arXiv's markup, a clock that only moves when somebody waits, loopback settings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from digest.config import ArxivSettings
from digest.model import Announcement, Section, SnapshotStore
from digest.sources.arxiv.announce import announce
from digest.sources.http_client import Http
from digest.sources.source import NoAnnouncement
from tests.ledger.memory import MemoryLedger

T = TypeVar("T")

AUDIO = Section(key="audio", title="音频", categories=("cs.SD", "eess.AS"))


class Clock:
    """A time that passes only by waiting."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.waits: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)


def morning(day: date) -> datetime:
    """An instant on that day, some hours after its announcement."""
    return datetime(day.year, day.month, day.day, 15, tzinfo=UTC)


def addresses(url: str, contact: str = "somebody@example.org") -> ArxivSettings:
    return ArxivSettings(contact=contact, pages=url, api=url, feed=url, pdf=url, oai=f"{url}/oai")


def run_with_http(
    url: str,
    use: Callable[[Http], Coroutine[Any, Any, T]],
    *,
    clock: Clock | None = None,
    snapshots: SnapshotStore | None = None,
    **options: Any,
) -> T:
    """Run `use` with a client that knows loopback addresses and never really waits."""
    ticking = clock or Clock(morning(date(2026, 1, 28)))

    async def main() -> T:
        store = MemoryLedger() if snapshots is None else snapshots
        async with Http(addresses(url), store, sleep=ticking.sleep, clock=ticking, **options) as http:
            return await use(http)

    return asyncio.run(main())


def announced(
    url: str,
    day: date | None,
    now: datetime,
    *,
    section: Section = AUDIO,
    snapshots: SnapshotStore | None = None,
    earlier: Callable[[str, date], date | None] = lambda _paper, _before: None,
    approximate: bool = False,
    **options: Any,
) -> Announcement | NoAnnouncement:
    async def use(http: Http) -> Announcement | NoAnnouncement:
        return await announce(section, day, http, http.settings, now, earlier, approximate, zone=UTC)

    return run_with_http(url, use, clock=Clock(now), snapshots=snapshots, **options)


def entry(
    number: int,
    arxiv_id: str,
    *,
    title: str = "A Title",
    authors: str = "<a href='/search/cs?searchtype=author&amp;query=Lee'>Ann Lee</a>",
    abstract: str | None = "What we did.",
    comments: str = "",
    subjects: str = '<span class="primary-subject">Sound (cs.SD)</span>',
    links: str = "",
    mark: str = "",
) -> str:
    """One `dt` with its `dd`, as arXiv writes them."""
    noted = (
        f"<div class='list-comments mathjax'><span class='descriptor'>Comments:</span>\n {comments}\n</div>"
        if comments
        else ""
    )
    paragraph = "" if abstract is None else f"<p class='mathjax'>\n  {abstract}\n</p>"
    return (
        f"<dt>\n <a name='item{number}'>[{number}]</a>\n"
        f' <a href ="/abs/{arxiv_id}" title="Abstract" id="{arxiv_id}">\n  arXiv:{arxiv_id}\n </a>\n {mark}\n'
        f' [<a href="/pdf/{arxiv_id}" title="Download PDF">pdf</a>{links}]\n</dt>\n'
        "<dd>\n<div class='meta'>\n"
        f"<div class='list-title mathjax'><span class='descriptor'>Title:</span>\n  {title}\n</div>\n"
        f"<div class='list-authors'>{authors}</div>\n{noted}\n"
        f"<div class='list-subjects'><span class='descriptor'>Subjects:</span>\n  {subjects}\n</div>\n"
        f"{paragraph}\n</div>\n</dd>\n"
    )


def section(heading: str, entries: Sequence[str]) -> str:
    return f"<dl id='articles'>\n<h3>{heading}</h3>\n{''.join(entries)}</dl>\n"


def page(
    *sections: str,
    date_words: str = "Wednesday, 28 January 2026",
    total: int | None = None,
    subject: str = "Sound",
) -> str:
    counted = "" if total is None else f"<div class='paging'>Total of {total} entries </div>"
    return (
        f"<!DOCTYPE html><html><head><title>{subject}</title></head><body><h1>{subject}</h1>"
        f"<h3>Showing new listings for {date_words}</h3>{counted}{''.join(sections)}{counted}</body></html>"
    )


def found(result: Announcement | NoAnnouncement) -> Announcement:
    assert isinstance(result, Announcement), result
    return result
