"""arXiv's metadata as one file: a JSON record a line, plain or gzipped, from a path or standard input.

The form is that of the public data set arxiv-metadata-oai-snapshot: id, title, authors, abstract, comments,
categories, versions with the date of each, authors_parsed. It is streamed: five gigabytes need no memory.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import sys
import zlib
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from digest.model import Paper
from digest.sources.arxiv import markup
from digest.sources.bulk.dated import DatedPaper
from digest.sources.bulk.day_files import Unread
from digest.system.errors import SourceError, UsageError
from digest.system.files import open_for_reading

_GZIP = b"\x1f\x8b"
_FIRST, _LONGEST = 100, 4 << 20
"""Records after which a file without a good one is none; and bytes of one line."""


def read_metadata(name: str, unread: Unread) -> Iterator[DatedPaper]:
    """The papers of a file; `-` is standard input.

    Args:
        name: the path.
        unread: is told of records that cannot be read; the others are.

    Raises:
        UsageError: there is no such file, or it holds no such records.
        SourceError: it breaks off.
    """
    with _opened(name) as stream:
        number = good = 0
        try:
            for number, line in enumerate(_lines(stream), start=1):
                if not line.strip():
                    continue
                try:
                    one = _record(line)
                except ValueError as error:
                    unread.note(f"line {number}: {error}")
                else:
                    good += 1
                    yield one
                if number >= _FIRST and not good:
                    break
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(
                f"{_called(name)} breaks off after {number:,} records ({error}), and the rest would be "
                "missing from digests. Get it again."
            ) from error
    if not number:
        raise UsageError(f"There is nothing in {_called(name)}.")
    if not good:
        raise UsageError(
            f"{_called(name)} is no metadata snapshot: it holds one JSON record a line, with id, title, "
            f"abstract, categories and versions. {'; '.join(unread.first[:1])}."
        )


def stamp(name: str) -> str:
    """The mark that tells a file from another of that name: size and time of change; "" for standard input.

    Raises:
        UsageError: there is no such file.
    """
    if name == "-":
        return ""
    try:
        status = Path(name).stat()
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror or error}.") from error
    return f"{Path(name).absolute()} {status.st_size} {status.st_mtime_ns}"


def _called(name: str) -> str:
    return "standard input" if name == "-" else name


@contextlib.contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    try:
        raw: Any = sys.stdin.buffer if name == "-" else open_for_reading(Path(name))
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror or error}.") from error
    try:
        stream: Any = gzip.GzipFile(fileobj=raw) if raw.peek(2)[:2] == _GZIP else raw
        yield stream
    finally:
        if name != "-":
            raw.close()


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """The lines; of one that is longer than any record the rest is skipped."""
    while line := stream.readline(_LONGEST):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(_LONGEST)
            if rest:
                line = b"(longer than any record)"
        yield line


def _record(line: bytes) -> DatedPaper:
    """Raises ValueError: it is no record; the text says what is wrong."""
    try:
        values = json.loads(line)
    except ValueError:
        raise ValueError(f"no JSON: {line[:40].decode('utf-8', 'replace').strip()!r}") from None
    if not isinstance(values, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - told as any other unreadable record
    found = markup.identifier(str(values.get("id") or ""))
    if found is None:
        raise ValueError(f"no arXiv identifier: {str(values.get('id'))[:40]!r}")
    versions = tuple(_versions(values.get("versions")))
    title, categories = _text(values, "title"), tuple(_text(values, "categories").split())
    lacking = [name for name, value in (("title", title), ("categories", categories)) if not value]
    if not versions or lacking:
        raise ValueError(f"{found[0]} has no {', '.join(lacking or ['versions with dates'])}")
    try:
        paper = Paper(
            id=found[0],
            version=versions[-1][0],
            title=title,
            authors=_authors(values),
            abstract=_text(values, "abstract"),
            comments=_text(values, "comments") or None,
            categories=categories,
            published=versions[0][1],
            updated=versions[-1][1],
            doi=_text(values, "doi") or None,
            journal_ref=_text(values, "journal-ref") or None,
        )
    except ValidationError as error:
        raise ValueError(f"{found[0]}: {error.errors()[0]['msg']}") from None
    return DatedPaper(paper=paper, versions=versions)


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return markup.collapse(value) if isinstance(value, str) else ""


def _versions(listed: object) -> Iterator[tuple[int, datetime]]:
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict):
            continue
        number = str(one.get("version", "")).removeprefix("v")
        with contextlib.suppress(ValueError):
            created = parsedate_to_datetime(str(one.get("created", "")))
            if number.isdigit() and int(number) and created.tzinfo is not None:
                yield int(number), created


def _authors(values: dict[str, Any]) -> tuple[str, ...]:
    """The names: parsed by arXiv, where they are, else out of the line that the submitter wrote."""
    parsed = values.get("authors_parsed")
    if isinstance(parsed, list) and parsed and all(isinstance(one, list) for one in parsed):
        names = (
            " ".join(str(part).strip() for part in (*one[1:2], *one[:1], *one[2:3]) if part) for one in parsed
        )
        return tuple(markup.collapse(name) for name in names if name.strip())
    return tuple(markup.names_in(_text(values, "authors")))
