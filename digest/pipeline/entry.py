"""One paper's entry: its text is read, the model asked, the answer checked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Protocol

from digest.config import TextSettings
from digest.errors import ModelError
from digest.ledger import Ledger
from digest.llm.cached_client import RunUsage
from digest.model import Completion, Entry, Finding, Flag, Listing, Paper, Request, Summary, Text, TextOrigin
from digest.pipeline.check_cache import CheckCache
from digest.pipeline.resources import Resources
from digest.sources.http_responses import says_withdrawn
from digest.summarize.bounds import cuts
from digest.summarize.summarizer import Job, Outcome, summarise

if TYPE_CHECKING:
    from digest.summarize.checks import Source


AS_ASKED = "only title and abstract were asked for"
"""Why there is no text where none is wanted."""

_REFUSALS = ("arXiv has no PDF (", "the answer is no PDF")


class Asks(Protocol):
    """What asks the model for one run: an `CachedClient`, or what stands before one."""

    @property
    def run(self) -> int:
        """The number of the run."""
        ...

    async def ask(self, request: Request, paper: str, *, fresh: bool = False, since: int = 0) -> Completion:
        """See `CachedClient.ask`."""
        ...

    def waits_for(self, key: str) -> bool:
        """Whether the answer to a question is paid for and on its way: it is in an open batch."""
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
        from digest.summarize.checks import source_of  # a tenth of a second, for new answers only

        return source_of(paper, "\n".join(passage.content for passage in text.passages))

    def check(summary: Summary) -> tuple[Finding, ...]:
        from digest.summarize.checks import check_summary

        return check_summary(summary, source(), batch(), tools.rules())

    ask = partial(asker.ask, since=since)
    model = tools.settings.model
    endpoint = tools.endpoint

    def answered(request: Request) -> bool:
        return not tools.fresh and tools.ledger.completion(request.key, since) is not None

    job = Job(
        paper=paper,
        prompt=tools.prompt,
        model=model.name,
        ask=ask,
        check=check,
        fresh=tools.fresh,
        fallback=model.fallback,
        body=endpoint.body,
        fits=endpoint.fits,
        answered=answered,
    )
    text = await _read(job, listing, tools, asker)
    outcome = await _outcome(job, text, tools, outcomes)
    _note(outcome, paper, tools, asker.run)
    return Entry(
        listing=listing,
        paper=paper,
        summary=outcome.summary,
        flag=outcome.flag,
        findings=outcome.findings,
        notes=cuts(paper),
        text=outcome.text or text.origin,
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


async def _read(job: Job, listing: Listing, tools: Resources, asker: Asks) -> Text:
    """The paper's text, from the ledger when it was read before: the same question must come of it again.

    A PDF that did not come is asked for again by every run, unless arXiv says that there will be none.
    """
    run = asker.run
    paper, settings, ledger = job.paper, tools.settings.text, tools.ledger
    if settings.source == "abstract" or not tools.prompt.reads_text:
        return Text(origin=TextOrigin(source="abstract", reason=AS_ASKED))
    kept, wanted = None, list[Text | None]()
    if paper.version is not None:  # without one the address may show another text tomorrow
        kept = ledger.text(paper.versioned_id, recipe(settings))
        if not tools.fresh:
            wanted += (ledger.text(paper.versioned_id, former) for former in _former_recipes(settings))
    if kept is None:
        if listing.kind == "replaced" and tools.settings.run.reuse_unchanged:
            wanted += ledger.texts_of(paper.id, recipe(settings))
        kept = _asked_before(job, ledger, wanted)
    if kept is not None and not _may_come(kept, job, tools, asker):
        ledger.event(run, "text", "kept", paper.id)
        return kept
    reader = await tools.reader()
    text = await reader.read(paper, tools.settings.model.name)
    ledger.keep_text(paper.versioned_id, recipe(settings), text)
    ledger.event(run, "text", text.origin.source, paper.id, text.origin.reason)
    return text


def _may_come(kept: Text, job: Job, tools: Resources, asker: Asks) -> bool:
    """Whether to read the paper again, since what is kept is its abstract only.

    What came of an older version of this program was never marked as passing.
    """
    reason = kept.origin.reason or ""
    if kept.origin.source == "pdf" or says_withdrawn(reason):
        return False
    if not (tools.fresh or kept.transient or reason.startswith(_REFUSALS)):
        return False
    question = job.request(job.prompt.render(job.paper, kept)).key
    bought = asker.waits_for(question) or tools.ledger.completion(question, asker.run) is not None
    return not bought  # by a batch: the PDF can wait for the next run


def _asked_before(job: Job, ledger: Ledger, texts: Iterable[Text | None]) -> Text | None:
    """The first of the texts that, with this title and abstract, makes a question that was answered."""
    for text in texts:
        if text and ledger.completion(job.request(job.prompt.render(job.paper, text)).key) is not None:
            return text
    return None


def refuse_silence(entries: Sequence[Entry], tally: RunUsage) -> None:
    """Do nothing if anybody answered anything, or there was nothing to ask.

    Raises:
        ModelError: no question was answered, and none from the ledger.
    """
    dead = {"unreachable", "rejected"}
    if not entries or tally.asked or tally.reused or tally.stopped:
        return
    if all(entry.flag is not None and entry.flag.code in dead for entry in entries):
        why = (tally.trouble or "it said nothing").rstrip(".")
        raise ModelError(f"No question was answered, so nothing was published. The last reason: {why}.")


def flag_repeated(entries: Sequence[Entry], tools: Resources) -> tuple[Entry, ...]:
    """The entries, each flagged whose line stands beside another paper of the day, too."""
    said = [re.sub(r"\W", "", entry.summary.line) for entry in entries if entry.summary]
    if len(set(said)) == len(said) or tools.settings.checks.get("same-line") == "off":
        return tuple(entries)  # without the checks, which take a tenth of a second to import
    from digest.summarize.checks import repeated, source_of

    lines = [(entry.summary.line if entry.summary else "", source_of(entry.paper)) for entry in entries]
    found = repeated(lines, tools.rules())
    return tuple(
        _with(entry, found[place]) if place in found else entry for place, entry in enumerate(entries)
    )


def _with(entry: Entry, finding: Finding) -> Entry:
    update: dict[str, object] = {"findings": (*entry.findings, finding)}
    if finding.severity == 3 and entry.flag is None:
        update["flag"] = Flag(code="checks", reason=f"未通过检查：{finding.rule}「{finding.evidence}」")
    return entry.model_copy(update=update)
