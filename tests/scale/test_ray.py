"""`digest backfill --engine ray`: two nodes on this machine make the same bytes, whoever dies on the way."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from digest.sample.pdf import typeset
from tests.conftest import Lending, Start, use
from tests.faulty import Knobs, Server
from tests.ledger.cluster import Cluster
from tests.scale.gateway import gateway
from tests.scale.nodes import Nodes, two_nodes
from tests.scale.support import World, digests_in, records_of, working_days, world

pytestmark = pytest.mark.slow

DAYS = working_days(date(2025, 1, 6), 10)
EACH = 20
ALL = len(DAYS) * EACH
AT_ONCE = 4
BOUND = 300


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    pytest.importorskip("ray", reason="ray is not installed: pip install -e '.[scale]' has it")
    with two_nodes() as running:
        yield running


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> World:
    """200 papers over ten days."""
    return world(tmp_path_factory.mktemp("old"), records_of(DAYS, EACH))


@pytest.fixture
def server(old: World, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch) -> Server:
    started = sample_server(records=(old.records,), synthesize=True, erring=0.1)
    use(started, folder, monkeypatch, "[model.price]\ninput = 1.0\noutput = 2.0\n")
    return started


@dataclass(frozen=True)
class Alone:
    digests: dict[str, bytes]
    asked: dict[str, int]


Begin = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def begin(old: World) -> Iterator[Begin]:
    """Starts a back-fill of all days in a process of its own."""
    running: list[subprocess.Popen[str]] = []

    def started(
        out: str, *words: str, days: tuple[date, date] = (DAYS[0], DAYS[-1])
    ) -> subprocess.Popen[str]:
        job = ("backfill", "--from", str(days[0]), "--to", str(days[1]), "--out", out, "--json", *words)
        source = ("--metadata", str(old.snapshot), "--concurrency", str(AT_ONCE))
        command = [sys.executable, "-m", "digest", *job, *source]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(process)
        return process

    yield started
    for process in running:
        stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def ended(process: subprocess.Popen[str]) -> Any:
    """What a back-fill says in the end: JSON, and nothing of Ray."""
    out, err = process.communicate(timeout=BOUND)
    assert process.returncode == 0, err
    assert err == ""
    return json.loads(out)


def asked(server: Server) -> int:
    return sum(server.stats()["asked"].values())


def on_ray(nodes: Nodes, old: World) -> tuple[str, ...]:
    return ("--engine", "ray", "--address", nodes.address, "--workers", "2", "--mirror", str(old.mirror))


@pytest.fixture(scope="module")
def alone(old: World, lending: Lending, tmp_path_factory: pytest.TempPathFactory) -> Alone:
    """What this machine makes without Ray."""
    folder = tmp_path_factory.mktemp("alone")
    with lending.start(Knobs(records=(old.records,), synthesize=True, erring=0.1)) as server:
        with pytest.MonkeyPatch.context() as patch:
            use(server, folder, patch)
        words = ("--metadata", str(old.snapshot), "--mirror", str(old.mirror), "--quiet")
        span = ("--from", str(DAYS[0]), "--to", str(DAYS[-1]))
        command = [sys.executable, "-m", "digest", "backfill", *span, *words]
        environment = {**os.environ, "OPENAI_API_KEY": "sk-not-to-be-seen"}
        subprocess.run(command, cwd=folder, env=environment, check=True, timeout=BOUND)
        return Alone(digests_in(folder / "runs"), server.stats()["asked"])


def test_two_nodes_make_the_same_bytes_and_ask_the_same_questions(
    nodes: Nodes, old: World, server: Server, folder: Path, begin: Begin, alone: Alone
) -> None:
    made = ended(begin("ray", *on_ray(nodes, old)))
    assert len(made["days"]) == len(DAYS)
    assert digests_in(folder / "ray") == alone.digests
    stats = server.stats()
    assert stats["asked"] == alone.asked
    assert stats["peak"] <= AT_ONCE
    assert set(stats["requests"]) == {"chat"}
    assert sum(day["papers"] for day in made["days"]) == ALL
    assert sum(day["asked"] for day in made["days"]) == asked(server)


def test_workers_a_node_services_and_the_driver_are_killed_and_the_bytes_are_the_same(
    nodes: Nodes, old: World, server: Server, folder: Path, begin: Begin, alone: Alone
) -> None:
    server.set(records=(old.records,), synthesize=True, erring=0.1, latency=0.05)
    kills: list[tuple[int, Callable[[], None]]] = [
        *((place, lambda: _kill(nodes.workers("PaperWorker")[:1])) for place in (10, 25, 40, 55)),
        (70, nodes.kill_node),
        (85, nodes.add),
        (100, lambda: _kill(nodes.workers("_Host"))),
        (115, lambda: _kill(nodes.workers("PaperWorker"))),
    ]
    job = ("killed", *on_ray(nodes, old))
    running = begin(*job)
    drivers = [130, 160]
    deadline = time.monotonic() + BOUND
    while running.poll() is None and time.monotonic() < deadline:
        seen = asked(server)
        while kills and seen >= kills[0][0]:
            kills.pop(0)[1]()
        if drivers and seen >= drivers[0]:
            drivers.pop(0)
            stop(running)
            running = begin(*job)
        time.sleep(0.02)  # a look at another process, which tells nobody
    ended(running)
    assert not kills
    assert not drivers
    assert digests_in(folder / "killed") == alone.digests
    assert asked(server) <= sum(alone.asked.values()) + 11 * AT_ONCE


def test_a_ledger_in_postgresql_is_restarted_and_the_bytes_are_the_same(
    nodes: Nodes,
    old: World,
    server: Server,
    folder: Path,
    begin: Begin,
    alone: Alone,
    cluster: Cluster,
    postgres: SecretStr,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.set(records=(old.records,), synthesize=True, erring=0.1, latency=0.05)
    monkeypatch.setenv("DIGEST_LEDGER_URL", postgres.get_secret_value())
    five = (DAYS[0], DAYS[4])

    def restart(mode: str) -> None:
        cluster.stop(mode)
        cluster.start()

    kills: list[tuple[int, Callable[[], None]]] = [
        (15, lambda: restart("fast")),
        (40, lambda: _kill(nodes.workers("PaperWorker")[:1])),
        (55, lambda: restart("immediate")),
    ]
    running = begin("shared", *on_ray(nodes, old), days=five)
    deadline = time.monotonic() + BOUND
    while running.poll() is None and time.monotonic() < deadline:
        while kills and asked(server) >= kills[0][0]:
            kills.pop(0)[1]()
        time.sleep(0.02)  # a look at another process, which tells nobody
    ended(running)
    assert not kills
    made = digests_in(folder / "shared")
    assert len(made) == 5 * 3
    assert made.items() <= alone.digests.items()
    assert not list((folder / "shared").glob("*.sqlite3"))
    assert asked(server) <= _questions(alone, 5) + 3 * AT_ONCE


def _kill(processes: Iterable[int]) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):  # the service of a driver before may just have ended
            os.kill(process, signal.SIGKILL)


def test_a_full_window_slows_all_workers(nodes: Nodes, old: World, server: Server, begin: Begin) -> None:
    server.set(records=(old.records,), synthesize=True, window=(15, 2.0))
    made = ended(begin("window", *on_ray(nodes, old), days=(DAYS[0], DAYS[1])))
    assert sum(day["summarised"] for day in made["days"]) == 2 * EACH
    assert (
        server.stats()["too_many"] <= 3 * AT_ONCE
    )  # not once a question, and not once a worker and question


def test_an_endpoint_that_goes_away_is_waited_for_and_the_bytes_are_the_same(
    nodes: Nodes, old: World, server: Server, folder: Path, begin: Begin, alone: Alone
) -> None:
    """For twenty seconds; `test_services` has the ten minutes, with another clock."""
    server.set(records=(old.records,), synthesize=True, erring=0.1, latency=0.05)
    five = (DAYS[0], DAYS[4])
    with gateway(int(server.url.rpartition(":")[2])) as before:
        _set(folder, f'base_url = "{server.url}/v1"', f'base_url = "{before.url}/v1"')
        running = begin("away", *on_ray(nodes, old), days=five)
        _until(lambda: asked(server) >= 30, running)
        before.down()
        time.sleep(1)  # what was under way arrives
        there = asked(server)
        time.sleep(20)  # long enough for a question that should not be asked
        assert running.poll() is None
        assert asked(server) == there
        before.up()
        ended(running)
    made = digests_in(folder / "away")
    assert len(made) == 5 * 3
    assert made.items() <= alone.digests.items()
    assert asked(server) <= _questions(alone, 5) + AT_ONCE


def test_the_limit_of_a_minute_holds_whoever_is_killed(
    nodes: Nodes, old: World, server: Server, folder: Path, begin: Begin, alone: Alone
) -> None:
    a_minute = 30
    window = (a_minute, 40.0)  # on a busy machine a question may be on its way for 20 s more than another
    server.set(records=(old.records,), synthesize=True, erring=0.1, latency=0.05, window=window)
    _set(folder, "[model]\n", f"[model]\nrequests_per_minute = {a_minute}\n")
    two = (DAYS[0], DAYS[1])
    others = set(nodes.workers("_Host"))  # of drivers before, which may end at any time
    running = begin("limited", *on_ray(nodes, old), days=two)
    _until(lambda: asked(server) >= 4, running)
    _kill(nodes.workers("PaperWorker"))
    _until(lambda: asked(server) >= 8, running)
    services = set(nodes.workers("_Host")) - others
    stop(running)  # the services live on, and know what was sent
    running = begin("limited", *on_ray(nodes, old), days=two)
    _until(lambda: asked(server) >= 16, running)
    assert set(nodes.workers("_Host")) - others == services
    _kill(services)  # those that come after them do not, and wait
    ended(running)
    assert digests_in(folder / "limited").items() <= alone.digests.items()
    assert server.stats()["too_many"] == 0
    assert asked(server) <= _questions(alone, 2) + 2 * AT_ONCE


def _set(folder: Path, old: str, new: str) -> None:
    settings = folder / "digest.toml"
    text = settings.read_text(encoding="utf-8")
    assert old in text
    settings.write_text(text.replace(old, new), encoding="utf-8")


def _until(there: Callable[[], bool], running: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + BOUND
    while not there():
        assert running.poll() is None, "it ended before"
        assert time.monotonic() < deadline
        time.sleep(0.02)  # a look at another process, which tells nobody


def _questions(alone: Alone, days: int) -> int:
    """Those about the papers of the first so many days."""
    papers = {one.id for one in records_of(DAYS[:days], EACH)}
    return sum(number for paper, number in alone.asked.items() if paper in papers)


def test_batches_are_handed_in_and_collected_with_workers_too(
    nodes: Nodes, old: World, server: Server, folder: Path, begin: Begin, alone: Alone
) -> None:
    two = (DAYS[0], DAYS[1])
    server.set(records=(old.records,), synthesize=True, erring=0.1, batch_looks=1)
    given = ended(begin("half", *on_ray(nodes, old), "--batch", days=two))
    assert {day["state"] for day in given["days"]} == {"submitted"}
    ended(begin("half", *on_ray(nodes, old), "--wait", days=two))
    made = digests_in(folder / "half")
    assert len(made) == 6
    assert made.items() <= alone.digests.items()


class _Pdfs(ThreadingHTTPServer):
    """Serves one PDF slowly, and counts requests under way and connections open.

    What the other side has closed counts no longer, although its thread may not have run since.
    """

    daemon_threads = True

    def __init__(self, content: Callable[[str], bytes]) -> None:
        self.content = content
        self.lock = threading.Lock()
        self.peak = self.served = self.most_connections = 0
        self._busy: dict[socket.socket, bool] = {}
        super().__init__(("127.0.0.1", 0), _Handler)

    def note(self, connection: socket.socket, *, busy: bool) -> None:
        """A connection is open, with or without a request under way."""
        with self.lock:
            self._busy[connection] = busy
            there = [busy for one, busy in self._busy.items() if not _closed(one)]
            self.peak = max(self.peak, sum(there))
            self.most_connections = max(self.most_connections, len(there))

    def forget(self, connection: socket.socket) -> None:
        """A connection is over."""
        with self.lock:
            del self._busy[connection]


def _closed(connection: socket.socket) -> bool:
    """True if the other side has closed a connection, on which it has nothing more to say before."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:  # reset
        return True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Pdfs

    def handle(self) -> None:
        self.server.note(self.connection, busy=False)
        try:
            super().handle()
        finally:
            self.server.forget(self.connection)

    def do_GET(self) -> None:
        self.server.note(self.connection, busy=True)
        with self.server.lock:
            self.server.served += 1
        time.sleep(0.02)  # so that requests of several connections overlap
        body = self.server.content(self.path.rpartition("/")[2])
        self.server.note(self.connection, busy=False)
        self.send_response(200)
        self.send_header("Content-Type", "application/pdf")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as it is called
        pass


