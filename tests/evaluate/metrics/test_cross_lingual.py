"""The metric xling, on invented papers whose English and Chinese words correspond."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if find_spec("numpy") is None or find_spec("sklearn") is None:
    pytest.skip(
        "the metric xling needs numpy and scikit-learn: pip install '.[xling]'", allow_module_level=True
    )

from digest.evaluate.gold.dataset import GoldPaper, Reference, to_jsonl
from digest.evaluate.gold.importer import import_digests
from digest.evaluate.metrics.cross_lingual import (
    TrainingPair,
    XlingModel,
    grams_of,
    load,
    paper_text,
    words_of,
)
from digest.evaluate.metrics.scoring import score_run
from digest.evaluate.runs.folder import gold_key
from digest.publish.formats import read_digest
from digest.system.errors import UsageError
from tests.evaluate.conftest import Run
from tests.evaluate.support import compared, make_run

if TYPE_CHECKING:
    from digest.evaluate.metrics.cross_lingual_train import Worth

pytestmark = pytest.mark.slow  # importing scikit-learn alone takes a second in every process


def train(pairs: Iterable[TrainingPair]) -> XlingModel:
    from digest.evaluate.metrics.cross_lingual_train import train as learn

    return learn(pairs)


def cross_validate(pairs: Iterable[TrainingPair]) -> Worth:
    from digest.evaluate.metrics.cross_lingual_train import cross_validate as validate

    return validate(pairs)


TASKS = {
    "speech enhancement": "语音增强",
    "speaker verification": "说话人验证",
    "music generation": "音乐生成",
    "emotion recognition": "情感识别",
    "machine translation": "机器翻译",
    "robot grasping": "机器人抓取",
    "video captioning": "视频描述",
    "depth estimation": "深度估计",
}
PROBLEMS = {
    "background noise": "背景噪声",
    "scarce annotations": "标注稀缺",
    "high latency": "延迟过高",
    "domain shift": "领域偏移",
    "long contexts": "长上下文",
    "privacy leakage": "隐私泄露",
    "hallucinated content": "内容幻觉",
    "unstable gradients": "梯度不稳",
}
METHODS = {
    "contrastive learning": "对比学习",
    "diffusion sampling": "扩散采样",
    "knowledge distillation": "知识蒸馏",
    "graph networks": "图网络",
    "reinforcement rewards": "强化奖励",
    "retrieval memory": "检索记忆",
    "sparse attention": "稀疏注意力",
    "curriculum schedules": "课程安排",
}


def invented(n: int, seed: int = 1) -> list[TrainingPair]:
    """So many different papers with their lines; two of them share a task, a problem or a method, not all."""
    ways = [(task, problem, method) for task in TASKS for problem in PROBLEMS for method in METHODS]
    chosen = random.Random(seed).sample(ways, n)
    return [
        TrainingPair(
            f"2601.{number:05}",
            paper_text(
                f"Towards Better {task.title()}",
                f"We study {task} and address {problem}. Our approach relies on {method} and is evaluated.",
            ),
            f"该论文属于{TASKS[task]}任务，旨在解决{PROBLEMS[problem]}问题，提出基于{METHODS[method]}的方法。",
        )
        for number, (task, problem, method) in enumerate(chosen)
    ]


PAIRS = invented(400)
SEEN, HELD = PAIRS[:280], PAIRS[280:]


@pytest.fixture(scope="module")
def model() -> XlingModel:
    return train(SEEN)


def value(model: XlingModel, paper: TrainingPair, line: str) -> float:
    found = model.score(paper.id, paper.text, line)
    assert found is not None
    return found


def test_the_right_line_beats_a_wrong_one(model: XlingModel) -> None:
    won = [
        value(model, paper, paper.line) > value(model, paper, other.line) for paper, other in pairwise(HELD)
    ]
    assert sum(won) > 0.95 * len(won)
    assert all(0 <= value(model, paper, HELD[0].line) <= 100 for paper in HELD)


def test_no_opinion_on_papers_it_was_trained_on(model: XlingModel) -> None:
    assert model.score(SEEN[0].id, SEEN[0].text, SEEN[0].line) is None
    assert model.score("2601.99999", SEEN[0].text, SEEN[0].line) is not None


def test_what_it_knows_no_word_of(model: XlingModel) -> None:
    assert model.score("2601.99999", "Zyzzyva quux", SEEN[0].line) is None
    assert model.score("2601.99999", SEEN[0].text, "xyzzy") == 0


def test_form_changes_nothing(model: XlingModel) -> None:
    paper = HELD[0]
    other_form = paper.line.replace("，", ", ").replace("。", ".")
    assert value(model, paper, other_form) == value(model, paper, paper.line)


def test_terms() -> None:
    assert words_of("A Self-Supervised, ＧＰＴ-4 model.") == ["a", "self-supervised", "gpt-4", "model"]
    assert grams_of("用Wav2Vec 2.0。语音") == ["用", "wav2vec", "2.0", "语", "音", "语音"]


def test_a_file_gives_back_the_model(model: XlingModel, tmp_path: Path) -> None:
    path = tmp_path / "new" / "xling.npz"
    model.save(path)
    again = load(path)
    assert [value(again, paper, paper.line) for paper in HELD] == [
        value(model, paper, paper.line) for paper in HELD
    ]
    assert (again.signature, again.seen, again.pairs, again.k) == (
        model.signature,
        model.seen,
        len(SEEN),
        model.k,
    )
    assert [left.name for left in path.parent.iterdir()] == ["xling.npz"]


def test_the_same_pairs_in_any_order_give_the_same_file(model: XlingModel, tmp_path: Path) -> None:
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    model.save(one)
    train([*reversed(SEEN), SEEN[5]]).save(two)
    assert one.read_bytes() == two.read_bytes()
    assert train(SEEN[1:]).signature != model.signature


@pytest.mark.parametrize("damage", ["cut", "changed", "text", "empty", "foreign", "pickle"])
def test_a_damaged_or_foreign_file(damage: str, model: XlingModel, tmp_path: Path) -> None:
    import numpy as np

    path = tmp_path / "xling.npz"
    model.save(path)
    content = path.read_bytes()
    if damage == "foreign":
        np.savez(path, weights=np.zeros(3))
    elif damage == "pickle":
        np.savez(path, about=np.array([{"format": "any"}], dtype=object))
    else:
        cut, rest = content[: len(content) // 2], content[len(content) // 2 :]
        path.write_bytes(
            {"cut": cut, "changed": cut + bytes(9) + rest[9:], "text": b"no", "empty": b""}[damage]
        )
    with pytest.raises(UsageError, match=r"xling\.npz is damaged, or no model.*`digest eval train`"):
        load(path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "none.npz")


def test_too_few_pairs() -> None:
    with pytest.raises(UsageError, match=r"at least 200 papers .* these are 199\. Give more digests"):
        train([*PAIRS[:199], PAIRS[0]])


def test_pairs_that_share_nothing() -> None:
    strange = [TrainingPair(str(n), f"word{n}", f"latin{n}") for n in range(200)]
    with pytest.raises(UsageError, match="nothing can be learned"):
        train(strange)


def test_cross_validation_finds_what_is_there_and_nothing_where_nothing_is() -> None:
    some = PAIRS[:240]
    assert cross_validate(some).random > 0.95
    lines = [pair.line for pair in some]
    random.Random(3).shuffle(lines)
    mixed = [TrainingPair(pair.id, pair.text, line) for pair, line in zip(some, lines, strict=True)]
    worth = cross_validate(mixed)
    assert 0.4 < worth.random < 0.6
    assert 0.35 < worth.nearest < 0.65


def gold_file(path: Path, pairs: list[TrainingPair]) -> Path:
    papers = [
        GoldPaper(
            id=pair.id,
            section="audio",
            kind="new",
            title=pair.text.partition("\n")[0],
            abstract=pair.text.partition("\n")[2],
            references=(Reference(line=pair.line),),
        )
        for pair in pairs
    ]
    path.write_text(to_jsonl(papers), encoding="utf-8")
    return path


def test_the_command(tmp_path: Path, digest: Run) -> None:
    every = gold_file(tmp_path / "every.jsonl", PAIRS[:260])
    held = gold_file(tmp_path / "held.jsonl", PAIRS[240:260])
    ran = digest("eval", "train", every, "--without", held, "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    model = load(tmp_path / "out" / "eval" / "xling.npz")
    assert model.seen == {pair.id for pair in PAIRS[:240]}
    assert "240 pairs" in ran.out
    assert f"k {model.k}" in ran.out
    assert "held.jsonl: 20" in ran.out
    assert "AUC 0.9" in ran.out or "AUC 1.0" in ran.out


def test_the_command_with_too_few_pairs(gold_file: Path, tmp_path: Path, digest: Run) -> None:
    ran = digest("eval", "train", gold_file, "--out", tmp_path / "out")
    assert (ran.code, "these are 41" in ran.err) == (2, True)
    assert not (tmp_path / "out" / "eval").exists()


@pytest.mark.parametrize("missing", ["numpy", "sklearn.decomposition"])
def test_the_command_without_the_extra(
    missing: str, gold_file: Path, digest: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    for name in ("cross_lingual", "cross_lingual_train"):
        monkeypatch.delitem(sys.modules, f"digest.evaluate.metrics.{name}", raising=False)
    ran = digest("eval", "train", gold_file)
    assert ran.code == 2
    assert "pip install 'bilingual-arxiv-digest[" in " ".join(ran.err.split())


def test_a_run_has_the_metric_where_there_is_a_model(
    model: XlingModel, tmp_path: Path, digest: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = [*HELD[:40], SEEN[0]]
    gold = gold_file(tmp_path / "gold.jsonl", papers)
    right = {paper.id: paper.line for paper in papers}
    wrong = {paper.id: other.line for paper, other in zip(papers, reversed(papers), strict=True)}
    runs = tmp_path / "out" / "eval"
    run = make_run(runs, gold, {"a": [right], "b": [wrong]})
    assert all("xling" not in score.metrics for score in run.scores().values())
    model.save(runs / "xling.npz")
    assert digest("eval", "score", "run", "--out", "out").code == 0
    scores = run.scores()
    assert scores[gold_key(HELD[0].id)].metrics["xling"] == pytest.approx(value(model, HELD[0], HELD[0].line))
    assert scores[gold_key(SEEN[0].id)].metrics["xling"] is None
    row = compared(run)[1].row("xling")
    assert row is not None
    assert (row.word, row.stat.n) == ("worse", 40)
    monkeypatch.setattr("digest.evaluate.metrics.scoring.find_spec", lambda _: None)
    score_run(run)
    assert all("xling" not in score.metrics for score in run.scores().values())


def test_on_published_digests(shared: Path) -> None:
    files = [*sorted(shared.glob("days/*.md")), *sorted(shared.glob("seed/*.md"))]
    papers = import_digests(files, read_digest).papers
    worth = cross_validate(
        TrainingPair(paper.id, paper_text(paper.title, paper.abstract), line)
        for paper in papers
        for line in paper.lines
    )
    assert worth.random > 0.97  # measured on 493 pairs: .992
    assert worth.nearest > 0.78  # .833
