"""Days as arXiv's own pages show them: few categories, aliases, papers taken down, odd feeds."""

from __future__ import annotations

import gzip
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from digest.ledger import open_ledger
from digest.model import Announcement, Paper, Section, Snapshot
from digest.sources.arxiv import feed as feeds
from digest.sources.arxiv import listing_fetch
from digest.sources.arxiv.export_api import enrich
from digest.sources.http_client import Http
from digest.sources.source import NoAnnouncement
from digest.system.errors import CountError, SourceError, StaleError
from tests.examples import each_fast, first_fast
from tests.faulty import Server, fault
from tests.ledger.memory import MemoryLedger
from tests.sources import invented
from tests.sources.conftest import RawServer, response
from tests.sources.support import announced, entry, found, morning, page, run_with_http, section

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 1, day) for day in (26, 27, 28))
EVENING = datetime(2026, 1, 28, 2, tzinfo=UTC)  # Tuesday, 21:00 in the East: Wednesday's announcement is out
LONG_LIST = [f"Author Number{n}" for n in range(149)] + ["Li"]
LINKED = "Code: github.com/a/b and http://example.org/c; doi:10.1145/3292500.3330701, is optimal.We say"
RECORDS = [
    invented.record(1, MONDAY, categories=["cs.CL"]),
    invented.record(11, TUESDAY, categories=["cs.CL"]),
    invented.record(12, TUESDAY, categories=["cs.LG", "cs.CL"]),
    invented.record(13, TUESDAY, "replaced", version=4, categories=["cs.CL", "cs.LG"]),
    invented.record(21, WEDNESDAY, categories=["cs.CL"], authors=LONG_LIST, comments=LINKED),
    invented.record(22, WEDNESDAY, categories=["cs.CL", "cs.LG"], authors=["The CMS Collaboration", "Li"]),
    invented.record(
        23, WEDNESDAY, categories=["cs.LG", "cs.CL"], authors=["Bo King, Jr.", "Al Mo (MIT, US)"]
    ),
    invented.record(24, WEDNESDAY, "replaced", version=3, categories=["cs.CL"]),
    invented.record(25, WEDNESDAY, categories=["eess.SY", "cs.CL"]),
    invented.record(26, WEDNESDAY, categories=["quant-ph"]),
    invented.record(27, WEDNESDAY, "replaced", version=6, categories=["cs.NI"]),
    invented.record(
        28,
        WEDNESDAY,
        categories=["cs.NI"],
        authors=["Martin Luther King, Jr.", "Ed Fox, III", "X", "Bob Stone et al."],
    ),
]


def of(*categories: str) -> Section:
    return Section(key="s", title="题", categories=categories)


TEXT, BOTH = of("cs.CL"), of("cs.CL", "cs.LG")


def ids(result: Announcement | NoAnnouncement) -> list[int]:
    return [int(one.id[-5:]) for one in found(result).listings]


# Read again


@pytest.mark.parametrize(
    ("day", "asked"),
    each_fast(
        (WEDNESDAY, TUESDAY),
        (
            *((("cs.CL",), True), (("cs.CL",), False), (("cs.CL", "cs.LG"), True), (("quant-ph",), True)),
            *((("cs.SY",), True), (("cs",), False)),
        ),
    ),
)
def test_a_day_is_the_same_when_read_again_and_by_another_process(
    server: Server, day: date, asked: tuple[tuple[str, ...], bool], tmp_path: Path
) -> None:
    categories, feed = asked
    if not feed:
        server.faults(fault("503", path="^/atom"))
    results = []
    for _ in range(3):
        with open_ledger(tmp_path) as ledger:
            results.append(
                announced(server.url, day, morning(WEDNESDAY), section=of(*categories), snapshots=ledger)
            )
    if isinstance(results[0], NoAnnouncement):
        assert (day, categories) in {(TUESDAY, ("quant-ph",)), (TUESDAY, ("cs.SY",))}
        assert results == results[:1] * 3
        return
    first, *later = (found(one) for one in results)
    assert first.listings
    notes = tuple(one for one in first.notes if "The feed could not" not in one)
    assert later == [first.model_copy(update={"saved": True, "notes": notes})] * 2


