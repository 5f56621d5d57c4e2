"""Shared by commands with a run: settings, the sample day, the ledger."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from digest.cli import output
from digest.cli.options import in_sample_folder
from digest.cli.progress import choose
from digest.cli.prompts import load as load_prompt
from digest.config import Settings, load, no_file_hint
from digest.ledger import open_ledger
from digest.ledger.sql.ledger import SqlLedger
from digest.llm.presets import preset_of
from digest.pipeline.resources import Resources, open_resources
from digest.system.clock import Clock
from digest.system.errors import DigestError, UsageError
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
        """True if batches are waited for; the sample's endpoint ends with the command, and they with it."""
        return self.wait or self.sample


@dataclass(frozen=True)
class Ready:
    """Settings and clock: the user's and the real one, or those of the sample day while its server runs."""

    settings: Settings
    clock: Callable[[], datetime]
    given: CommandOptions


@contextmanager
def prepared(given: CommandOptions, *, asks_model: bool = True) -> Iterator[Ready]:
    """Settings and clock for a command; with `--sample`, those of the sample day while its server runs."""
    if not given.sample:
        settings = load(given.flags, os.environ)
        logger.debug("settings: %s", settings)
        if asks_model:
            _require_model(settings)
        yield Ready(settings, Clock(), given)
        return
    from digest.sample import EVENING, start
    from digest.sample.knobs import MODEL

    if not (given.quiet or given.json):
        output.print_message(RECORDED) if asks_model else output.print_status(RECORDED)
    with nothing_of_the_environment(), start() as server:
        own: dict[str, dict[str, Any]] = {
            "arxiv": {
                **dict.fromkeys(("pages", "api", "feed", "pdf"), server.url),
                "oai": f"{server.url}/oai",
            },
            "model": {"base_url": f"{server.url}/v1", "key": "sample", "name": MODEL},
            "run": {"sections": ("audio",)},
            "ledger": {"url": ""},
        }
        for table, keys in given.flags.items():
            known = {key: value for key, value in keys.items() if value is not None}
            own[table] = {**own.get(table, {}), **known}
        clock = Clock(EVENING - datetime.now(UTC))
        yield Ready(in_sample_folder(load(own, {})), clock, given)


def ledger_of(settings: Settings, given: CommandOptions) -> SqlLedger:
    """The ledger of a command; what earlier versions mixed into one of real work is taken out, and told."""
    from digest.cli.sample_traces import take_out

    ledger = open_ledger(settings.ledger_at)
    logger.debug("ledger: %s", ledger.name)
    said = None if given.sample else take_out(ledger, settings.run.out, settings.arxiv.pages)
    if said and not given.quiet:
        output.print_status(said)
    return ledger


def _require_model(settings: Settings) -> None:
    hint = no_file_hint()
    if not settings.model.key.get_secret_value() and preset_of(settings.model).key:
        raise UsageError(
            f"OPENAI_API_KEY is not set. Set it to your endpoint's key, or try `digest run --sample`.{hint}"
        )
    if not settings.model.name:
        raise UsageError(
            "No model is named. Set DIGEST_MODEL or give --model, as your endpoint calls it; "
            "or try `digest run --sample`."
            f"{hint}"
        )


def with_resources(ready: Ready, go: Callable[[Resources], Awaitable[None]], *, quiet: bool) -> None:
    """Open everything, do it, and put everything away."""
    prompt = load_prompt(ready.settings.run.prompt).speaking(ready.settings.run.languages)
    given = ready.given
    flags = {name: getattr(given, name) for name in ("fresh", "approximate", "batch", "sample")}
    flags["wait"] = given.waits

    async def inside() -> None:
        async with open_resources(ready.settings, prompt, ledger, progress, ready.clock, flags) as resources:
            await go(resources)

    with ledger_of(ready.settings, given) as ledger, choose(quiet=quiet) as progress:
        asyncio.run(inside())


def update_pages(settings: Settings) -> Path | None:
    """Bring the pages up to date with what was published; trouble there is told, and ends nothing."""
    if not settings.site.enabled:
        return None
    from digest.publish.site.build import build_site

    try:
        built = build_site(settings)
    except DigestError as error:
        output.print_status(f"The pages could not be brought up to date: {error}")
        return None
    for sentence in built.unreadable:
        output.print_status(f"Not on the pages: {sentence}")
    return built.index
