"""Judges: what they are asked, what counts as an answer, and whether they are believed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digest.evaluate.comparison.compare import compare
from digest.evaluate.comparison.results import load_results
from digest.evaluate.gold.dataset import Gold, batches, to_jsonl
from digest.evaluate.judge.calibration import hear, juries, keep, rule_judge
from digest.evaluate.judge.human_labels import Label
from digest.evaluate.judge.judges import QUESTIONS, ModelJudge, RuleJudge, judge_all
from digest.evaluate.judge.planted_defects import DEFECTS, plant, right
from digest.evaluate.judge.verdicts import Calibration, Judged, Jury, LinePair, jury_of, pairs_of, turned
from digest.evaluate.report.decision import decide
from digest.evaluate.runs.folder import append
from digest.llm.batch.by_file import Replay
from digest.model import Completion, Request
from digest.summarize.checks import source_of
from digest.system.errors import AnswerError, UsageError
from tests.evaluate.conftest import Run
from tests.evaluate.support import invented_line, make_run, paper, published

Answers = Callable[[str, str], Any]
"""Name of the rubric and what is shown -> the answer: an object, or text as it is."""

PAIR = LinePair("one", "variants", paper(1), "第一句。", "第二句。")
GOOD: dict[str, Any] = {name: {"quote": "q", "reason": "好", "holds": True} for name in QUESTIONS}


def failing(*names: str) -> dict[str, Any]:
    return GOOD | {name: {"quote": "", "reason": f"错：{name}", "holds": False} for name in names}


def judged(answers: Answers, pair: LinePair = PAIR) -> tuple[Judged, list[str]]:
    """What a model with these answers makes of a pair, and the rubrics that it was asked."""
    asked = []

    async def ask(request: Request, _: str) -> Completion:
        assert request.json_schema is not None
        name = "pairwise" if "better" in request.json_schema["properties"] else "checklist"
        asked.append(name)
        answer = answers(name, request.messages[1].content)
        content = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
        return Completion(
            key=request.key,
            model="m",
            content=content,
            received="2026-01-28T00:00:00Z",  # type: ignore[arg-type]  # pydantic reads it
        )

    return asyncio.run(ModelJudge("m", ask, {})(pair)), asked


def test_the_checklist_decides_where_it_finds_more_wrong_with_one_line() -> None:
    found, asked = judged(lambda _, shown: failing("direction") if "第一句" in shown else GOOD)
    assert (found.verdict, found.failed, found.orders) == ("second", (("direction",), ()), None)
    assert asked == ["checklist", "checklist"]
    assert "错：direction" in found.evidence


def prefers(answer: Callable[[str], str]) -> Answers:
    return lambda name, shown: GOOD if name == "checklist" else {"reason": "因为", "better": answer(shown)}


def test_a_line_wins_only_if_it_wins_in_both_orders() -> None:
    honest = prefers(lambda shown: "A" if "A：第二句" in shown else "B")
    found, asked = judged(honest)
    assert (found.verdict, found.orders, found.flipped) == ("second", ("second", "second"), False)
    assert asked.count("pairwise") == 2


def test_a_judge_that_likes_the_first_place_is_found_out() -> None:
    found, _ = judged(prefers(lambda _: "A"))
    assert (found.verdict, found.orders, found.flipped) == ("tie", ("first", "second"), True)


@pytest.mark.parametrize(
    "answer",
    [
        "nothing",
        "{}",
        '{"task": 1}',
        dict.fromkeys(QUESTIONS, 1),
        GOOD | {"task": {"holds": "yes"}},
        GOOD | {"task": {"quote": "", "reason": "", "holds": "yes"}},
    ],
)
def test_an_unreadable_answer_is_no_verdict(answer: Any) -> None:
    found, _ = judged(lambda *_: answer)
    assert found.verdict is None
    assert jury_of([found], PERFECT) == Jury("m", 0, 0, 0, 1, 0, 0, PERFECT)


def test_no_better_than_offered() -> None:
    assert judged(prefers(lambda _: "C"))[0].verdict is None


def test_gold_is_never_shown(gold: Gold) -> None:
    one = gold.papers[0]
    pair = LinePair("x", "variants", one, "甲。", "乙。")

    def answers(_: str, shown: str) -> dict[str, Any]:
        assert one.references[0].line not in shown
        return GOOD

    assert judged(answers, pair)[1]


def rules(gold: Gold) -> RuleJudge:
    sources = [source_of(one.paper) for one in gold.papers]
    by_id = {one.id: source for one, source in zip(gold.papers, sources, strict=True)}
    return RuleJudge(by_id, batches(gold.papers, sources))


@pytest.mark.slow
def test_the_rules_rank_what_they_can_see_and_nothing_else(gold: Gold) -> None:
    pairs = plant(gold.papers, 20)
    verdicts = asyncio.run(judge_all(pairs, rules(gold), lambda: None))
    share = {}
    for kind in DEFECTS:
        mine = [(p, v) for p, v in zip(pairs, verdicts, strict=True) if p.kind == kind]
        share[kind] = sum(v.verdict == right(p.id) for p, v in mine) / max(1, len(mine))
        assert not [v for p, v in mine if v.verdict not in {right(p.id), "tie"}] or kind == "dropped"
    seen = ("wrong paper", "wrong name", "misspelt", "untranslated", "doubled", "wrong method", "dropped")
    assert min(share[kind] for kind in seen) >= 0.85
    assert share["polarity"] == 0  # what a model is needed for
    assert share["roles"] < 0.3  # 旨在解决 with a method behind it is all that a rule sees


def test_planted_lines_differ_and_stand_on_both_sides(gold: Gold) -> None:
    pairs = plant(gold.papers, 20)
    assert all(pair.first != pair.second for pair in pairs)
    for kind in ("polarity", "roles", "wrong method", "dropped"):
        sides = [right(pair.id) for pair in pairs if pair.kind == kind]
        assert len(sides) >= 10
        assert abs(sides.count("first") - sides.count("second")) <= 1
    for pair in pairs:
        assert pair.paper.references[0].line == (pair.first if right(pair.id) == "first" else pair.second)


PERFECT = Calibration(
    judge="m",
    rubric="r",
    kinds=dict.fromkeys(("polarity", "roles", "wrong method", "dropped"), (19, 20)),
    equal=(9, 20, 11),
    flips=(2, 40),
    labels=50,
    kappa=0.7,
)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kinds": PERFECT.kinds | {"roles": (17, 20)}}, "finds 17 of 20 planted defects of kind roles"),
        ({"kinds": {}}, "only 0 planted defects of kind polarity"),
        ({"equal": (1, 1, 1)}, "only 3 pairs of equal systems"),
        ({"equal": (20, 0, 5)}, "prefers one of two equal systems"),
        ({"flips": (11, 40)}, "changes its mind with the order in 11 of 40"),
        ({"labels": 49}, "only 49 labels of people"),
        ({"kappa": 0.5}, "agrees too little with people"),
        ({"kappa": None}, "agrees too little with people"),
    ],
)
def test_what_keeps_a_judge_from_deciding(change: dict[str, Any], says: str) -> None:
    assert not PERFECT.lacking
    (lacking,) = PERFECT.model_copy(update=change).lacking[:1]
    assert says in lacking


def test_an_uncalibrated_judge_is_shown_and_decides_nothing(
    some: Gold, some_file: Path, tmp_path: Path
) -> None:
    lines = published(some)
    run = make_run(tmp_path, some_file, {"a": [lines], "b": [lines]})
    (comparison,) = compare(load_results([run]), "a", {})
    untried = Calibration(judge="m", rubric="r", kinds={}, equal=(0, 0, 0), flips=(0, 0))
    against = Jury("m", wins=2, ties=4, losses=30, unanswered=0, flips=0, asked_twice=30, calibration=untried)
    assert decide(comparison, against).exit_code == 0
    assert "not calibrated, so it decides nothing" in decide(comparison, against).sentences[-1]
    calibrated = Jury("m", 2, 4, 30, 0, 0, 30, PERFECT)
    assert (decide(comparison, calibrated).word, decide(comparison, calibrated).exit_code) == ("worse", 3)


def answer_file(questions: Path, answers: Path, broken: int = 0) -> int:
    """Answers a batch file as a judge for whom longer lines are more complete; some answers are broken."""
    rows = [json.loads(row) for row in questions.read_text(encoding="utf-8").splitlines()]
    with answers.open("a", encoding="utf-8") as file:
        for index, row in enumerate(rows):
            shown = row["body"]["messages"][1]["content"]
            if "better" in row["body"]["response_format"]["json_schema"]["schema"]["properties"]:
                content = json.dumps({"reason": "一样", "better": "tie"})
            else:
                short = len(shown.rpartition("简介：")[2]) < 110
                content = json.dumps(failing("complete") if short else GOOD)
            message = {"role": "assistant", "content": "?" if index < broken else content}
            body = {"model": "judge-1", "choices": [{"message": message, "finish_reason": "stop"}]}
            file.write(json.dumps({"custom_id": row["custom_id"], "response": {"body": body}}) + "\n")
    return len(rows)


@pytest.mark.slow
def test_export_answer_import(gold: Gold, tmp_path: Path, digest: Run) -> None:
    gold = gold.model_copy(update={"papers": gold.papers[:12]})
    gold_file = tmp_path / "gold.jsonl"
    gold_file.write_text(to_jsonl(gold.papers), encoding="utf-8")
    lines = published(gold)
    longer = {name: line[:-1] + "，并在多个数据集上验证了它。" for name, line in lines.items()}
    run = make_run(tmp_path, gold_file, {"a": [lines], "b": [longer]})
    words = (run.path, "--base", "a", "--judge", "judge-1")
    asked, answered = tmp_path / "asked.jsonl", tmp_path / "answered.jsonl"
    assert digest("eval", "judge", "export", *words, "-o", asked).code == 0
    assert not (run.path / "judge.jsonl").exists()
    checklists = answer_file(asked, answered)
    assert digest("eval", "judge", "export", *words, "-o", asked).out.endswith(f"{checklists} questions\n")
    said = digest("eval", "judge", "import", run.path, answered, *words[1:]).out
    assert "not calibrated: only 0 labels of people, 50 are needed" in said
    digest("eval", "judge", "export", *words, "-o", asked)
    assert answer_file(asked, answered)  # both orders of what the checklist leaves tied
    said = digest("eval", "judge", "import", run.path, answered, *words[1:]).out
    assert "0 without an answer" in said
    assert digest("eval", "judge", "export", *words, "-o", asked).out.endswith(": 0 questions\n")
    page = digest("eval", "compare", run.path, "--base", "a").out
    assert "Judge judge-1: " in page
    assert "never decides" in page or "decides nothing" in page
    html = (run.path / "report.html").read_text(encoding="utf-8")
    assert "not calibrated: decides nothing" in html
    assert "Planted defects found" in html


def test_the_calibrated_judge_is_the_one_that_is_shown(some: Gold, some_file: Path, tmp_path: Path) -> None:
    lines = published(some)
    run = make_run(tmp_path / "eval", some_file, {"a": [lines], "b": [lines]})
    results = load_results([run])
    judged = Judged(id="", kind="variants", paper="", judge="m", rubric="r", verdict="tie")
    keys = [pair.id for pair in pairs_of(results.columns["a"], results.columns["b"], results.papers)]
    for judge in ("rule", "m"):
        made = [judged.model_copy(update={"id": key, "judge": judge}) for key in keys]
        keep(results, {"b": made, "planted": [], "equal": []})
    assert juries(results, "a")["b"][0].judge == "m"


@pytest.mark.parametrize("row", ["{", "[]", '{"custom_id": "x"}'])
def test_files_that_hold_no_answers(row: str, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(row + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 1: no answer of a batch"):
        Replay(path)
    with pytest.raises(UsageError, match="cannot be read"):
        Replay(tmp_path / "none")


def test_a_recorded_error_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    request = Request(model="m", messages=(), max_tokens=1)
    path.write_text(json.dumps({"custom_id": request.key, "response": {"body": {"error": "no"}}}) + "\n")
    with pytest.raises(AnswerError, match="no"):
        asyncio.run(Replay(path).complete(request))
    with pytest.raises(AnswerError, match="no answer to this question"):
        asyncio.run(Replay(path).complete(request.model_copy(update={"model": "n"})))


@pytest.mark.slow
def test_labels_are_blind_kept_at_once_and_counted(
    some: Gold, some_file: Path, tmp_path: Path, digest: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = published(some)
    worse = {name: invented_line(1) for name in lines}
    run = make_run(tmp_path, some_file, {"a": [lines], "b": [worse]})
    typed = iter(["a", "what?", "t", "s", "b", "q"])
    monkeypatch.setattr("builtins.input", lambda: next(typed))
    ran = digest("eval", "label", run.path, "--base", "a")
    assert ran.out.endswith("3 labels kept in " + str(run.path / "labels.jsonl") + "\n")
    rows = [json.loads(row) for row in (run.path / "labels.jsonl").read_text().splitlines()]
    assert len({row["pair"] for row in rows}) == 3
    first, tie, last = (row["verdict"] for row in rows)
    assert first == ("second" if rows[0]["swapped"] else "first")  # a
    assert last == ("first" if rows[2]["swapped"] else "second")  # b
    assert tie == "tie"
    monkeypatch.setattr("builtins.input", lambda: (_ for _ in ()).throw(EOFError))
    assert digest("eval", "label", run.path, "--base", "a").out.endswith(
        "0 labels kept in " + str(run.path / "labels.jsonl") + "\n"
    )
    judge = ("eval", "judge", "run", run.path, "--judge", "rule", "--base")
    assert "labels of people: 3" in digest(*judge, "a").out
    assert "labels of people: 3" in digest(*judge, "b").out  # the same pairs, the other way round
    other = make_run(tmp_path, some_file, {"a": [lines], "c": [worse]}, name="other")
    assert "labels of people: 3" in digest(*judge[:3], other.path, *judge[4:], "a").out  # another run's
    assert digest("eval", "label", run.path, "--base", "a", "--with", "a").code == 2


@pytest.mark.slow
def test_calibration_outlives_a_smaller_run(some: Gold, some_file: Path, tmp_path: Path) -> None:
    lines = published(some)
    large = load_results([make_run(tmp_path, some_file, {"a": [lines], "b": [lines]}, name="large")])
    few = some.model_copy(update={"papers": some.papers[:1]})
    few_file = tmp_path / "few.jsonl"
    few_file.write_text(to_jsonl(few.papers), encoding="utf-8")
    small = load_results([make_run(tmp_path, few_file, {"a": [published(few)], "b": [published(few)]})])
    for results in (large, small):
        found = keep(results, asyncio.run(hear(results, "a", rule_judge(results), lambda: None)))
        assert found.kinds["wrong paper"] == (12, 12)


@pytest.mark.slow
def test_labels_of_pairs_that_were_not_judged_do_not_count(
    some: Gold, some_file: Path, tmp_path: Path
) -> None:
    run = make_run(tmp_path, some_file, {"a": [published(some)], "b": [published(some)]})
    append(
        run.path / "labels.jsonl",
        [Label(pair=f"x|{n}", paper="p", verdict="tie", swapped=False) for n in range(60)],
    )
    results = load_results([run])
    assert keep(results, asyncio.run(hear(results, "a", rule_judge(results), lambda: None))).labels == 0


def test_answers_that_say_nothing_are_not_kept(
    some: Gold, some_file: Path, tmp_path: Path, digest: Run
) -> None:
    lines = published(some)
    other = {name: line.replace("提升", "改善") for name, line in lines.items()}
    run = make_run(tmp_path, some_file, {"a": [lines], "b": [other]})
    (tmp_path / "none.jsonl").write_text("")
    ran = digest("eval", "judge", "import", run.path, "none.jsonl", "--base", "a", "--judge", "m")
    assert ran.code == 2, ran.out
    assert "no readable answer" in ran.err
    assert not (run.path / "judge.jsonl").exists()
    ran = digest("eval", "judge", "export", run.path, "-o", "q.jsonl", "--base", "a", "--judge", "rule")
    assert (ran.code, "asks nobody" in ran.err) == (2, True)


def test_rows_of_an_answer_file(tmp_path: Path) -> None:
    request = Request(model="m", messages=(), max_tokens=1)
    message = {"role": "assistant", "content": "行\u2028尾"}
    body = {"model": "m", "choices": [{"message": message, "finish_reason": "stop"}], "usage": "many"}
    rows: list[dict[str, Any]] = [
        {"custom_id": "expired", "response": None, "error": {"code": "batch_expired"}},
        {"custom_id": request.key, "response": {"body": body}},
    ]
    path = tmp_path / "answers.jsonl"
    path.write_text("\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    assert asyncio.run(Replay(path).complete(request)).content == "行\u2028尾"


def test_a_jury_is_told_to_programs_by_the_names_of_metrics() -> None:
    def one(number: int, verdict: Any, *failed: tuple[str, ...] | None) -> Judged:
        made = {"kind": "variants", "paper": "p", "judge": "m", "rubric": "r", "verdict": verdict}
        return Judged.model_validate({**made, "id": str(number), "failed": failed})

    said = [
        one(1, "second", ("task", "method"), ()),
        one(2, "first", (), ("task",)),
        one(3, "second", ("task",), ()),
        one(4, None, None, None),
    ]
    values = jury_of(said, PERFECT).values()
    assert values["judge_win"] == pytest.approx(200 / 3)
    assert values["judge_flags"] == (1, pytest.approx(1 / 3))
    assert (values["wins"], values["ties"], values["losses"], values["unanswered"]) == (2, 0, 1, 1)
    assert jury_of(said[3:], PERFECT).values()["judge_win"] is None


@pytest.mark.slow
def test_who_always_agrees_with_people_agrees(some: Gold, some_file: Path, tmp_path: Path) -> None:
    """One variant is always worse: that leaves nothing to chance, and is no reason to doubt the judge."""
    lines = published(some)
    wrong = {paper.id: DEFECTS["doubled"](lines[paper.id], paper, paper) for paper in some.papers}
    run = make_run(tmp_path, some_file, {"a": [lines], "b": [wrong]})
    results = load_results([run])
    pairs = pairs_of(results.columns["a"], results.columns["b"], results.papers)
    labels = [Label(pair=pair.id, paper=pair.paper.id, verdict="first", swapped=False) for pair in pairs]
    again = [
        label.model_copy(update={"pair": turned(label.pair), "verdict": "second"}) for label in labels[:5]
    ]
    append(run.path / "labels.jsonl", [*labels, *again])
    found = keep(results, asyncio.run(hear(results, "a", rule_judge(results), lambda: None)))
    assert (found.labels, found.kappa) == (12, 1.0)


@pytest.mark.slow
def test_verdicts_are_of_lines_not_of_runs(some: Gold, some_file: Path, tmp_path: Path) -> None:
    lines = published(some)
    wrong = {paper.id: DEFECTS["doubled"](lines[paper.id], paper, paper) for paper in some.papers}
    results = load_results([make_run(tmp_path, some_file, {"a": [lines], "b": [wrong]}, name="one")])
    keep(results, asyncio.run(hear(results, "a", rule_judge(results), lambda: None)))
    assert juries(results, "a")["b"][0].losses == 12
    assert juries(results, "b")["a"][0].wins == 12  # the other way round
    silent = [
        one.turned().model_copy(update={"verdict": None}) for one in juries(results, "a")["b"][1].values()
    ]
    append(tmp_path / "one" / "judge.jsonl", silent)
    assert juries(results, "a")["b"][0].losses == 12  # a judge that said nothing takes nothing back
    (tmp_path / "one" / "records.jsonl").unlink()
    changed = make_run(
        tmp_path, some_file, {"a": [wrong], "b": [dict.fromkeys(lines, "另一句。")]}, name="one"
    )
    assert juries(load_results([changed]), "a") == {}