def old_label(snapshot: Snapshot) -> Snapshot:
    """As ledgers of earlier versions hold it."""
    fields = snapshot.model_dump(exclude={"kind", "page", "pages"})
    return Snapshot.model_validate(fields).model_copy(update={"pages": None})


@pytest.mark.parametrize(("day", "page_size"), each_fast((TUESDAY, WEDNESDAY), (2000, 2)))
def test_labels_of_older_ledgers_are_understood(server: Server, day: date, page_size: int) -> None:
    server.set(page_size=page_size)
    snapshots, older = MemoryLedger(), MemoryLedger()
    first = found(announced(server.url, day, morning(WEDNESDAY), section=TEXT, snapshots=snapshots))
    for one in snapshots.day("cs.CL", day):
        older.put(old_label(one))
    server.set()
    again = announced(server.url, day, morning(WEDNESDAY), section=TEXT, snapshots=older)
    assert server.stats()["requests"] == {}
    assert again == first.model_copy(update={"saved": True})


def test_a_category_that_another_section_has_read_is_read_once_more_and_kept(server: Server) -> None:
    snapshots, now = MemoryLedger(), morning(WEDNESDAY)
    announced(server.url, WEDNESDAY, now, section=TEXT, snapshots=snapshots)
    later = now + timedelta(days=1)  # from catch-up pages, beside the listing that is there
    first = found(announced(server.url, WEDNESDAY, later, section=BOTH, snapshots=snapshots))
    server.set()
    again = announced(server.url, WEDNESDAY, later, section=BOTH, snapshots=snapshots)
    assert server.stats()["requests"] == {}
    assert ids(again) == ids(first)


def test_pages_of_two_readings_are_never_mixed(server: Server) -> None:
    snapshots = MemoryLedger()
    server.set(page_size=2)
    announced(server.url, None, morning(WEDNESDAY), section=TEXT, snapshots=snapshots)
    server.set(page_size=3)
    later = morning(WEDNESDAY) + timedelta(hours=1)
    whole = announced(server.url, None, later, section=TEXT, snapshots=snapshots)
    server.set()
    again = announced(server.url, WEDNESDAY, later, section=TEXT, snapshots=snapshots)
    assert server.stats()["requests"] == {}
    assert ids(again) == ids(whole)


@pytest.mark.parametrize("chosen", [TEXT, BOTH])
@pytest.mark.parametrize("gone", [(), ("2601.00011",)])
def test_yesterdays_papers_under_todays_date_are_refused(
    server: Server, chosen: Section, gone: tuple[str, ...]
) -> None:
    snapshots = MemoryLedger()
    announced(server.url, TUESDAY, morning(WEDNESDAY), section=chosen, snapshots=snapshots)
    server.set(listing_of=TUESDAY, listing_as=WEDNESDAY, deleted=gone)
    with pytest.raises(StaleError, match="lists the papers of 2026-01-27"):
        announced(server.url, None, morning(WEDNESDAY), section=chosen, snapshots=snapshots)


# The feed


def test_in_the_evening_the_feed_is_not_asked(server: Server) -> None:
    server.set(feed_of=TUESDAY, feed_as=TUESDAY)
    result = found(announced(server.url, None, EVENING, section=TEXT))
    assert (result.date, result.notes) == (WEDNESDAY, ())
    assert server.stats()["requests"] == {"listing": 1}


