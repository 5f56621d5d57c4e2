from __future__ import annotations

import json
import statistics
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

from digest.config import InterestSettings
from digest.model import Entry
from digest.publish.markdown_parser import parse
from digest.publish.site.interests import Interest, InterestScorer, LibraryPaper, ReferenceLibrary
from digest.publish.site.library import import_library, load_library
from digest.system.errors import UsageError
from tests.publish.samples import entry

BIB = """@article{a, title = {Speech {Separation} with G{\\"o}del}, author = {Li, Bo and Wang, Mei},
  abstract = {We separate speech.}}
@article{a, title = {A second with the same key}, author = {Erd\\H{o}s}}
@misc{c, note = {no title}}
@string{x = "y"}
"""
RIS = "TY  - JOUR\r\nTI  - Speech Separation\r\nAU  - Li, Bo\r\nAB  - We separate.\r\nER  - \r\n"


def judge(**tables: object) -> InterestScorer:
    return InterestScorer(InterestSettings.model_validate(tables))


def test_reasons_are_told_in_the_words_of_the_settings() -> None:
    one = entry(title="On Speech Separation", authors=("Bo Li", "A. B"), categories=("eess.AS",))
    (found,) = judge(
        words={"speech separation": 2, "语音合成": 1}, authors={"Li, Bo": 3}, categories=["eess.AS"]
    )([one])
    assert found == Interest(6.0, ("speech separation", "作者 Bo Li", "eess.AS"))


@pytest.mark.parametrize(
    ("word", "title", "matches"),
    [("LLM", "Two LLMs at work", True),
     ("art", "Start of the article", False), ("识别", "语音识别系统", True),
     ("C++", "In C++ and C", True),
     ("speech  separation", "Speech\n separation", True), ("Gödel", "gödel machines", True)],
)  # fmt: skip
def test_words_are_whole_in_english_only(word: str, title: str, matches: bool) -> None:
    (found,) = judge(words=[word])([entry(title=title, abstract="")])
    assert (found.score > 0) == matches


def test_negative_words_count_against_and_drop_nothing() -> None:
    entries = [entry(title="A survey of separation"), entry(title="Separation")]
    found = judge(words=["separation"], negative={"survey": 5})(entries)
    assert [one.score for one in found] == [-4.0, 1.0]
    assert found[0].because == ()


def test_names_are_the_same_in_either_order_and_without_accents() -> None:
    one = entry(authors=("José  Gómez", "Xu Li"))
    asked = judge(authors=["Gomez, Jose"])
    assert asked.followed(one.paper) == {"José  Gómez"}


def test_nothing_said_is_no_interest() -> None:
    assert not judge().active
    assert judge()([entry()]) == [Interest()]


@pytest.mark.parametrize(
    ("name", "text", "papers"), [("l.bib", BIB, 2), ("l.ris", RIS, 1), ("l.txt", RIS, 1)]
)
def test_libraries_are_read(tmp_path: Path, name: str, text: str, papers: int) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert import_library(tmp_path / name, tmp_path)[0] == papers
    library = load_library(tmp_path)
    assert library is not None
    assert library.authors["bo li"] == 1
    near = library.near(["We separate speech from speech", "A kettle boils water"])
    assert near[0][0] > near[1][0]


@pytest.mark.parametrize("text", ["", "no library", "@misc{a, note = {x}}", "\xff"])
def test_files_that_are_none_are_told_of(tmp_path: Path, text: str) -> None:
    source = tmp_path / "x.bib"
    source.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=r"x\.bib"):
        import_library(source, tmp_path)
    assert load_library(tmp_path) is None


def test_a_damaged_library_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "interests.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="damaged"):
        load_library(tmp_path)


@pytest.mark.slow
def test_later_papers_of_an_author_are_near_the_earlier(shared: Path) -> None:
    """The library holds an author's earlier papers, with their authors, as an export does."""
    days: dict[date, list[Entry]] = {}
    for path in sorted((shared / "days").glob("*-audio.md")):
        digest = parse(path.read_text(encoding="utf-8"), path.name)
        assert digest.date is not None
        days[digest.date] = list(digest.entries)
    written: dict[str, list[tuple[date, Entry]]] = defaultdict(list)
    for day, entries in days.items():
        for one in entries:
            for author in one.paper.authors:
                written[author].append((day, one))
    ranks = [rank for own in written.values() for rank in _ranks(own, days)]
    assert len(ranks) >= 20
    assert statistics.median(ranks) <= 0.1


