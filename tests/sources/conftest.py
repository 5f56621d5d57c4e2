"""A loopback server whose answers a test writes byte for byte."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from datetime import date

import pytest

from tests.conftest import Lending
from tests.faulty import Knobs, Server
from tests.sources import invented

Answer = Callable[[str, dict[str, str]], bytes]
"""Path with query, headers in lower case -> the raw answer; an empty one closes the connection."""


class RawServer(socketserver.ThreadingTCPServer):
    """Gives the answers of `answer`, and remembers what was asked."""

    daemon_threads = True
    allow_reuse_address = True
    answer: Answer

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


class _Handler(socketserver.StreamRequestHandler):
    server: RawServer
    timeout = 10

    def handle(self) -> None:
        path = self.rfile.readline().decode().split(" ")[1:2]
        if not path:
            return
        headers: dict[str, str] = {}
        while line := self.rfile.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        self.server.asked.append((path[0], headers))
        self.wfile.write(self.server.answer(path[0], headers))


@pytest.fixture
def raw_server() -> Iterator[RawServer]:
    """A server that answers with what the test puts into its `answer`; one connection a request."""
    with RawServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def response(status: str, body: str | bytes = "", *headers: str, length: int | None = None) -> bytes:
    """An HTTP answer, with a Content-Length that may lie."""
    content = body.encode() if isinstance(body, str) else body
    size = len(content) if length is None else length
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {size}", "Connection: close", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def in_turn(*answers: bytes) -> Answer:
    """Each answer once, the last one for ever."""
    left = list(answers)
    return lambda _path, _headers: left.pop(0) if len(left) > 1 else left[0]


@pytest.fixture(scope="module")
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, lending: Lending
) -> Iterator[Server]:
    """The sample server with the `RECORDS` of the test's module, on the Wednesday that they end with."""
    records = invented.write(request.module.RECORDS, tmp_path_factory.mktemp("invented") / "records.jsonl")
    with lending.start(Knobs(records=(records,), today=date(2026, 1, 28))) as server:
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    running.set()
    return running
