"""What the checks cost: processor time a line, with the paper taken apart anew for every line.

Run by hand: python -m tests.benchmarks.bench_checks DIGEST.md ...
A day of 400 papers is made of the papers of all digests that are given, new copies of them if need be.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from digest.cli.lint import lint_files
from digest.publish.markdown_parser import parse
from digest.summarize.checks import PaperIndex, Source, about, check, source_of

_PAPERS = 400


def main(paths: list[Path]) -> None:
    """Print the cost of linting, and of all rules on a day of 400 papers, right and wrong."""
    lines: list[tuple[str, Source]] = []
    lint_files(paths[:1])  # what is loaded once
    for path in paths:
        started = time.process_time()
        rows = lint_files([path])
        seconds = time.process_time() - started
        entries = parse(path.read_text(encoding="utf-8"), str(path)).entries
        lines += [(entry.summary.line, source_of(entry.paper)) for entry in entries if entry.summary]
        cost = 1e3 * seconds / max(len(entries), 1)
        print(
            f"{path.name}: {len(entries)} papers, {len(rows)} findings, {cost:.2f} ms a line with its reading"
        )
    day = [lines[place % len(lines)] for place in range(_PAPERS)]
    _measure("each line beside its paper", day)
    swapped = [(line, source) for (line, _), (_, source) in zip(day, day[7:] + day[:7], strict=True)]
    _measure("each line beside another paper", swapped)


def _measure(name: str, day: list[tuple[str, Source]]) -> None:
    """Print the cost of `check`, of `about` and of both, for a day whose papers nothing has read yet."""
    batch = PaperIndex(Source(source.title, source.abstract, comments=source.comments) for _, source in day)
    checked: list[float] = []
    compared: list[float] = []
    for (line, _), source in zip(day, batch, strict=True):
        started = time.process_time()
        check(line, source)
        between = time.process_time()
        about(line, source, batch)
        compared.append(time.process_time() - between)
        checked.append(between - started)
    both = [a + b for a, b in zip(checked, compared, strict=True)]
    print(f"{name}:")
    for part, times in (("check", checked), ("about", compared), ("both", both)):
        mean, middle = 1e3 * sum(times) / len(times), 1e3 * sorted(times)[len(times) // 2]
        print(f"  {part}: mean {mean:.2f} ms, median {middle:.2f} ms, most {1e3 * max(times):.1f} ms")


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
