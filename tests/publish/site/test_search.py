from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from digest.model import Summary
from digest.publish.site.search import BLOCK, terms
from tests.examples import first_fast
from tests.publish.site.support import TEXT, built, digest_on, hostile, paper, put

MONDAY, TUESDAY, NEXT = date(2026, 1, 26), date(2026, 1, 27), date(2026, 2, 2)


def index_of(site: Path) -> dict[str, Any]:
    """What each file of the index hands over."""
    found = {}
    for path in sorted((site / "search").rglob("*.js")):
        text = path.read_text(encoding="utf-8")
        name, values = re.fullmatch(
            r'digestSearch\(("[^"]*"),(.*?)(?:,(?<=\n},)\[[^\]]*\])?\)\n', text, re.DOTALL
        ).groups()  # type: ignore[union-attr]  # None would fail the test
        assert json.loads(name) == path.relative_to(site / "search").with_suffix("").as_posix()
        found[json.loads(name)] = json.loads(values.replace(",\n}", "\n}"))
    return found


def places(site: Path, term: str) -> dict[str, list[int]]:
    """Week -> the papers that have a term."""
    found = {}
    for name, weeks in index_of(site).items():
        for key, held in weeks.items() if re.fullmatch(r"\d{4}/(new-)?[0-9a-f]+", name) else ():
            at, papers = 0, []
            for step in held[term].split(" ") if term in held else ():
                at += int(step, 36)
                papers.append(at // 2)
            if papers:
                assert key[:2] not in found, "a week stands in one file"
                found[key[:2]] = papers
    return found


def test_a_paper_is_found_by_its_words_in_both_languages() -> None:
    assert terms("Müller's Text-to-Speech with x^2") == {"muller", "s", "text", "speech", "x", "2"}
    assert terms("语音合成，AI 3D") == {"语音", "音合", "合成", "成", "ai", "3d"}
    assert terms("the of 的") == {"的"}
    assert terms("") == set()


def test_the_index_holds_every_paper_of_every_digest(tmp_path: Path) -> None:
    put(tmp_path, digest_on(MONDAY, *(paper(n) for n in range(1, 60)), hostile()))
    put(tmp_path, digest_on(TUESDAY, paper(70, title="A bell"), section=TEXT), digest_on(NEXT))
    built(tmp_path)
    found = index_of(tmp_path / "site")
    assert found["2026/head"]["05"] == [
        ["2026-01-26", "audio", "音频", 0, "n60"],
        ["2026-01-27", "text", TEXT.title, 0, "n1"],
    ]
    assert found["2026/head"]["06"] == [["2026-02-02", "audio", "音频", 0, ""]]
    assert places(tmp_path / "site", "bell") == {"05": [60]}
    assert places(tmp_path / "site", "transformer") == {"05": [59]}
    assert places(tmp_path / "site", "2998") == {"05": [59]}  # the last of 3,000 authors
    assert places(tmp_path / "site", "音识") == {"05": [*range(59), 60]}
    assert len(found["text/2026-01-26-audio-0"]) == BLOCK
    assert found["text/2026-01-27-text-0"][0][1] == "A bell"


@pytest.mark.slow
def test_one_more_day_indexes_one_week(tmp_path: Path) -> None:
    put(tmp_path, digest_on(MONDAY, paper(1, title="First")), digest_on(NEXT, paper(2, title="Second")))
    built(tmp_path)
    before = index_of(tmp_path / "site")
    put(tmp_path, digest_on(TUESDAY, paper(3, title="Third first")))
    built(tmp_path)
    assert places(tmp_path / "site", "first") == {"05": [0, 1]}
    assert places(tmp_path / "site", "second") == {"06": [0]}
    assert index_of(tmp_path / "site")["2026/head"]["06"] == before["2026/head"]["06"]
    assert built(tmp_path).written == 0


@pytest.mark.slow
def test_however_days_come_and_go_the_index_is_the_same(tmp_path: Path) -> None:
    """The newest week has files of its own: it changes, one follows it, one before it changes, it goes."""
    steps: list[tuple[date, int]] = [(TUESDAY, 1), (MONDAY, 2), (NEXT, 3), (date(2026, 1, 6), 4), (MONDAY, 5)]
    for day, number in steps:
        put(tmp_path / "a", digest_on(day, paper(number, title=f"Bell {number}")))
        built(tmp_path / "a")
    for day, number in sorted(dict(steps).items()):
        put(tmp_path / "b", digest_on(day, paper(number, title=f"Bell {number}")))
    built(tmp_path / "b")
    assert index_of(tmp_path / "a" / "site") == index_of(tmp_path / "b" / "site")
    assert places(tmp_path / "a" / "site", "bell") == {"02": [0], "05": [0, 1], "06": [0]}
    for folder in ("a", "b"):
        for path in (tmp_path / folder / NEXT.isoformat()).iterdir():
            path.unlink()
        built(tmp_path / folder)
        assert places(tmp_path / folder / "site", "bell") == {"02": [0], "05": [0, 1]}
        assert list((tmp_path / folder / "site").glob("search/2026/new-*.js"))


@pytest.mark.slow
def test_one_more_day_of_the_newest_week_leaves_the_rest_of_the_index(tmp_path: Path) -> None:
    put(tmp_path, digest_on(MONDAY, paper(1, title="First")), digest_on(NEXT, paper(2, title="Second")))
    built(tmp_path)
    older = [path for path in (tmp_path / "site/search/2026").iterdir() if len(path.stem) == 2]
    before = [path.stat().st_mtime_ns for path in older]
    put(tmp_path, digest_on(date(2026, 2, 3), paper(3, title="Third first", task="全新的任务")))
    built(tmp_path)
    assert before
    assert [path.stat().st_mtime_ns for path in older] == before
    assert places(tmp_path / "site", "first") == {"05": [0], "06": [1]}


def test_the_years_of_a_week_and_of_a_day_may_differ(tmp_path: Path) -> None:
    put(tmp_path, digest_on(date(2024, 12, 31), paper(1, title="Bell")), digest_on(MONDAY, paper(2)))
    built(tmp_path)
    assert set(index_of(tmp_path / "site")["2025/head"]) == {"01"}
    page = (tmp_path / "site" / "search.html").read_text(encoding="utf-8")
    assert 'data-years="2026 2025"' in page
    assert "<option>2024</option>" in page


def test_what_is_gone_is_found_no_more(tmp_path: Path) -> None:
    put(tmp_path, digest_on(MONDAY, paper(1, title="Bell")), digest_on(NEXT, paper(2)))
    put(tmp_path, digest_on(date(2025, 6, 2), paper(3)))
    built(tmp_path)
    for path in (tmp_path / "2026-01-26").iterdir():
        path.unlink()
    for path in (tmp_path / "2025-06-02").iterdir():
        path.unlink()
    built(tmp_path)
    assert places(tmp_path / "site", "bell") == {}
    assert list(index_of(tmp_path / "site")["2026/head"]) == ["06"]
    assert not (tmp_path / "site" / "search" / "2025").exists()


@pytest.mark.parametrize("lost", first_fast(["2026/{}.js", "2026/head.js"]))
def test_a_lost_file_of_the_index_is_made_again(tmp_path: Path, lost: str) -> None:
    put(tmp_path, digest_on(MONDAY, paper(1, title="Bell")), digest_on(NEXT, paper(2)))
    built(tmp_path)
    before = index_of(tmp_path / "site")
    some = next(name for name in before if re.fullmatch(r"2026/[0-9a-f]{2}", name))
    (tmp_path / "site" / "search" / lost.format(some[-2:])).unlink()
    built(tmp_path)
    assert index_of(tmp_path / "site") == before


def test_a_flagged_paper_is_shown_with_its_reason(tmp_path: Path) -> None:
    put(tmp_path, digest_on(MONDAY, hostile().model_copy(update={"summary": None})))
    built(tmp_path)
    assert index_of(tmp_path / "site")["text/2026-01-26-audio-0"][0][2] == "<q>数字不符</q>"


def test_both_lines_are_searched(tmp_path: Path) -> None:
    both = Summary(
        line="该论文属于钟声检测任务。", prompt="p@1", model="m", translations={"en": "It hears bells."}
    )
    put(tmp_path, digest_on(MONDAY, paper(1, summary=both)))
    built(tmp_path)
    assert places(tmp_path / "site", "钟声") == places(tmp_path / "site", "bells") == {"05": [0]}
