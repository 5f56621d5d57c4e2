"""arXiv's feed, RSS or Atom: the only place that states the announced version of every paper.

It has no date of its own (its dates are of its rendering), no comments, and no history: a cross-check.
Fields: arXiv, help/rss_specifications.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from datetime import date as Date
from email.utils import parsedate_to_datetime

from lxml import etree
from pydantic import Field

from digest.model import AnnounceType, Listing, Paper, Record
from digest.model.taxonomy import belongs
from digest.sources.arxiv import calendar, markup
from digest.sources.arxiv.export_api import LISTED_AUTHORS
from digest.sources.arxiv.wording import some
from digest.system.errors import SourceError

_TYPES: dict[str, AnnounceType] = {
    "new": "new",
    "cross": "cross",
    "replace": "replaced",
    "replace-cross": "replaced",
}


_MADE = ("{*}updated", "channel/lastBuildDate", "channel/pubDate")
_LIMIT = 2000
"""arXiv's feeds end after so many items (help/rss)."""


class FeedItem(Record):
    """One paper of the feed."""

    id: str
    version: int | None
    kind: AnnounceType | None = Field(description="None for a type that arXiv has not documented")
    primary: str | None = Field(default=None, description="its first category")
    authors: tuple[str, ...] = Field(default=(), description="all of them; listing pages end after 100")


def parse_feed(text: str) -> tuple[FeedItem, ...]:
    """The items of a feed, in its order; none on days without an announcement.

    Raises:
        SourceError: it is no feed, an item has no identifier, or arXiv answers with an error.
    """
    root = markup.parse_xml(text)
    if root is None or etree.QName(root).localname not in ("rss", "feed"):
        raise SourceError("The feed cannot be read: it is neither RSS nor Atom.")
    title = root.findtext("channel/title") or root.findtext("{*}title") or ""
    if title.startswith("Feed error"):
        reason = root.findtext("channel/description") or root.findtext("{*}subtitle") or title
        raise SourceError(f"The feed answers with an error: {markup.collapse(reason)[:120]}")
    return tuple(_item(one) for one in root.iter("item", "{http://www.w3.org/2005/Atom}entry"))


def feed_date(text: str) -> Date | None:
    """The day, in the East, on which the feed was made; None when it does not say."""
    root = markup.parse_xml(text)
    if root is None:
        return None
    stated = next(filter(None, (root.findtext(name) for name in _MADE)), "").strip()
    try:
        made = datetime.fromisoformat(stated) if stated[:4].isdigit() else parsedate_to_datetime(stated)
        return made.replace(tzinfo=made.tzinfo or UTC).astimezone(calendar.EASTERN).date()
    except (ValueError, OverflowError):  # no date, or one at the ends of the calendar
        return None


def _item(element: etree._Element) -> FeedItem:
    stated = element.findtext("guid") or element.findtext("{*}id") or ""
    read = markup.identifier(stated)
    if read is None:
        raise SourceError(f"An item of the feed has no arXiv identifier: {stated[:80]!r}.")
    announced = element.findtext("{*}announce_type") or ""
    category = element.find("{*}category")
    return FeedItem(
        id=read[0],
        version=read[1],
        kind=_TYPES.get(announced.strip().lower()),
        primary=None if category is None else category.get("term") or category.text,
        authors=tuple(markup.names_in(element.findtext("{*}creator") or "")),
    )


def disagreements(
    items: Sequence[FeedItem], listings: Sequence[Listing], subjects: Sequence[str] = ()
) -> tuple[str, ...]:
    """In words, where the feed and the listing pages of one day differ; the listing pages are believed.

    Both label a paper that is new in one category and cross-listed in another as new. The pages of an archive
    leave out what is cross-listed within it, the feed does not.

    Args:
        items: of the feed.
        listings: of the pages.
        subjects: the categories and archives that were asked for.
    """
    in_feed = {item.id: item for item in items}
    in_pages = {listing.id: listing for listing in listings}
    if in_pages and not in_feed:
        return ("The feed is empty although the listing pages are not.",)
    if in_pages and in_pages.keys().isdisjoint(in_feed):  # arXiv's has been seen a day late, newly dated
        return ("The feed is that of another day: no paper of the listing pages is in it.",)
    notes = []
    only_pages = [one for one in in_pages if one not in in_feed]
    if only_pages and len(items) < _LIMIT:
        notes.append(f"Not in the feed, but on the listing pages: {some(only_pages)}.")
    within = {
        item.id
        for item in items
        if item.kind == "cross" and item.primary and any(belongs(item.primary, one) for one in subjects)
    }
    if only_feed := [one for one in in_feed if one not in in_pages and one not in within]:
        notes.append(f"In the feed, but not on the listing pages: {some(only_feed)}.")
    other_kind = [
        f"{one} ({in_feed[one].kind} in the feed, {listing.kind} on the pages)"
        for one, listing in in_pages.items()
        if one in in_feed and in_feed[one].kind not in (None, listing.kind)
    ]
    if other_kind:
        notes.append(f"Announced differently: {some(other_kind)}.")
    other_version = [
        f"{one} (v{in_feed[one].version} in the feed, v{listing.version} on the pages)"
        for one, listing in in_pages.items()
        if one in in_feed and None not in (in_feed[one].version, listing.version)
        if in_feed[one].version != listing.version
    ]
    if other_version:
        notes.append(f"Of different versions: {some(other_version)}.")
    return tuple(notes)


def with_authors(papers: Sequence[Paper], items: Sequence[FeedItem]) -> tuple[Paper, ...]:
    """The papers, with the feed's authors where the listing page has cut a long list."""
    by_feed = {item.id: item.authors for item in items}

    def whole(paper: Paper) -> Paper:
        names = by_feed.get(paper.id, ())
        if len(names) > len(paper.authors) >= LISTED_AUTHORS:
            return paper.model_copy(update={"authors": names})
        return paper

    return tuple(whole(paper) for paper in papers)


def with_versions(
    listings: Sequence[Listing], papers: Sequence[Paper], items: Sequence[FeedItem], source: str
) -> tuple[tuple[Listing, ...], tuple[Paper, ...], tuple[str, ...]]:
    """Listings and papers with the version that was announced.

    The feed states it, and so do pages for papers that they have in HTML: the higher one counts, for neither
    knows a version before it is announced. What is new was announced as version 1, whatever has become of
    it since.
    """
    by_feed = {item.id: item.version for item in items}
    changed = []
    versions: list[int | None] = []
    for listing in listings:
        version = max(by_feed.get(listing.id) or 0, listing.version or 0) or None
        if listing.kind == "new" and source != "oai":
            if (version or 1) > 1:
                changed.append(listing.id)
            version = 1
        versions.append(version)
    note = f"Title and abstract are those of a later version than announced in {some(changed)}."
    return (
        tuple(one.model_copy(update={"version": v}) for one, v in zip(listings, versions, strict=True)),
        tuple(one.model_copy(update={"version": v}) for one, v in zip(papers, versions, strict=True)),
        (note,) if changed else (),
    )
