"""What pages, feeds, mail and search say of a digest's languages, and of recorded answers."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from lxml import html

from digest.model import Entry, Summary
from tests.examples import first_fast
from tests.publish.site.support import built, digest_on, paper, put

DAY = date(2026, 1, 28)
EVERYWHERE = (
    "index.html", "interests.html", "2026-01-28/index.html", "2026-01-28/audio.html",
    "2026-01-28/audio.more.html", "2026-01-28/mail.html", "week/2026-W05-audio.html",
    "feeds/audio.xml", "feeds/audio.json",
)  # fmt: skip


def _both(number: int) -> Entry:
    summary = Summary(
        line=f"中文第{number}句。", translations={"zh": f"中文第{number}句。", "en": f"English {number}."}
    )
    return paper(number, summary=summary)


def _searched(folder: Path) -> str:
    """What the search shows of the papers, and its head."""
    files = sorted((folder / "site/search").rglob("*.js"))
    return "".join(
        path.read_text(encoding="utf-8") for path in files if path.stem == "head" or "text" in path.parts
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lang", "words"), first_fast([("en", "Sample: recorded answers"), ("zh", "示例：录制的回答")])
)
def test_recorded_answers_are_called_that_everywhere(tmp_path: Path, lang: str, words: str) -> None:
    sample = digest_on(DAY, paper(1), paper(2, "replaced")).model_copy(update={"sample": True})
    put(tmp_path, sample)
    built(tmp_path, site={"lang": lang}, interests={"words": ["Paper 1"]})
    for name in EVERYWHERE:
        assert words in (tmp_path / "site" / name).read_text(encoding="utf-8"), name
    assert "示例：录制的回答" in (tmp_path / "2026-01-28/audio.reader.md").read_text(encoding="utf-8")
    assert '"音频",1,"' in _searched(tmp_path)


@pytest.mark.parametrize("lang", first_fast(["zh", "en"]))
def test_real_work_is_not_called_a_sample(tmp_path: Path, lang: str) -> None:
    put(tmp_path, digest_on(DAY, paper(1)))
    built(tmp_path, site={"lang": lang}, interests={"words": ["Paper 1"]})
    for name in EVERYWHERE:
        text = (tmp_path / "site" / name).read_text(encoding="utf-8")
        assert [word for word in ("示例：", "Sample:") if word in text] == [], name
    assert '"音频",0,"' in _searched(tmp_path)


@pytest.mark.parametrize(
    ("lang", "order"), [("zh", ("中文第1句。", "English 1.")), ("en", ("English 1.", "中文第1句。"))]
)
def test_both_lines_are_shown_in_the_order_of_the_pages(
    tmp_path: Path, lang: str, order: tuple[str, str]
) -> None:
    put(tmp_path, digest_on(DAY, _both(1)))
    built(tmp_path, site={"lang": lang}, interests={"words": ["Paper 1"]})
    for name in (
        "2026-01-28/audio.html",
        "2026-01-28/mail.html",
        "week/2026-W05-audio.html",
        "feeds/all.xml",
        "interests.html",
    ):
        text = (tmp_path / "site" / name).read_text(encoding="utf-8")
        assert -1 < text.index(order[0]) < text.rindex(order[1]), name
    page = html.fromstring((tmp_path / "site/2026-01-28/audio.html").read_bytes())
    foreign = page.xpath("//p[contains(@class, 'also')]/@lang")
    assert foreign == ["en" if lang == "zh" else "zh-CN"]
    item = json.loads((tmp_path / "site/feeds/all.json").read_text(encoding="utf-8"))["items"][0]
    assert item["title"] == order[0]
    assert item["content_html"].index(order[0]) < item["content_html"].index(order[1])
    indexed = _searched(tmp_path)
    assert indexed.index(order[0]) < indexed.index(order[1])


def test_a_line_in_the_other_language_only_is_shown_and_named(tmp_path: Path) -> None:
    put(tmp_path, digest_on(DAY, paper(1, summary=Summary(line="English alone.", lang="en")), paper(2)))
    built(tmp_path)
    page = html.fromstring((tmp_path / "site/2026-01-28/audio.html").read_bytes())
    assert page.xpath("//p[@class='line' and @lang='en']/text()") == ["English alone."]
    assert page.xpath("count(//p[starts-with(@class, 'line')])") == 2
