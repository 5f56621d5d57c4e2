"""Atom and JSON Feed: a section's new and cross-listed papers, all of them, and those of interest.

Atom: RFC 4287. JSON Feed: jsonfeed.org, version 1.1.
"""

from __future__ import annotations

import json
import re
import uuid
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import escape

from digest import __version__
from digest.config import SiteSettings
from digest.publish.site.pages import SectionPage
from digest.publish.site.tex import tex_to_text
from digest.publish.site.view import PaperView
from digest.publish.site.words import words_of

if TYPE_CHECKING:
    from lxml import etree

_ATOM = "http://www.w3.org/2005/Atom"
_SPACE = uuid.UUID("6ad3d1a8-9a9f-4d92-9c8e-0c3f6f5b8a11")
"""Namespace of identifiers of feeds and of papers without an address."""

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ANNOUNCED = time(1, 0)
"""arXiv announces at 20:00 US Eastern of the evening before, which is about this hour of the date in UTC."""

Item = tuple[PaperView, SectionPage]


@dataclass(frozen=True)
class _Feed:
    name: str
    title: str
    home: str
    items: Sequence[Item]

    @property
    def id(self) -> str:
        """The feed's identifier: one for every build of it, wherever it is published."""
        return f"urn:uuid:{uuid.uuid5(_SPACE, f'feed {self.name}')}"

    def about(self, site: SiteSettings) -> str:
        """A sentence about who wrote the lines."""
        words = words_of(site.lang)
        sample = any(leaf.sample for _, leaf in self.items)
        return f"{words['sample']} · {words['ai']}" if sample else str(words["ai"])

    @property
    def updated(self) -> datetime:
        """The instant of the newest paper; a day long ago for a feed without any."""
        return max((_when(*item) for item in self.items), default=datetime(2000, 1, 1, tzinfo=UTC))


def feeds_of(leaves: Sequence[SectionPage], site: SiteSettings) -> dict[str, str]:
    """File name -> content of all feeds.

    Args:
        leaves: the latest days, newest first. Replaced papers are left out: they were in the feed before.
        site: title, language and address of the site.
    """
    fresh = [(view, leaf) for leaf in leaves for view in leaf.views if view.kind != "replaced"]
    sections = {leaf.section.key: (leaf.feed, leaf.section) for leaf in leaves}
    feeds = [_Feed("all", site.title, "index.html", _once(fresh))]
    mine = [item for item in fresh if item[0].interest.score > 0]
    words = words_of(site.lang)
    feeds.append(_Feed("interests", f"{words['mine']} · {site.title}", "interests.html", _once(mine)))
    for key, (name, section) in sections.items():
        own = [item for item in fresh if item[1].section.key == key]
        feeds.append(
            _Feed(
                name, f"{section.title} · {site.title}", own[0][1].path if own else "index.html", _once(own)
            )
        )
    content = {id(view): _content(view, leaf, site) for view, leaf in fresh}
    found = {}
    for feed in feeds:
        found[f"{feed.name}.xml"] = _atom(feed, site, content)
        found[f"{feed.name}.json"] = _json(feed, site, content)
    return found


def _once(items: Iterable[Item]) -> list[Item]:
    """Each paper once: in two sections it is the same, and an identifier stands in a feed but once."""
    found: dict[str, Item] = {}
    for item in items:
        found.setdefault(_id(*item), item)
    return sorted(found.values(), key=lambda item: _when(*item), reverse=True)


def _id(view: PaperView, leaf: SectionPage) -> str:
    return view.address or f"urn:uuid:{uuid.uuid5(_SPACE, f'{leaf.path} {view.title}')}"


def _when(view: PaperView, leaf: SectionPage) -> datetime:
    """The announcement; of a day's papers the first counts as the newest, so that readers keep the order.

    No two have the same: sections differ by a part of a second.
    """
    apart = timedelta(seconds=view.number, microseconds=zlib.crc32(leaf.section.key.encode()) % 1_000_000)
    return datetime.combine(leaf.date, _ANNOUNCED, UTC) - apart


def _title(view: PaperView) -> str:
    """The line first; the title of a paper that has none."""
    return _clean(view.line or view.title)


