"""The pages as a reader has them: in a browser."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import Open

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow
PAGE = "2026-01-28/audio.html"
PAGES = (
    "index.html", "calendar.html", PAGE, "2026-01-28/audio.more.html", "2026-01-28/index.html",
    "week/2026-W05-audio.html",
    "search.html", "starred.html", "interests.html",
)  # fmt: skip


def expect(what: Any) -> Any:
    """Playwright's, which takes half a second to import."""
    from playwright.sync_api import expect as expecting

    return expecting(what)


def shown(page: Page) -> int:
    return page.locator("article:visible").count()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(open_page: Open, axe: str, path: str, scheme: str) -> None:
    page = open_page(path, color_scheme=scheme, bypass_csp=True)
    page.evaluate(axe)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    told = [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found["violations"]]
    assert told == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [320, 390, 1280, 2560])
def test_nothing_is_wider_than_the_screen(open_page: Open, path: str, width: int) -> None:
    page = open_page(path, width, 900)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "height", "least"), [(1440, 900, 8), (1280, 800, 8), (390, 844, 3)])
def test_a_screen_holds_enough_papers(open_page: Open, width: int, height: int, least: int) -> None:
    page = open_page(PAGE, width, height)
    page.locator("section article").nth(4).evaluate("one => one.scrollIntoView({block: 'start'})")
    whole = page.evaluate(
        "() => [...document.querySelectorAll('article')].map(one => one.getBoundingClientRect())"
        ".filter(box => box.height && box.top >= 0 && box.bottom <= innerHeight).length"
    )
    assert whole >= least


def test_abstracts_unfold_in_place(open_page: Open) -> None:
    page = open_page(PAGE)
    first = page.locator("article").nth(3)
    first.get_by_role("button", name="摘要").click()
    expect(first.locator(".abs")).to_have_text("An abstract.")
    first.get_by_text("出处").click()
    expect(first.locator(".prov")).to_contain_text("fields@abc")
    first.get_by_role("button", name="摘要").click()
    expect(first.locator(".x")).to_be_hidden()


def test_abstracts_unfold_from_a_folder(open_page: Open, folder: Path) -> None:
    page = open_page(PAGE, root=folder.as_uri())
    page.locator("article .more").nth(3).click()
    expect(page.locator("article .abs").first).to_be_visible()
    page.locator('input[type="search"]').fill("Kettle 12")
    assert shown(page) == 1
    assert "q=Kettle" in page.url


def test_without_script_everything_can_be_read(open_page: Open) -> None:
    page = open_page(PAGE, java_script_enabled=False)
    assert page.locator("article").count() == 41
    page.locator("article .more").nth(3).click()
    expect(page.locator(".abs").first).to_be_visible()


def test_filters_keep_their_state_in_the_address(open_page: Open) -> None:
    page = open_page(PAGE)
    page.locator('input[type="search"]').fill("语音合成 kettle")
    assert 0 < shown(page) < 12
    before = shown(page)
    again = open_page(f"{PAGE}#{page.url.split('#')[1]}")
    assert shown(again) == before
    page.locator('input[type="search"]').fill("")
    page.get_by_role("button", name="交叉列出 5").click()
    assert shown(page) == 5
    assert "k=cross" in page.url
    page.get_by_role("button", name="清除筛选").click()
    page.get_by_label("分类：全部").select_option("cs.LG")
    assert "c=cs.LG" in page.url
    page.locator('input[type="search"]').fill("nothing like that")
    expect(page.get_by_text("没有符合条件的论文")).to_be_visible()


def test_the_order_is_by_task_or_arxivs(open_page: Open) -> None:
    page = open_page(PAGE)
    assert page.locator("h2").first.inner_text().startswith("我的关注")
    page.get_by_role("button", name="按 arXiv 次序").click()
    numbers = page.locator("article:visible").evaluate_all("all => all.map(one => Number(one.dataset.n))")
    assert numbers == sorted(numbers)
    page.get_by_role("button", name="按 arXiv 次序").click()
    assert page.locator("h2").first.inner_text().startswith("我的关注")
    assert page.locator("article").count() == 41


def test_keys(open_page: Open) -> None:
    page = open_page(PAGE)
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.locator("article.at").count() == 1
    page.keyboard.press("o")
    expect(page.locator("article.at .abs")).to_be_visible()
    page.keyboard.press("s")
    expect(page.locator("article.at .star")).to_have_text("★")
    page.keyboard.press("m")
    assert page.locator("article.seen-here").count() == 1
    page.keyboard.press("k")
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("j")
    assert page.locator('input[type="search"]').input_value() == "j"


