"""Random days on a server that fails at random: used by a short test and by a long benchmark."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path
from typing import Any

from digest.model import Announcement, Paper
from digest.sources.arxiv.announce import announce
from digest.sources.arxiv.export_api import enrich
from digest.sources.http_client import Http
from digest.sources.source import NoAnnouncement
from digest.system.errors import SourceError
from tests.faulty import Fault, Server, fault
from tests.ledger.memory import MemoryLedger
from tests.sources import invented
from tests.sources.support import AUDIO, Clock, morning, run_with_http

FAULTS = (
    *("429-retry-after", "429", "503", "503-retry-after", "rate-exceeded", "html-instead"),
    *("truncated", "shortened", "reset", "silence"),
)
PLACES = ("^/list/cs.SD", "^/list/eess.AS", "^/list", "^/catchup/cs.SD", "^/catchup", "^/atom", "^/api", "")
DAYS = tuple(date(2026, 1, day) for day in (26, 27, 28))


def rules(chance: random.Random, count: int) -> list[Fault]:
    """Faults at random places, each for a few requests."""
    return [
        fault(
            chance.choice(FAULTS),
            path=chance.choice(PLACES),
            every=chance.randint(1, 4),
            first=chance.randint(1, 4),
        )
        for _ in range(count)
    ]


def twists(chance: random.Random) -> dict[str, Any]:
    """Pages that arrive whole and are wrong, now and then: an earlier day, a wrong count, a stale feed."""
    chosen: dict[str, Any] = {"page_size": chance.choice([3, 7, 2000])}
    if chance.random() < 0.1:
        chosen["miscount"] = chance.choice([-1, 1])
    if chance.random() < 0.15:
        chosen["listing_of"] = DAYS[0]
        chosen["listing_as"] = chance.choice([DAYS[0], DAYS[2]])
    if chance.random() < 0.2:
        chosen["feed_of"] = chance.choice(DAYS)
    return chosen


def live_through(server: Server, seed: int, folder: Path, faults: int = 10) -> str:
    """One random day: "complete", or the name of the error that ended it, or in capitals what went wrong."""
    chance = random.Random(seed)
    records = [one for day in DAYS for one in invented.day_of(day, chance.randint(1, 25), chance)]
    path = invented.write(records, folder / f"{seed}.jsonl")
    snapshots = MemoryLedger()
    server.set(records=(path,), today=DAYS[2])
    _ask(server, DAYS[0], snapshots)  # an earlier run, so that copies of that day can be known
    asked = chance.choice([None, *DAYS[1:]])
    server.set(records=(path,), today=DAYS[2], faults=rules(chance, faults), **twists(chance))
    try:
        result = _ask(server, asked, snapshots)
    except SourceError as error:
        day = asked or DAYS[2]
        return "UNSAFE" if snapshots.day("+".join(AUDIO.categories), day) else type(error).__name__
    if isinstance(result, NoAnnouncement):
        return "QUIET"
    announcement, papers = result
    truth = {one["id"]: one for one in records if one["date"] == announcement.date.isoformat()}
    if announcement.date != (asked or announcement.date) or (asked is None and announcement.date == DAYS[1]):
        return "WRONG DAY"
    return "complete" if _is_true(announcement, papers, truth) else "WRONG"


def _ask(
    server: Server, day: date | None, snapshots: MemoryLedger
) -> tuple[Announcement, tuple[Paper, ...]] | NoAnnouncement:
    now = morning(DAYS[2])

    async def use(http: Http) -> tuple[Announcement, tuple[Paper, ...]] | NoAnnouncement:
        result = await announce(AUDIO, day, http, http.settings, now, lambda _paper, _before: None)
        if isinstance(result, NoAnnouncement):
            return result
        papers, _ = await enrich(result.papers, http, http.settings)
        return result, papers

    return run_with_http(server.url, use, clock=Clock(now), snapshots=snapshots, read=0.15)


def _is_true(announcement: Announcement, papers: tuple[Paper, ...], truth: dict[str, dict[str, Any]]) -> bool:
    kinds = {one.id: one.kind for one in announcement.listings}
    expected = {name: _kind(one) for name, one in truth.items()}
    texts = all(
        (paper.title, paper.abstract, paper.comments, list(paper.authors))
        == tuple(truth[paper.id][name] for name in ("title", "abstract", "comments", "authors"))
        and paper.version in (None, truth[paper.id]["version"])
        for paper in papers
    )
    ids = [one.id for one in announcement.listings]
    return kinds == expected and texts and ids == [paper.id for paper in papers]


def _kind(record: dict[str, Any]) -> str:
    """What is new is new in its primary category, and cross-listed in the section otherwise."""
    if record["kind"] == "new" and record["categories"][0] not in AUDIO.categories:
        return "cross"
    return str(record["kind"])
