"""What the commands do between flags and printing: settings, the sample day, the ledger, exit codes."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from digest.config import Settings, load
from digest.errors import DigestError, ModelError, UsageError
from digest.ledger import Ledger
from digest.model import Section, TextOrigin
from digest.pipeline import Published, Redone, Tools, open_tools, redo_paper, run_day
from digest.progress import choose
from digest.sources import Quiet
from digest.summarize.prompt import Prompt
from digest.summarize.prompt import load as load_prompt

Flags = Mapping[str, Mapping[str, Any]]

COMPLETE, FLAGGED = 0, 3
"""Exit codes of a run that was carried out; the others belong to errors."""

RECORDED = (
    "The sample day: the lines come from answers that were recorded from a model, not from a live model; "
    "the PDFs are typeset from the records."
)


def run_days(
    flags: Flags, day: str | None, limit: int | None, *, fresh: bool, sample: bool, json: bool, quiet: bool
) -> int:
    """Make the digests of one day, print what was made, and return the exit code."""
    with _prepared(flags, sample=sample) as (settings, clock):
        wanted = None if day is None else parse_day(day, clock())
        sections = settings.chosen_sections()
        prompt = load_prompt(settings.run.prompt)
        if sample and not (quiet or json):
            print(RECORDED)
        results: list[tuple[Section, Published | Quiet | DigestError]] = []

        async def go(tools: Tools) -> None:
            for section in sections:
                results.append((section, await _attempt(section, wanted, tools, limit)))
                if isinstance(results[-1][1], ModelError):
                    return  # the other sections would meet the same wall

        _with_tools(settings, prompt, clock, go, fresh=fresh, quiet=quiet or json)
    if json:
        _print_json([_as_json(section, result) for section, result in results])
    else:
        for section, result in results:
            _print_result(section, result, quiet=quiet)
    return max(_exit_code(result) for _, result in results)


def redo(flags: Flags, wanted: str, *, sample: bool, json: bool, quiet: bool) -> int:
    """Ask again about one paper, print what came of it, and return the exit code."""
    redone: list[Redone] = []
    with _prepared(flags, sample=sample) as (settings, clock):
        prompt = load_prompt(settings.run.prompt)
        if sample and not (quiet or json):
            print(RECORDED)

        async def go(tools: Tools) -> None:
            redone.append(await redo_paper(wanted, tools))

        _with_tools(settings, prompt, clock, go, fresh=True, quiet=True)
    result = redone[0]
    if json:
        _print_json(
            {
                "entry": result.entry.model_dump(mode="json", exclude_defaults=True),
                "older": [entry.model_dump(mode="json", exclude_defaults=True) for entry in result.older],
                "digests": [str(path) for path in result.digests],
                **result.tally.report(),
            }
        )
    elif not quiet:
        _print_redone(result)
    return COMPLETE if result.entry.flag is None else FLAGGED


def _print_redone(result: Redone) -> None:
    entry = result.entry
    print(f"{entry.paper.versioned_id}  {entry.paper.title}")
    new = None if entry.summary is None else entry.summary.line
    for old in {old.summary.line for old in result.older if old.summary is not None}:
        print("before: the same line" if old == new else f"before: {old}")
    if entry.summary is not None:
        print(f"line:   {new}")
        summary = entry.summary
        print(f"prompt: {summary.prompt}, model: {summary.model}, attempts: {summary.attempts}")
    if entry.flag is not None:
        print(f"flag:   {entry.flag.reason} ({entry.flag.code})")
    if entry.text is not None:
        print(f"text:   {describe_origin(entry.text)}")
    tally = result.tally
    print(f"questions asked {tally.asked}; tokens {tally.usage.input:,} in, {tally.usage.output:,} out")
    for path in result.digests:
        print(f"rewritten: {path}")
    if not result.digests:
        print("no digest was changed" if result.older else "no digest here holds this paper")


def describe_origin(text: TextOrigin) -> str:
    """Where a prompt's passages came from, in words."""
    if text.source == "abstract":
        return f"abstract ({text.reason})" if text.reason else "abstract"
    parts = ", ".join(text.sections)
    counted = f"{text.tokens} tokens ({text.counted_by})"
    return f"PDF of {text.pages} pages, read by {text.extractor}: {parts}; {counted}"


async def _attempt(
    section: Section, day: date | None, tools: Tools, limit: int | None
) -> Published | Quiet | DigestError:
    """One section's result; trouble with one section does not take the others with it."""
    try:
        return await run_day(section, day, tools, limit)
    except DigestError as error:
        return error


