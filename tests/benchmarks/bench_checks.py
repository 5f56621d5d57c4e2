"""What the checks cost: processor time a line, with the paper taken apart anew for every line.

Run by hand: python -m tests.benchmarks.bench_checks DIGEST.md ...
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from digest.cli.lint import lint_files
from digest.publish.markdown_parser import parse
from digest.summarize.checks import Source, about, check, source_of


def main(paths: list[Path]) -> None:
    """Print the mean and the largest cost of `check` and `about`, and of linting each file."""
    checked: list[float] = []
    compared: list[float] = []
    for path in paths:
        entries = parse(path.read_text(encoding="utf-8"), str(path)).entries
        batch = [source_of(entry.paper) for entry in entries]
        for entry, source in zip(entries, batch, strict=True):
            if entry.summary:
                fresh = Source(source.title, source.abstract, comments=source.comments)
                started = time.process_time()
                check(entry.summary.line, fresh)
                between = time.process_time()
                about(entry.summary.line, source, batch)
                compared.append(time.process_time() - between)
                checked.append(between - started)
        started = time.process_time()
        rows = lint_files([path])
        seconds = time.process_time() - started
        print(f"{path.name}: {len(entries)} papers, {len(rows)} findings, linted in {seconds:.2f} s")
    for name, times in (("check", checked), ("about", compared)):
        mean, middle = 1e3 * sum(times) / len(times), 1e3 * sorted(times)[len(times) // 2]
        print(f"{name}: mean {mean:.2f} ms, median {middle:.2f} ms, most {1e3 * max(times):.1f} ms")


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
