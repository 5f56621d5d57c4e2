"""A year of pages: 1,000 sections of days with 100 papers each, made from published days.

    DIGEST_SHARED=... python -m tests.benchmarks.bench_site [--days 250] [--papers 100] [--keep FOLDER]

Prints processor time and memory of a site from scratch, of one more day, and of a build without any change;
and the size of a page of 400 papers.
"""

from __future__ import annotations

import argparse
import gzip
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from itertools import cycle, islice
from pathlib import Path

from digest.model import Digest, Entry, Section
from digest.publish.counts import counts_of
from digest.publish.files import write_digest

SECTIONS = [
    Section(key=key, title=title, categories=(category,))
    for key, title, category in (
        ("audio", "音频", "cs.SD"),
        ("text", "自然语言处理", "cs.CL"),
        ("video", "计算机视觉", "cs.CV"),
        ("robotics", "机器人", "cs.RO"),
    )
]


def main() -> None:
    """Make the digests, build in processes of their own, print what each took."""
    options = argparse.ArgumentParser()
    options.add_argument("--days", type=int, default=250)
    options.add_argument("--papers", type=int, default=100)
    options.add_argument("--keep", type=Path, help="a new folder, to stay")
    options.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.build:
        _build(given.build)
        return
    out = given.keep or Path(tempfile.mkdtemp(prefix="bench-site-"))
    try:
        pool = cycle(_entries(Path(os.environ["DIGEST_SHARED"]) / "days"))
        day = date(2025, 2, 3)
        for _ in range(given.days):
            _write(out, day, given.papers, pool)
            day = _next(day)
        _run("from scratch", out)
        _run("no change", out)
        for name in (
            "Monday",
            "Tuesday",
            "Wednesday",
            "Thursday",
            "Friday",
        ):  # the days of a full year's week
            _write(out, day, given.papers, pool)
            _run(f"one more day, a {name}", out)
            day = _next(day)
        _write(out, day, 400, pool)
        _run("a day of 4 x 400 papers", out)
        page = (out / "site" / day.isoformat() / "text.html").read_bytes()
        print(f"a page of 400 papers: {len(page):,} bytes, {len(gzip.compress(page)):,} compressed")
        print(
            subprocess.run(
                ["du", "-sh", out / "site"], capture_output=True, text=True, check=True
            ).stdout.strip()
        )
    finally:
        if not given.keep:
            shutil.rmtree(out)


def _entries(days: Path) -> list[Entry]:
    from digest.publish.markdown_parser import parse

    return [
        entry
        for path in sorted(days.glob("*.md"))
        for entry in parse(path.read_text(encoding="utf-8"), path.name).entries
    ]


_number = iter(range(10**9))


def _write(out: Path, day: date, papers: int, pool: cycle[Entry]) -> None:
    for section in SECTIONS:
        entries = [_renamed(one, day) for one in islice(pool, papers)]
        write_digest(
            Digest(section=section, date=day, entries=tuple(entries), counts=counts_of(entries, papers)), out
        )


def _renamed(entry: Entry, day: date) -> Entry:
    name = f"{day:%y%m}.{next(_number) % 100_000:05d}"
    return entry.model_copy(
        update={
            "paper": entry.paper.model_copy(update={"id": name}),
            "listing": entry.listing.model_copy(update={"id": name}),
        }
    )


def _next(day: date) -> date:
    day += timedelta(days=1)
    return day if day.weekday() < 5 else day + timedelta(days=7 - day.weekday())


def _run(what: str, out: Path) -> None:
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "tests.benchmarks.bench_site",
        "--build",
        out,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(f"{what}: {done.stdout.strip()}", flush=True)


def _build(out: Path) -> None:
    from digest.config import load
    from digest.publish.site.build import build_site

    result = build_site(load({"run": {"out": out}}))
    own = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{own.ru_utime + own.ru_stime:.2f} s of processor time, {own.ru_maxrss / 1024:.0f} MB; "
        f"{result.pages} pages, {result.written} files written"
    )


if __name__ == "__main__":
    main()
