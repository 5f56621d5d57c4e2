"""A look ahead: what a run is about to read and ask, how long that takes, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from digest.llm.cost import BATCH
from digest.model import Paper, Request, Text, TextOrigin, Usage
from digest.pipeline.entry import AS_ASKED, recipe
from digest.pipeline.progress import format_duration
from digest.pipeline.resources import Resources
from digest.summarize.prompt import Prompt, request_for
from digest.text.cache import name_of
from digest.text.tokens import count

_OUTPUT = 140
"""Tokens of a typical answer of four fields and a line: the mean of 44 recorded on 2026-11-26."""

_DRAFTED = 265
"""Tokens of an answer with a draft and its review: the mean of the sample day's recorded answers."""

_AGAIN = 1.1
"""Questions a paper, corrections included, where nothing is measured."""

_FILLED = 0.8
"""The share of the budget for passages that a paper fills: 1,630 tokens of 2,000 on average."""

_COUNTED = 20
"""Papers whose titles and abstracts are counted; the others are taken to be like them."""

_RUNS = 30
"""Past runs that are looked at."""

_ENOUGH = 10
"""Papers of past runs that make a measurement."""


@dataclass(frozen=True)
class RunEstimate:
    """The work that a run is about to do.

    Attributes:
        papers: to ask about; those whose answers are kept are not among them.
        pdfs: to fetch.
        seconds: that fetching them takes at least, as arXiv wants it.
        cost: US dollars; None: no price is known.
        tokens: of one paper.
        measured: papers that the tokens were measured on; 0: they are typical.
        local: whether the model runs on this machine.
    """

    papers: int
    pdfs: int
    seconds: float
    cost: float | None
    tokens: Usage
    measured: int
    local: bool = False

    def times(self, days: int) -> RunEstimate:
        """The estimate for so many days like this one."""
        cost = None if self.cost is None else days * self.cost
        papers, pdfs = days * self.papers, days * self.pdfs
        return replace(self, papers=papers, pdfs=pdfs, seconds=days * self.seconds, cost=cost)

    @property
    def parts(self) -> tuple[str, ...]:
        """In words: `1,020 papers`, `about 51 minutes for PDFs`, `about 0.41 US dollars`."""
        parts = [f"{self.papers:,} papers"]
        if self.pdfs and self.seconds:
            took = format_duration(self.seconds)
            few = self.pdfs != self.papers
            parts.append(f"about {took} for {self.pdfs:,} PDFs" if few else f"about {took} for PDFs")
        known = self.cost is not None
        parts.append(f"about {dollars(self.cost or 0)} US dollars" if known else "price unknown")
        return tuple(parts)

    @property
    def sentence(self) -> str:
        """The estimate in one sentence."""
        return ", ".join(self.parts)

    @property
    def reckoned(self) -> str:
        """The tokens that the cost is reckoned with, in words."""
        how = f"measured on {self.measured}" if self.measured else "typical"
        return f"{self.tokens.input:,} tokens in and {self.tokens.output:,} out a paper ({how})"


def dollars(amount: float) -> str:
    """An amount with two digits that count."""
    return f"{amount:.2f}" if amount >= 0.1 else f"{amount:.2g}"


def question_kind(resources: Resources) -> str:
    """All that the tokens of a paper depend on: prompt, model, and how much of the paper is asked with."""
    text, model = resources.settings.text, resources.settings.model.name
    source = f"pdf:{text.budget}" if _reads(resources) else "abstract"
    return f"{resources.prompt.identity} {model} {source}"


def pdfs_of(papers: Iterable[Paper], resources: Resources) -> int:
    """The number of PDFs to fetch: neither their passages nor they themselves are kept."""
    folder = resources.settings.run.out / "pdf"
    unread = [paper for paper in papers if kept_text(paper, resources) is None]
    return sum(not (folder / name_of(paper.versioned_id)).exists() for paper in unread)