def test_stars_stay_and_travel(open_page: Open, address: str, tmp_path: Path) -> None:
    page = open_page(PAGE)
    page.locator("article .star").nth(5).click()
    title = page.locator("article h3").nth(5).text_content()
    expect(page.locator("article").nth(5).locator(".x")).to_be_attached()  # the star holds its BibTeX then
    page.reload()
    expect(page.locator("article .star").nth(5)).to_have_text("★")
    page.goto(f"{address}/starred.html")
    expect(page.locator("article h3")).to_have_text(title or "")
    files = {}
    for name in ("导出", "BibTeX", "RIS", "Markdown"):
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        files[name] = tmp_path / name
        download.value.save_as(files[name])
    assert "@misc{" in files["BibTeX"].read_text(encoding="utf-8")
    assert "TY  - UNPB" in files["RIS"].read_text(encoding="utf-8")
    kept = json.loads(files["导出"].read_text(encoding="utf-8"))
    kept["stars"]["evil"] = {
        "title": "<img src=x onerror=alert(1)>",
        "url": "javascript:alert(2)",
        "path": "javascript:alert(3)",
    }
    (tmp_path / "stars.json").write_text(json.dumps(kept), encoding="utf-8")
    other = open_page("starred.html")
    other.locator('input[type="file"]').set_input_files(tmp_path / "stars.json")
    expect(other.locator("article")).to_have_count(2)
    assert other.locator("article a[href^='javascript']").count() == 0


@pytest.mark.parametrize("path", ["interests.html", "week/2026-W05-audio.html"])
def test_one_star_on_a_page_of_several_days_is_one(open_page: Open, address: str, path: str) -> None:
    page = open_page(path)
    page.locator("article .star").first.click()
    title = page.locator("article h3").first.text_content() or ""
    expect(page.locator("article.starred")).to_have_count(1)
    expect(page.locator("article").first.locator(".x")).to_be_attached()
    page.goto(f"{address}/starred.html")
    expect(page.locator("article h3")).to_have_text(title)
    expect(page.locator("article .meta")).to_contain_text("2026-01-28")
    page.get_by_role("link", name="原页").click()
    expect(page.locator("article.at h3")).to_have_text(title)


def test_nothing_starred_can_be_imported_only(open_page: Open) -> None:
    page = open_page("starred.html")
    expect(page.get_by_role("button", name="BibTeX")).to_be_disabled()
    expect(page.get_by_role("button", name="导入")).to_be_enabled()
    expect(page.get_by_text("还没有收藏")).to_be_visible()


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_shows_papers_and_who_wrote_them(open_page: Open, width: int) -> None:
    page = open_page(PAGE, width, 844)
    first = page.locator("article").first
    assert first.evaluate("one => one.getBoundingClientRect().top") < 320
    expect(first.locator(".au")).to_be_visible()
    assert page.evaluate(  # nothing runs out of the row of a paper, and what is touched is large enough
        """() => [...document.querySelectorAll("article .meta")].slice(0, 40).every((row) => {
          const end = row.closest("article").getBoundingClientRect().right;
          return [...row.children].every((one) => one.getBoundingClientRect().right <= end + 10)
            && [...row.querySelectorAll("a, button")].every((one) => one.offsetHeight >= 24);
        })"""
    )


def test_a_phone_held_sideways_keeps_its_screen(open_page: Open) -> None:
    where = "one => getComputedStyle(one).position"
    assert open_page(PAGE, 844, 390).locator(".side").evaluate(where) == "static"
    assert open_page(PAGE, 390, 844).locator(".side").evaluate(where) == "sticky"


def test_kinds_stand_in_arxivs_order(open_page: Open) -> None:
    kinds = open_page(PAGE).locator("button[data-set='k']").all_inner_texts()
    assert kinds == ["新发布 31", "交叉列出 5", "更新 5"]


def test_an_empty_search_says_what_can_be_looked_for(open_page: Open) -> None:
    page = open_page("search.html")
    expect(page.get_by_text("可以输入中文词")).to_be_visible()
    page.locator('input[name="q"]').fill("bell")
    expect(page.locator("article").first).to_be_visible(timeout=10_000)
    page.locator('input[name="q"]').fill("")
    expect(page.get_by_text("可以输入中文词")).to_be_visible()


