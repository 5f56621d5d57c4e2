"""How long a day of 1,500 papers takes to read and merge: `python -m tests.benchmarks.large_day`."""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import date
from pathlib import Path

from digest.sample.data import SampleData
from digest.sample.knobs import Knobs
from digest.sample.pages import listing
from digest.sources.arxiv.category_day import join_pages, merge
from digest.sources.arxiv.listing_parse import parse_listing
from tests.sources import invented

DAY = date(2026, 1, 28)
SIZE = 1500
ABSTRACT = "We study how voices sound in rooms, and show that $\\alpha < 1$ holds there and elsewhere. " * 15
ABSTRACT += "Code is at https://example.org/x."


def main() -> None:
    """Make the pages, then time reading them."""
    authors = [f"Given Family{n}" for n in range(8)]
    records = [
        invented.record(
            number,
            DAY,
            ("new", "cross", "replaced")[number % 3],
            abstract=ABSTRACT,
            authors=authors,
            categories=[["cs.SD", "eess.AS"], ["cs.SD"], ["eess.AS", "cs.LG"], ["cs.CL", "cs.SD"]][
                number % 4
            ],
        )
        for number in range(1, SIZE + 1)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = invented.write(records, Path(folder) / "records.jsonl")
        knobs = Knobs(records=(path,), today=DAY)
        library = SampleData(knobs)
        pages = {category: listing(library, knobs, category, "", "") for category in ("cs.SD", "eess.AS")}
    times = []
    for _ in range(7):
        begun = time.perf_counter()
        days = [join_pages(category, [parse_listing(text, category)]) for category, text in pages.items()]
        listings, papers = merge(days)
        times.append(time.perf_counter() - begun)
    assert len(listings) == len(papers) == SIZE
    entries = sum(len(one.listings) for one in days)
    size = sum(len(text) for text in pages.values()) / 1e6
    print(
        f"{SIZE} papers, {entries} entries in {len(pages)} categories, {size:.1f} MB of pages: "
        f"median {statistics.median(times):.2f} s, slowest {max(times):.2f} s of {len(times)}"
    )


if __name__ == "__main__":
    main()