@pytest.mark.parametrize("as_of", [TUESDAY, date(2026, 1, 29)])
def test_a_feed_of_another_day_says_nothing(server: Server, as_of: date) -> None:
    whole = announced(server.url, None, EVENING, section=BOTH)
    server.set(feed_of=TUESDAY, feed_as=as_of)  # a cache has kept it
    snapshots = MemoryLedger()
    result = announced(server.url, None, morning(WEDNESDAY), section=BOTH, snapshots=snapshots)
    assert result == whole
    assert {one.kind for one in snapshots.day("cs.CL+cs.LG", WEDNESDAY)} == set()


def test_a_kept_feed_of_another_day_is_not_used(server: Server) -> None:
    snapshots, older = MemoryLedger(), MemoryLedger()
    first = found(announced(server.url, None, morning(WEDNESDAY), section=TEXT, snapshots=snapshots))
    assert {one.version for one in first.listings if one.kind == "replaced"} == {3}
    for one in snapshots.day("cs.CL", WEDNESDAY):  # as earlier versions of this program kept it
        in_the_evening = {"body": one.body.replace("v3", "v9"), "fetched": EVENING}
        older.put(old_label(one.model_copy(update=in_the_evening) if one.kind == "feed" else one))
    again = found(announced(server.url, WEDNESDAY, morning(WEDNESDAY), section=TEXT, snapshots=older))
    assert 9 not in {one.version for one in again.listings}
    assert again.notes == ()


def test_no_version_below_the_pages(raw_server: RawServer) -> None:
    link = ', <a href="https://arxiv.org/html/2601.00001v3" title="View HTML">html</a>'
    listing = page(
        section("Replacement submissions (showing 1 of 1 entries)", [entry(1, "2601.00001", links=link)])
    )
    feed = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>'
        "<entry><id>oai:arXiv.org:2601.00001v2</id></entry></feed>"
    )
    raw_server.answer = lambda path, _headers: response("200 OK", feed if "atom" in path else listing)
    result = found(announced(raw_server.url, None, morning(WEDNESDAY), section=of("cs.SD")))
    assert [one.version for one in result.listings] == [3]


@pytest.mark.parametrize("limit", first_fast([20, 2000]))
def test_a_feed_that_is_full_lacks_nothing(
    raw_server: RawServer, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "_LIMIT", limit)
    monkeypatch.setattr(listing_fetch, "_PAGE_SIZE", limit)
    item = '<entry><id>oai:arXiv.org:2601.{:05}v1</id><t xmlns="x">new</t></entry>'
    feed = '<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>{}</feed>'
    many = [entry(n, f"2601.{n:05}") for n in range(1, limit + 2)]
    first = section(f"New submissions (showing first {limit} of {limit + 1} entries)", many[:limit])
    last = section(f"New submissions (continued, showing last 1 of {limit + 1} entries)", many[limit:])

    def answer(path: str, headers: dict[str, str]) -> bytes:
        if "atom" in path:
            assert "gzip" in headers["accept-encoding"]
            text = feed.format("".join(item.format(n) for n in range(1, limit + 1)))
            return response("200 OK", gzip.compress(text.encode()), "Content-Encoding: gzip")
        return response("200 OK", page(last if f"skip={limit}&" in path else first, total=limit + 1))

    raw_server.answer = answer
    result = found(announced(raw_server.url, None, morning(WEDNESDAY), section=of("cs.SD")))
    assert (len(result.listings), result.notes) == (limit + 1, ())


# Another category's page


@pytest.mark.parametrize(
    ("day", "pages"),
    each_fast((WEDNESDAY, TUESDAY), (("cs.CL", "quant-ph"), ("cs.CL", "cs.LG"), ("quant-ph", "cs.RO"))),
)
def test_the_page_of_another_category_is_refused(server: Server, day: date, pages: tuple[str, str]) -> None:
    asked, sent = pages
    server.set(instead={asked: sent})
    with pytest.raises(SourceError, match=rf"(list|catchup)/{asked}/.*The page is not that of {asked}"):
        announced(server.url, day, morning(WEDNESDAY), section=of(asked))


