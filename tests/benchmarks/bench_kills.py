"""A back-fill that is killed all the time: the bytes must be those of an undisturbed run on one machine.

    python -m tests.benchmarks.bench_kills [--papers 900] [--days 10] [--latency 0.2]

One back-fill runs on Ray with two nodes, its ledger in PostgreSQL. Evenly over its questions, SIGKILL ends a
worker ten times, a node twice, the driver twice; PostgreSQL is restarted twice, once as after a crash. Each
must land in live work: a worker, a node and a driver are there, and questions come before and after. In the
end, all digests are compared with those of `--engine local`, and the questions at the server with those that
it was asked then: an end of the driver or of PostgreSQL may cost the questions under way, no other any.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tests.faulty import Knobs, Server, start
from tests.ledger.cluster import Cluster, programs, running
from tests.scale.nodes import Nodes, two_nodes
from tests.scale.support import World, digests_in, records_of, working_days, world

AT_ONCE = 4
"""Questions under way at most."""

ORDER = (
    "worker worker postgres worker node worker driver worker "
    "worker node worker postgres worker driver worker worker"
)
BOUND = 900.0
"""Seconds that anything may take."""


def main() -> None:
    """Make the world, run both, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--papers", type=int, default=900)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds of an answer")
    given = parser.parse_args()
    found = programs()
    assert found is not None, "there is no PostgreSQL"
    days = working_days(date(2025, 1, 6), given.days)
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        made = world(Path(temporary) / "world", records_of(days, given.papers // given.days))
        alone, expected = _alone(made, days, Path(temporary) / "alone")
        print(f"local: {len(alone)} files, {sum(expected.values())} questions", flush=True)
        nodes, cluster = stack.enter_context(two_nodes()), stack.enter_context(running(found))
        knobs = Knobs(records=(made.records,), synthesize=True, erring=0.1, latency=given.latency)
        server = stack.enter_context(start(knobs))
        folder = _folder(Path(temporary) / "killed", server)
        words = ["--engine", "ray", "--address", nodes.address, "--workers", "2"]
        command = [*_command(made, days), *words]
        environment = {**_environment(), "DIGEST_LEDGER_URL": cluster.url().get_secret_value()}
        one = _Killed(nodes, cluster, server, lambda: _begin(command, folder, environment), expected)
        one.watch()
        asked, digests = server.stats()["asked"], digests_in(folder / "runs")
    again = {paper: count - expected[paper] for paper, count in asked.items() if count > expected[paper]}
    print(
        f"killed: {len(digests)} files, {sum(asked.values())} questions, {sum(again.values())} of them again"
    )
    assert digests == alone, "other digests"
    assert asked.keys() == expected.keys()
    may = AT_ONCE * sum(kind in {"driver", "postgres"} for kind in one.done)
    assert sum(again.values()) <= may, "more was asked again than was under way"
    print(f"the same bytes; {may} questions might have been asked again")


@dataclass
class _Killed:
    """A back-fill under fire.

    Attributes:
        begin: starts the driver.
        expected: questions of an undisturbed run, by paper.
        done: the kinds of kills.
    """

    nodes: Nodes
    cluster: Cluster
    server: Server
    begin: Callable[[], subprocess.Popen[bytes]]
    expected: dict[str, int]
    done: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Run it to its end."""
        order = ORDER.split()
        every = sum(self.expected.values()) / (len(order) + 1)
        self._driver, began = self.begin(), time.monotonic()
        try:
            for number, kind in enumerate(order, 1):
                self._until(number * every)
                self._kill(kind, f"{time.monotonic() - began:6.1f} s")
                if kind == "node":
                    self._until((number + 0.5) * every)
                    self.nodes.add()
            assert self._driver.wait(BOUND) == 0
            assert self._asked() > (len(order) + 0.5) * every, "no work was left after the last"
        finally:
            self._driver.kill()
            self._driver.wait()

    def _until(self, questions: float) -> None:
        deadline = time.monotonic() + BOUND
        while self._asked() < questions:
            assert self._driver.poll() is None, "it ended before"
            assert time.monotonic() < deadline, "it stands still"
            time.sleep(0.02)  # another process goes on, and tells nobody

    def _kill(self, kind: str, when: str) -> None:
        before = self.server.stats()
        {"worker": self._worker, "node": self.nodes.kill_node, "driver": self._restart_driver}.get(
            kind, self._restart_postgres
        )()
        asked, answered = (sum(before[name].values()) for name in ("asked", "answered"))
        self.done.append(kind)
        print(f"{when}  {kind:<8}  after {asked} questions, {asked - answered} under way", flush=True)

    def _worker(self) -> None:
        alive = self.nodes.workers("PaperWorker")
        deadline = time.monotonic() + BOUND
        while not alive and time.monotonic() < deadline:
            time.sleep(0.02)  # another process goes on, and tells nobody
            alive = self.nodes.workers("PaperWorker")
        os.kill(alive[len(self.done) % len(alive)], signal.SIGKILL)

    def _restart_driver(self) -> None:
        assert self._driver.poll() is None
        self._driver.kill()
        self._driver.wait()
        self._driver = self.begin()

    def _restart_postgres(self) -> None:
        self.cluster.stop("immediate" if len(self.done) > 5 else "fast")
        self.cluster.start()

    def _asked(self) -> int:
        return sum(self.server.stats()["asked"].values())


def _alone(made: World, days: list[date], folder: Path) -> tuple[dict[str, bytes], dict[str, int]]:
    """The digests of a local run, and its questions by paper."""
    with start(Knobs(records=(made.records,), synthesize=True, erring=0.1)) as server:
        assert _begin(_command(made, days), _folder(folder, server), _environment()).wait(BOUND) == 0
        return digests_in(folder / "runs"), server.stats()["asked"]


def _begin(command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)


def _command(made: World, days: list[date]) -> list[str]:
    span = ["--from", str(days[0]), "--to", str(days[-1]), "--concurrency", str(AT_ONCE)]
    source = ["--metadata", str(made.snapshot), "--mirror", str(made.mirror)]
    return [sys.executable, "-m", "digest", "backfill", *span, *source, "--json"]


def _environment() -> dict[str, str]:
    return {**os.environ, "OPENAI_API_KEY": "sample"}


def _folder(folder: Path, server: Server) -> Path:
    folder.mkdir()
    addresses = "".join(f'{name} = "{server.url}"\n' for name in ("pages", "api", "feed", "pdf"))
    (folder / "digest.toml").write_text(
        f'[arxiv]\n{addresses}[model]\nname = "m"\nbase_url = "{server.url}/v1"\n'
        '[run]\nsections = ["audio"]\n[site]\nenabled = false\n',
        encoding="utf-8",
    )
    return folder


if __name__ == "__main__":
    main()
