"""Variants that are known to be worse, equal or merely different, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from digest.errors import UsageError
from digest.evaluate.board import load_board
from digest.evaluate.compare import compare, too_many_errors, worsened
from digest.evaluate.decision import decide
from digest.evaluate.gold import Gold
from digest.evaluate.planted import DEFECTS, restyled
from digest.evaluate.report import worst_papers
from tests.evaluate.conftest import Run
from tests.evaluate.support import compared, make_run, published


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


def test_half_the_names_wrong_is_worse_by_support_with_the_papers(
    gold: Gold, gold_file: Path, tmp_path: Path
) -> None:
    lines = published(gold)
    wrong = spoilt(gold, "wrong name", 2)
    changed = {paper for paper in lines if lines[paper] != wrong[paper]}
    board, comparison = compared(make_run(tmp_path, gold_file, {"a": [lines], "b": [wrong]}))
    row = comparison.row("src_support")
    assert row is not None
    assert row.word == "worse"
    listed = set(worsened(comparison, "src_support"))
    assert listed == changed - {"2601.16117"}  # whose wrong name, DSN, is short for words of its abstract
    decision = decide(comparison)
    assert (decision.word, decision.exit_code) == ("rejected", 2)
    assert "src_support" in decision.sentences[0]
    assert all(evidence for _, evidence in worst_papers(comparison, board, "src_support"))


def test_a_harmless_restyle_is_style(gold: Gold, gold_file: Path, tmp_path: Path) -> None:
    lines = published(gold)
    other = {paper.id: restyled(lines[paper.id], paper, paper) for paper in gold.papers}
    assert lines != other
    _, comparison = compared(make_run(tmp_path, gold_file, {"a": [lines], "b": [other]}))
    words = {row.metric: row.word for row in comparison.rows}
    assert words["chrf_c2"] == "lower"
    assert "worse" not in words.values()
    decision = decide(comparison)
    assert (decision.word, decision.exit_code) == ("undecided", 0)
    assert "that tells of style, not of quality" in decision.sentences[-1]


@pytest.mark.parametrize(("kind", "gate"), [("wrong paper", "lint_ok"), ("untranslated", "lint_ok")])
def test_a_fifth_of_the_lines_spoilt_is_worse(
    kind: str, gate: str, gold: Gold, gold_file: Path, tmp_path: Path
) -> None:
    variants = {"a": [published(gold)], "b": [spoilt(gold, kind, 3)]}
    _, comparison = compared(make_run(tmp_path, gold_file, variants))
    assert gate in {row.metric for row in comparison.rows if row.word == "worse"}


def test_what_no_metric_sees(gold: Gold, gold_file: Path, tmp_path: Path) -> None:
    """Effects turned round: only a judge or a person can tell."""
    variants = {"a": [published(gold)], "b": [spoilt(gold, "polarity")]}
    _, comparison = compared(make_run(tmp_path, gold_file, variants))
    assert decide(comparison).exit_code == 0


def test_the_same_lines_are_undecided_with_the_papers_needed(
    gold: Gold, gold_file: Path, tmp_path: Path
) -> None:
    lines = published(gold)
    board, comparison = compared(make_run(tmp_path, gold_file, {"a": [lines], "b": [lines]}))
    row = comparison.row("lint_ok")
    assert row is not None
    assert row.verdict == "undecided: needs ≈ 189 papers"
    assert comparison.dropped == ()
    assert board.published.mean("lint_ok") == pytest.approx(100 * 43 / 44)  # the one flagged line


def test_a_second_epoch_gives_the_noise(some: Gold, some_file: Path, tmp_path: Path) -> None:
    lines = published(some)
    shorter = {paper: line.replace("该论文", "本文") for paper, line in lines.items()}
    run = make_run(tmp_path, some_file, {"a": [lines, shorter], "b": [lines]})
    again, comparison = compare(load_board([run]), "a", {})
    assert again.same
    noise, row = again.row("len"), comparison.row("len")
    assert noise is not None
    assert row is not None
    assert noise.stat.difference == pytest.approx(-1, abs=0.3)
    assert row.stat.difference == pytest.approx(-noise.stat.difference / 2)  # the mean of both epochs


def test_a_margin_makes_a_metric_decide(some: Gold, some_file: Path, tmp_path: Path) -> None:
    lines = published(some)
    other = {paper.id: restyled(lines[paper.id], paper, paper) for paper in some.papers}
    run = make_run(tmp_path, some_file, {"a": [lines], "b": [other]})
    decision = decide(compared(run, chrf_c2=3)[1])
    assert (decision.word, decision.exit_code) == ("worse", 3)


def test_better_gates_are_named(gold: Gold, gold_file: Path, tmp_path: Path) -> None:
    variants = {"a": [spoilt(gold, "wrong paper", 2)], "b": [published(gold)]}
    _, comparison = compared(make_run(tmp_path, gold_file, variants))
    row = comparison.row("lint_ok")
    assert row is not None
    assert row.word == "better"
    assert any(sentence.startswith("Better: ") for sentence in decide(comparison).sentences)


def test_many_errors_are_not_compared(gold: Gold, gold_file: Path, tmp_path: Path, digest: Run) -> None:
    lines = published(gold)
    few = {paper: None if index < 2 else line for index, (paper, line) in enumerate(lines.items())}
    board, comparison = compared(make_run(tmp_path, gold_file, {"a": [lines], "b": [few]}))
    assert too_many_errors(board) is None
    assert comparison.dropped == tuple(list(lines)[:2])
    many = {paper: None if index < 3 else line for index, (paper, line) in enumerate(lines.items())}
    run = make_run(tmp_path / "runs" / "eval", gold_file, {"a": [lines], "b": [many]}, name="many")
    ran = digest("eval", "compare", run.path, "--base", "a")
    assert ran.code == 4
    assert "b: 3 of 44 papers have no line (3 failed, 0 not asked yet)" in ran.err
    assert not ran.out


def test_half_finished_runs_are_named(gold: Gold, gold_file: Path, tmp_path: Path) -> None:
    lines = published(gold)
    half = dict(list(lines.items())[:20])
    said = too_many_errors(load_board([make_run(tmp_path, gold_file, {"a": [lines], "b": [half]})]))
    assert said is not None
    assert "24 not asked yet" in said


def test_different_gold_cannot_be_mixed(gold: Gold, gold_file: Path, tmp_path: Path) -> None:
    lines = published(gold)
    less = tmp_path / "less.jsonl"
    less.write_text("".join(gold_file.read_text(encoding="utf-8").splitlines(keepends=True)[:9]))
    one = make_run(tmp_path, gold_file, {"a": [lines]}, name="one")
    two = make_run(tmp_path, less, {"b": [lines]}, name="two")
    with pytest.raises(UsageError, match="different gold"):
        load_board([one, two])
    (one.path / "gold.jsonl").write_bytes(less.read_bytes())
    with pytest.raises(UsageError, match="Results of different gold cannot be mixed"):
        load_board([one])


def test_runs_over_one_gold_are_one_board(some: Gold, some_file: Path, tmp_path: Path) -> None:
    lines = published(some)
    one = make_run(tmp_path, some_file, {"a": [lines]}, name="one")
    two = make_run(tmp_path, some_file, {"b": [spoilt(some, "wrong paper")]}, name="two")
    board = load_board([one, two])
    assert set(board.columns) == {"a", "b"}
    assert decide(compare(board, "a", {})[-1]).word == "rejected"


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


def test_unscored_and_unknown_runs(some: Gold, some_file: Path, tmp_path: Path, digest: Run) -> None:
    run = make_run(tmp_path, some_file, {"a": [published(some)]}, scored=False)
    assert "digest eval score" in digest("eval", "compare", run.path, "--base", "a").err
    assert digest("eval", "score", run.path).out.endswith("12 answers scored\n")
    assert "nothing to compare" in digest("eval", "compare", run.path, "--base", "a").err
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
