from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from digest.model import Announcement, Section
from digest.sources.source import NoAnnouncement
from digest.system.errors import CountError, SourceError, StaleError, UnreachableError
from tests.examples import first_fast
from tests.faulty import Server, fault
from tests.ledger.memory import MemoryLedger
from tests.sources import hostile, invented
from tests.sources.conftest import RawServer, response
from tests.sources.support import announced, entry, found, morning, page, section

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 1, day) for day in (26, 27, 28))
SOUND = Section(key="sound", title="声音", categories=("cs.SD",))
RECORDS = [
    invented.record(1, MONDAY),
    invented.record(2, MONDAY, "replaced"),
    invented.record(3, MONDAY, categories=["cs.CL", "eess.AS"]),
    invented.record(11, TUESDAY),
    invented.record(12, TUESDAY, categories=["eess.AS", "cs.SD"]),
    invented.record(13, TUESDAY, "replaced", version=4),
    invented.record(21, WEDNESDAY, categories=["eess.AS"]),
    invented.record(22, WEDNESDAY, categories=["cs.SD", "eess.AS"]),
    invented.record(23, WEDNESDAY, categories=["cs.CL", "cs.SD"]),
    invented.record(24, WEDNESDAY, "replaced", version=3, categories=["eess.AS", "cs.SD"]),
]


def numbers(announcement: Announcement) -> list[tuple[int, str, int | None]]:
    return [(int(one.id[-5:]), one.kind, one.version) for one in announcement.listings]


def test_the_latest_day(server: Server) -> None:
    result = found(announced(server.url, None, morning(WEDNESDAY)))
    assert (result.date, result.source, result.notes) == (WEDNESDAY, "listing", ())
    assert numbers(result) == [(22, "new", 1), (21, "new", 1), (23, "cross", 1), (24, "replaced", 3)]
    assert result.declared == {
        "cs.SD": {"new": 1, "cross": 1, "replaced": 1},
        "eess.AS": {"new": 1, "cross": 1, "replaced": 1},
    }
    for listing, paper in zip(result.listings, result.papers, strict=True):
        made = next(one for one in RECORDS if one["id"] == paper.id)
        assert (listing.id, listing.version) == (paper.id, paper.version)
        assert (paper.title, list(paper.authors)) == (made["title"], made["authors"])
        assert (paper.abstract, paper.comments) == (made["abstract"], made["comments"])
        assert list(paper.categories) == made["categories"]


def test_a_past_day_comes_from_catchup_and_the_newest_from_the_listing(server: Server) -> None:
    past = found(announced(server.url, TUESDAY, morning(WEDNESDAY)))
    assert (past.date, past.source) == (TUESDAY, "catchup")
    assert [(number, kind) for number, kind, _ in numbers(past)] == [
        (11, "new"),
        (12, "new"),
        (13, "replaced"),
    ]
    assert server.stats()["requests"] == {"catchup": 2}
    newest = found(announced(server.url, WEDNESDAY, morning(WEDNESDAY)))
    assert newest.source == "listing"


def test_a_day_once_seen_is_not_asked_for_again(server: Server) -> None:
    snapshots = MemoryLedger()
    first = found(announced(server.url, WEDNESDAY, morning(WEDNESDAY), snapshots=snapshots))
    server.set(listing_of=MONDAY, listing_as=WEDNESDAY)
    again = found(announced(server.url, WEDNESDAY, morning(date(2026, 12, 1)), snapshots=snapshots))
    assert server.stats()["requests"] == {}
    assert again == first.model_copy(update={"saved": True})


@pytest.mark.parametrize(
    ("now", "usable"),
    [
        (datetime(2026, 1, 28, 0, 5, tzinfo=UTC), True),  # 19:05 in the East of the day before
        (datetime(2026, 1, 27, 23, 50, tzinfo=UTC), False),
        (datetime(2026, 1, 27, 4, 0, tzinfo=timezone(timedelta(hours=14))), False),  # the 26th in the East
        (datetime(2026, 1, 28, 10, 0, tzinfo=timezone(timedelta(hours=8))), True),
        (datetime(2025, 1, 28, 15, tzinfo=UTC), False),  # a computer whose clock is a year behind
    ],
)
def test_a_page_that_cannot_be_out_yet_is_refused(server: Server, now: datetime, usable: bool) -> None:
    snapshots = MemoryLedger()
    if usable:
        assert found(announced(server.url, None, now, snapshots=snapshots)).date == WEDNESDAY
        return
    with pytest.raises(SourceError, match=r"dated 2026-01-28, but by .* is the clock right"):
        announced(server.url, None, now, snapshots=snapshots)
    assert snapshots.day("cs.SD", WEDNESDAY) == ()