def _ranks(own: list[tuple[date, Entry]], days: dict[date, list[Entry]]) -> list[float]:
    found = []
    for day in sorted({when for when, _ in own})[1:]:
        earlier = {one.paper.title: one for when, one in own if when < day}
        library = ReferenceLibrary(
            LibraryPaper(f"{one.paper.title} {one.paper.abstract}", one.paper.authors)
            for one in earlier.values()
        )
        scores = [one.score for one in InterestScorer(InterestSettings(), library)(days[day])]
        for when, one in own:
            if when == day and one.paper.title not in earlier:
                mine = scores[days[day].index(one)]
                found.append((1 + sum(score > mine for score in scores)) / len(scores))
    return found


@pytest.mark.slow
def test_by_words_alone_papers_of_a_task_are_near_earlier_ones_of_it(shared: Path) -> None:
    """A library without authors: the titles and abstracts, in English, of up to 20 earlier papers."""
    days: dict[date, list[Entry]] = {}
    for path in sorted((shared / "days").glob("*-audio.md")):
        digest = parse(path.read_text(encoding="utf-8"), path.name)
        assert digest.date is not None
        days[digest.date] = [one for one in digest.entries if one.summary]
    ranks = []
    for task in ("语音合成", "语音识别", "音乐生成", "说话人", "语音增强", "伪造", "音频理解", "语音分离"):
        for day in sorted(days)[3:]:
            near = [one for when in days if when < day for one in days[when] if _is_of(one, task)][-20:]
            later = [number for number, one in enumerate(days[day]) if _is_of(one, task)]
            if len(near) < 3 or not later:
                continue
            library = ReferenceLibrary(
                LibraryPaper(f"{one.paper.title} {one.paper.abstract}") for one in near
            )
            texts = [f"{one.paper.title} {one.paper.abstract}" for one in days[day]]
            scores = [cosine for cosine, _ in library.near(texts)]
            others = [score for number, score in enumerate(scores) if number not in later]
            ranks += [
                (1 + sum(score > scores[number] for score in others)) / (1 + len(others)) for number in later
            ]
    assert len(ranks) >= 30
    assert statistics.median(ranks) <= 0.1


def _is_of(one: Entry, task: str) -> bool:
    return one.summary is not None and task in one.summary.line


def test_libraries_of_reference_managers_come_out_as_text(tmp_path: Path) -> None:
    """Zotero's accents and commands; a key that stands twice; a paper broken off; Windows' line ends."""
    zotero = r"""
@article{a, title = {{End}-to-{End} {Schr{\"o}dinger} \& {{B}}ridges},
  abstract = {Let {\textless}i{\textgreater} be 50\% {\L}.}, author = {M{\"u}ller, J{\'e}r{\^o}me and others}}
@article{a, title="A {B}races", author="Bo Li and Al Ya"}
@misc{broken, title = {Unclosed {brace}
@misc{after, title={After it}}
"""
    ris = "\ufeffTY  - JOUR\r\nTI  - Speech\r\nAU  - Müller, Jérôme\r\nER  - \r\n"
    (tmp_path / "a.bib").write_text(zotero, encoding="utf-8")
    (tmp_path / "a.ris").write_bytes(ris.encode())
    import_library(tmp_path / "a.bib", tmp_path)
    kept = {one["title"]: one for one in json.loads((tmp_path / "interests.json").read_text("utf-8"))}
    assert set(kept) == {"End-to-End Schrödinger & Bridges", "A Braces", "After it"}
    assert kept["End-to-End Schrödinger & Bridges"]["authors"] == ["Müller, Jérôme"]
    assert kept["End-to-End Schrödinger & Bridges"]["abstract"] == "Let <i> be 50% Ł."
    assert kept["A Braces"]["authors"] == ["Bo Li", "Al Ya"]
    import_library(tmp_path / "a.ris", tmp_path)
    assert json.loads((tmp_path / "interests.json").read_text("utf-8"))[0]["authors"] == ["Müller, Jérôme"]


def test_a_library_in_another_encoding_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.ris").write_text("TY  - JOUR\nTI  - Speech\nER  - \n", encoding="utf-16")
    with pytest.raises(UsageError, match="Save it as UTF-8"):
        import_library(tmp_path / "a.ris", tmp_path)
