from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from digest.evaluate.gold.dataset import problems, read, shown_in, to_jsonl
from digest.evaluate.gold.importer import import_digests, sample
from digest.evaluate.runs.runner import refuse_leaks
from digest.model import Flag
from digest.publish.formats import read_digest
from digest.publish.json_format import to_json
from digest.publish.markdown_parser import parse
from digest.system.errors import UsageError
from tests.evaluate.conftest import Run
from tests.evaluate.support import paper, prompt
from tests.examples import first_fast


@pytest.fixture
def seed(root: Path) -> Path:
    return root / "tests" / "data" / "audio-20260128.md"


def edition(seed: Path, folder: Path, day: str, old: str, new: str) -> Path:
    """The published digest under another date, with another text somewhere."""
    text = seed.read_text(encoding="utf-8")
    assert old in text
    path = folder / f"audio-{day}.md"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_shipped_gold_is_what_its_digest_gives(root: Path, seed: Path) -> None:
    shipped = root / "eval" / "gold" / "audio-20260128.jsonl"
    assert to_jsonl(import_digests([seed], read_digest).papers) == shipped.read_text(encoding="utf-8")
    gold = read(shipped)
    assert len(gold.papers) == 44
    flagged = {one.id: one.references[0].flags for one in gold.papers if not one.lines}
    assert flagged == {
        "2601.19781": ("broken-word", "untranslated-phrase"),
        "2601.19029": ("wrong-sense",),
        "2509.19721": ("wrong-task",),
    }
    assert not list(problems(gold))


def test_lines_for_the_same_text_are_references_of_one_paper(seed: Path, tmp_path: Path) -> None:
    other = edition(seed, tmp_path, "20260203", "提出SeLG模型提升提取效果", "并提出SeLG模型来提升提取效果")
    made = import_digests([seed, other], read_digest)
    (two,) = [one for one in made.papers if len(one.references) == 2]
    assert (two.id, [reference.date for reference in two.references]) == (
        "2601.19130",
        [date(2026, 1, 28), date(2026, 2, 3)],
    )
    assert made.left_out == {"the same line again": 43}


def test_lines_for_an_older_text_are_left_out(seed: Path, tmp_path: Path) -> None:
    other = edition(
        seed, tmp_path, "20260203", "Most audio-visual speaker", "Nearly all audio-visual speaker"
    )
    made = import_digests([seed, other], read_digest)
    assert made.left_out["lines for an older version"] == 1
    assert len(made.papers) == 44


def test_entries_without_a_line_are_no_gold(seed: Path, tmp_path: Path) -> None:
    digest = parse(seed.read_text(encoding="utf-8"), str(seed))
    bare = digest.entries[0].model_copy(update={"summary": None})
    doubtful = digest.entries[1].model_copy(update={"flag": Flag(code="checks", reason="存疑")})
    path = tmp_path / "audio.json"
    changed = digest.model_copy(update={"entries": (bare, doubtful, *digest.entries[2:])})
    path.write_text(to_json(changed), encoding="utf-8")
    made = import_digests([path], read_digest)
    assert (len(made.papers), made.left_out) == (42, {"without a line, or flagged": 2})


def test_older_digests_can_be_left_out(seed: Path) -> None:
    assert len(import_digests([seed], read_digest, since=date(2026, 1, 28)).papers) == 44
    with pytest.raises(UsageError, match="No paper is left"):
        import_digests([seed], read_digest, since=date(2026, 1, 29))


