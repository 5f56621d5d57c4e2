"""The check that a ledger is whole, and that the digests beside it are what its answers say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from digest.ledger import Where, open_history
from digest.ledger.sql.codec import unpack, unpack_text
from digest.ledger.sql.history import History
from digest.model import LANGUAGES, Announcement, Completion, Digest, Entry, Snapshot, Summary, Text
from digest.publish.json_format import from_json
from digest.publish.keeping import of_sample
from digest.publish.markdown import render
from digest.sample.knobs import FOLDER
from digest.summarize import answer
from digest.summarize.compose import compose, tidy
from digest.system.errors import DigestError
from digest.system.files import read_text

_RECORDS: dict[str, tuple[str, str, type[BaseModel]]] = {
    "texts": ("paper", "text", Text),
    "announcements": ("date", "announcement", Announcement),
    "snapshots": ("url", "snapshot", Snapshot),
}


def verify(folder: Path, where: Where | None = None) -> Iterator[str]:
    """Find what is wrong with a ledger and the digests of a folder: a sentence each, none if all is well.

    Args:
        folder: of the digests.
        where: the ledger; default: that of the folder.
    """
    try:
        history = open_history(where or folder)
    except DigestError as error:
        yield str(error)
        return
    with history:
        for check in (_structure, _completions, _records):
            try:
                yield from check(history)
            except DigestError as error:
                yield str(error)
        for path in sorted(folder.glob("????-??-??/*.json")):
            try:
                yield from _digest(path, history)
            except DigestError as error:
                yield str(error)


def _structure(history: History) -> Iterator[str]:
    for problem in history.database.problems():
        yield f"{history.name}: {problem}"


def _completions(history: History) -> Iterator[str]:
    """Answers that cannot be read, or stand under another key than their question's."""
    for number, key, request, blob in history.database.scan(
        "SELECT id, key, request, completion FROM completions"
    ):
        completion, question = unpack(Completion, blob), unpack_text(request)
        if completion is None:
            yield f"{history.name}: answer {number} is damaged; it counts as not given"
        elif question is None:
            yield f"{history.name}: the question of answer {number} is damaged; the answer is good"
        elif (
            not completion.key == key == hashlib.sha256(question.encode("utf-8", "surrogatepass")).hexdigest()
        ):
            yield f"{history.name}: answer {number} stands under a key that is not its question's"


def _records(history: History) -> Iterator[str]:
    for table, (name, column, kind) in _RECORDS.items():
        for what, blob in history.database.scan(f"SELECT {name}, {column} FROM {table}"):  # noqa: S608 - our own words
            if unpack(kind, blob) is None:
                yield f"{history.name}: {table}: that of {what} is damaged; it will be fetched again"


def _digest(path: Path, history: History) -> Iterator[str]:
    """The parts of a digest that are not what the ledger says, or what its Markdown does not say."""
    try:
        digest = from_json(read_text(path), str(path))
    except DigestError as error:
        yield str(error)
        return
    yield from _page(path.with_suffix(".md"), digest)
    ours = not of_sample(digest) or path.parent.parent.name == FOLDER
    for entry in digest.entries if ours else ():
        if entry.summary and entry.summary.completion and (problem := _line(entry, history)):
            yield f"{path}: {entry.paper.id}: {problem}"
    counts = digest.counts
    if counts.listed != counts.summarised + counts.flagged or counts.listed != len(digest.entries):
        yield f"{path}: its counts are not those of its {len(digest.entries)} entries"


def _page(path: Path, digest: Digest) -> Iterator[str]:
    try:
        page = read_text(path)
    except DigestError as error:
        yield str(error)
        return
    if page != render(digest):
        yield f"{path}: is not what the JSON beside it renders to"


def _line(entry: Entry, history: History) -> str | None:
    """The fault of an entry's line, by the answers under its key."""
    assert entry.summary is not None  # as the caller has looked
    rows = history.database.rows(
        "SELECT completion FROM completions WHERE key = ?", (entry.summary.completion,)
    )
    answers = [completion for (blob,) in rows if (completion := unpack(Completion, blob))]
    if not answers:
        return "the answer that its line was made of is not in the ledger"
    if any(says(one.content, entry.summary) for one in answers):
        return None
    return "its line is not the one that its answer makes"


def says(content: str, summary: Summary) -> bool:
    """True if an answer says what a summary says."""
    try:
        if not summary.task:
            return tidy(answer.read_line(content), summary.lang) == summary.line
        others = [language for language in LANGUAGES if language != summary.lang]
        entry = answer.read_entry(content, summary.lang, others)
    except answer.UnreadableError:
        return False
    fields = entry.fields.model_dump()
    if fields != summary.model_dump(include={*fields}):
        return False
    lines = {language: tidy(line, language) for language, line in entry.lines.items()}
    if {summary.lang: summary.line, **summary.translations} == lines:
        return True
    return summary.line == compose(entry.fields, summary.lang) or _was_composed(summary.line, entry.fields)


def _was_composed(line: str, fields: answer.Fields) -> bool:
    """True if a line has the form that code gave to fields before models wrote the lines."""
    contribution = tidy(fields.contribution).strip("。，； ").removeprefix("该论文")
    return line.startswith("该论文") and "，旨在" in line and line.endswith(f"{contribution}。")