@pytest.mark.parametrize("killed", [False, True])
def test_all_workers_ask_arxiv_over_one_connection(
    nodes: Nodes, old: World, server: Server, folder: Path, begin: Begin, alone: Alone, *, killed: bool
) -> None:
    papers = {f"{one.id}v1": one for one in records_of(DAYS, EACH)}
    arxiv = _Pdfs(lambda name: typeset(papers[name]))
    threading.Thread(target=arxiv.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{arxiv.server_address[1]}"
        _set(folder, f'pdf = "{server.url}"', f'pdf = "{address}"')
        words = ("--engine", "ray", "--address", nodes.address, "--workers", "2", "--fetch-pdfs")
        running = begin("fetched", *words, days=(DAYS[0], DAYS[1]))
        if killed:
            _until(lambda: arxiv.served >= 10, running)
            _kill(nodes.workers("PaperWorker"))
        ended(running)
    finally:
        arxiv.shutdown()
        arxiv.server_close()
    assert digests_in(folder / "fetched").items() <= alone.digests.items()
    assert (arxiv.peak, arxiv.most_connections) == (1, 1)
    again = 2 * 3 if killed else 0  # what the dead workers had asked for
    assert 2 * EACH <= arxiv.served <= 2 * EACH + again


def test_the_first_of_two_on_one_folder_leaves_the_services_to_the_other(
    nodes: Nodes, old: World, server: Server, folder: Path, begin: Begin, alone: Alone
) -> None:
    server.set(records=(old.records,), synthesize=True, erring=0.1, latency=0.2)
    one = (*on_ray(nodes, old), "--workers", "1")  # there is a core for each
    first = begin("both", *one, days=(DAYS[0], DAYS[0]))
    second = begin("both", *one, days=(DAYS[1], DAYS[4]))
    ended(first)
    services = nodes.workers("_Host")
    assert second.poll() is None
    ended(second)
    assert set(nodes.workers("_Host")) <= set(services)  # none had to be started again
    made = digests_in(folder / "both")
    assert len(made) == 5 * 3
    assert made.items() <= alone.digests.items()
    assert asked(server) == _questions(alone, 5)


def test_a_cluster_that_is_not_there_is_said_in_a_sentence(
    nodes: Nodes, begin: Begin, server: Server
) -> None:
    process = begin("none", "--engine", "ray", "--address", "127.0.0.1:9")
    _, err = process.communicate(timeout=BOUND)
    assert process.returncode == 2
    assert "There is no Ray cluster at 127.0.0.1:9" in err
    assert "Traceback" not in err