def test_a_sample_is_spread_in_proportion_and_repeatable() -> None:
    papers = [paper(n, section="audio" if n < 30 else "text") for n in range(40)]
    chosen = sample(papers, 20, ["section"], seed=7)
    assert [one.section for one in chosen].count("audio") == 15
    assert chosen == sample(papers, 20, ["section"], seed=7) != sample(papers, 20, ["section"], seed=8)
    with pytest.raises(UsageError, match="only 40 papers"):
        sample(papers, 41, ["section"], seed=7)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([paper(1), paper(1)], r"line 2: 2601\.00001 is already there"),
        ([paper(1, references=())], "has no reference"),
        ([paper(1, line=" ")], "has no reference, or an empty one"),
        ([], "there is no paper in it"),
    ],
)
def test_broken_gold_is_named(rows: list[object], says: str, tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text(to_jsonl(rows), encoding="utf-8")  # type: ignore[arg-type]  # broken on purpose
    with pytest.raises(UsageError, match=says):
        read(path)


@pytest.mark.parametrize("content", [b"{", b"{}\n", b"\xff\n", b'["a"]\n'])
def test_files_that_are_no_gold(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"gold\.jsonl"):
        read(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    "sign",
    ["id", "version", "chinese", "doi", "title", "lower", "abstract", "line", "sentence", "wrapped", "ascii"],
)
def test_a_prompt_that_shows_a_gold_paper_is_refused(sign: str, tmp_path: Path) -> None:
    one = paper(1)
    line = one.references[0].line
    shown = {
        "id": one.id,
        "version": f"arXiv:{one.id}v2",
        "chinese": f"论文{one.id}的简介",
        "doi": f"https://doi.org/10.48550/arXiv.{one.id}",
        "title": one.title.replace(" ", "\n"),
        "lower": one.title.lower(),
        "abstract": one.abstract,
        "line": line,
        "sentence": line.split("。")[1],
        "wrapped": f"{line[:20]}\n{line[20:]}",
        "ascii": line.replace("，", ","),
    }[sign]
    path = tmp_path / "gold.jsonl"
    path.write_text(to_jsonl([one, paper(2)]), encoding="utf-8")
    leaky = prompt("few").model_copy(update={"system": f"例：{shown} 就这样。"})
    gold = read(path)
    assert [found.id for found in shown_in(leaky, gold.papers)] == [one.id]
    with pytest.raises(UsageError, match=one.id):
        refuse_leaks(gold, (leaky,))
    assert [sentence for sentence in problems(gold, [leaky]) if "few" in sentence]
    refuse_leaks(gold, (prompt("clean"),))
    refuse_leaks(gold.model_copy(update={"papers": (paper(3, id="2", title="音"),)}), (prompt("v2音"),))


def test_stale_flags_and_lines_used_twice_are_problems(tmp_path: Path) -> None:
    line = paper(1).references[0].line
    path = tmp_path / "gold.jsonl"
    path.write_text(to_jsonl([paper(1), paper(2, line=line)]), encoding="utf-8")
    said = "\n".join(problems(read(path)))
    assert "noted flags none, by today's rules" in said
    assert "2 papers have the same line" in said


def _pool(seed: Path, folder: Path, *, moved: int) -> Path:
    """The published day, the lines of some papers moved on by one: answers that went to the wrong paper."""
    digest = parse(seed.read_text(encoding="utf-8"), str(seed))
    summaries = [entry.summary for entry in digest.entries]
    summaries[:moved] = [*summaries[1:moved], summaries[0]]
    summaries[-1] = summaries[-2]
    entries = tuple(
        entry.model_copy(update={"summary": summary})
        for entry, summary in zip(digest.entries, summaries, strict=True)
    )
    path = folder / "pool.json"
    path.write_text(to_json(digest.model_copy(update={"entries": entries})), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "n",
    first_fast(
        [
            20,
            44,
            3,
            1,
        ]
    ),
)
def test_a_sample_keeps_the_flags_of_its_pool_and_check_agrees(
    seed: Path, tmp_path: Path, digest: Run, n: int
) -> None:
    pool = _pool(seed, tmp_path, moved=12)
    whole = {one.id: one.references for one in import_digests([pool], read_digest).papers}
    ran = digest("gold", "import", pool, "-o", "some.jsonl", "--sample", n, "--seed", 3)
    assert ran.code == 0
    papers = read(Path("some.jsonl")).papers
    assert len(papers) == n
    assert {one.id: one.references for one in papers} == {one.id: whole[one.id] for one in papers}
    checked = digest("gold", "check", "some.jsonl")
    assert (checked.code, checked.out.count("\n")) == (0, 1), checked.out


def test_a_line_under_several_papers_is_flagged_under_each(seed: Path, tmp_path: Path) -> None:
    papers = import_digests([_pool(seed, tmp_path, moved=1)], read_digest).papers
    same = [one for one in papers if "same-line" in one.references[0].flags]
    assert [one.id for one in same] == [one.id for one in papers[-2:]]
    assert [one.lines for one in same] == [(), ()]


def test_import_says_what_check_would_say(seed: Path, tmp_path: Path, digest: Run) -> None:
    title = parse(seed.read_text(encoding="utf-8"), str(seed)).entries[0].paper.title
    Path("prompts").mkdir()
    front = '+++\nname = "leaky"\nanswer = "line"\n+++\n'
    Path("prompts/leaky.md").write_text(
        f"{front}# system\n例：{title}\n# user\n{{paper}}\n", encoding="utf-8"
    )
    made = digest("gold", "import", seed, "-o", tmp_path / "gold.jsonl")
    checked = digest("gold", "check", tmp_path / "gold.jsonl")
    assert (made.code, checked.code) == (0, 1)
    said = [line.strip() for line in checked.out.splitlines() if "leaky" in line]
    assert said
    assert all(f"wrong: {line}" in made.out for line in said)