def test_pages_are_followed_to_the_end(server: Server) -> None:
    whole = found(announced(server.url, None, morning(WEDNESDAY)))
    server.set(page_size=1)
    assert found(announced(server.url, None, morning(WEDNESDAY))) == whole
    assert server.stats()["requests"]["listing"] == 6
    past = found(announced(server.url, WEDNESDAY, morning(WEDNESDAY + timedelta(days=1))))
    assert numbers(past)[0] == (22, "new", 1)
    assert server.stats()["requests"]["catchup"] == 6


def test_what_an_earlier_digest_held_is_marked_and_kept(server: Server) -> None:
    seen = {"2601.00022": MONDAY, "2601.00021": WEDNESDAY}
    result = found(
        announced(server.url, None, morning(WEDNESDAY), earlier=lambda paper, _before: seen.get(paper))
    )
    assert {one.id[-2:]: one.seen for one in result.listings} == {
        "22": MONDAY,
        "21": None,
        "23": None,
        "24": None,
    }


def test_days_without_a_digest_and_why(server: Server) -> None:
    now = morning(WEDNESDAY)
    weekend = announced(server.url, date(2026, 1, 25), now)
    early = announced(server.url, date(2026, 1, 29), now)
    assert isinstance(weekend, NoAnnouncement)
    assert isinstance(early, NoAnnouncement)
    assert (weekend.kind, early.kind) == ("weekend", "early")
    assert "2026-01-29 01:00 (UTC+00:00)" in early.sentence
    assert server.stats()["requests"] == {}  # nothing that a cache could keep was asked for
    holiday = announced(server.url, date(2026, 1, 22), now)
    assert isinstance(holiday, NoAnnouncement)
    assert holiday.kind == "nothing"
    assert len({weekend.sentence, early.sentence, holiday.sentence}) == 3


def test_yesterdays_page_is_never_todays(server: Server) -> None:
    server.set(listing_of=TUESDAY)
    with pytest.raises(
        StaleError, match=r"2026-01-28 was due at 2026-01-28 01:00 .* still that of 2026-01-27"
    ):
        announced(server.url, WEDNESDAY, morning(WEDNESDAY))
    result = found(announced(server.url, None, morning(WEDNESDAY)))
    assert (result.date, numbers(result)[0][0]) == (TUESDAY, 11)


def test_an_old_page_on_a_listed_holiday(server: Server) -> None:
    holiday = date(2026, 1, 20)
    server.set(today=holiday, listing_as=date(2026, 1, 19), listing_of=MONDAY)
    result = announced(server.url, holiday, morning(holiday))
    assert isinstance(result, NoAnnouncement)
    assert result.kind == "nothing"


def test_the_same_papers_under_a_new_date_are_refused(server: Server) -> None:
    snapshots = MemoryLedger()
    announced(server.url, TUESDAY, morning(WEDNESDAY), snapshots=snapshots)
    server.set(listing_of=TUESDAY, listing_as=WEDNESDAY)
    with pytest.raises(StaleError, match="dated 2026-01-28, but lists the papers of 2026-01-27"):
        announced(server.url, None, morning(WEDNESDAY), snapshots=snapshots)
    assert snapshots.day("cs.SD", WEDNESDAY) == ()


def test_a_wrong_count_publishes_nothing_and_is_not_remembered(server: Server) -> None:
    snapshots = MemoryLedger()
    server.set(miscount=1)
    with pytest.raises(CountError, match=r"/list/cs.SD/new.*declares 3 papers in all in cs.SD, but 6 by"):
        announced(server.url, None, morning(WEDNESDAY), snapshots=snapshots)
    server.set()
    assert len(found(announced(server.url, None, morning(WEDNESDAY), snapshots=snapshots)).listings) == 4


@pytest.mark.parametrize(
    "name",
    first_fast(["429-retry-after", "truncated", "reset", "silence", "429", "503", "rate-exceeded"], 4),
)
def test_a_fault_that_passes_costs_nothing(server: Server, name: str) -> None:
    whole = found(announced(server.url, None, morning(WEDNESDAY)))
    server.faults(fault(name, first=2))
    assert found(announced(server.url, None, morning(WEDNESDAY), read=0.15)) == whole


@pytest.mark.parametrize("name", first_fast(["429", "reset", "503", "rate-exceeded", "truncated"], 2))
def test_unreachable_pages_end_the_day(server: Server, name: str) -> None:
    server.faults(fault(name, path="^/list"))
    with pytest.raises(UnreachableError) as error:
        announced(server.url, None, morning(WEDNESDAY))
    assert error.value.exit_code == 4


