from __future__ import annotations

import json
import re
import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import rispy
from lxml import etree, html

from digest.publish.site.bibliography import bibtex_of, ris_of
from tests.publish.samples import entry
from tests.publish.site.support import TEXT, built, digest_on, hostile, paper, put

DAY = date(2026, 1, 28)
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day with a hostile paper, and one that stands in two sections."""
    tmp_path = tmp_path_factory.mktemp("runs")
    both = paper(3, "cross")
    put(tmp_path, digest_on(DAY, hostile(), paper(1), paper(2, "replaced"), both))
    put(tmp_path, digest_on(DAY, both, entry(id="", title="No id"), section=TEXT))
    built(tmp_path, site={"url": "https://example.org/d/"}, interests={"words": ["Paper 1"]})
    return tmp_path / "site"


def test_atom_keeps_its_rules(site: Path) -> None:
    names = {path.name for path in (site / "feeds").glob("*.xml")}
    assert names == {"audio.xml", "text.xml", "all.xml", "interests.xml"}
    for name in names:
        _valid_atom(etree.fromstring((site / "feeds" / name).read_bytes()))


def _valid_atom(feed: etree._Element) -> None:
    """RFC 4287, 4.1.1 and 4.1.2: what must stand there once, and in which form."""
    assert feed.tag == f"{ATOM}feed"
    for node in [feed, *feed.findall(f"{ATOM}entry")]:
        for name in ("id", "title", "updated"):
            assert len(node.findall(f"{ATOM}{name}")) == 1, name
        assert re.match(r"(https://|urn:uuid:)", node.findtext(f"{ATOM}id") or "")
        assert datetime.fromisoformat(node.findtext(f"{ATOM}updated") or "").tzinfo
        assert all(author.findtext(f"{ATOM}name") for author in node.findall(f"{ATOM}author"))
        assert all(link.get("href") for link in node.findall(f"{ATOM}link"))
    ids = [node.findtext(f"{ATOM}id") for node in feed.findall(f"{ATOM}entry")]
    assert len(ids) == len(set(ids))
    assert len(feed.findall(f"{ATOM}author")) == 1
    for node in feed.findall(f"{ATOM}entry"):
        assert node.findall(f"{ATOM}content") or node.findall(f"{ATOM}link")


def test_feeds_hold_new_papers_with_the_line_first(site: Path) -> None:
    feed = json.loads((site / "feeds/audio.json").read_text(encoding="utf-8"))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["id"][-10:] for item in feed["items"]] == ["01.09999v2", "01.00001v2", "01.00003v2"]
    assert feed["items"][1]["title"] == "该论文属于语音识别任务，提出第1种方法。"
    assert feed["feed_url"] == "https://example.org/d/feeds/audio.json"
    assert all(datetime.fromisoformat(item["date_published"]) for item in feed["items"])
    everything = json.loads((site / "feeds/all.json").read_text(encoding="utf-8"))
    assert len(everything["items"]) == 4
    mine = json.loads((site / "feeds/interests.json").read_text(encoding="utf-8"))
    assert [item["id"] for item in mine["items"]] == ["https://arxiv.org/abs/2601.00001v2"]
    assert not html.fromstring(feed["items"][0]["content_html"]).xpath("//script | //img | //iframe")


@pytest.mark.slow
def test_identifiers_stay_when_the_site_is_made_again(site: Path, tmp_path: Path) -> None:
    shutil.copytree(site.parent, tmp_path, dirs_exist_ok=True)
    before = re.findall(r"<id>(.*?)</id>", (site / "feeds/all.xml").read_text(encoding="utf-8"))
    site = tmp_path / "site"
    built(tmp_path, site={"title": "Another title"})
    after = re.findall(r"<id>(.*?)</id>", (site / "feeds/all.xml").read_text(encoding="utf-8"))
    assert after == before


def parse_string(text: str) -> Any:
    from bibtexparser import entrypoint

    return entrypoint.parse_string(text)


def test_bibtex_is_read_back(site: Path) -> None:
    library = parse_string((site / "2026-01-28/audio.bib").read_text(encoding="utf-8"))
    assert not library.failed_blocks
    assert len(library.entries) == 4
    values = [one.fields_dict for one in library.entries]
    assert [one["eprint"].value for one in values] == ["2601.09999", "2601.00001", "2601.00002", "2601.00003"]
    assert len(values[0]["author"].value.split(" and ")) == 3000
    assert "Transformer" in values[0]["title"].value


@pytest.mark.parametrize(
    ("author", "written"),
    [("Ludwig van Beethoven", "van Beethoven, Ludwig"), ("Sammy Davis Jr.", "Davis Jr., Sammy"),
     ("Plato", "Plato"),
     ("Li, Bo", "Li, Bo"),
     ("The A and B Collaboration", "{The A and B Collaboration}"), ("a}{b C", "C, a)(b"),
     ("50% & Co_x", r"Co\_x, 50\% \&")],
)  # fmt: skip
def test_names_in_bibtex(author: str, written: str) -> None:
    assert f"author = {{{written}}}" in bibtex_of([entry(authors=(author,)).paper], DAY)


def test_keys_stand_once() -> None:
    papers = [entry(id=f"2601.0000{n}").paper for n in range(3)]
    library = parse_string(bibtex_of(papers, DAY))
    assert len({one.key for one in library.entries}) == 3
    assert not library.failed_blocks


def test_ris_is_read_back(site: Path) -> None:
    entries = rispy.loads((site / "2026-01-28/audio.ris").read_bytes().decode())
    assert len(entries) == 4
    assert entries[1]["title"] == "Paper 1"
    assert entries[1]["authors"] == ["Author, A.", "Author, B."]
    assert len(entries[0]["abstract"]) > 20_000
    assert ris_of([], DAY) == ""


@pytest.mark.slow  # 700 papers
def test_a_mail_fits_and_needs_no_script(tmp_path: Path) -> None:
    put(tmp_path, digest_on(DAY, *(paper(n, title="Long title " * 10) for n in range(1, 401)), hostile()))
    put(tmp_path, digest_on(DAY, *(paper(n, task="机器翻译") for n in range(500, 800)), section=TEXT))
    built(tmp_path, interests={"words": ["第399种方法"]}, site={"url": "https://example.org"})
    content = (tmp_path / "site/2026-01-28/mail.html").read_bytes()
    assert 40_000 < len(content) <= 95_000
    page: Any = html.document_fromstring(content.decode())
    assert not page.xpath("//script | //link | //style | //img | //iframe | //div[@class]")
    assert all(link.startswith("https://") for link in page.xpath("//@href"))
    text = page.text_content()
    assert text.index("第399种方法") < text.index("音频")
    assert re.search(r"其余 \d+ 篇", text)
    assert "机器翻译" in text
    assert page.xpath("//a[contains(@href, 'example.org/2026-01-28/text.html')]")


def test_markdown_for_readers(site: Path) -> None:
    text = (site.parent / "2026-01-28/audio.reader.md").read_text(encoding="utf-8")
    assert text.startswith("# 音频 2026-01-28\n\ncs.SD, eess.AS · 新发布 2 · 交叉列出 1 · 更新 1\n")
    assert "公布 4 = 列出 4 = 已概括 3 + 已标记 1" in text
    assert "### 2. [Paper 1](https://arxiv.org/abs/2601.00001v2)" in text
    assert text.count("<details>") == text.count("</details>") == 4
    assert "\\<script\\>alert(1)" in text
    assert not re.search(r"(?<!\\)<(script|img|iframe|q|u|i)\b", text)
    assert "\u202e" not in text


def test_readers_markdown_makes_no_mention_or_heading(tmp_path: Path) -> None:
    title = "# @team [x](http://y) `a` *b* 1. | $x_1$ <!-- c --> ![p](q)"
    put(tmp_path, digest_on(DAY, entry(title=title, abstract=title, authors=("@me",))))
    built(tmp_path)
    text = (tmp_path / "2026-01-28/audio.reader.md").read_text(encoding="utf-8")
    assert "@" not in text
    assert "<!--" not in text.replace("\\<\\!--", "")
    assert not re.search(r"(?<!\\)\]\(http://y", text)


def test_a_paper_without_title_is_exported_by_its_number() -> None:
    bare = entry(id="2601.00001", version=2, title="").paper
    assert "title = {{2601.00001v2}}" in bibtex_of([bare], DAY)
    assert "TI  - 2601.00001v2" in ris_of([bare], DAY)
