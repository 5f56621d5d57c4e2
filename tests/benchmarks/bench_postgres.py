"""A ledger in PostgreSQL beside one in a file: milliseconds an answer, and how fast and flat copying is.

python -m tests.benchmarks.bench_postgres [ROWS]
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from digest.ledger import Where, open_database, open_ledger
from digest.ledger.sql.codec import pack, pack_text
from digest.ledger.sql.copy import copy
from digest.model import Completion, Usage
from tests.ledger.cluster import programs, running

ANSWERS = 300
_CHANCE = random.Random(1)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    found = programs()
    assert found is not None, "no PostgreSQL server is installed"
    with tempfile.TemporaryDirectory() as name, running(found) as cluster:
        cluster.sql("ALTER SYSTEM SET fsync = on")
        cluster.sql("SELECT pg_reload_conf()")
        place, server = Path(name), cluster.fresh()
        for what, where in (("file", place / "a"), ("PostgreSQL", cluster.fresh())):
            wall, cpu = _timed(lambda where=where: _ask(where))  # type: ignore[misc]
            print(
                f"{what}: {1000 * wall / ANSWERS:.1f} ms an answer, {1000 * cpu / ANSWERS:.1f} of processor"
            )
        _fill(place / "large", rows)
        for source, target in ((place / "large", server), (server, place / "back")):
            before = _peak()
            wall, cpu = _timed(lambda source=source, target=target: _copy(source, target))  # type: ignore[misc]
            print(
                f"{rows:,} answers copied: {wall:.1f} s, {cpu:.1f} of processor, {_peak() - before} MB more"
            )


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _ask(where: Where) -> None:
    """What one question takes of the ledger."""
    with open_ledger(where) as ledger:
        run = ledger.begin("run")
        for number in range(ANSWERS):
            answer = _answer()
            ledger.claim(answer.key)
            ledger.completion(answer.key)
            ledger.event(run, "ask", "answered", str(number))
            ledger.keep(answer, {"content": _CHANCE.randbytes(3000).hex()}, run, str(number))
            ledger.release(answer.key)
        ledger.finish(run, "complete", {})


def _answer() -> Completion:
    key = f"{_CHANCE.getrandbits(256):064x}"
    return Completion(
        key=key, model="m", content="答" * 80, usage=Usage(input=900), received=datetime.now(UTC)
    )


def _fill(where: Where, rows: int) -> None:
    with open_database(where) as database:
        sql = "INSERT INTO completions (key, run, paper, request, completion) VALUES (?, 1, ?, ?, ?)"

        def work() -> None:
            for number in range(rows):
                answer = _answer()
                asked = pack_text(_CHANCE.randbytes(2000).hex())
                database.write(sql, (answer.key, str(number), asked, pack(answer)))

        database.run_transaction(work)


def _copy(source: Where, target: Where) -> None:
    with open_database(source, to_read=True) as one, open_database(target) as other:
        copy(one, other)


if __name__ == "__main__":
    main()