def test_a_page_that_is_no_listing_ends_the_day(server: Server) -> None:
    server.faults(fault("html-instead"))
    with pytest.raises(SourceError, match="Access Denied"):
        announced(server.url, None, morning(WEDNESDAY))


def test_the_feed_may_fail(server: Server) -> None:
    whole = found(announced(server.url, None, morning(WEDNESDAY)))
    server.faults(fault("503", path="^/atom"))
    result = found(announced(server.url, None, morning(WEDNESDAY)))
    assert [one.id for one in result.listings] == [one.id for one in whole.listings]
    assert len(result.notes) == 1
    assert "feed could not be compared" in result.notes[0]


def test_the_listing_decides_where_the_feed_differs(server: Server) -> None:
    server.set(feed_of=TUESDAY)
    result = found(announced(server.url, None, morning(WEDNESDAY)))
    assert [number for number, _, _ in numbers(result)] == [22, 21, 23, 24]
    assert result.notes == ("The feed is that of another day: no paper of the listing pages is in it.",)


def test_long_past_days_are_refused_or_approximate(server: Server) -> None:
    later = morning(WEDNESDAY + timedelta(days=200))
    with pytest.raises(SourceError, match="--approximate"):
        announced(server.url, TUESDAY, later)
    result = found(announced(server.url, TUESDAY, later, approximate=True))
    assert result.source == "oai"
    assert result.notes[0].startswith("Approximate, from OAI-PMH")
    assert result.declared == {}
    assert numbers(result) == [(11, "new", 1), (12, "new", 1), (13, "replaced", 4)]
    server.set(page_size=1)
    assert found(announced(server.url, TUESDAY, later, approximate=True)) == result


def test_a_page_of_another_day_in_one_category_is_refused(raw_server: RawServer) -> None:
    def answer(path: str, _headers: dict[str, str]) -> bytes:
        sound = "cs.SD" in path
        words = "Wednesday, 28 January 2026" if sound else "Tuesday, 27 January 2026"
        subject = "Sound" if sound else "Audio and Speech Processing"
        return response("200 OK", page("<p>No updates today.</p>", date_words=words, subject=subject))

    raw_server.answer = answer
    with pytest.raises(StaleError, match=r"cs\.SD of 2026-01-28, eess\.AS of 2026-01-27"):
        announced(raw_server.url, None, morning(WEDNESDAY))


def test_an_empty_page_from_before_the_announcement_proves_nothing(raw_server: RawServer) -> None:
    empty = (
        "<html><body><h1>Catchup results for Sound on Tue, 27 Jan 2026</h1>"
        "Total of 0 entries for Tue, 27 Jan 2026 <p>No updates for Tue, 27 Jan 2026.</p></body></html>"
    )
    raw_server.answer = lambda _path, _headers: response("200 OK", empty, "Age: 172800")
    with pytest.raises(StaleError, match="older than the announcement"):
        announced(raw_server.url, TUESDAY, morning(WEDNESDAY), section=SOUND)
    raw_server.answer = lambda _path, _headers: response("200 OK", empty, "Age: 3600")
    assert isinstance(announced(raw_server.url, TUESDAY, morning(WEDNESDAY), section=SOUND), NoAnnouncement)


def test_what_was_new_stays_version_one(raw_server: RawServer) -> None:
    link = ', <a href="https://arxiv.org/html/2601.00001v2" title="View HTML">html</a>'
    listed = section("New submissions (showing 1 of 1 entries)", [entry(1, "2601.00001", links=link)])
    text = page(listed).replace(
        "Showing new listings for Wednesday, 28", "Catchup results for Sound on Tue, 27"
    )
    raw_server.answer = lambda _path, _headers: response("200 OK", text)
    result = found(announced(raw_server.url, TUESDAY, morning(WEDNESDAY), section=SOUND))
    assert (result.listings[0].version, result.papers[0].version) == (1, 1)
    assert result.notes == (
        "Title and abstract are those of a later version than announced in 1 paper: 2601.00001.",
    )


@pytest.mark.parametrize("seed", first_fast(range(8), 2))
def test_a_hostile_day_ends_complete_or_publishes_nothing(server: Server, seed: int, tmp_path: Path) -> None:
    assert hostile.live_through(server, seed, tmp_path) in {
        "complete",
        "CountError",
        "SourceError",
        "StaleError",
        "UnreachableError",
    }