def estimate_run(papers: Sequence[Paper], resources: Resources) -> RunEstimate:
    """The work to be done for papers, as far as the ledger tells.

    Args:
        papers: that were announced; one may stand there twice.
        resources: see `Resources`.
    """
    todo: list[tuple[Paper, Text | None]] = []
    for paper in {paper.versioned_id: paper for paper in papers}.values():
        text = kept_text(paper, resources)
        if text is None or resources.fresh or not _answered(paper, text, resources):
            todo.append((paper, text))
    pdfs = pdfs_of((paper for paper, text in todo if text is None), resources)
    seconds = 0.0
    if pdfs:
        from digest.sources.http_client import (
            spacing_of,
        )  # a fifth of a second, which a finished day is spared

        seconds = pdfs * spacing_of(resources.settings.arxiv.pdf, resources.settings.arxiv)
    tokens, measured = _measured(resources)
    if not measured:
        tokens = _typical(todo, resources)
    price = resources.endpoint.price(resources.settings.model.name, tokens) if todo else 0.0
    share = BATCH if resources.batch else 1.0
    return RunEstimate(
        papers=len(todo),
        pdfs=pdfs,
        seconds=seconds,
        cost=None if price is None else len(todo) * price * share,
        tokens=tokens,
        measured=measured,
        local=resources.endpoint.preset.loopback,
    )


def _reads(resources: Resources) -> bool:
    return resources.settings.text.source == "pdf" and resources.prompt.reads_text


def kept_text(paper: Paper, resources: Resources) -> Text | None:
    """The passages that the question will hold; None: the PDF has to be read first."""
    if not _reads(resources):
        return Text(origin=TextOrigin(source="abstract", reason=AS_ASKED))
    return (
        resources.ledger.text(paper.versioned_id, recipe(resources.settings.text)) if paper.version else None
    )


def first_question(paper: Paper, text: Text, resources: Resources) -> Request:
    """The first question about a paper with this text."""
    conversation = resources.prompt.render(paper, text)
    return request_for(resources.prompt, resources.settings.model.name, conversation, resources.endpoint.body)


def is_answered(request: Request, resources: Resources) -> bool:
    """True if the ledger holds the answer."""
    return resources.ledger.completion(request.key) is not None


def _answered(paper: Paper, text: Text, resources: Resources) -> bool:
    """True if the first question about a paper is answered, or in a batch."""
    request = first_question(paper, text, resources)
    batches = resources.ledger.batches(resources.endpoint.address)
    return is_answered(request, resources) or batches.holder(request.key) is not None


def _measured(resources: Resources) -> tuple[Usage, int]:
    """Tokens of a paper by past runs that asked alike, and how many papers that were."""
    kind, usage, papers = question_kind(resources), Usage(), 0
    for report in resources.ledger.reports("run", _RUNS):
        if report.get("question") == kind and report.get("asked_about"):
            usage += _usage(report)
            papers += int(report["asked_about"])
    if papers < _ENOUGH:
        return Usage(), 0
    values = {name: round(value / papers) for name, value in usage.model_dump().items()}
    return Usage(**values), papers


def _usage(report: Mapping[str, Any]) -> Usage:
    return Usage(**{name: int(report.get(name) or 0) for name in Usage.model_fields})


def _typical(todo: Sequence[tuple[Paper, Text | None]], resources: Resources) -> Usage:
    """Tokens of a paper, as the prompt and the first papers let expect."""
    model = resources.settings.model.name
    some = todo[:: max(1, len(todo) // _COUNTED)]
    asked = [prompt_tokens(resources.prompt, paper, text, model) for paper, text in some]
    unread = sum(text is None for _, text in some) * resources.settings.text.budget * _FILLED
    inside = (sum(asked) + unread) / max(1, len(some))
    written = _DRAFTED if resources.prompt.draft else _OUTPUT
    return Usage(input=round(inside * _AGAIN), output=round(written * _AGAIN))


def prompt_tokens(prompt: Prompt, paper: Paper, text: Text | None, model: str) -> int:
    """The tokens of the first question about a paper, its instructions included."""
    return sum(count(message.content, model)[0] for message in prompt.render(paper, text))
