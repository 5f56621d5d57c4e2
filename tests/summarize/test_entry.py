"""From answers to a line: corrections, the plain line where the model's is unusable, English."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from digest.cli.prompts import load
from digest.model import Completion, Finding, Paper, PaperKind, Request, Summary
from digest.summarize.checks import Source, check_summary
from digest.summarize.summarizer import Job, SummaryResult, summarise

PAPER = Paper(
    id="2601.00001",
    title="ClearNet: Cleaner Voices",
    abstract="We propose ClearNet to enhance noisy speech for hearing aids with 3 layers. PESQ rises by 0.4.",
)
FIELDS = {
    "kind": "method",
    "task": "语音增强",
    "problem": "助听器中的语音含有噪声",
    "contribution": "提出ClearNet，以3层网络增强语音",
}
PLAIN = "该论文面向语音增强，关注助听器中的语音含有噪声。提出ClearNet，以3层网络增强语音。"
LINE = "助听器里的语音常被噪声淹没，听障者难以听清。ClearNet只用3层网络增强语音，把PESQ提高了0.4。"
ENGLISH = (
    "Noise makes speech in hearing aids hard to follow. "
    "ClearNet enhances it with 3 layers; PESQ rises by 0.4."
)


def entry(line: object = LINE, **changes: object) -> str:
    return json.dumps({**FIELDS, "line": line, **changes}, ensure_ascii=False)


class Model:
    """Answers with the texts given, the last one for ever, and keeps what it was asked."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def ask(self, request: Request, paper: str, *, fresh: bool = False) -> Completion:
        assert (paper, fresh) == (PAPER.id, False)
        self.asked.append(request)
        content = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return Completion(key=request.key, model="m", content=content, received=datetime.now(UTC))

    def corrections(self) -> list[str]:
        return [request.messages[-1].content for request in self.asked[1:]]


def outcome(model: Model, prompt: str = "entry", languages: Sequence[Any] = ()) -> SummaryResult:
    def check(summary: Summary) -> tuple[Finding, ...]:
        return check_summary(summary, Source(PAPER.title, PAPER.abstract))

    job = Job(PAPER, load(prompt).speaking(languages), "m", model.ask, check)
    return asyncio.run(summarise(job, None))


def test_the_line_is_the_model_s_own() -> None:
    model = Model(entry(f" {LINE[:-1]} 。"))
    made = outcome(model)
    assert made.summary is not None
    assert made.summary.line == LINE
    assert made.summary.contribution == FIELDS["contribution"]
    assert (made.flag, made.findings, len(model.asked)) == (None, (), 1)
    schema = model.asked[0].json_schema
    assert schema is not None
    assert "line" in schema["required"]


@pytest.mark.parametrize("line", [None, "", ["一条"]])
def test_a_missing_line_is_asked_for_again(line: object) -> None:
    model = Model(entry(line), entry())
    made = outcome(model)
    assert made.summary is not None
    assert made.summary.line == LINE
    assert [finding.rule for finding in made.summary.mended] == ["no-line"]
    assert "line" in model.corrections()[0]


def test_good_fields_without_a_line_give_the_plain_one() -> None:
    model = Model(entry(None))
    made = outcome(model)
    assert made.summary is not None
    assert made.summary.line == PLAIN
    assert made.flag is None
    assert [finding.rule for finding in made.findings] == ["no-line"]
    assert len(model.asked) == 2  # an unchanged answer ends the corrections


@pytest.mark.parametrize(
    "line", ["N/A", "提出**ClearNet**网络。" + LINE, "語音增強受雜訊影響。" + LINE, LINE * 2]
)
def test_a_line_that_keeps_its_defect_gives_way_to_the_plain_one(line: str) -> None:
    made = outcome(Model(entry(line)))
    assert made.summary is not None
    assert made.summary.line.startswith("该论文面向语音增强，")
    assert made.flag is None


