from __future__ import annotations

import pytest

from digest.evaluate.metrics.chrf import chrf
from digest.evaluate.metrics.metrics import METRICS, idf_of, missing, score
from digest.summarize.checks import source_of
from tests.evaluate.conftest import Run
from tests.evaluate.support import invented_line, paper

PAPER = paper(7)
SOURCE = source_of(PAPER.paper)


def values(line: str, *references: str) -> dict[str, float | None]:
    return score(line, SOURCE, references).metrics


def test_the_published_line_itself() -> None:
    found = values(invented_line(7), invented_line(7))
    best = ("fmt_ok", "lint_ok", "lint3", "src_support", "own_name", "chrf_c2", "chrf", "term_recall")
    assert {name: found[name] for name in best} == pytest.approx(dict.fromkeys(best, 100.0))
    assert found["len"] == len(invented_line(7))
    assert found["template"] == 100


def test_every_metric_is_there_and_signed() -> None:
    names = {metric.name for metric in METRICS}
    assert set(values("x")) <= names
    assert all(
        metric.signature.startswith(f"{metric.name}|") and "v:" in metric.signature for metric in METRICS
    )
    assert missing().metrics == {"err": 100.0}


def test_names_and_numbers_must_be_the_papers() -> None:
    found = values(invented_line(7).replace("NoiseNet7", "QuartzNet"))
    assert found["src_support"] is not None
    assert found["src_support"] < 100
    assert (found["own_name"], found["lint_ok"]) == (0, 0)
    assert values(invented_line(7).replace("提升7 dB", "提升9 dB"))["src_support"] != 100
    assert values("该论文属于语音增强任务，旨在解决噪声环境下语音质量下降的问题。")["src_support"] is None


def test_punctuation_costs_nothing_in_chrf_c2_and_much_in_chrf() -> None:
    ascii_line = invented_line(7).replace("，", ",").replace("。", ".")
    found = values(ascii_line, invented_line(7))
    assert found["chrf_c2"] == pytest.approx(100)
    assert found["chrf"] is not None
    assert found["chrf"] < 90


def test_the_mean_over_references_counts() -> None:
    one, two = values(invented_line(7), invented_line(7)), values(invented_line(7), "无关")
    both = values(invented_line(7), invented_line(7), "无关")
    for name in ("chrf_c2", "chrf"):
        first, second = one[name], two[name]
        assert first is not None
        assert second is not None
        assert both[name] == pytest.approx((first + second) / 2)
    assert values(invented_line(7))["chrf_c2"] is None


@pytest.mark.parametrize(
    "line",
    [
        "太短了。",
        invented_line(7)[:-1],
        invented_line(7) * 3,
        invented_line(7).replace("。提", "。\n提"),
        "a line in English that is long enough to count as one, and ends well。",
        "甲乙丙丁戊己庚。" * 4,
    ],
)
def test_what_is_no_line(line: str) -> None:
    assert values(line)["fmt_ok"] == 0


def test_what_few_lines_say_weighs_more() -> None:
    lines = [invented_line(number) for number in range(1, 9)]
    idf = idf_of(lines)

    def f1(line: str, reference: str) -> float:
        value = score(line, SOURCE, (reference,), idf=idf).metrics["idf_f1"]
        assert value is not None
        return value

    assert f1(lines[6], lines[6]) == pytest.approx(100)
    assert f1(lines[6].replace("，", ","), lines[6]) == pytest.approx(100)
    assert f1(lines[5], lines[6]) < 60  # but for names and numbers all invented lines are the same
    assert chrf(lines[5], lines[6], 2) > 90
    assert f1("", lines[6]) == 0
    assert values(lines[6], lines[6])["idf_f1"] is None


def test_without_its_extra_eval_says_what_to_install(digest: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.cli.eval.find_spec", lambda name: None if name == "scipy" else name)
    ran = digest("eval", "power", "--metric", "chrf_c2")
    assert ran.code == 2
    assert "scipy" in ran.err
    assert "[eval]" in ran.err
