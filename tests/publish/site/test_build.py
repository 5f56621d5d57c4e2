from __future__ import annotations

import os
import re
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from lxml import html

from digest.model import KINDS, Flag
from digest.publish.site.build import build_site
from tests.examples import first_fast
from tests.publish.samples import entry
from tests.publish.site.support import TEXT, built, digest_on, hostile, paper, put, settings

DAYS = [date(2026, 1, 26), date(2026, 1, 27), date(2026, 2, 2)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three days of two sections, over two weeks."""
    for day in DAYS:
        entries = [paper(day.day * 10 + n, kind) for n, kind in enumerate(KINDS)]
        put(tmp_path, digest_on(day, *entries), digest_on(day, paper(1), section=TEXT))
    return tmp_path


def pages(folder: Path) -> dict[str, html.HtmlElement]:
    site = folder / "site"
    return {
        path.relative_to(site).as_posix(): html.document_fromstring(path.read_text(encoding="utf-8"))
        for path in site.rglob("*.html")
    }


def state(folder: Path) -> dict[str, int]:
    return {
        str(path): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and ".state" not in path.parts
    }


def test_every_link_leads_somewhere(folder: Path) -> None:
    built(folder)
    found = pages(folder)
    assert (
        len(found) == 4 + 1 + len(DAYS) * 2 + 6 * 2 + 2 * 2
    )  # four, interests; a day and mail; page and more; weeks
    for name, page in found.items():
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids)), name
        for link in [*page.xpath("//@href"), *page.xpath("//@src")]:
            parts = urlsplit(link)
            if parts.scheme:
                assert parts.scheme == "https", (name, link)
                continue
            target = os.path.normpath(str(Path(name).parent / parts.path)) if parts.path else name
            assert (folder / "site" / target).is_file(), (name, link)
            if parts.fragment and target in found:
                assert unquote(parts.fragment) in found[target].xpath("//@id"), (name, link)


@pytest.mark.slow
def test_counts_are_made_from_what_is_there(folder: Path) -> None:
    built(folder)
    page = pages(folder)["2026-01-26/audio.html"]
    assert "公布 3 = 列出 3 = 已概括 3 + 已标记 0" in page.text_content()
    assert page.xpath("count(//article)") == 3
    assert "更新 1 篇" in page.xpath("string(//details/summary)")
    front = pages(folder)["index.html"]
    assert "2026 年 2 月 2 日" in front.xpath("string(//h1)")
    assert re.search(r"1\s*新发布.*1\s*交叉列出.*1\s*更新", front.xpath("string(//*[@class='nums'])"))


def test_a_section_leads_to_the_days_beside_it_and_to_its_week(folder: Path) -> None:
    built(folder)
    page = pages(folder)["2026-01-27/audio.html"]
    assert page.xpath("//a[@rel='prev']/@href") == ["../2026-01-26/audio.html"]
    assert page.xpath("//a[@rel='next']/@href") == ["../2026-02-02/audio.html"]
    week = pages(folder)["week/2026-W05-audio.html"]
    assert week.xpath("count(//article)") == 4  # replaced papers were there before
    assert week.xpath("//a[@rel='next']/@href") == ["../week/2026-W06-audio.html"]


def test_what_did_not_change_is_not_written(folder: Path) -> None:
    built(folder)
    before = state(folder)
    assert built(folder).written == 0
    assert state(folder) == before
    put(folder, digest_on(date(2026, 2, 3), paper(77)))
    built(folder)
    after = state(folder)
    changed = {path for path in before if after[path] != before[path]}
    names = {Path(path).relative_to(folder / "site").as_posix() for path in changed}
    assert not {name for name in names if name.startswith("2026-01")}
    assert "2026-02-02/audio.html" in names  # its way to the next day
    assert "2026-02-02/audio.more.html" not in names


@pytest.mark.slow
def test_pages_of_digests_that_are_gone_go_too(folder: Path) -> None:
    built(folder)
    for name in ("text.json", "text.md"):
        (folder / "2026-02-02" / name).unlink()
    built(folder)
    assert not list((folder / "site").glob("2026-02-02/text*"))
    assert not (folder / "site/week/2026-W06-text.html").exists()
    assert "2026-02-02/text" not in (folder / "site/index.html").read_text(encoding="utf-8")
    assert (folder / "site/2026-02-02/audio.html").exists()


def test_a_damaged_digest_is_told_of_and_its_pages_stay(folder: Path) -> None:
    built(folder)
    (folder / "2026-01-27/audio.json").write_text("{broken", encoding="utf-8")
    put(folder, digest_on(date(2026, 2, 3), paper(5)))
    result = built(folder)
    assert len(result.unreadable) == 1
    assert "2026-01-27" in result.unreadable[0]
    assert (folder / "site/2026-01-27/audio.html").exists()
    assert (folder / "site/2026-02-03/audio.html").exists()
    assert "2026-01-27/audio.html" in (folder / "site/calendar.html").read_text(encoding="utf-8")
    assert built(folder).unreadable == result.unreadable  # told each time, until it is mended


@pytest.mark.slow
def test_other_settings_make_other_pages(folder: Path) -> None:
    built(folder)
    result = built(folder, interests={"words": ["Paper 261"]}, site={"lang": "en"})
    assert result.written > 10
    page = pages(folder)["2026-01-26/audio.html"]
    assert page.get("lang") == "en"
    first = page.xpath("//article")[0]
    assert "Paper 261" in first.xpath("string(h3)")
    assert "Paper 261" in first.xpath("string(.//*[@class='because'])")
    assert page.xpath("count(//article)") == 3


def test_no_digests_and_empty_digests_have_pages(tmp_path: Path) -> None:
    result = built(tmp_path)
    assert "digest run --sample" in result.index.read_text(encoding="utf-8")
    put(tmp_path, digest_on(DAYS[0]))
    built(tmp_path)
    assert "没有论文" in (tmp_path / "site/2026-01-26/audio.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_other_files_beside_digests_do_no_harm(folder: Path) -> None:
    (folder / "notes").mkdir()
    (folder / "notes/x.json").write_text("{}", encoding="utf-8")
    (folder / "2026-13-77").mkdir()
    (folder / "2026-13-77/x.json").write_text("{}", encoding="utf-8")
    assert built(folder).unreadable == []


def test_hostile_text_comes_out_whole_and_harmless(tmp_path: Path) -> None:
    put(tmp_path, digest_on(DAYS[0], hostile(), paper(2)))
    built(tmp_path)
    for name, page in pages(tmp_path).items():
        assert not page.xpath("//img | //body//iframe | //b[contains(., '该论文')] | //u | //q"), name
        assert all(
            set(script.attrib) <= {"src", "defer"} and not script.text for script in page.xpath("//script")
        ), name
        assert not page.xpath("//@onload | //@onerror"), name
        assert not [one for one in page.xpath("//@href") if one.startswith(("javascript", "data"))], name
        assert "\u202e" not in html.tostring(page, encoding="unicode"), name
        if not name.endswith("mail.html"):
            policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
            assert "unsafe-inline" not in policy
            assert "default-src 'none'" in policy
            assert not page.xpath("//@style"), name
    section = pages(tmp_path)["2026-01-26/audio.html"].text_content()
    assert "<script>alert(1)</script> ]]>" in section
    assert "<Transformer>" in section
    assert "<q>数字不符</q>" in section
    more = pages(tmp_path)["2026-01-26/audio.more.html"]
    assert len(more.xpath("//*[@id='2601.09999']//*[@class='names']/span")) == 3000
    assert len(more.xpath("string(//*[@id='2601.09999']//*[@class='abs'])")) > 20_000


def test_a_flag_is_told_with_its_reason_in_words(tmp_path: Path) -> None:
    flagged = entry(summary=None, flag=Flag(code="refused", reason="模型拒绝回答"))
    put(tmp_path, digest_on(DAYS[0], flagged))
    built(tmp_path)
    page = pages(tmp_path)["2026-01-26/audio.html"]
    assert "未生成简介 模型拒绝回答" in " ".join(page.xpath("string(//*[@class='flag'])").split())


@pytest.mark.parametrize("papers", first_fast([50, 400]))
def test_a_large_page_stays_small(tmp_path: Path, papers: int) -> None:
    import gzip

    line = (
        "该论文属于语音识别任务，旨在解决低资源场景下标注数据稀缺的问题，"
        "提出一种结合自监督预训练与伪标签的方法，显著提升了识别性能。"
    )
    entries = [
        paper(
            n,
            title="A Title of Usual Length: With a Subtitle for Low-Resource Speech Recognition",
            abstract="Words. " * 200,
        )
        for n in range(1, papers + 1)
    ]
    entries = [
        one.model_copy(update={"summary": one.summary and one.summary.model_copy(update={"line": line})})
        for one in entries
    ]
    put(tmp_path, digest_on(DAYS[0], *entries))
    built(tmp_path)
    page = (tmp_path / "site/2026-01-26/audio.html").read_bytes()
    assert len(page) <= 10_000 + 1_100 * papers
    assert len(gzip.compress(page)) <= 6_000 + 210 * papers


def test_styles_and_scripts_are_small(tmp_path: Path) -> None:
    built(tmp_path)
    assert all(path.stat().st_size <= 30_000 for path in (tmp_path / "site/assets").iterdir())


def test_a_site_may_lie_elsewhere(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "docs"
    build_site(settings(folder), elsewhere)
    assert (elsewhere / "index.html").exists()
    assert not (folder / "site").exists()


def test_the_seeds_form_stays(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.glob("*/*.md")}
    built(folder)
    assert {path: path.read_bytes() for path in before} == before


def test_a_title_that_changed_is_shown(tmp_path: Path) -> None:
    put(tmp_path, digest_on(DAYS[0], paper(1, title="Old name")))
    put(tmp_path, digest_on(DAYS[0] + timedelta(days=1), paper(1, "replaced", title="New name")))
    built(tmp_path)
    assert "原题：Old name" in (tmp_path / "site/2026-01-27/audio.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("key", "fits"),
    first_fast([
        ("it's & \"音频\"", True), ("a#b", False), ("index", False), ("my section", True), ("all", True),
        ("interests", True), ("50%", False), ("mail", False), ("audio.more", False),
    ], 3),
)  # fmt: skip
def test_names_of_sections_stand_in_addresses(tmp_path: Path, key: str, fits: bool) -> None:
    put(tmp_path, digest_on(DAYS[0], paper(1), section=TEXT.model_copy(update={"key": key})))
    assert bool(built(tmp_path).unreadable) != fits
    page = tmp_path / f"site/2026-01-26/{key}.html"
    assert (page.exists() and "Paper 1" in page.read_text(encoding="utf-8")) == fits


@pytest.mark.parametrize("key", first_fast(["all", "interests"]))
def test_the_feed_of_a_section_takes_no_others_place(tmp_path: Path, key: str) -> None:
    put(tmp_path, digest_on(DAYS[0], paper(1, title="Mine"), section=TEXT.model_copy(update={"key": key})))
    put(tmp_path, digest_on(DAYS[0], paper(2, title="Other")))
    built(tmp_path)
    feed = (tmp_path / f"site/feeds/{key}.xml").read_text(encoding="utf-8")
    assert ("Other" in feed) == (key == "all")
    assert "Mine" in (tmp_path / f"site/feeds/section-{key}.xml").read_text(encoding="utf-8")
    assert f"feeds/section-{key}.xml" in (tmp_path / f"site/2026-01-26/{key}.html").read_text(
        encoding="utf-8"
    )


@pytest.mark.slow
def test_one_more_day_links_its_neighbours_in_place(folder: Path) -> None:
    """Pages of days and weeks before it get the way to it; nothing else of them is made again."""
    built(folder)
    old = folder / "site/2026-02-02/audio.html"
    old.write_text(old.read_text(encoding="utf-8").replace("</main>", "<i>kept</i></main>"), encoding="utf-8")
    put(folder, digest_on(date(2026, 2, 9), paper(77)))
    built(folder)
    assert "<i>kept</i>" in old.read_text(encoding="utf-8")
    assert pages(folder)["2026-02-02/audio.html"].xpath("//a[@rel='next']/@href") == [
        "../2026-02-09/audio.html"
    ]
    assert pages(folder)["week/2026-W06-audio.html"].xpath("//a[@rel='next']/@href") == [
        "../week/2026-W07-audio.html"
    ]
    assert pages(folder)["2026-02-02/text.html"].xpath("//a[@rel='next']") == []
    old.unlink()
    put(folder, digest_on(date(2026, 2, 10), paper(78)), digest_on(date(2026, 2, 3), paper(79)))
    built(folder)
    assert pages(folder)["2026-02-02/audio.html"].xpath("//a[@rel='next']/@href") == [
        "../2026-02-03/audio.html"
    ]
    fresh = build_site(settings(folder), folder / "fresh")
    assert fresh.pages == 9
    for path in (folder / "fresh").rglob("*.html"):
        name = path.relative_to(folder / "fresh")
        assert path.read_text(encoding="utf-8") == (folder / "site" / name).read_text(encoding="utf-8"), name
