"""The search index over all days, made by Pagefind (extended build) where that is installed.

One index a month, merged in the browser: for a new day one month is indexed again, not all of them.
Pagefind's Python interface waits a tenth of a second for each record (1.5.2), so its program is run.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path

from markupsafe import Markup

from digest.errors import DigestError
from digest.publish.keeping import of_sample
from digest.publish.site.interests import Judge
from digest.publish.site.memory import DONE, Memory, fingerprint_of
from digest.publish.site.sources import Source, read
from digest.publish.site.view import View, views_of

FOLDER = "search"
MISSING = "There is no search: pip install 'bilingual-arxiv-digest[search]', then run `digest site` again."

_FORM = 2
"""Of the indexed pages: one more, and all months are indexed anew."""

_DEADLINE = 900
"""Seconds that a month may take to index."""

_UNUSED = ("*-ui.*", "*-ui-*", "pagefind-component*", "pagefind-highlight.js", "pagefind-modular*")
"""Pagefind's own pages, which ours are not made of."""


def update_index(
    site: Path, sources: Sequence[Source], memory: Memory, judge: Judge, *, english: bool
) -> tuple[list[str], str]:
    """Bring the index up to date, month by month.

    Returns:
        The months that can be searched, newest first, and a sentence on why others can not.
    """
    program = _program()
    folder = site / FOLDER
    months = {name: list(group) for name, group in groupby(sources, key=lambda one: f"{one.date:%Y-%m}")}
    for there in folder.glob("????-??"):
        if there.name not in months:
            shutil.rmtree(there, ignore_errors=True)
    trouble = ""
    for name, group in months.items():
        mark = fingerprint_of(_FORM, english, [(one.date, one.key, one.stamp) for one in group])
        if memory.unit(f"search {name}", mark) is not None and (folder / name / "pagefind.js").exists():
            continue
        if program is None:
            trouble = MISSING
            memory.last(f"search {name}")
            continue
        trouble = _index(program, group, folder / name, judge, english) or trouble
        if not trouble:
            memory.keep(f"search {name}", mark, (), DONE)
    found = sorted((path.parent.name for path in folder.glob("????-??/pagefind.js")), reverse=True)
    return found, trouble


def _program() -> Path | None:
    try:
        from pagefind_bin_extended import get_executable
    except ImportError:
        return None
    return Path(get_executable())


def _index(program: Path, sources: Sequence[Source], target: Path, judge: Judge, english: bool) -> str:
    """Index a month into `target`; returns what went wrong."""
    try:
        with tempfile.TemporaryDirectory(prefix="digest-search-") as temporary:
            pages, made = Path(temporary) / "pages", Path(temporary) / "index"
            for source in sources:
                _write_pages(source, pages / f"{source.date}-{source.key}", judge, english=english)
            wrong = _run_pagefind(program, pages, made)
            if not wrong:
                _put(made, target)
    except (OSError, shutil.Error) as error:
        wrong = str(error)
    return f"The search index of {target.name} could not be made: {wrong}." if wrong else ""


def _run_pagefind(program: Path, pages: Path, made: Path) -> str:
    """Index the pages into `made`; returns what went wrong."""
    command: list[str | Path] = [
        program, "--site", pages, "--output-path", made, "--force-language", "zh", "--quiet"
    ]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603 - the package's own program
            command, capture_output=True, timeout=_DEADLINE, check=False
        )
    except subprocess.TimeoutExpired:
        return f"not done after {_DEADLINE} s"
    if done.returncode or not (made / "pagefind.js").exists():
        said = (done.stdout + done.stderr).decode("utf-8", "replace").strip().splitlines()
        return said[-1] if said else f"exit code {done.returncode}"
    return ""


def _put(made: Path, target: Path) -> None:
    """Put what was made in the place of the index before."""
    for pattern in _UNUSED:
        for path in made.glob(pattern):
            path.unlink()
    old = target.with_name(f".{target.name}.old")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(old, ignore_errors=True)
    with suppress(FileNotFoundError):
        target.rename(old)
    shutil.move(made, target)
    shutil.rmtree(old, ignore_errors=True)


def _write_pages(source: Source, folder: Path, judge: Judge, *, english: bool) -> None:
    """A page for each paper of a digest; one that cannot be read was told of already."""
    try:
        digest = read(source)
    except DigestError:
        return
    folder.mkdir(parents=True)
    sample = of_sample(digest)
    for view in views_of(digest, judge, {}, english=english):
        path = f"{source.date}/{source.key}.html#{view.anchor}"
        (folder / f"{view.number}.html").write_text(
            _page(view, path, digest.section.title, source, sample=sample), encoding="utf-8", errors="replace"
        )


def _page(view: View, path: str, section: str, source: Source, *, sample: bool) -> str:
    authors = ", ".join(view.paper.authors[:50])
    facts = {"path": path, "date": source.date.isoformat(), "section": section}
    facts |= {"also": view.also} if view.also else {}
    facts |= {"sample": "1"} if sample else {}
    filters = {"section": section, "year": str(source.date.year), "kind": view.kind}
    spans = [
        Markup('<i data-pagefind-meta="{0}[data-v]" data-v="{1}"></i>').format(*one) for one in facts.items()
    ]
    spans += [
        Markup('<i data-pagefind-filter="{0}[data-v]" data-v="{1}"></i>').format(*one)
        for one in filters.items()
    ]
    return Markup(
        '<html lang="zh"><body data-pagefind-body><h1 data-pagefind-meta="title">{}</h1>'
        '<p data-pagefind-meta="line">{}</p><p>{} {} {}</p>{}</body></html>'
    ).format(view.title, view.line, view.also, view.task, authors, Markup("").join(spans))
