"""From a paper to one checked line: ask, read, check, and ask again with what is wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from digest.model import (
    Completion,
    Finding,
    Flag,
    Message,
    Paper,
    Request,
    Summary,
    Text,
    TextOrigin,
)
from digest.summarize import answer
from digest.summarize.compose import lacking_field, plain_line, read_summary
from digest.summarize.prompt import Prompt, request_for
from digest.summarize.prompt_text import TOO_LONG, correction_of, sentences_of, shortened
from digest.system.errors import AnswerError, ModelError, QuotaError

_ATTEMPTS = 3
"""The first question and at most two corrections."""

_SAID = {"kind", "task", "problem", "contribution", "line", "translations"}
"""The fields of an answer; where their content is the same again, further corrections help nothing."""

_PARTS = (1, 0.5, 0.25)
"""Shares of the text, where all of it is too long: few, so that the same question comes another time."""

_WITHOUT_TEXT = {
    "refused": "the model refused it with passages of the text",
    "rejected": "the endpoint did not take it with passages of the text",
}
"""Refusals that the text may be the reason of, in whatever words: title and abstract may pass."""

_REASONS = {
    "refused": "模型拒绝回答",
    "empty": "模型的回答是空的",
    "cut": "模型的回答不完整",
    "too_long": "论文超出模型的上下文长度",
    "unreachable": "模型多次没有应答",
    "rejected": "接口不接受这个问题",
    "unreadable": "模型的回答不合格式",
    "quota": "账户余额不足，尚未提问",
    "ceiling": "达到费用上限，尚未提问",
    "refusing": "接口拒绝了接连的问题，尚未提问",
    "checks": "未通过检查",
}

Check = Callable[[Summary], Sequence[Finding]]
"""The check of a summary of one paper: it returns the findings."""


class Ask(Protocol):
    """The client that answers requests; see `CachedClient.ask`."""

    def __call__(self, request: Request, paper: str, *, fresh: bool = False) -> Awaitable[Completion]:
        """The answer to a request."""
        ...


@dataclass(frozen=True)
class SummaryResult:
    """The outcome of one paper: a summary, a flag, or both.

    Attributes:
        text: where the passages of the question that was asked last came from; None: it held all of them.
        whole: whether every correction that was asked for was answered.
    """

    summary: Summary | None = None
    flag: Flag | None = None
    findings: tuple[Finding, ...] = ()
    text: TextOrigin | None = None
    whole: bool = True


@dataclass(frozen=True)
class Job:
    """The values that stay the same while one paper is asked about."""

    paper: Paper
    prompt: Prompt
    model: str
    ask: Ask
    check: Check
    fresh: bool = False
    fallback: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    """Fields of every question that shape the answer; see `Endpoint.body`."""
    fits: Callable[[Request], bool] = lambda _: True
    """True if the model may take a question of that length; see `Endpoint.fits`."""
    answered: Callable[[Request], bool] = lambda _: False
    """True if the ledger holds an answer to it that may be used."""

    def request(self, conversation: tuple[Message, ...]) -> Request:
        """The request that a conversation makes."""
        return request_for(self.prompt, self.model, conversation, self.body)


async def summarise(job: Job, text: Text | None) -> SummaryResult:
    """Ask about one paper until the answer passes its checks, at most three times.

    A paper whose text is too long for the model is asked about with less of it, down to title and abstract.
    One that is refused or rejected with its text is asked about once more with title and abstract alone;
    where it was refused, then of the fallback model. The best answer is kept; what is still wrong with it at
    severity 3 becomes its flag.

    Raises:
        ModelError: the endpoint answers nobody. Trouble with this paper alone is a flag instead.
    """
    try:
        return await _fitted(job, text)
    except AnswerError as error:
        if error.code in _WITHOUT_TEXT and text is not None and text.passages:
            return replace(await summarise(job, None), text=_abstract(text, _WITHOUT_TEXT[error.code]))
        if error.code == "refused" and job.fallback:
            return await _of_fallback(job, text)
        return _flagged(error.code)
    except QuotaError as error:
        return _flagged(error.code)


async def _fitted(job: Job, text: Text | None) -> SummaryResult:
    """Ask with as much text as the model takes; of what is too long, title and abstract are left."""
    for part in _shares(job, text):
        assert text is not None
        less = shortened(text, part)
        request = job.request(job.prompt.render(job.paper, less))
        if not (job.answered(request) or job.fits(request)):
            continue
        try:
            outcome = await _converse(job, less)
        except AnswerError as error:
            if error.code != "too_long":
                raise
        else:
            return outcome if part == 1 else replace(outcome, text=less.origin)
    outcome = await _without_text(job)
    return replace(outcome, text=_abstract(text, TOO_LONG)) if text is not None and text.passages else outcome


async def _without_text(job: Job) -> SummaryResult:
    """Ask with title and abstract alone; where even that is too long, with the prompt's shorter form."""
    shorter = job.prompt.shorter
    if shorter is None:
        return await _converse(job, None)
    request = job.request(job.prompt.render(job.paper, None))
    if job.answered(request) or job.fits(request):
        try:
            return await _converse(job, None)
        except AnswerError as error:
            if error.code != "too_long":
                raise
    return await _converse(replace(job, prompt=shorter), None)


