from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from digest.model import AnnounceType, Listing
from digest.sources.arxiv.category_day import join_pages, merge
from digest.sources.arxiv.feed import FeedItem, disagreements, feed_date, parse_feed
from digest.sources.arxiv.listing_parse import parse_listing
from digest.system.errors import SourceError

ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:a="http://arxiv.org/schemas/atom">
<title>cs.SD updates on arXiv.org</title>{}</feed>"""
ENTRY = "<entry><id>oai:arXiv.org:{}</id><a:announce_type>{}</a:announce_type></entry>"


@pytest.mark.parametrize(
    ("stated", "announced", "item"),
    [
        ("2601.00001v1", "new", FeedItem(id="2601.00001", version=1, kind="new")),
        ("hep-th/9901001v12", "replace-cross", FeedItem(id="hep-th/9901001", version=12, kind="replaced")),
        ("2601.00001v2", "replace", FeedItem(id="2601.00001", version=2, kind="replaced")),
        ("2601.00001v2", "cross", FeedItem(id="2601.00001", version=2, kind="cross")),
        ("2601.00001v2", "no_match", FeedItem(id="2601.00001", version=2, kind=None)),
    ],
)
def test_items(stated: str, announced: str, item: FeedItem) -> None:
    assert parse_feed(ATOM.format(ENTRY.format(stated, announced))) == (item,)


def test_and_others_are_no_author() -> None:
    creator = (
        '<c:creator xmlns:c="http://purl.org/dc/elements/1.1/">Ann Lee (MIT), Bob Stone et al.</c:creator>'
    )
    entry = ENTRY.format("2601.00001v1", "new").replace("</entry>", f"{creator}</entry>")
    (read,) = parse_feed(ATOM.format(entry))
    assert read.authors == ("Ann Lee", "Bob Stone")


@pytest.mark.parametrize(
    "text", ["", "Rate exceeded.", "<html></html>", ATOM[:-9], ATOM.format(ENTRY.format("x", "new"))]
)
def test_what_is_no_feed_is_refused(text: str) -> None:
    with pytest.raises(SourceError):
        parse_feed(text)


def listing(number: int, kind: AnnounceType = "new", version: int | None = None) -> Listing:
    return Listing(id=f"2601.{number:05}", version=version, kind=kind, category="cs.SD", position=number)


def item(number: int, kind: AnnounceType | None = "new", version: int | None = 1) -> FeedItem:
    return FeedItem(id=f"2601.{number:05}", version=version, kind=kind)


def test_agreement_needs_no_words() -> None:
    listings = [listing(1), listing(2, "cross"), listing(3, "replaced", 2)]
    items = [item(1), item(2, None), item(3, "replaced", 2)]
    assert disagreements(items, listings) == ()
    assert disagreements([], []) == ()


def test_the_feed_of_another_day_is_one_note() -> None:
    (note,) = disagreements([item(n) for n in range(40)], [listing(n) for n in range(50, 90)])
    assert "that of another day" in note


def test_each_disagreement_is_named() -> None:
    notes = disagreements(
        [item(1, "cross"), item(2, "new", 2), item(9)], [listing(1), listing(2, "new", 1), listing(3)]
    )
    assert notes == (
        "Not in the feed, but on the listing pages: 1 paper: 2601.00003.",
        "In the feed, but not on the listing pages: 1 paper: 2601.00009.",
        "Announced differently: 1 paper: 2601.00001 (cross in the feed, new on the pages).",
        "Of different versions: 1 paper: 2601.00002 (v2 in the feed, v1 on the pages).",
    )
    assert disagreements([], [listing(1)]) == ("The feed is empty although the listing pages are not.",)


def test_what_is_cross_listed_within_an_archive_is_in_the_feed_alone() -> None:
    feed = ATOM.format(
        "<entry><id>oai:arXiv.org:2601.00001v1</id><category term='cs.CL'/><category term='cs.LG'/>"
        "<a:announce_type>cross</a:announce_type></entry>" + ENTRY.format("2601.00002v1", "new")
    )
    items = parse_feed(feed)
    assert disagreements(items, [listing(2)], ["cs"]) == ()
    assert len(disagreements(items, [listing(2)], ["eess.AS"])) == 1


@pytest.mark.parametrize(
    ("made", "day"),
    [
        ("<updated>2026-01-28T05:00:00+00:00</updated>", date(2026, 1, 28)),
        ("<updated>2026-01-28T04:59:59+00:00</updated>", date(2026, 1, 27)),
        ("<updated>2026-07-28T04:00:02Z</updated>", date(2026, 7, 28)),
        ("<updated>2026-07-28T00:00:00-04:00</updated>", date(2026, 7, 28)),
        ("<updated>\n 2026-07-28T00:00:00-04:00 </updated>", date(2026, 7, 28)),
        ("<updated>soon</updated>", None),
        ("<updated>0001-01-01T00:00:00Z</updated>", None),
        ("<updated>9999-12-31T23:59:59-23:00</updated>", None),
        ("<updated>Wed, 28 Jan 2026 00:00:00 +9999</updated>", None),
        ("", None),
    ],
)
def test_the_day_on_which_a_feed_was_made(made: str, day: date | None) -> None:
    assert feed_date(ATOM.format(made + ENTRY.format("2601.00001v1", "new"))) == day


def test_the_day_of_an_rss_feed() -> None:
    rss = "<rss><channel><title>t</title><lastBuildDate>{}</lastBuildDate></channel></rss>"
    assert feed_date(rss.format("Wed, 28 Jan 2026 05:00:02 +0000")) == date(2026, 1, 28)
    assert feed_date(rss.format("Wed, 28 Jan 2026 04:00:02 +0000")) == date(2026, 1, 27)


COUNTS = {
    "atom/real_cs.AI_2025-08-20_zotero-arxiv-daily.xml": (2, 5, 0),
    "atom/served_2025-05-14_cs.SD+eess.AS.xml": (4, 2, 4),
    "atom/served_2025-05-17_cs.SD+eess.AS.xml": (0, 0, 0),
    "rss/served_2025-05-14_cs.SD.xml": (3, 3, 4),
    "rss/served_2025-05-14_eess.AS.xml": (1, 5, 4),
    "rss/real_empty_Sunday_2025-04-27_cs.xml": (0, 0, 0),
}


@pytest.mark.parametrize("name", COUNTS)
def test_recorded_feeds(shared: Path, name: str) -> None:
    text = (shared / "arxiv" / name).read_text(encoding="utf-8")
    assert str(feed_date(text)) in name
    items = parse_feed(text)
    counts = Counter(one.kind for one in items)
    assert (counts["new"], counts["cross"], counts["replaced"]) == COUNTS[name]
    assert all(one.version for one in items)


def test_recorded_errors_are_errors(shared: Path) -> None:
    files = [*(shared / "arxiv" / "rss").glob("*error*"), *(shared / "arxiv" / "atom").glob("*error*")]
    assert len(files) == 3
    for file in files:
        with pytest.raises(SourceError, match="answers with an error"):
            parse_feed(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("day", ["2025-05-14", "2025-05-15", "2025-05-16", "2025-05-19"])
@pytest.mark.parametrize("style", ["rss", "atom"])
def test_catchup_pages_together_are_the_combined_feed(shared: Path, day: str, style: str) -> None:
    feed = shared / "arxiv" / style / f"served_{day}_cs.SD+eess.AS.xml"
    items = parse_feed(feed.read_text(encoding="utf-8"))
    days = []
    for category in ("cs.SD", "eess.AS"):
        page = shared / "arxiv" / "html" / f"catchup_{category}_{day}_abs.html"
        days.append(join_pages(category, [parse_listing(page.read_text(encoding="utf-8"), category)]))
    listings, papers = merge(days)
    assert len(items) == len(listings) == len(papers)
    assert {one.id: one.kind for one in items} == {one.id: one.kind for one in listings}
    assert disagreements(items, listings) == ()
