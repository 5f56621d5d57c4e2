"""A digest is never replaced by one with fewer lines for the same papers."""

from __future__ import annotations

from pathlib import Path

from digest.model import Digest, Entry
from digest.publish.counts import counts_of
from digest.publish.json_format import from_json
from digest.system.errors import DigestError, UsageError
from digest.system.files import read_text

RECORDED_MODEL = "recorded"
"""The name of the model of the sample day's server."""


def keep_lines(made: Digest, before: Digest | None, *, fresh: bool) -> tuple[Digest, tuple[str, ...]]:
    """The digest with the lines of an earlier one where its own are missing or worse.

    Args:
        made: the digest of this run.
        before: the one whose place it takes, if there is one.
        fresh: whether everything was asked anew on purpose; then what was answered stands.

    Returns:
        The digest to publish, counted anew, and the identifiers of the papers whose earlier entries stay.
    """
    held = {entry.paper.id: entry for entry in before.entries if entry.paper.id} if before else {}
    entries, kept = [], []
    for entry in made.entries:
        old = held.get(entry.paper.id)
        if old is None or not is_better(old, entry) or (fresh and _answered(entry)):
            entries.append(entry)
            continue
        kept.append(entry.paper.id)
        entries.append(_moved(old, entry))
    if not kept:
        return made, ()
    note = f"No better line in this run, so that of an earlier one stays: {', '.join(kept)}."
    counts = counts_of(entries, made.counts.announced)
    changed = {"entries": tuple(entries), "counts": counts, "notes": (*made.notes, note)}
    return made.model_copy(update=changed), tuple(kept)


def is_better(old: Entry, new: Entry) -> bool:
    """True if an entry would be lost if another took its place; the same line counts as it is judged now."""
    same = old.summary and new.summary and old.summary.line == new.summary.line
    return _rank(old) > _rank(new) and not same


def refuse_loss(target: Path, digest: Digest) -> None:
    """Do nothing if `target` is no digest, or holds no more lines of the same papers than `digest`.

    Raises:
        UsageError: it holds more.
    """
    before = readable_digest(target)
    if before is None:
        return
    ours = {entry.paper.id: _rank(entry) for entry in digest.entries}
    lost = [
        entry.paper.id
        for entry in before.entries
        if entry.paper.id in ours and _rank(entry) > 0 and not ours[entry.paper.id]
    ]
    if lost:
        raise UsageError(
            f"{target} holds lines of {len(lost)} papers that this digest has none of, first {lost[0]}. "
            "Give another file to write to."
        )


def of_sample(digest: Digest) -> bool:
    """True if a digest is of the sample day; one of an earlier version says so by its model only."""
    models = {entry.summary.model for entry in digest.entries if entry.summary}
    return digest.sample or models == {RECORDED_MODEL}


def find_digest(folder: Path, day: object, section: str) -> Digest | None:
    """The digest of a section and day under `folder`, by its JSON, else by its Markdown; None without one."""
    place = folder / f"{day}"
    return readable_digest(place / f"{section}.json") or readable_digest(place / f"{section}.md")


def readable_digest(path: Path) -> Digest | None:
    """The digest in a file, JSON or Markdown; None if there is none that can be read."""
    from digest.publish.markdown_parser import parse

    try:
        text = read_text(path)
        return from_json(text, str(path)) if text.startswith("{") else parse(text, str(path.absolute()))
    except DigestError:
        return None


def _rank(entry: Entry) -> int:
    """0: no line; 1: one that somebody should check; 2: a good one."""
    if entry.summary is None or not entry.summary.line:
        return 0
    return 1 if entry.flag else 2


def _answered(entry: Entry) -> bool:
    return entry.flag is None or not entry.flag.unanswered


def _moved(old: Entry, new: Entry) -> Entry:
    """An earlier entry in the place of a new one; if it tells of another version, it goes on doing so."""
    if old.paper.version in {None, new.paper.version}:
        return old.model_copy(update={"listing": new.listing, "paper": new.paper, "link_base": None})
    listing = new.listing.model_copy(update={"version": old.paper.version})
    return old.model_copy(update={"listing": listing, "link_base": None})
