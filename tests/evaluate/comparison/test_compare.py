"""Variants that are known to be worse, equal or merely different, and what is said of them."""

from __future__ import annotations

from pathlib import Path
from statistics import mean

import pytest

from digest.evaluate.comparison.compare import compare, too_many_errors, worsened
from digest.evaluate.comparison.results import load_results
from digest.evaluate.gold.dataset import Gold
from digest.evaluate.judge.planted_defects import DEFECTS
from digest.evaluate.report.decision import decide
from digest.evaluate.report.report import worst_papers
from digest.evaluate.runs.folder import Answer, append, key_of, write_rows
from digest.system.errors import UsageError
from tests.evaluate.conftest import Run
from tests.evaluate.support import compared, make_run, published, restyled
from tests.examples import first_fast


def spoilt(gold: Gold, kind: str, every: int = 1) -> dict[str, str]:
    """The published lines, every so many of those that can have a defect with it."""
    lines, able = published(gold), 0
    for index, paper in enumerate(gold.papers):
        other = gold.papers[(index + 1) % len(gold.papers)]
        wrong = DEFECTS[kind](lines[paper.id], paper, other)
        able += wrong != lines[paper.id]
        if wrong != lines[paper.id] and able % every == 0:
            lines[paper.id] = wrong
    return lines


@pytest.mark.slow  # the metrics of all papers, twice
def test_half_the_names_wrong_is_worse_by_support_with_the_papers(
    gold: Gold, gold_file: Path, tmp_path: Path
) -> None:
    lines = published(gold)
    wrong = spoilt(gold, "wrong name", 2)
    changed = {paper for paper in lines if lines[paper] != wrong[paper]}
    results, comparison = compared(make_run(tmp_path, gold_file, {"a": [lines], "b": [wrong]}))
    row = comparison.row("src_support")
    assert row is not None
    assert row.word == "worse"
    listed = set(worsened(comparison, "src_support"))
    assert listed == changed - {"2601.16117"}  # whose wrong name, DSN, is short for words of its abstract
    decision = decide(comparison)
    assert (decision.word, decision.exit_code) == ("rejected", 2)
    assert "src_support" in decision.sentences[0]
    assert all(evidence for _, evidence in worst_papers(comparison, results, "src_support"))