def test_where_the_fields_are_no_better_the_line_stays_and_is_flagged() -> None:
    made = outcome(Model(entry("提出**ClearNet**网络。", contribution="提出**ClearNet**网络")))
    assert made.summary is not None
    assert "**" in made.summary.line
    assert made.flag is not None


def test_fields_alone_still_make_a_line() -> None:
    model = Model(json.dumps(FIELDS, ensure_ascii=False))
    made = outcome(model, "fields")
    assert made.summary is not None
    assert made.summary.line.startswith("该论文面向语音增强，")
    assert made.findings == ()


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "Sorry, no.",
        entry(kind="magic"),
        entry(task=None),
        entry(problem="长" * 200),
        entry(None),
        entry("We enhance speech."),
        entry(LINE + "（50字）"),
        entry("語音增強。" + LINE),
        entry(task="", extra="x"),
    ],
)
def test_corrections_are_in_chinese(wrong: str) -> None:
    model = Model(wrong, entry())
    assert outcome(model).flag is None
    quoted = re.sub("“[^”]*”", "", model.corrections()[0])
    names = {"JSON", "kind", "line", "extra", "task", "problem", "contribution", *get_args(PaperKind)}
    assert set(re.findall("[A-Za-z]+", quoted)) <= names, quoted


def test_two_languages_come_in_one_answer() -> None:
    model = Model(entry(line_en=ENGLISH))
    made = outcome(model, languages=("zh", "en"))
    assert made.summary is not None
    assert (made.summary.line, made.summary.translations) == (LINE, {"en": ENGLISH})
    assert (made.flag, made.findings, len(model.asked)) == (None, (), 1)
    assert "line_en" in model.asked[0].messages[0].content


@pytest.mark.parametrize(
    ("english", "rule"),
    [
        (None, "no-line"),
        ("ClearNet 增强语音。", "not-english"),
        ("Better.", "too-short"),
        (ENGLISH.replace("ClearNet", "QuartzNet-X"), "unsupported-name"),
        (ENGLISH.replace("0.4", "0.9"), "unsupported-number"),
        (f"**Fine**: {ENGLISH}", "markup"),
        ("Here is the line: " + ENGLISH, "prompt-leak"),
        (ENGLISH[:-1], "no-final-stop"),
    ],
)
def test_the_english_line_is_checked_too(english: str | None, rule: str) -> None:
    model = Model(entry(line_en=english), entry(line_en=ENGLISH))
    made = outcome(model, languages=("zh", "en"))
    assert made.summary is not None
    assert rule in {finding.rule for finding in made.summary.mended}
    assert made.summary.translations == {"en": ENGLISH}


def test_a_bad_translation_costs_no_good_line() -> None:
    made = outcome(Model(entry(line_en="ClearNet 增强语音，提高清晰度。")), languages=("zh", "en"))
    assert made.summary is not None
    assert (made.summary.line, made.summary.translations, made.flag) == (LINE, {}, None)
    assert [finding.evidence for finding in made.findings] == ["JSON 字段 line_en 缺失或不可用"]


def test_an_english_prompt_gives_an_english_line() -> None:
    fields = {
        "kind": "method",
        "task": "speech enhancement",
        "problem": "speech in hearing aids is noisy",
        "contribution": "proposes ClearNet, a network of 3 layers",
    }
    model = Model(json.dumps({**fields, "line": "增强语音。"}), json.dumps({**fields, "line": ENGLISH}))
    made = outcome(model, "entry-en")
    assert made.summary is not None
    assert (made.summary.line, made.summary.lang) == (ENGLISH, "en")
    assert (made.flag, made.findings) == (None, ())
    assert model.corrections()[0].startswith("Your answer has these problems")
    plain = outcome(Model(json.dumps(fields)), "entry-en")
    assert plain.summary is not None
    assert plain.summary.line.startswith("Speech enhancement: Speech in hearing aids")
