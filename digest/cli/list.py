"""`digest list`: what arXiv announced; asks no model."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import options, output
from digest.system.errors import DigestError
from digest.system.language import translated
from digest.system.terminal import in_short

if TYPE_CHECKING:
    from digest.cli.session import CommandOptions
    from digest.model import Announcement, Section
    from digest.sources.source import NoAnnouncement


def list_(
    date: Annotated[
        str | None,
        typer.Argument(metavar="[DATE]", help="Announcement date, today or yesterday; default: the latest."),
    ] = None,
    section: options.Sections = None,
    out: options.Out = None,
    approximate: options.Approximate = False,
    sample: options.Sample = False,
    json: options.Json = False,
) -> None:
    """List what arXiv announced, with its own counts; asks no model."""
    from digest.cli.session import CommandOptions

    flags = options.flags_of(section=section, out=out)
    raise typer.Exit(list_announcements(CommandOptions(flags, sample, json, approximate=approximate), date))


def list_announcements(given: CommandOptions, day: str | None) -> int:
    """Print what was announced, without asking any model; return the exit code.

    Trouble with one section does not take the others with it.
    """
    import asyncio

    from digest.cli.dates import parse_day
    from digest.cli.session import ledger_of, prepared
    from digest.model import Announcement
    from digest.sources.arxiv.announce import announce
    from digest.sources.http_client import Http

    found: list[tuple[Section, Announcement | NoAnnouncement]] = []
    failed: list[tuple[Section, DigestError]] = []
    with prepared(given, asks_model=False) as ready, ledger_of(ready.settings, given) as ledger:
        wanted = None if day is None else parse_day(day, ready.clock())
        sections = ready.settings.chosen_sections()
        arxiv = ready.settings.arxiv

        async def go() -> None:
            async with Http(arxiv, ledger, clock=ready.clock, say=output.print_status) as http:
                for section in sections:

                    def seen(paper: str, before: date, key: str = section.key) -> date | None:
                        return ledger.seen(key, paper, before)

                    now = ready.clock()
                    output.print_on_terminal(f"{section.title}: asking arXiv what was announced ...")
                    try:
                        announced = await announce(section, wanted, http, arxiv, now, seen, given.approximate)
                    except DigestError as error:  # of this section; the others can still be had
                        failed.append((section, error))
                    else:
                        found.append((section, announced))

        asyncio.run(go())
    if given.json:
        output.as_json([announcement_values(*one) for one in found])
    else:
        for section, announced in found:
            announcement(section, announced)
    for section, error in failed:
        output.print_error(error, section.key)
    if failed:
        return max(error.exit_code for _, error in failed)
    short = any(isinstance(announced, Announcement) and announced.withheld for _, announced in found)
    return output.FLAGGED if short else output.COMPLETE


def announcement(section: Section, announced: Announcement | NoAnnouncement) -> None:
    """Print what was announced for a section: kind, identifier, title, and the counts beside arXiv's own."""
    from digest.model import KINDS
    from digest.sources.source import NoAnnouncement

    if isinstance(announced, NoAnnouncement):
        print(f"{section.key}: {translated(announced.sentence)}")
        return
    count = Counter(listing.kind for listing in announced.listings)
    kinds = ", ".join(f"{count[kind]} {translated(kind)}" for kind in KINDS)
    output.print_message(
        f"{section.title} {announced.date}: {len(announced.listings)} papers ({kinds}), "
        f"from {announced.source}"
    )
    for category, declared in announced.declared.items():
        own = ", ".join(f"{declared.get(kind, 0)} {translated(kind)}" for kind in KINDS)
        output.print_message(f"arXiv's own count, {category}: {own}")
    for note in announced.notes:
        output.print_message(f"note: {note}")
    for listing, paper in zip(announced.listings, announced.papers, strict=True):
        print(f"{listing.kind:<8}  {paper.versioned_id:<16}  {in_short(paper.title)}")


def announcement_values(section: Section, announced: Announcement | NoAnnouncement) -> dict[str, Any]:
    """An announcement as plain values, for --json."""
    return {"section": section.key, **announced.model_dump(mode="json", exclude_defaults=True)}
