"""One paper's entry: its text is read, the model asked, the answer checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Protocol

from digest.config import TextSettings
from digest.ledger import Ledger
from digest.llm.request import Request
from digest.model import Completion, Entry, Finding, Listing, Paper, Summary, Text, TextOrigin
from digest.pipeline.check_cache import CheckCache
from digest.pipeline.resources import Resources
from digest.summarize.summarizer import Job, Outcome, summarise

if TYPE_CHECKING:
    from digest.summarize.checks import Source


_REFUSED = {"source": "abstract", "reason": "the model refused it with passages of the text", "sections": ()}
"""What a line is made from in the end, when the model took title and abstract alone."""


class Asks(Protocol):
    """What asks the model for one run: an `CachedClient`, or what stands before one."""

    @property
    def run(self) -> int:
        """The number of the run."""
        ...

    async def ask(self, request: Request, paper: str, *, fresh: bool = False, since: int = 0) -> Completion:
        """See `CachedClient.ask`."""
        ...


def recipe(settings: TextSettings) -> str:
    """What shapes the passages of a paper: the key of its text in the ledger, beside the paper."""
    return f"2:{settings.budget}"


def _former_recipes(settings: TextSettings) -> tuple[str, ...]:
    """Those of texts with captions and last pages, under today's budget and under the default of then."""
    return f"1:{settings.budget}", "1:3000"


async def make_entry(
    listing: Listing,
    paper: Paper,
    tools: Resources,
    asker: Asks,
    batch: Callable[[], Sequence[Source]] = tuple,
    since: int = 0,
    outcomes: CheckCache | None = None,
) -> Entry:
    """One paper's entry.

    Args:
        listing: how it was announced.
        paper: what it says of itself.
        tools: see `Resources`.
        asker: asks the model, for one run.
        batch: gives what the other papers say, for telling whose line it is.
        since: the first run whose answers are good enough.
        outcomes: what became of the day's papers before, if that may be used.

    Raises:
        ModelError: the model answers nobody.
    """

    @cache
    def source() -> Source:
        from digest.cli.lint import source_of  # a tenth of a second, for new answers only

        return source_of(paper, "\n".join(passage.content for passage in text.passages))

    def check(summary: Summary) -> tuple[Finding, ...]:
        from digest.summarize.checks import check_summary

        return check_summary(summary, source(), batch(), tools.rules())

    ask = partial(asker.ask, since=since)
    model = tools.settings.model
    job = Job(paper, tools.prompt, model.name, ask, check, tools.fresh, model.fallback, tools.endpoint.body)
    text = await _read(job, listing, tools, asker.run)
    outcome = await _outcome(job, text, tools, outcomes)
    _note(outcome, paper, tools, asker.run)
    return Entry(
        listing=listing,
        paper=paper,
        summary=outcome.summary,
        flag=outcome.flag,
        findings=outcome.findings,
        text=text.origin if outcome.text else text.origin.model_copy(update=_REFUSED),
    )


async def _outcome(job: Job, text: Text, tools: Resources, outcomes: CheckCache | None) -> Outcome:
    """What becomes of the paper, or what became of the same question before."""
    question = job.request(job.prompt.render(job.paper, text)).key
    if outcomes and not job.fresh and (kept := outcomes.recall(question, job.paper.id)):
        return kept
    tools.rules()  # a misspelt one is better told before anything is asked
    outcome = await summarise(job, text)
    if outcomes:
        outcomes.keep(question, outcome)
    return outcome


def _note(outcome: Outcome, paper: Paper, tools: Resources, run: int) -> None:
    """Tell the ledger what the checks said."""
    what = "passed" if outcome.flag is None else outcome.flag.code
    found = {
        "attempts": outcome.summary.attempts if outcome.summary else None,
        "findings": [finding.model_dump() for finding in outcome.findings],
    }
    tools.ledger.event(run, "check", what, paper.id, json.dumps(found, ensure_ascii=False))


async def _read(job: Job, listing: Listing, tools: Resources, run: int) -> Text:
    """The paper's text, from the ledger when it was read before: the same question must come of it again."""
    paper, settings, ledger = job.paper, tools.settings.text, tools.ledger
    if settings.source == "abstract" or not tools.prompt.reads_text:
        return Text(origin=TextOrigin(source="abstract", reason="only title and abstract were asked for"))
    kept, wanted = None, list[Text | None]()
    if paper.version is not None:  # without one the address may show another text tomorrow
        kept = ledger.text(paper.versioned_id, recipe(settings))
        if not tools.fresh:
            wanted += (ledger.text(paper.versioned_id, former) for former in _former_recipes(settings))
    if kept is None:
        if listing.kind == "replaced" and tools.settings.run.reuse_unchanged:
            wanted += ledger.texts_of(paper.id, recipe(settings))
        kept = _asked_before(job, ledger, wanted)
    if kept is not None and not (tools.fresh and kept.transient):
        ledger.event(run, "text", "kept", paper.id)
        return kept
    reader = await tools.reader()
    text = await reader.read(paper, tools.settings.model.name)
    ledger.keep_text(paper.versioned_id, recipe(settings), text)
    ledger.event(run, "text", text.origin.source, paper.id, text.origin.reason)
    return text


def _asked_before(job: Job, ledger: Ledger, texts: Iterable[Text | None]) -> Text | None:
    """The first of the texts that, with this title and abstract, makes a question that was answered."""
    for text in texts:
        if text and ledger.completion(job.request(job.prompt.render(job.paper, text)).key) is not None:
            return text
    return None
