"""Feeds by the rules of the W3C feed validator (feed.py, entry.py, link.py, content.py); pages by HTML."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from lxml import etree

from digest.model import Finding, Flag, Section, Summary, TextOrigin
from tests.examples import first_fast
from tests.publish.samples import entry
from tests.publish.site.support import TEXT, built, digest_on, hostile, paper, put

DAY = date(2026, 1, 28)
ATOM = "{http://www.w3.org/2005/Atom}"
RISKY = {"script", "style", "meta", "iframe", "object", "embed", "form", "img", "link", "base"}


@pytest.fixture(scope="module", params=first_fast(["zh", "en"]))
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days with everything that may go wrong in a feed or a page."""
    folder = tmp_path_factory.mktemp("runs")
    both = paper(3, "cross")
    lines = Summary(line="中文。", translations={"en": "English & <b>."}, prompt="p@1", model="m")
    odd = entry(
        id="2601.00007", title="\ud800 \x00\x0b A title\u2028 of $\\frac{a}{b}$ and $\\emph",
        authors=(" ", "é\x01\u202e"), categories=("cs.SD", "a b\x02"), summary=lines,
        comments="ICASSP 2026, https://x.example/a?b=1&c=<2> https://x.example/\u202emoc",
        flag=Flag(code="checks", reason="\u202e\x07原因"),
        text=TextOrigin(source="abstract", reason="\u2066x\x00"),
        findings=(Finding(rule="numbers", severity=3, evidence="\u202e3\x00"),),
    )  # fmt: skip
    put(folder, digest_on(DAY, hostile(), paper(1), paper(2, "replaced"), both, odd))
    put(folder, digest_on(DAY, both, entry(id="", title="No id"), entry(id="", title="No id"), section=TEXT))
    put(folder, digest_on(DAY - timedelta(days=1), paper(9), both))
    put(folder, digest_on(DAY - timedelta(days=1), section=TEXT))
    own = Section(key="我的 section", title="<我的>", categories=("cs.SD",))
    put(folder, digest_on(DAY, paper(20), entry(id="", title="No id either"), section=own))
    words = {"words": ["Paper 1"], "authors": ["A. Author", "é"]}
    built(folder, site={"url": "https://example.org/d/", "lang": request.param}, interests=words)
    return folder / "site"


@pytest.mark.slow
def test_feeds_keep_the_validators_rules(site: Path) -> None:
    for path in (site / "feeds").glob("*.xml"):
        feed = etree.fromstring(path.read_bytes())
        assert _order(feed), "metadata stands before the entries"
        _has_once(feed, "id", "title", "updated")
        links = feed.findall(f"{ATOM}link")
        assert [link.get("href") for link in links if link.get("rel") == "self"] == [
            f"https://example.org/d/feeds/{quote(path.name)}"
        ]
        assert all(re.fullmatch(r"https://[\x21-\x7e]+", link.get("href") or "") for link in links)
        assert max(Counter((one.get("rel"), one.get("type")) for one in links).values()) == 1
        entries = feed.findall(f"{ATOM}entry")
        for node in entries:
            _entry(node)
        for name in ("id", "updated"):  # DuplicateEntries, DuplicateUpdated
            assert max(Counter(node.findtext(f"{ATOM}{name}") for node in entries).values(), default=1) == 1
        newest = max((node.findtext(f"{ATOM}updated") or "" for node in entries), default=None)
        assert newest in {None, feed.findtext(f"{ATOM}updated")}


def _order(feed: Any) -> bool:
    names = [node.tag == f"{ATOM}entry" for node in feed]
    return names == sorted(names)


def _has_once(node: Any, *names: str) -> None:
    for name in names:
        (found,) = node.findall(f"{ATOM}{name}")
        assert (found.text or "").strip(), name
    assert re.fullmatch(r"https://\S+|urn:uuid:[0-9a-f-]{36}", node.findtext(f"{ATOM}id"))
    when = datetime.fromisoformat(node.findtext(f"{ATOM}updated"))
    assert datetime(1970, 1, 1, tzinfo=UTC) < when < datetime(2026, 1, 29, tzinfo=UTC)  # not in the future


def _entry(node: Any) -> None:
    _has_once(node, "id", "title", "updated")
    assert len(node.findall(f"{ATOM}content")) == 1
    alternates = [link for link in node.findall(f"{ATOM}link") if link.get("rel") == "alternate"]
    assert len(alternates) == 1
    assert all(re.fullmatch(r"https://[\x21-\x7e]+", link.get("href")) for link in alternates)
    for author in node.findall(f"{ATOM}author"):
        assert (author.findtext(f"{ATOM}name") or "").strip()
    assert all(one.get("term", "").strip() for one in node.findall(f"{ATOM}category"))
    content = node.find(f"{ATOM}content")
    assert content.get("type") == "html"
    _fragment(content.text)


def html_parser() -> Any:
    import html5lib

    return html5lib.HTMLParser(namespaceHTMLElements=False)


def _fragment(text: str) -> None:
    """Whole HTML without what a reader of feeds would take out, and without relative addresses."""
    parser = html_parser()
    tree = parser.parseFragment(text)
    assert parser.errors == []
    for node in tree.iter():
        assert node.tag not in RISKY
        assert not [name for name in node.attrib if name.startswith("on") or name == "style"]
        assert node.get("href", "https://").startswith("https://")


def test_json_feeds_keep_their_rules(site: Path) -> None:
    for path in (site / "feeds").glob("*.json"):
        feed = json.loads(path.read_text(encoding="utf-8"))
        assert feed["feed_url"] == f"https://example.org/d/feeds/{quote(path.name)}"
        ids = [item["id"] for item in feed["items"]]
        assert len(ids) == len(set(ids))
        for item in feed["items"]:
            assert item["title"].strip()
            assert all(one["name"].strip() for one in item["authors"])
            assert all(tag.strip() for tag in item["tags"])
            _fragment(item["content_html"])


def test_pages_are_valid_html(site: Path) -> None:
    for path in sorted(site.rglob("*.html")):
        parser = html_parser()
        tree = parser.parse(path.read_text(encoding="utf-8"))
        assert parser.errors == [], path
        assert not re.search(
            "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", path.read_text(encoding="utf-8")
        ), path
        ids = Counter(node.get("id") for node in tree.iter() if node.get("id"))
        assert [name for name, number in ids.items() if number > 1] == [], path
        named = {one for node in tree.iter() for one in (node.get("aria-labelledby") or "").split()}
        assert named <= set(ids), path
        for node in tree.iter():
            assert node.tag not in {"iframe", "object", "embed"}, path
            assert not [name for name in node.attrib if str(name).startswith("on")], path
            if node.tag == "script":
                assert node.get("src"), path
                assert not (node.text or "").strip(), path