@pytest.mark.slow
@pytest.mark.parametrize("size", ["some", pytest.param("gold", marks=pytest.mark.slow)])
def test_a_harmless_restyle_is_style(size: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    papers, file = request.getfixturevalue(size), request.getfixturevalue(f"{size}_file")
    lines = published(papers)
    other = {paper.id: restyled(lines[paper.id]) for paper in papers.papers}
    assert lines != other
    _, comparison = compared(make_run(tmp_path, file, {"a": [lines], "b": [other]}))
    words = {row.metric: row.word for row in comparison.rows}
    assert words["chrf_c2"] == "lower"
    assert "worse" not in words.values()
    decision = decide(comparison)
    assert (decision.word, decision.exit_code) == ("undecided", 0)
    assert "that tells of style, not of quality" in decision.sentences[-1]


@pytest.mark.parametrize(
    ("kind", "gate"), first_fast([("wrong paper", "lint_ok"), ("untranslated", "lint_ok")])
)
def test_a_fifth_of_the_lines_spoilt_is_worse(
    kind: str, gate: str, gold: Gold, gold_file: Path, tmp_path: Path
) -> None:
    variants = {"a": [published(gold)], "b": [spoilt(gold, kind, 3)]}
    _, comparison = compared(make_run(tmp_path, gold_file, variants))
    assert "lint_ok" in {row.metric for row in comparison.rows if row.word == "worse"}


@pytest.mark.slow
def test_what_no_metric_sees(gold: Gold, gold_file: Path, tmp_path: Path) -> None:
    """Effects turned round: only a judge or a person can tell."""
    variants = {"a": [published(gold)], "b": [spoilt(gold, "polarity")]}
    _, comparison = compared(make_run(tmp_path, gold_file, variants))
    assert decide(comparison).exit_code == 0


def test_the_same_lines_are_undecided_with_the_papers_needed(
    gold: Gold, gold_file: Path, tmp_path: Path
) -> None:
    lines = published(gold)
    results, comparison = compared(make_run(tmp_path, gold_file, {"a": [lines], "b": [lines]}))
    row = comparison.row("lint_ok")
    assert row is not None
    assert row.verdict == "undecided: needs ≈ 189 papers"
    assert comparison.dropped == ()
    assert results.published.mean("lint_ok") == pytest.approx(100 * 41 / 44)  # the three flagged lines


@pytest.mark.slow
def test_a_second_epoch_gives_the_noise(some: Gold, some_file: Path, tmp_path: Path) -> None:
    lines = published(some)
    shorter = {paper: line.replace("该论文", "本文") for paper, line in lines.items()}
    run = make_run(tmp_path, some_file, {"a": [lines, shorter], "b": [lines]})
    again, comparison = compare(load_results([run]), "a", {})
    assert again.same
    noise, row = again.row("len"), comparison.row("len")
    assert noise is not None
    assert row is not None
    assert noise.stat.difference == pytest.approx(-1, abs=0.3)
    assert row.stat.difference == pytest.approx(-noise.stat.difference / 2)  # the mean of both epochs


def test_a_margin_makes_a_metric_decide(some: Gold, some_file: Path, tmp_path: Path) -> None:
    lines = published(some)
    other = {paper.id: restyled(lines[paper.id]) for paper in some.papers}
    run = make_run(tmp_path, some_file, {"a": [lines], "b": [other]})
    decision = decide(compared(run, chrf_c2=3)[1])
    assert (decision.word, decision.exit_code) == ("worse", 3)


@pytest.mark.slow
def test_better_gates_are_named(gold: Gold, gold_file: Path, tmp_path: Path) -> None:
    variants = {"a": [spoilt(gold, "wrong paper", 2)], "b": [published(gold)]}
    _, comparison = compared(make_run(tmp_path, gold_file, variants))
    row = comparison.row("lint_ok")
    assert row is not None
    assert row.word == "better"
    assert any(sentence.startswith("Better: ") for sentence in decide(comparison).sentences)


@pytest.mark.slow
def test_many_errors_are_not_compared(gold: Gold, gold_file: Path, tmp_path: Path, digest: Run) -> None:
    lines = published(gold)
    few = {paper: None if index < 2 else line for index, (paper, line) in enumerate(lines.items())}
    results, comparison = compared(make_run(tmp_path, gold_file, {"a": [lines], "b": [few]}))
    assert too_many_errors(results) is None
    assert comparison.dropped == tuple(list(lines)[:2])
    many = {paper: None if index < 3 else line for index, (paper, line) in enumerate(lines.items())}
    place = tmp_path / "runs" / "eval"
    run = make_run(place, gold_file, {"a": [lines], "b": [many]}, name="many", error="unreachable")
    ran = digest("eval", "compare", run.path, "--base", "a")
    assert ran.code == 4
    assert "b: 3 of 44 papers have no answer (3 failed, 0 not asked yet)" in ran.err
    assert not ran.out


@pytest.mark.parametrize(
    "error",
    first_fast(["refused", "a-code-of-tomorrow", "unreadable", "cut", "empty", "rejected"], 2),
)
def test_a_hopeless_model_gets_a_verdict(
    error: str, some: Gold, some_file: Path, tmp_path: Path, digest: Run
) -> None:
    lines = published(some)
    none = dict.fromkeys(lines)
    place = tmp_path / "runs" / "eval"
    run = make_run(place, some_file, {"a": [lines], "b": [none]}, name="hopeless", error=error)
    ran = digest("eval", "compare", run.path, "--base", "a")
    assert ran.code == 2
    assert "Do not take b: 100 % of the papers have no line (a: 0 %)." in ran.out
    assert digest("eval", "compare", run.path, "--base", "b").code == 0


def test_two_hopeless_models_do_not_replace_each_other(some: Gold, some_file: Path, tmp_path: Path) -> None:
    none = dict.fromkeys(published(some))
    _, comparison = compared(make_run(tmp_path, some_file, {"a": [none], "b": [none]}))
    assert decide(comparison).word == "rejected"


def test_half_finished_runs_are_named(gold: Gold, gold_file: Path, tmp_path: Path) -> None:
    lines = published(gold)
    half = dict(list(lines.items())[:20])
    said = too_many_errors(load_results([make_run(tmp_path, gold_file, {"a": [lines], "b": [half]})]))
    assert said is not None
    assert "24 not asked yet" in said


def test_different_gold_cannot_be_mixed(gold: Gold, gold_file: Path, tmp_path: Path) -> None:
    lines = published(gold)
    less = tmp_path / "less.jsonl"
    less.write_text("".join(gold_file.read_text(encoding="utf-8").splitlines(keepends=True)[:9]))
    one = make_run(tmp_path, gold_file, {"a": [lines]}, name="one")
    two = make_run(tmp_path, less, {"b": [lines]}, name="two")
    with pytest.raises(UsageError, match="different gold"):
        load_results([one, two])
    (one.path / "gold.jsonl").write_bytes(less.read_bytes())
    with pytest.raises(UsageError, match="Results of different gold cannot be mixed"):
        load_results([one])


def test_runs_over_one_gold_are_one_table(some: Gold, some_file: Path, tmp_path: Path) -> None:
    lines = published(some)
    one = make_run(tmp_path, some_file, {"a": [lines]}, name="one")
    two = make_run(tmp_path, some_file, {"b": [spoilt(some, "wrong paper")]}, name="two")
    results = load_results([one, two])
    assert set(results.columns) == {"a", "b"}
    assert decide(compare(results, "a", {})[-1]).word == "rejected"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--base", "c"], "There is no variant 'c' here. Variants: a, b."),
        (["--base", "a", "--margin", "nonsense=1"], "there is no metric 'nonsense'"),
        (["--base", "a", "--margin", "chrf=x"], "write it as chrf=3"),
    ],
)
def test_wrong_words_are_usage_and_exit_1(
    words: list[str], says: str, some: Gold, some_file: Path, tmp_path: Path, digest: Run
) -> None:
    run = make_run(tmp_path, some_file, {"a": [published(some)], "b": [published(some)]})
    ran = digest("eval", "compare", run.path, *words)
    assert ran.code == 1
    assert says in ran.err


