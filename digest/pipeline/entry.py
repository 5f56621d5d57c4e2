"""One paper's entry: its text is read, the model asked, the answer checked.

`entry` is handed values and `Resources`, which all pickle, and so does what it returns: another process, or
another machine, can make an entry as this one does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from digest.config import TextSettings
from digest.ledger import Ledger
from digest.llm.batch.deferred import Deferral, DeferredError, DeferringClient
from digest.llm.cached_client import CachedClient
from digest.model import (
    Completion,
    Entry,
    Finding,
    Listing,
    Paper,
    Request,
    RunUsage,
    Summary,
    Text,
    TextOrigin,
)
from digest.pipeline.check_cache import CheckCache
from digest.pipeline.resources import Resources
from digest.sources.http_responses import refuses_for_good
from digest.summarize.prompt_text import cuts
from digest.summarize.summarizer import Job, SummaryResult, summarise

if TYPE_CHECKING:
    from digest.summarize.checks import Source


AS_ASKED = "only title and abstract were asked for"
"""The reason that is given for a missing text where none is wanted."""

_REFUSALS = ("arXiv has no PDF (", "the answer is no PDF", "PDF is damaged", "not a PDF")


@dataclass(frozen=True)
class PaperTask:
    """One paper's work.

    Attributes:
        listing: how the paper was announced.
        paper: its metadata.
        run: the number of the run in the ledger that answers and events are written under.
        since: the first run whose answers are good enough; 0: any.
        recipe: of outcomes that may be used instead of checking again, see `recipe_of`; "": none may.
        deferral: which questions are put aside for a batch; None: none.
        seed: sent with every question and part of its key, to ask the same once more; 0: none is sent.
    """

    listing: Listing
    paper: Paper
    run: int
    since: int = 0
    recipe: str = ""
    deferral: Deferral | None = None
    seed: int = 0


@dataclass(frozen=True)
class PaperResult:
    """The result of a `PaperTask`.

    Attributes:
        entry: None: a question was put aside.
        usage: what was asked, and what it took.
        answers: all that were read, from the ledger or the endpoint.
        questions: to hand in as a batch, each with its paper, by their keys.
        held: the number of the open batch that a question is in, by its key.
    """

    entry: Entry | None
    usage: RunUsage
    answers: tuple[Completion, ...] = ()
    questions: Mapping[str, tuple[Request, str]] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Others:
    """The papers of one day, for telling whose line it is. Pickles as the papers alone.

    Hand the same to all tasks of a day: what is derived from the papers is derived once.
    """

    papers: tuple[Paper, ...] = ()

    def __reduce__(self) -> tuple[type[Others], tuple[tuple[Paper, ...]]]:
        """Without what was derived."""
        return type(self), (self.papers,)

    @cached_property
    def sources(self) -> Sequence[Source]:
        """The texts of the papers, indexed."""
        from digest.summarize.checks import PaperIndex, source_of

        return PaperIndex(source_of(paper) for paper in self.papers)


async def entry(
    task: PaperTask, others: Others, resources: Resources, usage: RunUsage | None = None
) -> PaperResult:
    """Make one paper's entry, or find that its question waits for a batch.

    Trouble with this paper alone is a flag of its entry. Answers, the paper's text and events are written to
    the ledger; its PDF to the cache.

    Args:
        task: the paper.
        others: the papers of its day.
        resources: of this process.
        usage: counted into as answers come, for a caller that wants to know on the way or after an error;
            it is the result's, too.

    Raises:
        ModelError: the model answers nobody.
        UsageError: a setting of the checks is not usable; nothing was asked.
        LedgerError: the ledger cannot be read or written.
    """
    usage = RunUsage() if usage is None else usage
    client = CachedClient(
        resources.endpoint, resources.ledger, task.run, usage=usage, under_way=resources.under_way
    )
    work = _Work(task, others, resources, client)
    try:
        made = await work.entry()
    except DeferredError:
        assert work.deferring is not None  # it raised this
        return PaperResult(None, usage, (*work.answers,), work.deferring.questions, work.deferring.held)
    return PaperResult(made, usage, (*work.answers,))


class _Work:
    """One paper's work under way."""

    def __init__(self, task: PaperTask, others: Others, resources: Resources, client: CachedClient) -> None:
        self.task = task
        self.others = others
        self.resources = resources
        self.client = client
        self.answers: list[Completion] = []
        self.deferring: DeferringClient | None = None
        ledger, endpoint = resources.ledger, resources.endpoint
        if task.deferral is not None:
            log = ledger.batches(endpoint.address)
            self.deferring = DeferringClient(client, ledger, log, task.deferral)
        model = resources.settings.model
        self.job = Job(
            paper=task.paper,
            prompt=resources.prompt,
            model=model.name,
            ask=self.ask,
            check=self.check,
            fresh=resources.fresh,
            fallback=model.fallback,
            body={**endpoint.body, "seed": task.seed} if task.seed else endpoint.body,
            fits=endpoint.fits,
            answered=self.answered,
        )

    async def entry(self) -> Entry:
        """The paper's entry. Raises as `entry` does, and `DeferredError`."""
        task = self.task
        self.text = await self._read()
        outcome = await self._outcome()
        self._note(outcome)
        return Entry(
            listing=task.listing,
            paper=task.paper,
            summary=outcome.summary,
            flag=outcome.flag,
            findings=outcome.findings,
            notes=cuts(task.paper),
            text=outcome.text or self.text.origin,
        )

    async def ask(self, request: Request, paper: str, *, fresh: bool = False) -> Completion:
        """The answer to a question, from the ledger or the endpoint."""
        client = self.deferring or self.client
        completion = await client.ask(request, paper, fresh=fresh, since=self.task.since)
        self.answers.append(completion)
        return completion

    def answered(self, request: Request) -> bool:
        """True: the ledger holds an answer that may be used."""
        ledger = self.resources.ledger
        return not self.resources.fresh and ledger.completion(request.key, self.task.since) is not None

    @cached_property
    def source(self) -> Source:
        """The texts that the line may take its facts from."""
        from digest.summarize.checks import source_of  # a tenth of a second, for new answers only

        return source_of(self.task.paper, "\n".join(passage.content for passage in self.text.passages))

    def check(self, summary: Summary) -> tuple[Finding, ...]:
        """The findings of the rules in a summary."""
        from digest.summarize.checks import check_summary

        return check_summary(summary, self.source, self.others.sources, self.resources.rules())

    async def _outcome(self) -> SummaryResult:
        """The outcome of the paper, or of the same question before."""
        cache = CheckCache(self.resources.ledger, self.task.recipe) if self.task.recipe else None
        question = self._question(self.text).key
        if cache and not self.job.fresh and (kept := cache.recall(question)):
            self.client.note_kept(self.task.paper.id)
            return kept
        self.resources.rules()  # a misspelt one is better told before anything is asked
        outcome = await summarise(self.job, self.text)
        if cache:
            cache.keep(question, outcome)
        return outcome

    def _question(self, text: Text) -> Request:
        return self.job.request(self.job.prompt.render(self.task.paper, text))

    def _note(self, outcome: SummaryResult) -> None:
        """Tell the ledger what the checks said."""
        said = "passed" if outcome.flag is None else outcome.flag.code
        found = {
            "attempts": outcome.summary.attempts if outcome.summary else None,
            "findings": [finding.model_dump() for finding in outcome.findings],
        }
        detail = json.dumps(found, ensure_ascii=False)
        self.resources.ledger.event(self.task.run, "check", said, self.task.paper.id, detail)

    async def _read(self) -> Text:
        """The paper's text, from the ledger when it was read before: the same question must come of it again.

        A PDF that did not come is asked for again by every run, unless arXiv says that there will be none.
        """
        paper, settings, ledger = self.task.paper, self.resources.settings, self.resources.ledger
        if settings.text.source == "abstract" or not self.job.prompt.reads_text:
            return Text(origin=TextOrigin(source="abstract", reason=AS_ASKED))
        kept = self._kept_text(ledger)
        if kept is not None and not self._may_come(kept):
            ledger.event(self.task.run, "text", "kept", paper.id)
            return kept
        reader = await self.resources.reader()
        text = await reader.read(paper, settings.model.name)
        ledger.keep_text(paper.versioned_id, recipe(settings.text), text)
        ledger.event(self.task.run, "text", text.origin.source, paper.id, text.origin.reason)
        return text

    def _kept_text(self, ledger: Ledger) -> Text | None:
        """The text that is kept; else one that, with this title and abstract, was asked about before."""
        paper, settings = self.task.paper, self.resources.settings
        wanted = list[Text | None]()
        if paper.version is not None:  # without one the address may show another text tomorrow
            if kept := ledger.text(paper.versioned_id, recipe(settings.text)):
                return kept
            if not self.resources.fresh:
                former = former_recipes(settings.text)
                wanted += (ledger.text(paper.versioned_id, one) for one in former)
        if self.task.listing.kind == "replaced" and settings.run.reuse_unchanged:
            wanted += ledger.texts_of(paper.id, recipe(settings.text))
        return self._asked_before(ledger, wanted)

    def _asked_before(self, ledger: Ledger, texts: Iterable[Text | None]) -> Text | None:
        """The first of the texts that makes a question that was answered."""
        answered = (text for text in texts if text and ledger.completion(self._question(text).key))
        return next(answered, None)

    def _may_come(self, kept: Text) -> bool:
        """True: read the paper again, since what is kept is its abstract only.

        What came of an older version of this program was never marked as passing.
        """
        reason = kept.origin.reason or ""
        if kept.origin.source == "pdf" or refuses_for_good(reason):
            return False
        if not (self.resources.fresh or kept.transient or reason.startswith(_REFUSALS)):
            return False
        question = self._question(kept).key
        waits = self.deferring is not None and self.deferring.waits_for(question)
        bought = waits or self.resources.ledger.completion(question, self.task.run) is not None
        return not bought  # by a batch: the PDF can wait for the next run


def recipe(settings: TextSettings) -> str:
    """The key of a paper's text in the ledger, beside the paper: what shapes its passages."""
    return f"2:{settings.budget}"


def former_recipes(settings: TextSettings) -> tuple[str, ...]:
    """The keys of texts with captions and last pages, under today's budget and under the default of then."""
    return f"1:{settings.budget}", "1:3000"
