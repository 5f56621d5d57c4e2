"""What the commands do between flags and printing: settings, the sample day, the ledger, exit codes."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from digest.cli import output
from digest.cli.after import run_after
from digest.cli.confirm import agree
from digest.cli.dates import parse_day, parse_days, weekdays
from digest.config import Settings, load
from digest.errors import DigestError, ModelError, UsageError
from digest.ledger import open_ledger
from digest.ledger.sqlite.ledger import SqliteLedger
from digest.llm.batch import Pending
from digest.llm.cached_client import RunUsage
from digest.llm.presets import profile
from digest.model import Announcement, Digest, Section, Text
from digest.pipeline.day import Known, Published, foresee, run_day
from digest.pipeline.plan import plan_of
from digest.pipeline.progress import choose
from digest.pipeline.resources import Resources, open_resources
from digest.publish.files import finished
from digest.sources.arxiv.no_announcement import NoAnnouncement
from digest.sources.identifiers import find_identifiers
from digest.summarize.prompt import load as load_prompt
from digest.system.network import nothing_of_the_environment

logger = logging.getLogger(__name__)

Flags = Mapping[str, Mapping[str, Any]]

RECORDED = "Sample day: recorded answers, not a live model; PDFs typeset from the records."


@dataclass(frozen=True)
class CommandOptions:
    """The flags that all commands with a run share."""

    flags: Flags
    sample: bool = False
    json: bool = False
    quiet: bool = False
    fresh: bool = False
    approximate: bool = False
    batch: bool = False
    wait: bool = False
    yes: bool = False

    @property
    def waits(self) -> bool:
        """Whether batches are waited for; the sample's endpoint ends with the command, and they with it."""
        return self.wait or self.sample


@dataclass(frozen=True)
class Ready:
    """Settings and clock: the user's and the real one, or those of the sample day while its server runs."""

    settings: Settings
    clock: Callable[[], datetime]
    given: CommandOptions


def run_days(given: CommandOptions, days: str | None, limit: int | None) -> int:
    """Make the digests of one day, or of a range of days; print what was made; return the exit code."""
    results: list[output.Result] = []
    began = time.monotonic()
    with prepared(given) as ready:
        first, last = parse_days(days, ready.clock())
        sections = ready.settings.chosen_sections()
        wanted: Sequence[date | None] = (first,)
        if first is not None and last is not None and first != last:
            wanted = weekdays(first, last)

        async def go(tools: Resources) -> None:
            # all batches are handed in before the first is waited for
            begin, agreed = replace(tools, wait=given.waits and not given.batch), False
            for index, day in enumerate(wanted):
                done = _finished_before(sections, day, tools) if first != last else {}
                known = {}
                if not agreed:
                    left = [section for section in sections if section.key not in done]
                    known = await foresee(left, day, begin, limit)
                    agreed = _agreed(known.values(), limit, len(wanted) - index, begin, given)
                for section in sections:
                    made = done.get(section.key) or await _attempt(
                        section, day, begin, limit, known.get(section.key)
                    )
                    results.append(output.Result(section, day, made))
                    if isinstance(made, ModelError):
                        return  # the others would meet the same wall
            for index, result in enumerate(results):
                if given.waits and isinstance(result.outcome, Pending):
                    end = replace(tools, batch=False, fresh=False)
                    outcome = await _attempt(result.section, result.outcome.date, end, limit)
                    results[index] = output.Result(result.section, result.day, outcome)

        with_resources(ready, go, quiet=given.quiet or given.json)
    made = any(isinstance(result.outcome, Published) for result in results)
    pages = _update_pages(ready.settings) if made else None
    _show(results, given, table=first != last)
    if not (given.quiet or given.json):
        output.in_all(results, time.monotonic() - began, pages)
    failed = 0 if given.sample else run_after(results, ready.settings)  # the sample is nobody's news
    code = max((result.exit_code for result in results), default=0)
    return failed if failed and code in {output.COMPLETE, output.FLAGGED} else code


def _show(results: Sequence[output.Result], given: CommandOptions, *, table: bool) -> None:
    if given.json:
        output.as_json([result.values() for result in results])
    elif table:
        output.table_of_days(results)
    else:
        for result in results:
            result.show(quiet=given.quiet)