@contextmanager
def _prepared(flags: Flags, *, sample: bool) -> Iterator[tuple[Settings, Callable[[], datetime]]]:
    """Settings and clock: the user's and the real one, or those of the sample day while its server runs."""
    if not sample:
        settings = load(flags, os.environ)
        _require_model(settings)
        yield settings, lambda: datetime.now(UTC)
        return
    from digest.sample import EVENING, start

    with start() as server:
        own: dict[str, dict[str, Any]] = {
            "arxiv": dict.fromkeys(("pages", "api", "feed", "pdf"), server.url),
            "model": {"base_url": f"{server.url}/v1", "key": "sample", "name": "recorded"},
            "run": {"sections": ("audio",)},
        }
        for table, keys in flags.items():
            own.setdefault(table, {}).update({key: value for key, value in keys.items() if value is not None})
        began = datetime.now(UTC)
        yield load(own, {}), lambda: EVENING + (datetime.now(UTC) - began)


def _require_model(settings: Settings) -> None:
    if not settings.model.key.get_secret_value():
        raise UsageError(
            "OPENAI_API_KEY is not set. Set it to your endpoint's key, or try `digest run --sample`."
        )
    if not settings.model.name:
        raise UsageError(
            "No model is named. Set DIGEST_MODEL or give --model, as your endpoint calls it; "
            "or try `digest run --sample`."
        )


def _with_tools(
    settings: Settings,
    prompt: Prompt,
    clock: Callable[[], datetime],
    go: Callable[[Tools], Any],
    *,
    fresh: bool,
    quiet: bool,
) -> None:
    async def inside() -> None:
        async with open_tools(settings, prompt, ledger, progress, clock, fresh=fresh) as tools:
            await go(tools)

    with Ledger(settings.run.out) as ledger, choose(quiet=quiet) as progress:
        asyncio.run(inside())


def parse_day(text: str, now: datetime) -> date:
    """An announcement date.

    Raises:
        UsageError: it is no date, or lies in the future where arXiv is.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no date. Dates look like 2026-01-28.") from None
    # the announcement of a date comes out on the evening before, at 20:00 US Eastern
    latest = (now.astimezone(ZoneInfo("America/New_York")) + timedelta(hours=4)).date()
    if day > latest:
        raise UsageError(f"{day} lies in the future: arXiv's latest announcement can be that of {latest}.")
    return day


def _exit_code(result: Published | Quiet | DigestError) -> int:
    if isinstance(result, DigestError):
        return result.exit_code
    if isinstance(result, Quiet):
        return COMPLETE
    return FLAGGED if result.digest.counts.flagged else COMPLETE


def _print_result(section: Section, result: Published | Quiet | DigestError, *, quiet: bool) -> None:
    if isinstance(result, DigestError):
        print(f"digest: {section.key}: {result}", file=sys.stderr)
    elif isinstance(result, Quiet):
        print(f"{section.key}: {result.sentence}")
    elif not quiet:
        counts, tally = result.digest.counts, result.tally
        print(result.markdown, result.json, sep="\n")
        print(
            f"announced {counts.announced} = listed {counts.listed} "
            f"= summarised {counts.summarised} + flagged {counts.flagged}"
            if counts.kept
            else f"only the first {counts.listed} of {counts.announced} announced papers: "
            f"summarised {counts.summarised}, flagged {counts.flagged}"
        )
        print(
            f"questions asked {tally.asked}, answers from the ledger {tally.reused}; "
            f"tokens {tally.usage.input:,} in, {tally.usage.output:,} out"
        )
        for entry in result.digest.entries:
            if entry.flag is not None:
                print(f"flagged {entry.paper.id}: {entry.flag.reason} ({entry.flag.code})")


def _as_json(section: Section, result: Published | Quiet | DigestError) -> dict[str, Any]:
    shown: dict[str, Any] = {"section": section.key, "exit_code": _exit_code(result)}
    if isinstance(result, DigestError):
        return {**shown, "state": "failed", "why": str(result)}
    if isinstance(result, Quiet):
        return {**shown, "state": "quiet", "why": result.sentence}
    return {
        **shown,
        "state": result.state,
        "date": str(result.digest.date),
        "source": result.digest.source,
        "files": [str(result.markdown), str(result.json)],
        "counts": result.digest.counts.model_dump(),
        **result.tally.report(),
        "flagged": {e.paper.id: e.flag.reason for e in result.digest.entries if e.flag is not None},
    }


def _print_json(value: Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
