"""`[run] after`: a command of the user's, carried out for each digest that is new or has changed.

It is told of the digest by its environment (`variables`), goes through no shell, reads nothing, and what it
prints goes to standard error. One that failed is carried out again by the next run of that day.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence

from digest.cli.output import print_status
from digest.cli.run_output import Result
from digest.config import Settings
from digest.ledger import open_ledger
from digest.model import Digest
from digest.pipeline.day import Published
from digest.publish.changes import Changes
from digest.system.files import at_home

FAILED = 5
"""The exit code of a run whose digests are published, but a command after them failed."""

_LONGEST = 600.0
"""Seconds that a command may take: a run that nobody watches must end."""


def run_after(results: Iterable[Result], settings: Settings) -> int:
    """Carry the command out where it is due, and return 5 if it failed, else 0; trouble is told.

    It is due for a digest that is new or changed, and where it failed before; a part of one is none.
    """
    due = [(result, digest) for result in results if (digest := _digest_of(result)) and digest.counts.kept]
    if not settings.run.after or not due:
        return 0
    code = 0
    with open_ledger(settings.ledger_at) as ledger:
        for result, digest in due:
            key, day = result.section.key, digest.date
            assert day is not None  # of a published digest
            new, changed = _news(result)
            states = ledger.states("after", key, day)
            retry = bool(states) and states[-1] not in {"complete", "running"}
            if not (new or changed or retry):
                continue
            first = "complete" not in states and (new or bool(states))
            run = ledger.begin("after", key, day)
            why = _carry_out(settings.run.after, variables(digest, settings, changed, new=first))
            ledger.finish(run, "failed" if why else "complete", {"why": why} if why else {}, day)
            if why:
                print_status(f"digest: {key} {day}: [run] after: {why}. The digest itself is published.")
                code = FAILED
    return code


def variables(digest: Digest, settings: Settings, changed: Changes, *, new: bool) -> dict[str, str]:
    """Environment variables that tell of a digest; paths are whole, DIGEST_PAGE is empty without pages."""
    out, day, key = settings.run.out.absolute(), f"{digest.date}", digest.section.key
    site = out / settings.site.folder / day / f"{key}.html"
    counts = digest.counts
    return {
        "DIGEST_DATE": day,
        "DIGEST_SECTION": key,
        "DIGEST_TITLE": digest.section.title,
        "DIGEST_NEW": "true" if new else "false",
        "DIGEST_CHANGED": " ".join((*changed.papers, *changed.lines)),
        "DIGEST_STATE": "flagged" if counts.flagged or digest.withheld else "complete",
        "DIGEST_ANNOUNCED": str(counts.announced),
        "DIGEST_SUMMARISED": str(counts.summarised),
        "DIGEST_FLAGGED": str(counts.flagged),
        "DIGEST_MARKDOWN": str(out / day / f"{key}.md"),
        "DIGEST_JSON": str(out / day / f"{key}.json"),
        "DIGEST_PAGE": str(site) if site.is_file() else "",
    }


def _digest_of(result: Result) -> Digest | None:
    if isinstance(result.outcome, Published):
        return result.outcome.digest
    return result.outcome if isinstance(result.outcome, Digest) else None


def _news(result: Result) -> tuple[bool, Changes]:
    """True if this run published it first; and the changes that it made in it."""
    if isinstance(result.outcome, Published):
        return result.outcome.new, result.outcome.changes
    return False, Changes()


def _carry_out(command: Sequence[str], told: Mapping[str, str]) -> str:
    """Run a command to its end; why it failed, in words, or nothing."""
    try:
        words = [str(at_home(command[0])) if command[0].startswith("~") else command[0], *command[1:]]
        done = subprocess.run(  # noqa: S603 - the user's own command
            words,
            env={**os.environ, **told},
            stdin=subprocess.DEVNULL,
            stdout=2,
            timeout=_LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]} took more than {_LONGEST / 60:.0f} minutes, and was stopped"
    except (OSError, ValueError) as error:
        return f"{command[0]} cannot be run: {getattr(error, 'strerror', None) or error}"
    if done.returncode < 0:
        return f"{command[0]} was stopped by signal {-done.returncode}"
    return f"{command[0]} ended with exit code {done.returncode}" if done.returncode else ""