def _shares(job: Job, text: Text | None) -> Sequence[float]:
    """The shares of the text to try; what an earlier run was answered about comes before what is longer."""
    if text is None or not text.passages:
        return ()
    for number, part in enumerate(_PARTS):
        if job.answered(job.request(job.prompt.render(job.paper, shortened(text, part)))):
            return _PARTS[number:]
    return _PARTS


def _abstract(text: Text | None, reason: str) -> TextOrigin | None:
    """The origin of a line that was made from title and abstract although there is a text."""
    if text is None:
        return None
    return text.origin.model_copy(
        update={"source": "abstract", "reason": reason, "sections": (), "tokens": 0}
    )


async def _of_fallback(job: Job, text: Text | None) -> SummaryResult:
    """Ask another model about a paper that the first refused; its trouble is this paper's alone."""
    try:
        outcome = await summarise(replace(job, model=job.fallback, fallback=""), None)
    except ModelError:
        return _flagged("refused")
    flagged = outcome.flag is not None and outcome.flag.code in {"quota", "refusing"}
    return (
        _flagged("refused") if flagged else replace(outcome, text=_abstract(text, _WITHOUT_TEXT["refused"]))
    )


async def _converse(job: Job, text: Text | None) -> SummaryResult:
    conversation = job.prompt.render(job.paper, text)
    best: SummaryResult | None = None
    before: str | None = None
    noticed: list[Finding] = []
    whole = True
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            completion = await job.ask(job.request(conversation), job.paper.id, fresh=job.fresh)
        except (AnswerError, ModelError):
            if best is None:
                raise
            whole = False  # a usable line is there; the trouble is that of the correction
            break
        try:
            summary, lacking = _summary_in(completion, job, attempt)
        except answer.UnreadableError as error:
            noticed.append(Finding(rule="unreadable", severity=3, evidence=str(error)))
            said, wrong = completion.content.strip(), [str(error)]
        else:
            said = summary.model_dump_json(include=_SAID)
            found = tuple(job.check(summary))
            findings = (*lacking, *found)
            if best is None or _weight(findings) < _weight(best.findings):
                best = SummaryResult(summary, findings=findings)
            noticed += [finding for finding in findings if finding.severity >= 2]
            wrong = [finding.evidence for finding in lacking]
            wrong += sentences_of([finding for finding in found if finding.severity >= 2], job.prompt.lang)
        if not wrong or said == before:  # asked once more it would say the same again
            break
        before = said
        conversation = (*conversation, *correction_of(completion, wrong, job.prompt.lang))
    if best is None or best.summary is None:
        return _flagged("unreadable")
    best = _without_defects(best, best.summary, job)
    assert best.summary is not None  # as before
    return replace(_settled(best.summary, best.findings, noticed), whole=whole)


def _without_defects(best: SummaryResult, summary: Summary, job: Job) -> SummaryResult:
    """The result without the lines that have a defect: in one language, or with the plain line."""
    if _weight(best.findings)[0] == 0 or job.prompt.answer != "entry":
        return best
    alone = summary.model_copy(update={"translations": {}})
    composed = alone.model_copy(update={"line": plain_line(summary, job.prompt.lang)})
    lost = tuple(f"line_{language}" for language in summary.translations)
    for candidate, lacking in ((alone, lost), (composed, ("line", *lost))):
        found = tuple(job.check(candidate))
        if _weight(found)[0] == 0:
            return SummaryResult(candidate, findings=(*map(lacking_field, lacking), *found))
    return best


def _settled(summary: Summary, findings: tuple[Finding, ...], noticed: Sequence[Finding]) -> SummaryResult:
    """The best answer with what asking again has mended, and a flag if a defect is left."""
    gone = tuple(dict.fromkeys(finding for finding in noticed if finding not in findings))
    summary = summary.model_copy(update={"mended": gone})
    defects = [finding for finding in findings if finding.severity == 3]
    if not defects:
        return SummaryResult(summary, findings=findings)
    reason = "；".join(f"{finding.rule}「{finding.evidence}」" for finding in defects)
    return SummaryResult(summary, Flag(code="checks", reason=f"{_REASONS['checks']}：{reason}"), findings)


def _summary_in(completion: Completion, job: Job, attempt: int) -> tuple[Summary, tuple[Finding, ...]]:
    """The summary in an answer, and what it says of lines that the answer lacks."""
    summary, lacking = read_summary(completion.content, job.prompt)
    told = {
        "lang": job.prompt.lang,
        "prompt": job.prompt.identity,
        "model": completion.resolved_model or completion.model,
        "completion": completion.key,
        "attempts": attempt,
    }
    return summary.model_copy(update=told), lacking


def _weight(findings: Sequence[Finding]) -> tuple[int, int]:
    """Fewer defects first, then fewer things worth a look."""
    return (
        sum(finding.severity == 3 for finding in findings),
        sum(finding.severity == 2 for finding in findings),
    )


def _flagged(code: str) -> SummaryResult:
    return SummaryResult(flag=Flag(code=code, reason=_REASONS[code]))
