"""How long an offline comparison of two variants takes: python -m tests.benchmarks.bench_evaluate.

Scores, statistics and both reports, after start, for 44 and for 500 papers (the shipped ones, repeated under
other identifiers and days).
"""

from __future__ import annotations

import tempfile
import time
from datetime import timedelta
from pathlib import Path

from digest.evaluate.comparison.compare import compare
from digest.evaluate.comparison.results import load_results
from digest.evaluate.gold.dataset import read, to_jsonl
from digest.evaluate.metrics.scoring import score_run
from digest.evaluate.report.decision import decide
from digest.evaluate.report.report import Candidate, render
from tests.evaluate.support import make_run, published, restyled

GOLD = Path(__file__).parent.parent.parent / "eval" / "gold" / "audio-20260128.jsonl"
LIMITS = {44: 2.0, 500: 10.0}
"""Papers -> seconds that it may take."""


def enlarged(folder: Path, n: int) -> Path:
    """Gold with so many papers."""
    known = read(GOLD).papers
    papers = []
    for index in range(n):
        paper, turn = known[index % len(known)], index // len(known)
        day = None if paper.day is None else paper.day + timedelta(days=turn)
        papers.append(paper.model_copy(update={"id": f"{paper.id}{turn or ''}", "day": day}))
    path = folder / f"gold{n}.jsonl"
    path.write_text(to_jsonl(papers), encoding="utf-8")
    return path


def measure(n: int, folder: Path) -> float:
    """Seconds for one comparison of n papers."""
    file = enlarged(folder, n)
    gold = read(file)
    lines = published(gold)
    other = {name: restyled(line) for name, line in lines.items()}
    run = make_run(folder, file, {"a": [lines], "b": [other]}, name=f"run{n}", scored=False)
    began = time.perf_counter()
    score_run(run)
    results = load_results([run])
    (comparison,) = compare(results, "a", {})
    pages = render(results, "a", None, [Candidate(comparison, decide(comparison), None, {})])
    taken = time.perf_counter() - began
    print(f"n = {n}: {taken:.2f} s, HTML {len(pages['report.html'].encode()) / 1000:.0f} kB")
    return taken


def main() -> None:
    """Measure, and fail where it takes too long."""
    with tempfile.TemporaryDirectory() as folder:
        for n, limit in LIMITS.items():
            if measure(n, Path(folder)) > limit:
                raise SystemExit(f"n = {n}: more than {limit:g} s")


if __name__ == "__main__":
    main()