def redo(given: CommandOptions, wanted: Sequence[str], *, keep: bool) -> int:
    """Ask again about papers, print what came of it, and return the exit code; `-` reads standard input."""
    from digest.cli import paper as compare
    from digest.pipeline.redo import Redone, Unknown, redo_papers

    names = [sys.stdin.read().removeprefix("\ufeff") if one == "-" else one for one in wanted]
    if not any(name.strip() for name in names):
        raise UsageError("Name the papers: identifiers such as 2601.19781, or - to read them from a pipe.")
    results: list[tuple[tuple[Redone | Unknown, ...], RunUsage]] = []

    async def go(tools: Resources) -> None:
        results.append(await redo_papers(names, tools, keep=keep))

    with prepared(replace(given, fresh=True)) as ready:
        with_resources(ready, go, quiet=True)
    ((papers, tally),) = results
    if not keep:
        _update_pages(ready.settings)
    if given.json:
        output.as_json(compare.values(papers, tally))
    else:
        compare.show(papers, tally, quiet=given.quiet, keep=keep)
    return compare.exit_code(papers)


def list_announcements(given: CommandOptions, day: str | None) -> int:
    """Print what was announced, without asking any model; return the exit code.

    Trouble with one section does not take the others with it.
    """
    from digest.sources.arxiv.announce import announce
    from digest.sources.http_client import Http

    found: list[tuple[Section, Announcement | NoAnnouncement]] = []
    failed: list[tuple[Section, DigestError]] = []
    with prepared(given, asks_model=False) as ready, ledger_of(ready.settings, given) as ledger:
        wanted = None if day is None else parse_day(day, ready.clock())
        sections = ready.settings.chosen_sections()
        arxiv = ready.settings.arxiv

        async def go() -> None:
            async with Http(arxiv, ledger, clock=ready.clock, say=output.aside) as http:
                for section in sections:

                    def seen(paper: str, before: date, key: str = section.key) -> date | None:
                        return ledger.seen(key, paper, before)

                    now = ready.clock()
                    output.on_screen(f"{section.title}: asking arXiv what was announced ...")
                    try:
                        announced = await announce(section, wanted, http, arxiv, now, seen, given.approximate)
                    except DigestError as error:  # of this section; the others can still be had
                        failed.append((section, error))
                    else:
                        found.append((section, announced))

        asyncio.run(go())
    if given.json:
        output.as_json([output.announcement_values(*one) for one in found])
    else:
        for section, announced in found:
            output.announcement(section, announced)
    for section, error in failed:
        output.aside(f"digest: {section.key}: {error}")
    if failed:
        return max(error.exit_code for _, error in failed)
    short = any(isinstance(announced, Announcement) and announced.withheld for _, announced in found)
    return output.FLAGGED if short else output.COMPLETE


def show_text(given: CommandOptions, wanted: str) -> int:
    """Print what a prompt would get of a paper or of a PDF file; return the exit code."""
    from digest.cli.text import describe
    from digest.ledger.memory import MemoryLedger
    from digest.pipeline.redo import paper_called
    from digest.sources.http_client import Http
    from digest.text.reader import TextReader

    file = _file_named(wanted)
    texts: list[Text] = []
    with prepared(given, asks_model=False) as ready:
        arxiv, out = ready.settings.arxiv, ready.settings.run.out

        async def go() -> None:
            async with (
                Http(arxiv, MemoryLedger(), clock=ready.clock, say=output.aside) as http,
                TextReader(ready.settings.text, out / "pdf", arxiv.pdf, http.download) as reader,
            ):
                model = ready.settings.model.name
                if file is not None:
                    texts.append(await reader.read_file(file, model))
                else:
                    texts.append(await reader.read(await paper_called(wanted, http, arxiv), model))

        asyncio.run(go())
    (text,) = texts
    if given.json:
        output.as_json(text.model_dump(mode="json", exclude_defaults=True))
    else:
        print(describe(text))
    return output.COMPLETE


def _file_named(wanted: str) -> Path | None:
    """The PDF file of that name; None for an identifier or address, which may end in .pdf too."""
    file = Path(wanted)
    if not wanted.lower().endswith(".pdf"):
        return None
    if not file.is_file():
        if all(paper for _, paper in find_identifiers(wanted)):
            return None
        raise UsageError(f"{file}: there is no such file.")
    return file


def lint(files: Sequence[Path], *, rules: bool, json: bool) -> int:
    """Check digests and print what was found, or list the rules; return the exit code."""
    from digest.cli.lint import lint_files, table, to_json
    from digest.summarize.checks import rules_for

    settings = load(environment=os.environ)
    if rules:
        output.rules(rules_for(settings.checks), json=json)
        return output.COMPLETE
    if not files:
        raise UsageError("Name the digests to check: Markdown or JSON files.")
    rows = lint_files(files, settings.checks)
    print(to_json(rows) if json else table(rows) if rows else "nothing found\n", end="")
    return output.DEFECTS if any(row.severity == 3 for row in rows) else output.COMPLETE


