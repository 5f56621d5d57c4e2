"""Asking about one paper where the model takes less than there is."""

from __future__ import annotations

import asyncio
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from digest.cli.prompts import load
from digest.model import Completion, Paper, Passage, Request, Text, TextOrigin
from digest.summarize.prompt_text import shortened
from digest.summarize.summarizer import Job, SummaryResult, summarise
from digest.system.errors import AnswerError

ANSWER = '{"kind": "method", "task": "语音识别", "problem": "噪声中性能下降", "contribution": "提出一种方法"}'
PAPER = Paper(id="2601.00001", title="A title", abstract="An abstract.")
TEXT = Text(
    origin=TextOrigin(source="pdf", sections=("Introduction (1)",), tokens=1000),
    passages=(
        Passage(heading="Introduction", pages=(1,), content="One sentence here. " * 200),
        Passage(heading="Conclusion", pages=(9,), content="We conclude it. " * 50),
    ),
)


class Model:
    """Takes questions up to a length, and says no with a code to longer ones."""

    def __init__(self, most: int, code: str = "too_long") -> None:
        self.most = most
        self.code = code
        self.asked: list[int] = []

    async def ask(self, request: Request, paper: str, *, fresh: bool = False) -> Completion:
        assert (paper, fresh) == (PAPER.id, False)
        self.asked.append(request.prompt_tokens)
        if request.prompt_tokens > self.most:
            raise AnswerError(self.code, "no")
        return Completion(key=request.key, model="m", content=ANSWER, received=datetime.now(UTC))

    def about(self, text: Text | None, prompt: str = "fields", **fields: Any) -> SummaryResult:
        job = Job(PAPER, load(prompt), "m", self.ask, lambda _: (), **fields)
        return asyncio.run(summarise(job, text))


def lengths() -> list[int]:
    """Of the question with all of the text, half of it, a quarter, and none."""
    prompt = load("fields")
    texts = (TEXT, shortened(TEXT, 0.5), shortened(TEXT, 0.25), None)
    job = Job(PAPER, prompt, "m", Model(0).ask, lambda _: ())
    return [job.request(prompt.render(PAPER, text)).prompt_tokens for text in texts]


@pytest.mark.parametrize(("index", "source"), [(0, "pdf"), (1, "pdf"), (2, "pdf"), (3, "abstract")])
def test_a_text_that_is_too_long_is_shortened_until_it_fits(index: int, source: str) -> None:
    model = Model(lengths()[index])
    outcome = model.about(TEXT)
    assert outcome.summary is not None
    assert model.asked == lengths()[: index + 1]
    if index == 0:
        assert outcome.text is None
    else:
        assert outcome.text is not None
        assert outcome.text.source == source
        assert "too long for the model" in (outcome.text.reason or "")
    assert pickle.loads(pickle.dumps(outcome)) == outcome


def test_what_is_known_not_to_fit_is_not_sent() -> None:
    model, most = Model(lengths()[2]), lengths()[2]
    assert model.about(TEXT, fits=lambda request: request.prompt_tokens <= most).summary is not None
    assert model.asked == [most]


def test_title_and_abstract_are_sent_in_any_case() -> None:
    model = Model(10**9)
    assert model.about(TEXT, fits=lambda _: False).summary is not None
    assert model.asked == [lengths()[3]]


def test_where_title_and_abstract_are_too_long_the_shorter_prompt_is_asked() -> None:
    entry = load("entry")
    job = Job(PAPER, entry, "m", Model(0).ask, lambda _: ())
    whole = job.request(entry.render(PAPER)).prompt_tokens
    model = Model(whole - 1)
    outcome = model.about(TEXT, "entry")
    assert outcome.summary is not None
    assert outcome.summary.prompt.startswith("entry-short@")
    assert outcome.text is not None
    assert outcome.text.source == "abstract"
    told = Model(whole - 1)
    told.about(None, "entry", fits=lambda request: request.prompt_tokens < whole)
    assert len([tokens for tokens in told.asked if tokens >= whole]) == 0
    fitting = Model(whole)
    found = fitting.about(None, "entry")
    assert found.summary is not None
    assert found.summary.prompt.startswith("entry@")
    assert Model(0).about(TEXT, "entry").flag is not None


def test_a_paper_that_is_too_long_without_text_is_flagged_as_such() -> None:
    flag = Model(0).about(TEXT).flag
    assert flag is not None
    assert flag.code == "too_long"
    assert "上下文" in flag.reason


@pytest.mark.parametrize(("code", "said"), [("refused", "refused"), ("rejected", "did not take")])
def test_a_paper_that_is_refused_with_its_text_is_asked_about_without(code: str, said: str) -> None:
    model = Model(lengths()[3], code=code)
    outcome = model.about(TEXT)
    assert model.asked == [lengths()[0], lengths()[3]]
    assert outcome.text is not None
    assert outcome.text.source == "abstract"
    assert said in (outcome.text.reason or "")
    flag = Model(0, code=code).about(TEXT).flag
    assert flag is not None
    assert flag.code == code


def test_passages_are_cut_at_the_ends_of_sentences() -> None:
    for passage in shortened(TEXT, 0.5).passages:
        assert passage.content.endswith(".")
    assert shortened(TEXT, 1) == TEXT
    assert shortened(TEXT, 0.5).origin.tokens == 500