@pytest.mark.parametrize(
    ("asked", "number"), [("cs.SY", 25), ("eess.SY", 25), ("quant-ph", 26), ("eess", 25), ("cs.CL", 21)]
)
def test_aliases_and_archives_are_their_own(server: Server, asked: str, number: int) -> None:
    assert number in ids(announced(server.url, None, morning(WEDNESDAY), section=of(asked)))
    assert number in ids(
        announced(server.url, WEDNESDAY, morning(WEDNESDAY) + timedelta(days=1), section=of(asked))
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (page("<p>No updates today.</p>", subject="Robotics"), "its heading is 'Robotics'"),
        (page("<p>No updates today.</p>", subject=""), "does not say that it is that of cs.SD"),
        (page("<p>No updates today.</p>", subject="Welcome"), "does not say that it is that of cs.SD"),
        (
            page(
                section(
                    "New submissions (showing 2 of 2 entries)",
                    [entry(1, "2601.00001"), entry(2, "2601.00002", subjects="Robotics (cs.RO)")],
                )
            ),
            r"1 of its papers are not in it, as 2601.00002 \(cs.RO\)",
        ),
        ("<html><body><h1>Sign in to Airport WiFi</h1></body></html>", "Sign in to Airport WiFi"),
    ],
)
def test_a_page_that_is_not_of_the_category_is_refused(raw_server: RawServer, text: str, reason: str) -> None:
    raw_server.answer = lambda _path, _headers: response("200 OK", text)
    with pytest.raises(SourceError, match=reason):
        announced(raw_server.url, None, morning(WEDNESDAY), section=of("cs.SD"))


def test_the_second_page_is_looked_at_too(raw_server: RawServer) -> None:
    first = page(section("New submissions (showing first 1 of 2 entries)", [entry(1, "2601.00001")]), total=2)
    other = [entry(2, "2601.00002", subjects="Robotics (cs.RO)")]
    second = page(section("New submissions (continued, showing last 1 of 2 entries)", other), total=2)
    raw_server.answer = lambda path, _headers: response("200 OK", second if "skip" in path else first)
    with pytest.raises(SourceError, match=r"skip=1&show=2000: The page is not that of cs.SD"):
        announced(raw_server.url, None, morning(WEDNESDAY), section=of("cs.SD"))


# Papers that were taken down


@pytest.mark.parametrize(("page_size", "later"), [(2000, 0), (1, 0), (2, 1)])
@pytest.mark.parametrize("categories", [("cs.CL",), ("cs.LG", "cs.CL")])
@pytest.mark.parametrize("gone", first_fast([24, 22, 23]))
def test_papers_taken_down_are_stated_and_the_rest_is_published(
    server: Server, page_size: int, categories: tuple[str, ...], later: int, gone: int
) -> None:
    whole = ids(announced(server.url, None, morning(WEDNESDAY), section=of(*categories)))
    server.set(page_size=page_size, deleted=(f"2601.{gone:05}",))
    now = morning(WEDNESDAY) + timedelta(days=later)
    result = found(announced(server.url, WEDNESDAY, now, section=of(*categories)))
    assert ids(result) == [one for one in whole if one != gone]
    holders = [one for one in categories if one in RECORDS_OF[gone]]
    assert result.withheld == len(holders)
    assert len(result.notes) == len(holders)
    for category, note in zip(holders, result.notes, strict=True):
        assert re.match(rf"{category}(, \w+)?: (\d+) declared, \d+ shown; ", note)


RECORDS_OF = {int(one["id"][-5:]): one["categories"] for one in RECORDS}


