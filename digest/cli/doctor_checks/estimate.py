"""Seconds, tokens and cents of a paper and of a typical day, estimated from one answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from digest.cli import output
from digest.cli.doctor_checks import Diagnosis
from digest.cli.prompts import load
from digest.config import CONCURRENCY, Settings
from digest.llm.cost import prices
from digest.llm.presets import preset_of
from digest.model import Completion, Section, Usage
from digest.sources.arxiv.feed import parse_feed
from digest.sources.http_client import OTHER_SPACING, Http
from digest.system.errors import DigestError
from digest.system.files import read_text
from digest.system.retry_after import format_wait

_DAYS = 10
"""Digests of a section that tell how many papers a day has."""


async def estimated(answer: Completion | None, settings: Settings) -> AsyncIterator[Diagnosis]:
    """Checks that tell seconds, tokens and cost of a paper and of a typical day; none without an answer."""
    if answer is None:
        return
    seconds, prompt = answer.milliseconds / 1000, load(settings.run.prompt)
    usage, cost = of_a_paper(answer, reads_text=prompt.reads_text, settings=settings)
    advice = "" if cost is not None else "[model.price] in digest.toml tells what a million tokens cost."
    yield Diagnosis("a paper", "ok", paper_in_words(seconds, usage, cost), advice)
    async with Http(settings.arxiv, clock=lambda: datetime.now(UTC), say=output.print_status) as http:
        typical = await papers_a_day(settings, http)
    if typical is None:
        yield Diagnosis(
            "a day", "note", "nothing tells yet how many papers it has: after the first run its own do"
        )
    else:
        papers, source = typical
        yield Diagnosis("a day", "ok", day_in_words(papers, seconds, usage, cost, settings, source))


def of_a_paper(answer: Completion, *, reads_text: bool, settings: Settings) -> tuple[Usage, float | None]:
    """Tokens and US dollars (None: no price known) of a paper, from an answer about title and abstract."""
    passages = settings.text.budget if reads_text and settings.text.source == "pdf" else 0
    usage = answer.usage.model_copy(update={"input": answer.usage.input + passages})
    return usage, prices(settings.model, preset_of(settings.model))(answer.model, usage)


def paper_in_words(seconds: float, usage: Usage, cost: float | None) -> str:
    """Seconds, tokens and cents of one paper, in words."""
    cents = "price unknown" if cost is None else f"{100 * cost:.2g} cents"
    return f"about {seconds:.1f} s, {usage.input:,} tokens in, {usage.output:,} out, {cents}"


def day_in_words(
    papers: float, seconds: float, usage: Usage, cost: float | None, settings: Settings, source: str
) -> str:
    """Time, tokens and cost of so many papers, in words: PDFs come one after another, questions side by side.

    A server on this machine is asked one after another, as long as nothing tells that it bears more.
    """
    at_once = settings.model.concurrency or (1 if preset_of(settings.model).loopback else CONCURRENCY)
    asking = papers * seconds / at_once
    fetching = papers * OTHER_SPACING if settings.text.source == "pdf" else 0.0
    took = format_wait(max(asking, fetching))
    spent = "price unknown" if cost is None else f"{papers * cost:.2f} US dollars"
    tokens_in, tokens_out = (f"{papers * one / 1e6:.2f} M" for one in (usage.input, usage.output))
    return f"about {papers:.0f} papers: {took}, {tokens_in} tokens in, {tokens_out} out, {spent} ({source})"


async def papers_a_day(settings: Settings, http: Http) -> tuple[float, str] | None:
    """Papers of a typical day of all chosen sections, and the source of that; None: nothing tells.

    By our own digests, and for sections without any by arXiv's feed of today, a request each.
    """
    total, by_feed = 0.0, False
    for section in settings.chosen_sections():
        counts = list(_announced(settings.run.out, section))[-_DAYS:]
        if counts:
            total += sum(counts) / len(counts)
            continue
        try:
            page = await http.get(f"{settings.arxiv.feed}/atom/{'+'.join(section.categories)}", attempts=1)
            today = len({item.id for item in parse_feed(page.text)})
        except DigestError:
            return None
        if not today:  # no announcement carries today's date
            return None
        total, by_feed = total + today, True
    return total, "as arXiv announced today" if by_feed else "as the last digests here had"


def _announced(out: Path, section: Section) -> Iterator[int]:
    """The counts of the section's digests, oldest first."""
    for path in sorted(out.glob(f"20*/{section.key}.json")):
        with suppress(DigestError, ValueError, LookupError, TypeError):
            yield int(json.loads(read_text(path))["counts"]["announced"])
