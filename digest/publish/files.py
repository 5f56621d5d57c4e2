"""Digests on disk: imported, rendered, and written so that no reader ever sees half of one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path

from digest.model import Digest, Entry
from digest.publish.counts import counts_of
from digest.publish.formats import FORMATS, JSON, MARKDOWN, Format, format_of, parse_digest, read_digest
from digest.publish.json_format import from_json
from digest.publish.keeping import readable_digest, refuse_loss
from digest.system.errors import UsageError
from digest.system.files import is_file_name, read_bytes, read_text, text_of, write_atomically


def import_file(source: Path, target: Path) -> Digest:
    """Read the published Markdown `source` and write it to `target` as JSON, unless names say otherwise.

    Raises:
        FormatError: `source` is no digest; nothing is written.
        UsageError: a file cannot be read or written, both are the same, or `target` holds more lines.
    """
    return _convert(source, target, MARKDOWN, JSON)


def render_file(source: Path, target: Path) -> Digest:
    """Read the JSON `source` and write it to `target` as Markdown, unless names say otherwise.

    Raises:
        FormatError: `source` is no JSON; nothing is written.
        UsageError: `source` is no digest, a file cannot be read or written, both are the same, or `target`
            holds more lines.
    """
    return _convert(source, target, JSON, MARKDOWN)


def _convert(source: Path, target: Path, read: Format, written: Format) -> Digest:
    """Read `source` and write it to `target`, each in the form of its name, else in the form given."""
    digest = parse_digest(_read(source, target), source, read)
    refuse_loss(target, digest)
    write_atomically(target, format_of(target, written).render(digest))
    return digest


def write_digest(digest: Digest, folder: Path) -> tuple[Path, Path]:
    """Write `<folder>/<date>/<section>` in every form; returns the paths of Markdown and JSON in that order.

    Raises:
        UsageError: the digest has no date, its section's key is no file name, or a file cannot be written.
    """
    key = digest.section.key
    if digest.date is None:
        raise UsageError(f"The digest of section {key} has no date, so it has no place in {folder}.")
    if not is_file_name(key):
        raise UsageError(f"A section called {key!r} cannot be written: the name is no file name.")
    place = folder / digest.date.isoformat()
    texts = {place / f"{key}{one.suffix}": one.render(digest) for one in FORMATS}  # all before any is written
    for path, text in texts.items():
        write_atomically(path, text)
    return place / f"{key}{MARKDOWN.suffix}", place / f"{key}{JSON.suffix}"


def _read(source: Path, target: Path) -> str:
    """The text of `source`, which must not be `target`."""
    content = read_bytes(source)
    if target.exists() and source.samefile(target):
        raise UsageError(f"{source} would be overwritten: give another file to write to.")
    return text_of(content, str(source))


def digests_with(folder: Path, paper_id: str) -> list[Digest]:
    """The digests under `folder` that hold a paper, in any version, oldest date first.

    Raises:
        UsageError: a digest there cannot be read.
    """
    found = []
    for path in sorted(folder.glob("*/*.json")):
        text = read_text(path)
        if f'"{paper_id}"' in text:  # much quicker than reading every digest of a year
            digest = from_json(text, str(path))
            if any(entry.paper.id == paper_id for entry in digest.entries):
                found.append(digest)
    return found


def with_entry(digest: Digest, entry: Entry, replaced: Collection[Entry]) -> Digest:
    """The digest with `entry` in the place of those of its entries that are in `replaced`, counted anew.

    Each keeps its own listing: how and when it was announced does not change.
    """
    entries = tuple(
        entry.model_copy(update={"listing": old.listing, "link_base": old.link_base})
        if old in replaced
        else old
        for old in digest.entries
    )
    counts = counts_of(entries, digest.counts.announced)
    return digest.model_copy(update={"entries": entries, "counts": counts})


def published_digest(folder: Path, day: date, section: str) -> Digest | None:
    """The digest of a section and day under `folder`, if there is one.

    Raises:
        UsageError: it cannot be read.
    """
    path = folder / day.isoformat() / f"{section}.json"
    return read_digest(path) if path.exists() else None


def complete_digest(folder: Path, day: date, section: str) -> Digest | None:
    """The digest of a section and day, if it keeps its promise, has no flag, and lacks no paper."""
    digest = readable_digest(folder / day.isoformat() / f"{section}.json")
    if digest is None or digest.withheld or digest.counts.flagged or not digest.counts.kept:
        return None
    return digest