def test_a_day_that_lacked_papers_is_asked_for_again(server: Server) -> None:
    snapshots = MemoryLedger()
    server.set(deleted=("2601.00022",))
    first = found(announced(server.url, WEDNESDAY, morning(WEDNESDAY), section=TEXT, snapshots=snapshots))
    server.faults(fault("503", path="^/list"))
    kept = found(announced(server.url, WEDNESDAY, morning(WEDNESDAY), section=TEXT, snapshots=snapshots))
    assert kept == first.model_copy(update={"saved": True})
    server.set()
    later = morning(WEDNESDAY) + timedelta(hours=1)
    whole = found(announced(server.url, WEDNESDAY, later, section=TEXT, snapshots=snapshots))
    assert (whole.withheld, len(whole.listings)) == (0, len(first.listings) + 1)
    server.set()
    again = announced(server.url, WEDNESDAY, later, section=TEXT, snapshots=snapshots)
    assert again == whole.model_copy(update={"saved": True})
    assert server.stats()["requests"] == {}


def test_a_day_that_was_whole_stays_whole(server: Server) -> None:
    snapshots = MemoryLedger()
    whole = found(announced(server.url, None, morning(WEDNESDAY), section=BOTH, snapshots=snapshots))
    server.set(deleted=("2601.00022",))
    later = morning(WEDNESDAY) + timedelta(hours=1)
    again = found(announced(server.url, None, later, section=BOTH, snapshots=snapshots))
    assert (again.listings, again.withheld) == (whole.listings, 0)


def shown(*numbers: int, of_all: int, total: int) -> str:
    entries = [entry(n, f"2601.{n:05}") for n in numbers]
    return page(
        section(f"New submissions (showing {len(numbers)} of {of_all} entries)", entries), total=total
    )


def test_a_day_stays_whole_though_arxiv_counts_fewer_since(raw_server: RawServer) -> None:
    snapshots = MemoryLedger()
    pages = [shown(1, 2, 3, of_all=3, total=3), shown(1, 3, of_all=2, total=2)]
    raw_server.answer = lambda path, _headers: response("200 OK", pages.pop(0) if "/list/" in path else "")
    results = [
        announced(raw_server.url, None, now, section=of("cs.SD"), snapshots=snapshots)
        for now in (EVENING, morning(WEDNESDAY))
    ]
    assert [ids(one) for one in results] == [[1, 2, 3]] * 2


def test_a_day_that_lacks_papers_keeps_what_the_listing_and_the_feed_said(server: Server) -> None:
    snapshots = MemoryLedger()
    server.set(deleted=("2601.00022",))
    first = found(announced(server.url, None, morning(WEDNESDAY), section=TEXT, snapshots=snapshots))
    assert (first.source, first.withheld) == ("listing", 1)
    tomorrow = morning(WEDNESDAY) + timedelta(days=1)
    later = announced(server.url, WEDNESDAY, tomorrow, section=TEXT, snapshots=snapshots)
    assert server.stats()["requests"]["catchup"]
    assert later == first.model_copy(update={"saved": True})
    server.set(today=WEDNESDAY + timedelta(days=1), records=())  # no papers at all
    again = announced(server.url, WEDNESDAY, tomorrow, section=TEXT, snapshots=snapshots)
    assert again == later


def test_a_page_without_papers_at_the_hour_of_the_announcement_is_asked_for_again(server: Server) -> None:
    snapshots = MemoryLedger()
    server.set(records=(), listing_as=WEDNESDAY)
    early = datetime(2026, 1, 28, 1, 2, tzinfo=UTC)
    nothing = announced(server.url, WEDNESDAY, early, section=TEXT, snapshots=snapshots)
    assert isinstance(nothing, NoAnnouncement)
    server.set()
    assert ids(announced(server.url, WEDNESDAY, EVENING, section=TEXT, snapshots=snapshots))


def test_a_page_that_changes_all_the_time_is_not_believed(raw_server: RawServer) -> None:
    pages = [shown(1, 2, of_all=4, total=4), shown(1, 3, of_all=4, total=4), shown(2, 3, of_all=4, total=4)]
    raw_server.answer = lambda _path, _headers: response("200 OK", pages.pop(0))
    with pytest.raises(CountError, match="changes while it is read"):
        announced(raw_server.url, None, morning(WEDNESDAY), section=of("cs.SD"))


