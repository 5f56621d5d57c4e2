"""The reader's own library: papers from BibTeX or RIS whose like comes first."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from digest.publish.site.interests import LibraryPaper, ReferenceLibrary
from digest.publish.site.tex import characters, tex_to_text
from digest.system.errors import UsageError
from digest.system.files import read_text, write_atomically

_COMMAND = re.compile(r"\{\\[A-Za-z]+\}")
_SIGNS = {r"{\textless}": "<", r"{\textgreater}": ">", r"{\textbar}": "|"}
_AND = re.compile(r"\s+and\s+")

FILE = "interests.json"
"""In the folder of the digests."""


def import_library(source: Path, folder: Path) -> tuple[int, int]:
    """Read a library, and keep its papers in `folder` in the place of those kept before.

    Args:
        source: BibTeX (`.bib`) or RIS (`.ris`), as Zotero and others export them.
        folder: of the digests.

    Returns:
        The papers kept, and the entries left out because they have no title.

    Raises:
        UsageError: the file cannot be read, or holds no paper.
    """
    text = read_text(source)
    looks_ris = source.suffix.lower() == ".ris" or text.lstrip().startswith("TY  -")
    entries = list(_ris(text, source) if looks_ris else _bibtex(text))
    papers = [one for one in entries if one["title"]]
    if not papers:
        raise UsageError(f"{source} holds no paper with a title; BibTeX and RIS can be read.")
    write_atomically(folder / FILE, json.dumps(papers, ensure_ascii=False, indent=1) + "\n")
    return len(papers), len(entries) - len(papers)


def load_library(folder: Path) -> ReferenceLibrary | None:
    """The library kept in `folder`, if there is one.

    Raises:
        UsageError: it is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        papers = json.loads(path.read_text(encoding="utf-8"))
        return ReferenceLibrary(
            LibraryPaper(f"{one['title']} {one['abstract']}", tuple(one["authors"])) for one in papers
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path} is damaged ({error}): import the library again, or delete it.") from error


def _bibtex(text: str) -> Iterable[dict[str, Any]]:
    from bibtexparser.entrypoint import parse_string
    from bibtexparser.middlewares import NormalizeFieldKeys, SeparateCoAuthors

    library = parse_string(text, append_middleware=[NormalizeFieldKeys(), SeparateCoAuthors()])
    # an entry whose key stands twice in the file is still a paper
    blocks = [*library.entries, *(block.ignore_error_block for block in library.failed_blocks)]
    for entry in blocks:
        fields = getattr(entry, "fields_dict", None)
        if fields is None:
            continue
        value = {name: field.value for name, field in fields.items()}
        authors = value.get("author") or []
        if isinstance(authors, str):
            authors = _AND.split(_unquoted(authors))
        title, abstract = (_commands(_unquoted(value.get(name) or "")) for name in ("title", "abstract"))
        yield _paper(title, abstract, [_commands(one) for one in authors if one.strip() != "others"])


def _ris(text: str, source: Path) -> Iterable[dict[str, Any]]:
    import rispy

    try:
        entries = rispy.loads(text)
    except Exception as error:  # noqa: BLE001 - whatever a parser says of a file that is none
        raise UsageError(f"{source} cannot be read as RIS: {error}.") from None
    for entry in entries:
        title = entry.get("title") or entry.get("primary_title")
        authors = entry.get("authors") or entry.get("first_authors") or []
        yield _paper(title, entry.get("abstract") or entry.get("notes_abstract"), authors)


def _paper(title: object, abstract: object, authors: Iterable[object]) -> dict[str, Any]:
    return {
        "title": _bare(title),
        "abstract": _bare(abstract),
        "authors": [name for author in authors if (name := _bare(author))],
    }


def _unquoted(value: str) -> str:
    """The value without the quotes that the parser leaves in an entry whose key stands twice."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def _commands(value: str) -> str:
    r"""Without commands in braces that stand for a character, as Zotero writes them: {\textless}."""
    return _COMMAND.sub(lambda found: _SIGNS.get(found[0]) or characters(found[0]), value)


def _bare(value: object) -> str:
    return tex_to_text(str(value or "")).replace("{", "").replace("}", "")
