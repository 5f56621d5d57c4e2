"""How long papers' texts take, beside `page.get_text("text")` alone over the same pages in the same run.

    python -m tests.benchmarks.bench_text FOLDER_WITH_PDFS

First the processor time that looking at what is drawn adds to a paper (at most 30 ms is the aim). Then the
ratio (at most 1.5 is the aim) for the PDFs of the folder, the start of the two worker processes included,
which weighs less the more papers there are; then a day of 400 papers with 12 pages each, typeset here: the
time until the first text, and until all are ready. Both cores must be free for the last two.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import pymupdf

from digest.config import TextSettings
from digest.text.extract import extract
from digest.text.pdf_pages import Pdf
from digest.text.reader import TextReader
from digest.text.sheet import Sheet
from tests.text.typeset import paper

_mupdf: Any = pymupdf  # most of its functions carry no types
_REPEATS = 5
_TIMES = 4
_PAPERS = 400
_PAGES = 12


async def _never(url: str, target: Path, limit_bytes: int) -> int:
    raise AssertionError(url)


def plain(paths: Sequence[Path]) -> float:
    """Seconds of `get_text` over all pages."""
    begun = time.perf_counter()
    for path in paths:
        with _mupdf.open(path) as document:
            for page in document:
                page.get_text("text")
    return time.perf_counter() - begun


async def ours(paths: Sequence[Path], at_once: bool) -> list[float]:
    """Seconds until the first text, and every further one; from before the start of the processes."""
    begun = time.perf_counter()
    done: list[float] = []
    settings = TextSettings(page_limit=1000)

    async def read(reader: TextReader, path: Path) -> None:
        text = await reader.read_file(path, "any-model")
        assert text.passages, (path, text.origin.reason)
        done.append(time.perf_counter() - begun)

    with tempfile.TemporaryDirectory() as folder:
        async with TextReader(settings, Path(folder), "", _never) as reader:
            if at_once:
                await asyncio.gather(*(read(reader, path) for path in paths))
            else:
                for path in paths:
                    await read(reader, path)
    return done


def ratios(paths: list[Path]) -> None:
    """Print what our texts take as multiples of `get_text`: the papers once, a day's number, one by one."""
    ways = {
        "once": (paths, True),
        f"{_TIMES} times over": (paths * _TIMES, True),
        "one by one": (paths, False),
    }
    for name, (chosen, at_once) in ways.items():
        found = []
        for _ in range(_REPEATS):
            base = plain(chosen)
            found.append(asyncio.run(ours(chosen, at_once))[-1] / base)
        each = ", ".join(f"{ratio:.2f}" for ratio in found)
        print(f"{len(chosen)} papers {name}: x{statistics.median(found):.2f} ({each})", flush=True)


def day() -> None:
    """Print how long a day of 400 papers takes."""
    with tempfile.TemporaryDirectory() as folder:
        titles = [f"Counting Herons with Patient Microphones, Part {i}" for i in range(_PAPERS)]
        paths = [paper(Path(folder, f"{i}.pdf"), pages=_PAGES, title=title) for i, title in enumerate(titles)]
        done = asyncio.run(ours(paths, at_once=True))
    print(
        f"{_PAPERS} papers of {_PAGES} pages: first text after {done[0]:.2f} s, all after {done[-1]:.1f} s"
        " (under 30 is the aim)"
    )


def look(paths: Sequence[Path]) -> None:
    """Print what looking at what is drawn adds, a paper: the mean of each paper's median."""
    extract(paths[0], None, "any-model", 3000, 50)
    added: dict[str, float] = {}
    for path in paths:
        differences = []
        for _ in range(_REPEATS):
            seen = _processor_time(path)
            with (
                mock.patch.object(Pdf, "look", return_value=False),
                mock.patch.object(Sheet, "is_drawn", return_value=False),
            ):
                differences.append(1000 * (seen - _processor_time(path)))
        added[path.name] = statistics.median(differences)
    print(f"looking adds {statistics.mean(added.values()):.1f} ms of processor time a paper (30 is the aim)")
    for name, each in sorted(added.items(), key=lambda pair: -pair[1]):
        print(f"    {each:6.1f} ms {name}")


def _processor_time(path: Path) -> float:
    begun = time.process_time()
    extract(path, None, "any-model", 3000, 50)
    return time.process_time() - begun


if __name__ == "__main__":
    papers = sorted(Path(sys.argv[1]).glob("*.pdf"))
    look(papers)
    ratios(papers)
    day()
