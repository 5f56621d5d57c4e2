from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from digest.config import InterestSettings
from digest.model import Summary
from digest.publish.site.comments import links_of, venue_of
from digest.publish.site.groups import grouped
from digest.publish.site.interests import InterestScorer
from digest.publish.site.titles import Titles
from digest.publish.site.view import PaperView, views_of
from tests.publish.samples import entry
from tests.publish.site.support import digest_on, paper

DAY = date(2026, 1, 28)


@pytest.mark.parametrize(
    ("comments", "name", "submitted"),
    [
        ("Accepted by ICASSP2026", "ICASSP 2026", False),
        ("Submitted to Interspeech 2026, 5 pages", "Interspeech 2026", True),
        ("Accepted to the IEEE Conference on Acoustics (ICASSP) 2026", "ICASSP 2026", False),
        (
            "10 pages. Accepted at NeurIPS 2025 (Poster). Code at https://github.com/x/ABC2024",
            "NeurIPS 2025",
            False,
        ),
        ("EMNLP'25", "EMNLP 2025", False),
        ("TMLR 2026", "TMLR 2026", False),
        ("Accepted by ICLR-2026", "ICLR 2026", False),
        ("5 pages, 3 figures", "", False),
        ("Copyright 2026 IEEE. Personal use", "", False),
        (None, "", False),
    ],
)
def test_venues(comments: str | None, name: str, submitted: bool) -> None:
    venue = venue_of(comments)
    assert (venue.name if venue else "") == name
    if venue:
        assert venue.submitted == submitted


def test_links_lose_what_belongs_to_the_sentence() -> None:
    text = (
        "Code (https://github.com/a/b), data at https://huggingface.co/datasets/c/d. "
        "See https://x.github.io/y/。也见 https://zenodo.org/1"
    )
    assert [(one.kind, one.url) for one in links_of(text, "again https://github.com/a/b/")] == [
        ("code", "https://github.com/a/b"), ("data", "https://huggingface.co/datasets/c/d"),
        ("page", "https://x.github.io/y/"), ("data", "https://zenodo.org/1"),
    ]  # fmt: skip
    assert (
        links_of("javascript:alert(1) data:text/html,x https://[::1 http://a https://arxiv.org/abs/1") == ()
    )
    assert all('"' not in one.url for one in links_of('http://evil.example/"onload=alert(1)'))


def views(*entries: object, source: str = "listing") -> tuple[PaperView, ...]:
    digest = digest_on(DAY, *entries, source=source)  # type: ignore[arg-type]  # a source from parameters
    return views_of(digest, InterestScorer(InterestSettings()), english=False)


def test_published_cross_lists_are_not_called_new() -> None:
    foreign = entry(categories=("cs.LG", "cs.SD"))
    assert [view.kind for view in views(foreign, source="import")] == ["cross"]
    assert [view.kind for view in views(foreign)] == ["new"]
    assert [view.kind for view in views(entry(categories=("eess.AS", "cs.LG")), source="import")] == ["new"]


@pytest.mark.parametrize(
    ("line", "task"),
    [
        ("该论文属于语音识别任务，旨在解决噪声问题。", "语音识别"),
        ("该论文研究符号音乐编辑任务，解决灵活性不足。", "符号音乐编辑"),
        ("该论文提出XProvence，解决剪枝问题。", ""),
    ],
)
def test_a_line_names_its_task(line: str, task: str) -> None:
    assert views(entry(summary=Summary(line=line)))[0].task == task


def test_the_english_line_goes_first_where_there_is_one() -> None:
    both = entry(summary=Summary(line="中文。", translations={"en": "English."}))
    digest = digest_on(DAY, both, entry(id="2601.1", summary=Summary(line="只有中文。")))
    judge = InterestScorer(InterestSettings())
    assert [view.line for view in views_of(digest, judge, english=True)] == ["English.", "只有中文。"]
    assert views_of(digest, judge, english=False)[0].line == "中文。"


def test_a_new_title_is_shown_beside_the_old(tmp_path: Path) -> None:
    one = entry("replaced", id="2601.00001", title="New name")
    digest = digest_on(DAY, one)
    titles = Titles(tmp_path / "titles.sqlite3")
    for day, title in (("2026-01-28", "New name"), ("2026-01-05", "Old name"), ("2026-02-01", "Later")):
        titles.note("2601.00001", day, title)
    for _ in range(2):  # from memory, and from the file
        view = views_of(digest, InterestScorer(InterestSettings()), english=False, earlier=titles.before)[0]
        assert view.was == "Old name"
        titles.save()


def test_titles_outlive_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "titles.sqlite3"
    path.write_bytes(b"no database " * 1000)
    titles = Titles(path)
    assert titles.before("2601.00001", "2026-01-28") == ""
    titles.note("2601.00001", "2026-01-05", "Old name")
    titles.save()
    assert Titles(path).before("2601.00001", "2026-01-28") == "Old name"
    assert Titles(path).before("2601.00001", "2026-01-05") == ""


def test_papers_without_identifier_have_anchors_of_their_own() -> None:
    anchors = [
        view.anchor
        for view in views(
            entry(id=""), entry(id=""), entry(id="hep-th/9901001"), entry(id="x"), entry(id="x")
        )
    ]
    assert len(set(anchors)) == 5
    assert all("/" not in one for one in anchors)


def test_groups_hold_every_paper_once() -> None:
    tasks = ["语音识别"] * 4 + ["多语言语音识别", "语音合成", "语音合成", "情感语音合成", "说话人日志", ""]
    found = grouped(views(*(paper(n, task=task) for n, task in enumerate(tasks))))
    assert [(group.name, len(group.views)) for group in found] == [("语音识别", 5), ("语音合成", 3), ("", 2)]
    assert found[-1].rest
    assert grouped(()) == ()


def test_english_tasks_are_grouped_too() -> None:
    tasks = [
        *["Speech recognition"] * 2, "multilingual speech recognition of names", "Text to speech",
        "LLM decoding", "Fast LLM decoding", "LLM Decoding", "the", "recognition",
    ]  # fmt: skip
    found = grouped(views(*(paper(n, task=task) for n, task in enumerate(tasks))))
    assert [(group.name, len(group.views)) for group in found] == [
        ("speech recognition", 3),
        ("LLM decoding", 3),
        ("", 3),
    ]
