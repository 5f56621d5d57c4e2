"""The plan of a back-fill: its days, the papers of each, and what they will take."""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date

from digest.model import Announcement, Paper, Section
from digest.pipeline.plan import first_question, is_answered, kept_text, prompt_tokens
from digest.pipeline.resources import Resources
from digest.scale.cost_model import ANSWERS, ENOUGH, Estimate, Measured, by_measure, by_sample
from digest.scale.old_days import Span
from digest.sources.source import APPROXIMATE, AnnouncementSource

_LOOKED_AT = 60
"""Papers whose questions are measured."""

_READ = 12
"""Papers of these whose files are read for it."""

_FILLED = 0.55
"""The share of the budget of passages that a paper fills on average."""

_USUAL = 25
"""Papers of a category on a day, where nothing is known."""


@dataclass(frozen=True)
class PlannedDay:
    """One section on one day.

    Attributes:
        papers: how many were announced; None: arXiv is asked when its turn comes.
        made: there is a complete digest of it.
    """

    day: Date
    section: Section
    papers: int | None
    made: bool


@dataclass(frozen=True)
class BackfillPlan:
    """All sections' days in the order in which they are made, and what they will take.

    Attributes:
        days: those that are made already, too.
        asked: papers that a question is needed for, as far as it is known which there are.
        answered: papers that the ledger has the answer to.
        estimate: what the former will take, and days of which nothing is known yet as many as others.
        with_text: of the papers that were looked at, the share that has a text; None: none were.
    """

    days: tuple[PlannedDay, ...]
    asked: int
    answered: int
    estimate: Estimate
    with_text: float | None

    @property
    def todo(self) -> tuple[PlannedDay, ...]:
        """The days that are not made yet."""
        return tuple(planned for planned in self.days if not planned.made)

    @property
    def pages(self) -> int:
        """Requests to arXiv's pages: one a category and day."""
        return sum(len(planned.section.categories) for planned in self.todo if planned.papers is None)

    @property
    def unknown(self) -> int:
        """Days to make of which it is not known how many papers they have."""
        return sum(planned.papers is None for planned in self.todo)


async def make_plan(
    span: Span,
    source: AnnouncementSource,
    resources: Resources,
    measured: Measured,
    workers: int,
    *,
    fetch: bool,
) -> BackfillPlan:
    """Look at every day of a span; nothing is asked of arXiv or the model.

    Args:
        span: the days.
        source: says what was announced, where that is known without asking arXiv.
        resources: of the run.
        measured: what earlier days took.
        workers: processes that read papers.
        fetch: arXiv will be asked for PDFs.

    Raises:
        SourceError: what was read before is damaged.
    """
    days = list[PlannedDay]()
    answered, asked = 0, _Sampled()
    for day in span.days:
        for_day = dict[str, Paper]()
        for section in span.sections:
            if resources.finished(day, section.key) is not None:
                days.append(PlannedDay(day, section, None, made=True))
                continue
            announcement = await _known(section, day, source, resources)
            days.append(
                PlannedDay(day, section, None if announcement is None else len(announcement), made=False)
            )
            for_day |= {paper.versioned_id: paper for paper in announcement or ()}
        for paper in for_day.values():
            if _is_answered(paper, resources):
                answered += 1
            else:
                asked.add(paper)
    papers = asked.count + _expected(days)
    if measured.papers >= ENOUGH:
        return BackfillPlan(tuple(days), asked.count, answered, by_measure(papers, measured), None)
    tokens, with_text = await _question_tokens(asked.papers, resources, fetch=fetch)
    price = resources.endpoint.price
    prompt = resources.prompt
    written = ANSWERS[prompt.answer] * (1 + len(prompt.also))
    estimate = by_sample(papers, tokens, written, resources.settings, price, workers)
    return BackfillPlan(tuple(days), asked.count, answered, estimate, with_text)


class _Sampled:
    """Papers of which so many are kept, chosen by their identifiers: the same each time."""

    def __init__(self) -> None:
        self.count = 0
        self._kept = dict[str, Paper]()

    def add(self, paper: Paper) -> None:
        self.count += 1
        self._kept[hashlib.sha256(paper.versioned_id.encode()).hexdigest()] = paper
        if len(self._kept) > _LOOKED_AT:
            del self._kept[max(self._kept)]

    @property
    def papers(self) -> tuple[Paper, ...]:
        return tuple(self._kept.values())


async def _known(
    section: Section, day: Date, source: AnnouncementSource, resources: Resources
) -> tuple[Paper, ...] | None:
    """The papers of a day; None where arXiv's pages would have to be asked."""
    kept = resources.ledger.announcement(section.categories, day)
    if kept is not None and kept.listings and (resources.approximate or kept.source not in APPROXIMATE):
        return kept.papers
    if not source.offline(day):
        return None
    announced, _ = await source.announcement(section, day)
    return announced.papers if isinstance(announced, Announcement) else ()


def _is_answered(paper: Paper, resources: Resources) -> bool:
    """True for a paper whose first question, put together from its kept text, has an answer."""
    text = kept_text(paper, resources)
    return text is not None and is_answered(first_question(paper, text, resources), resources)


async def _question_tokens(
    papers: Sequence[Paper], resources: Resources, *, fetch: bool
) -> tuple[float, float | None]:
    """Tokens of a question, on average, and the share of papers that have a text, if that was looked at."""
    settings, prompt = resources.settings, resources.prompt
    model = settings.model.name
    if not papers:
        return 0.0, None
    bare = statistics.mean(prompt_tokens(prompt, paper, None, model) for paper in papers)
    if settings.text.source == "abstract" or not prompt.reads_text:
        return bare, None
    if fetch:  # a plan asks arXiv for no PDF
        return bare + _FILLED * settings.text.budget, None
    reader = await resources.reader()
    texts = [await reader.read(paper, model) for paper in papers[:_READ]]
    share = sum(bool(text.passages) for text in texts) / len(texts)
    return bare + statistics.mean(text.origin.tokens for text in texts), share


def _expected(days: Sequence[PlannedDay]) -> int:
    """Papers of days of which nothing is known: as many as others of their section have, else a few."""
    todo = [planned for planned in days if not planned.made]
    known = dict[str, list[int]]()
    for planned in todo:
        if planned.papers is not None:
            known.setdefault(planned.section.key, []).append(planned.papers)
    usual = {key: statistics.mean(counts) for key, counts in known.items()}
    return round(
        sum(
            usual.get(planned.section.key, _USUAL * len(planned.section.categories))
            for planned in todo
            if planned.papers is None
        )
    )