def test_runs_without_scores_and_unknown_runs(
    some: Gold, some_file: Path, tmp_path: Path, digest: Run
) -> None:
    run = make_run(tmp_path, some_file, {"a": [published(some)]}, scored=False)
    assert "nothing to compare" in digest("eval", "compare", run.path, "--base", "a").err
    assert digest("eval", "score", run.path).out.endswith("12 answers scored\n")
    assert "There is no run 'none'" in digest("eval", "compare", "none", "--base", "a").err


def test_scores_do_not_change_when_made_again(
    some: Gold, some_file: Path, tmp_path: Path, digest: Run
) -> None:
    run = make_run(tmp_path, some_file, {"a": [published(some)]})
    before = (run.path / "scores.jsonl").read_bytes()
    assert digest("eval", "score", run.path).code == 0
    assert (run.path / "scores.jsonl").read_bytes() == before


def test_the_order_of_the_answers_changes_no_number(some: Gold, some_file: Path, tmp_path: Path) -> None:
    lines, other = published(some), spoilt(some, "wrong method", 2)
    turned = {name: other[name] for name in reversed(other)}
    one = make_run(tmp_path, some_file, {"a": [lines], "b": [other]}, name="one")
    two = make_run(tmp_path, some_file, {"a": [lines], "b": [turned]}, name="two")
    assert compared(one)[1].rows == compared(two)[1].rows


def test_scores_follow_answers_and_definitions(some: Gold, some_file: Path, tmp_path: Path) -> None:
    lines = published(some)
    run = make_run(tmp_path, some_file, {"a": [lines], "b": [dict.fromkeys(lines)]})
    (variant,) = (variant for variant in run.info.variants if variant.prompt.startswith("b@"))
    for name, line in lines.items():  # asked again, and killed before the scoring
        key = key_of(name, variant, 0)
        append(
            run.path / "records.jsonl",
            [Answer(key=key, id=name, prompt=variant.prompt, model="model", line=line)],
        )
    err = compared(run)[1].row("err")
    assert err is not None
    assert err.stat.mean == 0
    old = [
        score.model_copy(update={"made_of": "older", "metrics": {"len": 1.0}})
        for score in run.scores().values()
    ]
    write_rows(run.path / "scores.jsonl", old)
    assert load_results([run]).columns["a"].mean("len") == pytest.approx(mean(map(len, lines.values())))


def test_one_gain_approves_nothing(gold: Gold, gold_file: Path, tmp_path: Path) -> None:
    lines = published(gold)
    worse = {**lines, gold.papers[0].id: "坏"}
    _, comparison = compared(make_run(tmp_path, gold_file, {"a": [worse], "b": [lines]}))
    words = {row.metric: row.word for row in comparison.rows if row.definition.tier == "gate"}
    assert set(words.values()) == {"undecided"}
    assert decide(comparison).word == "undecided"


@pytest.mark.slow
def test_lines_of_other_papers_are_not_called_style(gold: Gold, gold_file: Path, tmp_path: Path) -> None:
    variants = {"a": [published(gold)], "b": [spoilt(gold, "wrong paper", 6)]}
    _, comparison = compared(make_run(tmp_path, gold_file, variants))
    sentences = decide(comparison).sentences
    assert decide(comparison).word == "undecided"
    assert not any("style, not of quality" in sentence for sentence in sentences)
    assert any("that may be quality, too" in sentence for sentence in sentences)