@pytest.mark.parametrize(
    "text",
    [
        shown(1, 2, of_all=2, total=2)
        .replace("showing 2", "showing 3")
        .replace("of 2 entries)", "of 3 entries)"),
        shown(1, 2, of_all=1, total=1),
        shown(1, 2, of_all=3, total=2),
        shown(1, 2, of_all=3, total=3).replace("</html>", ""),
        shown(1, 2, of_all=20, total=20).replace("showing 2", "showing 20"),
        shown(1, 2, of_all=2, total=2).rpartition("<div class='list-subjects'")[0]
        + "<html><h1>502 Bad Gateway</h1></html>",
    ],
)
def test_a_page_that_contradicts_itself_asks_for_no_further_page(raw_server: RawServer, text: str) -> None:
    raw_server.answer = lambda _path, _headers: response("200 OK", text)
    with pytest.raises(CountError):
        announced(raw_server.url, None, morning(WEDNESDAY), section=of("cs.SD"))
    assert set(raw_server.paths()) == {"/list/cs.SD/new"}


# Days without papers


def test_a_category_without_papers_has_one_answer(server: Server) -> None:
    snapshots, robotics = MemoryLedger(), of("cs.RO")
    answers = [
        announced(server.url, asked, now, section=robotics, snapshots=store)
        for asked, now, store in (
            (None, EVENING, snapshots),  # the listing
            (WEDNESDAY, morning(WEDNESDAY), None),
            (WEDNESDAY, morning(WEDNESDAY), snapshots),  # what was kept
            (WEDNESDAY, morning(WEDNESDAY) + timedelta(days=1), None),  # the catch-up page
        )
    ]
    assert isinstance(answers[0], NoAnnouncement)
    assert "arXiv announced nothing on 2026-01-28 in cs.RO" in answers[0].sentence
    assert answers == answers[:1] * 4


# What the submitters wrote


def with_metadata(server: Server, day: date, *, now: datetime, category: str) -> dict[str, Paper]:
    result = found(announced(server.url, day, now, section=of(category)))

    async def use(http: Http) -> tuple[Paper, ...]:
        return (await enrich(result.papers, http, http.settings))[0]

    return {paper.id[-2:]: paper for paper in run_with_http(server.url, use)}


def test_names_links_and_hosts_are_as_written(server: Server) -> None:
    papers = with_metadata(server, WEDNESDAY, now=morning(WEDNESDAY), category="cs.CL")
    assert papers["21"].authors == tuple(LONG_LIST)
    assert papers["22"].authors == ("The CMS Collaboration", "Li")
    assert papers["23"].authors == ("Bo King Jr.", "Al Mo")
    assert papers["21"].comments == LINKED


@pytest.mark.parametrize("from_feed", [True, False])
def test_long_lists_of_authors_without_the_api(server: Server, from_feed: bool) -> None:
    knobs: dict[str, Any] = {} if from_feed else {"faults": (fault("503", path="^/atom"),)}
    server.set(missing=("2601.00021",), **knobs)
    papers = with_metadata(server, WEDNESDAY, now=morning(WEDNESDAY), category="cs.CL")
    assert len(papers["21"].authors) == (150 if from_feed else 100)


def test_an_approximate_day(server: Server) -> None:
    later = morning(WEDNESDAY + timedelta(days=200))
    result = found(announced(server.url, WEDNESDAY, later, section=of("cs.NI"), approximate=True))
    assert ids(result) == [28]  # version 6 of 27 was not announced
    assert result.papers[0].authors == ("Martin Luther King, Jr.", "Ed Fox, III", "X", "Bob Stone")
    assert "1 records were left out" in result.notes[0]
    alias = found(announced(server.url, WEDNESDAY, later, section=of("cs.SY"), approximate=True))
    assert [(one.id[-2:], one.kind) for one in alias.listings] == [("25", "new")]