def _content(view: PaperView, leaf: SectionPage, site: SiteSettings) -> str:
    parts = [f"<p>{escape(line)}</p>" for line in (view.line, view.also) if line]
    if leaf.sample:
        parts.insert(0, f"<p>{escape(words_of(site.lang)['sample'])}</p>")
    parts.append(f"<p><strong>{escape(view.title)}</strong></p>")
    if view.entry.flag:
        parts.append(f"<p>{escape(view.entry.flag.reason)}</p>")
    authors = [tex_to_text(author) for author in view.paper.authors[:20]]
    more = "" if len(view.paper.authors) <= 20 else f" … ({len(view.paper.authors)})"
    parts.append(f"<p>{escape(', '.join(authors) + more)}</p>")
    parts.append(f"<p>{escape(tex_to_text(view.paper.abstract))}</p>")
    return _clean("".join(parts))


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)


def _atom(feed: _Feed, site: SiteSettings, content: Mapping[int, str]) -> str:
    from lxml import etree

    root = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})  # type: ignore[dict-item]  # its types know no default namespace
    root.set("{http://www.w3.org/XML/1998/namespace}lang", "zh-CN" if site.lang == "zh" else "en")
    _put(root, "title", feed.title)
    _put(root, "subtitle", feed.about(site))
    _put(root, "id", feed.id)
    _put(root, "updated", feed.updated.isoformat())
    _put(root, "generator", "digest", version=__version__)
    author = _put(root, "author")
    _put(author, "name", site.title)
    if site.url:
        _put(
            root, "link", rel="self", type="application/atom+xml", href=_ours(site, f"feeds/{feed.name}.xml")
        )
        _put(root, "link", rel="alternate", type="text/html", href=_ours(site, feed.home))
    for view, leaf in feed.items:
        entry = _put(root, "entry")
        _entry(entry, view, leaf, site)
        _put(entry, "content", content[id(view)], type="html")
    text: str = etree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _entry(node: etree._Element, view: PaperView, leaf: SectionPage, site: SiteSettings) -> None:
    _put(node, "title", _title(view))
    _put(node, "id", _id(view, leaf))
    _put(node, "updated", _when(view, leaf).isoformat())
    if link := _link(view, leaf, site):
        _put(node, "link", rel="alternate", type="text/html", href=link)
    for name in view.paper.authors[:20]:
        if bare := _clean(tex_to_text(name)):
            _put(_put(node, "author"), "name", bare)
    for category in view.paper.categories:
        if _clean(category):
            _put(node, "category", term=_clean(category))


def _link(view: PaperView, leaf: SectionPage, site: SiteSettings) -> str:
    """ArXiv's page of the paper; ours of a paper whose file does not name it, where that is published."""
    return view.address or (_ours(site, f"{leaf.path}#{view.anchor}") if site.url else "")


def _ours(site: SiteSettings, path: str) -> str:
    """The address of a file of the published site; a section's name may have any letters."""
    return f"{site.url}/{quote(path, safe='/#')}"


def _put(parent: etree._Element, tag: str, text: str | None = None, **attributes: str) -> etree._Element:
    from lxml import etree

    node = etree.SubElement(parent, f"{{{_ATOM}}}{tag}", attributes)
    node.text = None if text is None else _clean(text)
    return node


def _json(feed: _Feed, site: SiteSettings, content: Mapping[int, str]) -> str:
    values: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "description": feed.about(site),
        "language": "zh-CN" if site.lang == "zh" else "en",
    }
    if site.url:
        values |= {
            "home_page_url": _ours(site, feed.home),
            "feed_url": _ours(site, f"feeds/{feed.name}.json"),
        }
    values["items"] = [
        _item(view, leaf, site) | {"content_html": content[id(view)]} for view, leaf in feed.items
    ]
    return json.dumps(values, ensure_ascii=False, indent=1) + "\n"


def _item(view: PaperView, leaf: SectionPage, site: SiteSettings) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": _id(view, leaf),
        "title": _title(view),
        "date_published": _when(view, leaf).isoformat(),
        "authors": [
            {"name": bare} for name in view.paper.authors[:20] if (bare := _clean(tex_to_text(name)))
        ],
        "tags": [*view.paper.categories, *([view.task] if view.task else [])],
    }
    if link := _link(view, leaf, site):
        item["url"] = link
    if view.address and site.url:
        item["external_url"] = _ours(site, f"{leaf.path}#{view.anchor}")
    return item