def test_words_are_followed_in_the_browser(open_page: Open, address: str) -> None:
    page = open_page("interests.html")
    page.get_by_label("只在这个浏览器里关注").fill("语音合成，Kettle 10, a+b(")
    page.get_by_label("只在这个浏览器里关注").blur()
    expect(page.get_by_text("已记下 3 个")).to_be_visible()
    page.goto(f"{address}/{PAGE}")
    page.get_by_role("button", name="关注的词 9").click()
    assert shown(page) == 9
    assert "f=own" in page.url
    expect(page.locator("article:visible .because").last).to_contain_text("因为：")
    page.goto(f"{address}/interests.html")
    assert page.get_by_label("只在这个浏览器里关注").input_value() == "语音合成，Kettle 10，a+b("


@pytest.mark.parametrize(
    ("query", "results"),
    [
        ("语音合成", 8), ("合成", 8), ("钟声", 1), ("钟", 1), ("语音 方法", 28), ("kettle", 30), ("KETT", 30),
        ("february bell", 1), ("the bell in february", 1), ("kettle february", 0), ("合成别", 0),
        ("zzzxq", 0), ("2601.00050", 1),
    ],
)  # fmt: skip
def test_search_in_both_languages(open_page: Open, query: str, results: int) -> None:
    page = open_page("search.html")
    page.locator('input[name="q"]').fill(query)
    said = f"{results} 篇" if results else "没有符合条件的论文。"
    expect(page.get_by_role("status")).to_have_text(said, timeout=10_000)
    while page.get_by_role("button", name="更多结果").count():
        page.get_by_role("button", name="更多结果").click()
    expect(page.locator("article")).to_have_count(results)
    for text in page.locator("article").all_inner_texts():  # all of them hold what was looked for
        assert all(
            word in text.lower() for word in query.lower().replace("the ", "").split() if word != "2601.00050"
        )
    if results:
        page.locator("article a").first.click()
        expect(page.locator("article.at")).to_be_visible()


def test_the_best_result_of_all_weeks_is_first_and_shows_why(open_page: Open) -> None:
    page = open_page("search.html#q=bell")
    expect(page.locator("article h3").first).to_have_text("A bell in February", timeout=10_000)
    expect(page.locator("article mark").first).to_have_text("bell")
    expect(page.locator("article .meta").first).to_contain_text("2026-02-03")
    expect(page.locator("article .meta").first).to_contain_text("音频")


def test_search_is_filtered_and_shared(open_page: Open) -> None:
    page = open_page("search.html#q=方法&kind=cross")
    expect(page.locator("article")).to_have_count(5, timeout=10_000)
    page.get_by_label("版块").select_option("自然语言处理")
    expect(page.locator("article")).to_have_count(0)
    page.get_by_label("公布方式").select_option("")
    expect(page.locator("article")).to_have_count(1)
    page.get_by_label("年份").select_option("2026")
    expect(page.locator("article")).to_have_count(1)
    expect(page).to_have_url(re.compile("section=.*year=2026"))


@pytest.mark.parametrize(("query", "results"), [("语音合成", 8), ("february bell", 1), ("zzzxq", 0)])
def test_a_folder_is_searched_without_a_server(
    open_page: Open, folder: Path, query: str, results: int
) -> None:
    page = open_page("search.html", root=folder.as_uri())
    page.locator('input[name="q"]').fill(query)
    expect(page.get_by_role("status")).to_have_text(f"{results} 篇" if results else "没有符合条件的论文。")
    if results:
        page.locator("article a").first.click()
        expect(page.locator("article.at")).to_be_visible()


def test_search_finds_hostile_papers_and_runs_nothing(open_page: Open) -> None:
    page = open_page("search.html#q=transformer+script")
    expect(page.locator("article")).to_have_count(1, timeout=10_000)
    assert page.locator("article img, article script, article b:not(.k)").count() == 0


def test_search_says_when_its_index_is_missing(
    open_page: Open, folder: Path, tmp_path: Path, browser: Browser
) -> None:
    shutil.copytree(folder, tmp_path / "site")
    shutil.rmtree(tmp_path / "site" / "search")
    page = browser.new_page()
    page.goto((tmp_path / "site" / "search.html").as_uri() + "#q=bell")
    expect(page.get_by_role("status")).to_contain_text("digest site")
    page.close()


def test_hostile_papers_do_nothing(open_page: Open) -> None:
    page = open_page(PAGE)
    page.locator("[id='2601.09999'] .more").click()
    expect(page.locator("[id='2601.09999'] .names span").first).to_be_attached()
    assert page.locator("article img, article script, article iframe").count() == 0


def test_the_mail_is_readable(open_page: Open, folder: Path) -> None:
    page = open_page("2026-01-28/mail.html", 400, 800, root=folder.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    expect(page.get_by_text("Kettle 12 listens")).to_be_visible()