def test_wins_are_of_the_better_by_a_metric_of_which_less_is_better(
    gold: Gold, gold_file: Path, tmp_path: Path
) -> None:
    lines = published(gold)
    few = {**lines, gold.papers[0].id: None}
    err = compared(make_run(tmp_path, gold_file, {"a": [few], "b": [lines]}))[1].row("err")
    assert err is not None
    assert (err.stat.wins, err.stat.losses) == (1, 0)


def test_epochs_are_compared_by_their_number(some: Gold, some_file: Path, tmp_path: Path) -> None:
    lines = published(some)
    longer = {name: line[:-1] + "，很好。" for name, line in lines.items()}
    first = {name: line for index, (name, line) in enumerate(lines.items()) if index}
    results = load_results([make_run(tmp_path, some_file, {"a": [first, longer], "b": [lines, longer]})])
    noise = compare(results, "a", {})[0].row("len")
    assert noise is not None
    assert (noise.stat.n, noise.stat.difference) == (11, 3)
    assert results.unanswered(results.column("a")) == [some.papers[0].id]


def test_a_half_finished_epoch_is_not_compared(some: Gold, some_file: Path, tmp_path: Path) -> None:
    lines = published(some)
    results = load_results([make_run(tmp_path, some_file, {"a": [lines, lines], "b": [lines]})])
    assert "12 of 12 papers have no answer (0 failed, 12 not asked yet)" in (too_many_errors(results) or "")


def test_runs_that_read_other_texts_are_other_variants(some: Gold, some_file: Path, tmp_path: Path) -> None:
    run = make_run(tmp_path, some_file, {"a": [published(some)]})
    other = make_run(tmp_path, some_file, {"a": [published(some)]}, name="pdf")
    other.info = other.info.model_copy(update={"text": "pdf"})
    assert list(load_results([run, other]).columns) == ["a of abstract", "a of pdf"]


def test_the_order_of_the_runs_changes_nothing(gold: Gold, gold_file: Path, tmp_path: Path) -> None:
    lines = published(gold)
    whole = make_run(tmp_path, gold_file, {"a": [lines]}, name="whole")
    failed = make_run(tmp_path, gold_file, {"a": [dict.fromkeys(lines)], "b": [lines]}, name="failed")
    failed.info = failed.info.model_copy(update={"papers": failed.info.papers[:9]})
    for runs in ([whole, failed], [failed, whole]):
        results = load_results(runs)
        assert len(results.published.scores) == 44
        assert results.unanswered(results.column("a")) == []


@pytest.mark.parametrize("words", [(), ("--base", "a", "--wrong"), ("--base", "a", "--margin", "lint_ok=-1")])
def test_wrong_usage_is_not_the_exit_code_of_a_gate(
    words: tuple[str, ...], some: Gold, some_file: Path, tmp_path: Path, digest: Run
) -> None:
    run = make_run(tmp_path, some_file, {"a": [published(some)], "b": [published(some)]})
    assert digest("eval", "compare", run.path, *words).code == 1
    assert digest("eval", "compare", *words).code == 1


def test_help_is_no_error(digest: Run) -> None:
    assert digest("eval", "compare", "--help").code == 0


@pytest.mark.slow
def test_a_loss_within_the_margin_is_not_worse(some: Gold, some_file: Path, tmp_path: Path) -> None:
    lines = published(some)
    other = {paper.id: restyled(lines[paper.id]) for paper in some.papers}
    run = make_run(tmp_path, some_file, {"a": [lines], "b": [other]})
    found = {margin: compared(run, chrf_c2=margin)[1].row("chrf_c2") for margin in (3.0, 13.0)}
    words = [row.word for row in found.values() if row is not None]
    assert words == ["worse", "undecided"]  # -12.7 [-13.8, -11.6]


def test_a_small_loss_approves_no_more_than_none(gold: Gold, gold_file: Path, tmp_path: Path) -> None:
    lines = published(gold)
    first = gold.papers[0].id
    other = {**lines, first: lines[first].replace("该论文", "这论文")}
    row = compared(make_run(tmp_path, gold_file, {"a": [lines], "b": [other]}), chrf_c2=3)[1].row("chrf_c2")
    assert row is not None
    assert row.word == "undecided"


def test_a_prompt_called_gold_is_not_the_gold(some: Gold, some_file: Path, tmp_path: Path) -> None:
    lines = published(some)
    results = load_results(
        [make_run(tmp_path, some_file, {"a": [lines], "gold": [dict.fromkeys(lines, "坏")]})]
    )
    assert "gold" not in results.columns
    assert results.published.mean("lint_ok") == 100
