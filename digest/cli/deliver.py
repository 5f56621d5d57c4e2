"""`digest deliver`: published digests sent to people, by itself and after `digest run`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.system.language import translated

if TYPE_CHECKING:
    from digest.cli.session import CommandOptions, Ready
    from digest.config import Settings
    from digest.deliver.delivery import Report, Wish

NOT_DELIVERED = 5
"""Exit code: the digests are there, and somebody may not have got them."""

_WORSE = {1, 2, 4}


def deliver(
    date: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="Announcement date, or first..last; default: the latest, and missed ones."
        ),
    ] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", metavar="NAME", help="A channel of [deliver]; may be repeated."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, and send nothing.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="With --channel: also what was sent, or may have arrived.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where the digests are.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Send the digests of the sample day.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Send published digests by mail and chat, each once; what failed is tried again, alone."""
    from digest.cli.session import CommandOptions
    from digest.system.errors import UsageError

    if again and not channel:
        raise UsageError("--again sends what was sent before: say to which channel with --channel NAME.")
    given = CommandOptions({"run": {"out": out}}, sample, json, quiet)
    raise typer.Exit(_deliver_published(given, date, channel or [], dry=dry_run, again=again))


def _deliver_published(
    given: CommandOptions, days: str | None, channels: Sequence[str], *, dry: bool, again: bool
) -> int:
    from datetime import UTC, datetime

    from digest.cli import output
    from digest.cli.dates import parse_days
    from digest.cli.options import in_sample_folder
    from digest.cli.session import Ready
    from digest.config import load
    from digest.deliver.delivery import Wish
    from digest.system.errors import UsageError

    settings = load(given.flags, os.environ)
    if given.sample:
        settings = in_sample_folder(settings)
    if not settings.deliver.channels:
        raise UsageError(
            "[deliver] in digest.toml names no channel: docs/delivery.md has an example for each service."
        )
    ready = Ready(settings, lambda: datetime.now(UTC), given)
    first, last = parse_days(days, ready.clock())
    published = _published_days(settings)
    chosen = [day for day in published if first and last and first <= day <= last] if days else published[-1:]
    if not chosen:
        out = settings.run.out
        raise UsageError(
            f"{out} holds no digest of {days} to send." if days else f"{out} holds no digest to send."
        )
    wish = Wish(chosen, not days, channels, again=again, dry=dry, sample=given.sample)
    reports = _carry_out(ready, wish)
    if given.json:
        output.as_json([_values(report) for report in reports])
    elif not (given.quiet or reports):
        output.print_message("Everybody has what is published.")
    return NOT_DELIVERED if any(report.failed for report in reports) else 0


def after_run(ready: Ready, made: Iterable[date | None], code: int, *, whole: bool) -> int:
    """Send what a run has published, where the settings want that; return the exit code of the command.

    Args:
        ready: settings and clock of the run.
        made: the days whose digests are there.
        code: of the run; it stays where it is worse than a message that was not sent.
        whole: False after a quick look at a few papers.
    """
    settings, given = ready.settings, ready.given
    if not settings.deliver.enabled or given.sample or not whole:
        return code
    from datetime import timedelta

    from digest.cli.output import print_error
    from digest.deliver.delivery import Wish
    from digest.system.errors import DigestError

    days = sorted(day for day in set(made) if day) or _published_days(settings)[-1:]
    recent = [day for day in days if day >= days[-1] - timedelta(days=settings.deliver.days)]
    try:
        failed = any(report.failed for report in _carry_out(ready, Wish(recent, catch_up=True)))
    except DigestError as error:  # the digests are there all the same
        print_error(error, translated("not delivered"))
        failed = True
    return NOT_DELIVERED if failed and code not in _WORSE else code


def _carry_out(ready: Ready, wish: Wish) -> list[Report]:
    """Send what is due, and tell of each as it happens."""
    from tempfile import TemporaryDirectory

    from digest.cli.session import ledger_of
    from digest.deliver.delivery import deliver as send
    from digest.ledger import FILE_NAME, open_ledger

    settings, given = ready.settings, ready.given
    tell = not (given.quiet or given.json)
    where = settings.ledger_at
    if wish.dry and isinstance(where, Path) and not (where / FILE_NAME).exists():
        with TemporaryDirectory() as folder, open_ledger(Path(folder)) as ledger:  # a look makes no ledger
            return _told(send(settings, ledger, wish, ready.clock, os.environ), tell=tell)
    with ledger_of(settings, given) as ledger:
        return _told(send(settings, ledger, wish, ready.clock, os.environ), tell=tell)


def _told(reports: Iterable[Report], *, tell: bool) -> list[Report]:
    """The reports, each printed when it comes; what failed is printed in any case, as an error."""
    found = []
    for report in reports:
        found.append(report)
        if report.failed:
            print(f"digest: {_sentence(report)}", file=sys.stderr, flush=True)
        elif tell:
            print(_sentence(report), flush=True)
            if report.state == "planned" and report.message:
                print("\n\n".join(one for one in (report.message.title, report.message.body) if one), "\n")
    return found


def _sentence(report: Report) -> str:
    """One line in the user's language: to whom, of which day, what became of it."""
    words = {
        "sent": "sent",
        "failed": "not delivered",
        "unsure": "perhaps delivered",
        "planned": "would be sent",
        "nothing": "nothing to send",
        "held": "not sent",
    }
    what = translated("correction ") * report.correction + translated(words[report.state])
    size = ""
    if report.message and not report.failed:
        size = translated(f", {report.message.papers} papers, {report.message.left} more left")
    sections = f" {'+'.join(report.sections)}" if report.sections else ""
    return f"{report.recipient}: {report.day}{sections} {what}{size}" + (
        f": {translated(report.why)}" if report.why else ""
    )


def _values(report: Report) -> dict[str, Any]:
    """A report as plain values, for --json."""
    message = report.message
    return {
        "date": report.day.isoformat(),
        "channel": report.channel,
        "recipient": report.recipient,
        "sections": list(report.sections),
        "state": report.state,
        **({"why": report.why} if report.why else {}),
        **({"correction": True} if report.correction else {}),
        **({"papers": message.papers, "left": message.left} if message else {}),
        **({"title": message.title, "body": message.body} if message and report.state == "planned" else {}),
    }


def _published_days(settings: Settings) -> list[date]:
    """The days that there are digests of, oldest first."""
    from contextlib import suppress
    from datetime import date as day_type

    found = []
    for folder in settings.run.out.glob("????-??-??"):
        with suppress(ValueError):
            day = day_type.fromisoformat(folder.name)
            if any(folder.glob("*.json")):
                found.append(day)
    return sorted(found)
