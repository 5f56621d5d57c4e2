"""The ledger's figures: a day made again as a whole process, a large ledger beside an empty one, its size.

python -m tests.benchmarks.bench_ledger
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from digest.ledger import FILE_NAME, open_ledger
from digest.ledger.sql.codec import pack, pack_text
from digest.model import Completion, Usage
from tests.faulty import Knobs, Server, start
from tests.ledger.days import DAY, use, write_records
from tests.ledger.test_ledger import NOON

PAPERS = 412
ANSWERS = 100_000
TIMES = 7
SETTINGS = (
    "[checks]\noff-topic = 'off'\nnearer-paper = 'off'\n"
    "other-paper = 'off'\nsame-line = 'off'\nwrong-task = 'off'\n"
)  # the answers to invented papers are no lines of theirs


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records = write_records(folder / "records.jsonl", PAPERS)
        with start(Knobs(records=(records,), synthesize=True)) as server:
            _again(folder, server)
            _large(folder, server)


def _seconds(folder: Path, *words: str) -> float:
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "digest", "run", *words],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OPENAI_API_KEY": "k"},
    )
    return time.perf_counter() - begun


def _again(folder: Path, server: Server) -> None:
    """With texts from PDFs: seconds of the second run, and the size of what is kept."""
    place = _place(folder / "again", server)
    first = _seconds(place)
    server.set()
    again = [_seconds(place, "--date", DAY) for _ in range(TIMES)]
    idle = _seconds_of_imports()
    size = (place / "runs" / FILE_NAME).stat().st_size
    print(f"first run of {PAPERS} papers with PDFs: {first:.1f} s")
    print(f"again: median {statistics.median(again):.2f} s, best {min(again):.2f} s; ", end="")
    print(
        f"requests: {sum(server.stats()['requests'].values())}; imports of typer and pydantic: {idle:.2f} s"
    )
    print(f"ledger: {size / PAPERS / 1000:.1f} KB a paper")


def _seconds_of_imports() -> float:
    """What the machine is worth at the moment."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import typer, pydantic"], check=True)
    return time.perf_counter() - begun


def _large(folder: Path, server: Server) -> None:
    """The same day in an empty ledger and beside many answers, by turns: asked, and made again."""
    asked: dict[str, list[float]] = {"empty": [], "large": []}
    again: dict[str, list[float]] = {"empty": [], "large": []}
    large = _place(folder / "filled", server)
    _fill(large / "runs")
    for number in range(3):
        for name, times in asked.items():
            place = _place(folder / f"{name}{number}", server)
            if name == "large":
                (place / "runs").mkdir()
                (place / "runs" / FILE_NAME).write_bytes((large / "runs" / FILE_NAME).read_bytes())
            times.append(_seconds(place, "--no-pdf"))
            again[name] += [_seconds(place, "--no-pdf", "--date", DAY) for _ in range(3)]
    for what, both in (("asked", asked), ("made again", again)):
        empty, full = (statistics.median(both[name]) for name in ("empty", "large"))
        print(f"{what}: {empty:.2f} s empty, {full:.2f} s beside {ANSWERS:,} answers: {full / empty:.3f}")


def _fill(folder: Path) -> None:
    chance = random.Random(1)
    with open_ledger(folder) as ledger:
        database = ledger.database

        def work() -> None:
            for number in range(ANSWERS):
                key = f"{chance.getrandbits(256):064x}"
                answer = Completion(
                    key=key, model="m", content="答" * 80, usage=Usage(input=900), received=NOON
                )
                request = {"messages": [{"role": "user", "content": chance.randbytes(300).hex()}]}
                database.write(
                    "INSERT INTO completions (key, run, paper, request, completion) VALUES (?, 1, ?, ?, ?)",
                    (key, f"2501.{number:05}", pack_text(json.dumps(request)), pack(answer)),
                )

        database.run_transaction(work)


def _place(path: Path, server: Server) -> Path:
    path.mkdir()
    return use(server, path, SETTINGS)


if __name__ == "__main__":
    main()
