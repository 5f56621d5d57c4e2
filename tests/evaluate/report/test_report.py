from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from digest.evaluate.gold.dataset import Gold, Reference, to_jsonl
from digest.evaluate.report.decision import decide
from digest.evaluate.report.forest_plot import forest
from digest.evaluate.report.report import Candidate, render
from digest.summarize.line_diff import differences
from tests.evaluate.conftest import Run
from tests.evaluate.support import compared, make_run, paper, published

EVIL = '<script>alert(1)</script> & "q" | `x` ](https://evil.example)'


class Page(HTMLParser):
    """What a browser would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [value or "" for name, value in attrs if name in {"src", "srcset", "data", "action"}]
        self.loaded += [value or "" for name, value in attrs if name == "href" and tag != "a"]

    def handle_data(self, data: str) -> None:
        self.text += data


def report(gold_file: Path, tmp_path: Path, *epochs: dict[str, str]) -> dict[str, str]:
    results, comparison = compared(make_run(tmp_path, gold_file, {"a": [epochs[0]], "b": list(epochs[1:])}))
    return render(results, "a", None, [Candidate(comparison, decide(comparison), None, {})])


def test_nothing_of_a_paper_or_a_model_is_markup(tmp_path: Path) -> None:
    gold_file = tmp_path / "gold.jsonl"
    gold_file.write_text(to_jsonl([paper(1, title=EVIL, line=EVIL), paper(2)]), encoding="utf-8")
    lines = {"2601.00001": EVIL, "2601.00002": "句子" + EVIL}
    made = report(gold_file, tmp_path, lines, lines)
    page = Page()
    page.feed(made["report.html"])
    assert "script" not in page.tags
    assert not page.loaded
    assert "alert(1)" in page.text
    assert "<script" not in made["report.md"]
    assert not re.search(r"(?<!\\)\]\(https://evil", made["report.md"])


def test_the_page_needs_no_network_and_says_everything(gold: Gold, gold_file: Path, tmp_path: Path) -> None:
    lines = published(gold)
    wrong = {name: line.replace("提升", "增强", 1) for name, line in lines.items()}
    wrong["2601.19130"] = wrong["2601.19130"].replace("SeLG", "QuartzNet")
    html = report(gold_file, tmp_path, lines, wrong)["report.html"]
    assert not re.search(r"url\(|@import|<script|<link|<img", html)
    assert set(re.findall(r'href="(https?://[^/"]+)', html)) == {"https://arxiv.org"}
    page = Page()
    page.feed(html)
    for said in (gold.hash, "Verdict", "Gate failures", "QuartzNet", "A/A"):
        assert said in page.text
    assert "prefers-color-scheme" in html
    assert "@media print" in html
    assert page.text.count("published") >= 44
    assert "svg" in page.tags
    assert "wrong-own-name" in page.text


@pytest.mark.slow
def test_papers_on_which_wording_and_gates_disagree_come_first(
    gold: Gold, gold_file: Path, tmp_path: Path
) -> None:
    base = {
        name: line.replace("该论文属于", "聚焦").replace("旨在解决", "针对")
        for name, line in published(gold).items()
    }
    other = dict(base)
    odd = "2601.19130"  # closer to the published line, but a name is wrong
    other[odd] = published(gold)[odd].replace("SeLG", "QuartzNet")
    html = report(gold_file, tmp_path, base, other)["report.html"]
    assert html.index(f'id="p-{odd}"') == min(match.start() for match in re.finditer(r'id="p-', html))
    assert "b is closer to the published line, but gates say worse" in html


def test_the_plot_is_to_scale(some: Gold, some_file: Path, tmp_path: Path) -> None:
    lines = published(some)
    _, comparison = compared(make_run(tmp_path, some_file, {"a": [lines], "b": [lines]}))
    plot = forest(comparison.rows)
    marks = {mark.metric: mark for mark in plot.marks}
    assert marks["lint_ok"].dot == plot.zero
    assert marks["lint_ok"].low < marks["lint_ok"].margin < plot.zero  # type: ignore[operator]  # a gate
    assert marks["err"].margin > plot.zero  # type: ignore[operator]  # less is better
    assert "len" not in marks


@pytest.mark.parametrize(
    ("old", "new", "pieces"),
    [
        ("提出SeLG模型", "提出SeLG模型", [("same", "提出SeLG模型")]),
        (
            "提出SeLG模型",
            "提出SeLM模型",
            [("same", "提出"), ("gone", "SeLG"), ("new", "SeLM"), ("same", "模型")],
        ),
        ("", "新", [("new", "新")]),
        ("旧", "", [("gone", "旧")]),
        (
            "甲乙丙丁戊",
            "子乙丑寅卯",
            [("gone", "甲乙丙丁戊"), ("new", "子乙丑寅卯")],
        ),  # one character is chance
    ],
)
def test_differences_by_token(old: str, new: str, pieces: list[tuple[str, str]]) -> None:
    assert differences(old, new) == pieces


def test_the_command_prints_and_writes(some: Gold, some_file: Path, tmp_path: Path, digest: Run) -> None:
    lines = published(some)
    run = make_run(tmp_path, some_file, {"a": [lines, lines], "b": [lines, lines]})
    ran = digest("eval", "compare", run.path, "--base", "a")
    assert ran.code == 0
    assert "asked twice (A/A)" in ran.out
    assert "a asked twice" in (run.path / "report.html").read_text(encoding="utf-8")
    (values,) = json.loads(digest("eval", "compare", run.path, "--base", "a", "--json").out)
    assert values["decision"] == "undecided"
    assert values["metrics"]["chrf_c2"]["difference"] == 0
    shown = digest("eval", "show", run.path, "2601.19130").out
    assert "SeLG" in shown
    assert "src_support 100.0" in shown
    assert digest("eval", "show", run.path, "9999.99999").code == 2


def test_a_terminal_is_not_moved(tmp_path: Path, digest: Run) -> None:
    wrong = paper(2).model_copy(update={"references": (Reference(line="坏\x1b[2J的", flags=("none",)),)})
    (tmp_path / "wrong.jsonl").write_text(to_jsonl([wrong, paper(3)]), encoding="utf-8")
    checked = digest("gold", "check", "wrong.jsonl").out
    assert "noted flags none" in checked
    assert "\x1b" not in checked
    gold_file = tmp_path / "gold.jsonl"
    gold_file.write_text(to_jsonl([paper(1)]), encoding="utf-8")
    run = make_run(tmp_path, gold_file, {"a": [{"2601.00001": "坏\x1b[2J的"}]})
    assert "\x1b" not in digest("eval", "show", run.path, "2601.00001").out