def _update_pages(settings: Settings) -> Path | None:
    """Bring the pages up to date with what was published; trouble there is told, and ends nothing."""
    if not settings.site.enabled:
        return None
    from digest.publish.site.build import build_site

    try:
        built = build_site(settings)
    except DigestError as error:
        output.aside(f"The pages could not be brought up to date: {error}")
        return None
    for sentence in built.unreadable:
        output.aside(f"Not on the pages: {sentence}")
    return built.index


def _agreed(
    known: Iterable[Known], limit: int | None, days: int, tools: Resources, given: CommandOptions
) -> bool:
    """Whether there is a plan, which is told then.

    Raises:
        UsageError: it is too dear; see `agree`.
    """
    plan = plan_of(
        [paper for one in known if isinstance(one, Announcement) for paper in one.papers[:limit]], tools
    )
    if plan.papers:
        agree(plan, days, tools, yes=given.yes)
    return plan.papers > 0


async def _attempt(
    section: Section, day: date | None, tools: Resources, limit: int | None, known: Known | None = None
) -> Published | NoAnnouncement | Pending | DigestError:
    """One section's result; trouble with one section does not take the others with it."""
    try:
        return await run_day(section, day, tools, limit, known)
    except DigestError as error:
        logger.debug("%s %s ended", section.key, day, exc_info=error)
        return error


def _finished_before(sections: Sequence[Section], day: date | None, tools: Resources) -> dict[str, Digest]:
    """Section -> the digest that an earlier run completed; not where papers of it are flagged."""
    if day is None:
        return {}
    out = tools.settings.run.out
    found = {section.key: tools.own(finished(out, day, section.key)) for section in sections}
    return {key: digest for key, digest in found.items() if digest is not None}


@contextmanager
def prepared(given: CommandOptions, *, asks_model: bool = True) -> Iterator[Ready]:
    """Settings and clock for a command; with `--sample`, those of the sample day while its server runs."""
    if not given.sample:
        settings = load(given.flags, os.environ)
        logger.debug("settings: %s", settings)
        if asks_model:
            _require_model(settings)
        yield Ready(settings, lambda: datetime.now(UTC), given)
        return
    from digest.sample import EVENING, start
    from digest.sample.knobs import FOLDER, MODEL

    if not (given.quiet or given.json):
        print(RECORDED, flush=True) if asks_model else output.aside(RECORDED)
    with nothing_of_the_environment(), start() as server:
        own: dict[str, dict[str, Any]] = {
            "arxiv": {
                **dict.fromkeys(("pages", "api", "feed", "pdf"), server.url),
                "oai": f"{server.url}/oai",
            },
            "model": {"base_url": f"{server.url}/v1", "key": "sample", "name": MODEL},
            "run": {"sections": ("audio",)},
        }
        for table, keys in given.flags.items():
            known = {key: value for key, value in keys.items() if value is not None}
            own[table] = {**own.get(table, {}), **known}
        began = datetime.now(UTC)
        settings = load(own, {})
        out = settings.run.out / FOLDER  # apart from real work, and neither is taken for the other
        settings = settings.model_copy(update={"run": settings.run.model_copy(update={"out": out})})
        yield Ready(settings, lambda: EVENING + (datetime.now(UTC) - began), given)


def ledger_of(settings: Settings, given: CommandOptions) -> SqliteLedger:
    """The ledger of a command; what earlier versions mixed into one of real work is taken out, and told."""
    from digest.sample.traces import take_out

    ledger = open_ledger(settings.run.out)
    logger.debug("ledger: %s", ledger.path)
    said = None if given.sample else take_out(ledger, settings.run.out, settings.arxiv.pages)
    if said and not given.quiet:
        output.aside(said)
    return ledger


def _require_model(settings: Settings) -> None:
    if not settings.model.key.get_secret_value() and profile(settings.model).key:
        raise UsageError(
            "OPENAI_API_KEY is not set. Set it to your endpoint's key, or try `digest run --sample`."
        )
    if not settings.model.name:
        raise UsageError(
            "No model is named. Set DIGEST_MODEL or give --model, as your endpoint calls it; "
            "or try `digest run --sample`."
        )


def with_resources(ready: Ready, go: Callable[[Resources], Awaitable[None]], *, quiet: bool) -> None:
    """Open everything, do it, and put everything away."""
    prompt = load_prompt(ready.settings.run.prompt).speaking(ready.settings.run.languages)
    given = ready.given

    async def inside() -> None:
        async with open_resources(ready.settings, prompt, ledger, progress, ready.clock) as tools:
            with_flags = replace(
                tools,
                fresh=given.fresh,
                approximate=given.approximate,
                batch=given.batch,
                wait=given.waits,
                sample=given.sample,
            )
            await go(with_flags)

    with ledger_of(ready.settings, given) as ledger, choose(quiet=quiet) as progress:
        asyncio.run(inside())
