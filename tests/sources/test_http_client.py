from __future__ import annotations

import asyncio
import socket
import threading
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest

from digest import __version__
from digest.sources.http_client import Http
from digest.sources.http_responses import Page, snapshot_of
from digest.system.errors import SourceError, TooLargeError, UnavailableError, UnreachableError
from tests.ledger.memory import MemoryLedger
from tests.sources.conftest import RawServer, in_turn, response
from tests.sources.support import Clock, addresses, morning, run_with_http

NOW = datetime(2026, 1, 28, 15, tzinfo=UTC)
GOOD = response("200 OK", "all is well")


def get(server: RawServer, clock: Clock | None = None, **options: Any) -> Page:
    async def use(http: Http) -> Page:
        return await http.get(f"{server.url}/page")

    return run_with_http(server.url, use, clock=clock or Clock(NOW), **options)


def test_says_who_it_is(raw_server: RawServer) -> None:
    raw_server.answer = in_turn(GOOD)
    assert get(raw_server).text == "all is well"
    assert (
        raw_server.asked[0][1]["user-agent"] == f"bilingual-arxiv-digest/{__version__} (somebody@example.org)"
    )


def test_a_contact_cannot_break_the_header(raw_server: RawServer) -> None:
    raw_server.answer = in_turn(GOOD)

    async def main() -> None:
        settings = addresses(raw_server.url, contact="张三\r\nX-Evil: 1 <a@example.org>")
        async with Http(settings) as http:
            await http.get(raw_server.url)

    asyncio.run(main())
    assert raw_server.asked[0][1]["user-agent"].endswith("(X-Evil: 1 <a@example.org>)")
    assert "x-evil" not in raw_server.asked[0][1]


@pytest.mark.parametrize(
    "bad",
    [
        response("429 Too Many Requests", "Rate exceeded."),
        response("200 OK", "Rate exceeded."),
        response("200 OK", ""),
        response("406 Not Acceptable"),
        response("500 Internal Server Error", "oops"),
        response("503 Service Unavailable", "oops"),
        response("200 OK", "half of", length=100),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"",
    ],
    ids=["429", "rate-exceeded", "empty", "406", "500", "503", "truncated", "chunk-missing", "closed"],
)
def test_failures_that_pass(raw_server: RawServer, bad: bytes) -> None:
    raw_server.answer = in_turn(bad, bad, GOOD)
    clock = Clock(NOW)
    assert get(raw_server, clock).text == "all is well"
    assert len(raw_server.asked) == 3
    first, second = clock.waits
    assert 0.1 <= first <= 0.15
    assert 0.2 <= second <= 0.25


@pytest.mark.parametrize(
    "bad", [response("503 Service Unavailable"), response("200 OK", "Rate exceeded."), b""]
)
def test_failures_that_stay_end_with_a_sentence(raw_server: RawServer, bad: bytes) -> None:
    raw_server.answer = in_turn(bad)
    with pytest.raises(UnreachableError, match=r"/page: no usable answer in 5 tries: .*try again later"):
        get(raw_server)
    assert len(raw_server.asked) == 5


def test_no_connection_is_an_answer_too() -> None:
    with RawServer() as server:
        pass  # nobody listens there any more
    with pytest.raises(UnreachableError, match="no connection"):
        get(server)


def gone(*_: object, **__: object) -> None:
    raise socket.gaierror(-2, "Name or service not known")


@pytest.mark.parametrize(
    ("url", "proxy", "words"),
    [
        ("http://arxiv.example", "", r"its name cannot be resolved \(DNS\)"),
        ("http://127.0.0.1:1", "", "connection refused"),
        (
            "https://arxiv.example",
            "http://me:secret@127.0.0.1:1",
            r"through the proxy http://\*\*\*@127.0.0.1:1 ",
        ),
    ],
)
def test_offline_ends_in_seconds_and_says_why(
    url: str, proxy: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    if not proxy:
        monkeypatch.setattr(socket, "getaddrinfo", gone)
    clock, said = Clock(NOW), list[str]()

    async def use(http: Http) -> None:
        with pytest.raises(UnreachableError, match=words):
            await http.get(f"{url}/one")
        with pytest.raises(UnreachableError, match=f"not asked, .*{words}"):
            await http.get(f"{url}/two")

    run_with_http(url, use, clock=clock, say=said.append)
    assert sum(clock.waits) <= 5
    assert not said  # the error says it


def test_a_certificate_that_is_none_is_told_at_once(raw_server: RawServer) -> None:
    raw_server.answer = in_turn(GOOD)
    clock = Clock(NOW)

    async def use(http: Http) -> Page:
        return await http.get(raw_server.url.replace("http://", "https://"))

    with pytest.raises(UnreachableError, match=r"TLS failed: .*Check the network and its proxy"):
        run_with_http("https://127.0.0.1:1", use, clock=clock)
    assert sum(clock.waits) <= 5


def test_trouble_in_mid_run_is_waited_for(raw_server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    raw_server.answer = in_turn(GOOD)
    clock, said = Clock(NOW), list[str]()

    async def use(http: Http) -> None:
        await http.get(f"{raw_server.url}/one")
        monkeypatch.setattr(socket, "getaddrinfo", gone)
        with pytest.raises(UnreachableError, match=r"5 tries: no connection \(.*DNS"):
            await http.get("http://arxiv.example/two")

    run_with_http(raw_server.url, use, clock=clock, say=said.append)
    assert sum(clock.waits) > 30
    assert "DNS" in said[0]


def test_silence_ends(raw_server: RawServer) -> None:
    over = threading.Event()
    raw_server.answer = lambda _path, _headers: b"" if over.wait(5) else GOOD
    with pytest.raises(UnreachableError, match="took too long"):
        get(raw_server, read=0.05, attempts=2)
    over.set()


@pytest.mark.parametrize("value", ["120", format_datetime(NOW + timedelta(seconds=120), usegmt=True)])
def test_retry_after_is_honoured(raw_server: RawServer, value: str) -> None:
    raw_server.answer = in_turn(response("429 Too Many Requests", "", f"Retry-After: {value}"), GOOD)
    clock = Clock(NOW)
    said: list[str] = []
    get(raw_server, clock, say=said.append)
    assert clock.waits == [120]
    where = raw_server.url.removeprefix("http://")
    assert said == [f"{where}: HTTP 429; trying again in 120 s (try 1 of 5)"]


@pytest.mark.parametrize("value", ["soon", "-5", "Wed, 99 Foo 2026"])
def test_a_senseless_retry_after_is_none(raw_server: RawServer, value: str) -> None:
    raw_server.answer = in_turn(response("503 Busy", "", f"Retry-After: {value}"), GOOD)
    clock = Clock(NOW)
    get(raw_server, clock)
    assert 0.1 <= clock.waits[0] <= 0.15


def test_a_long_retry_after_is_not_waited_for(raw_server: RawServer) -> None:
    raw_server.answer = in_turn(response("503 Busy", "", "Retry-After: 7200"))
    clock = Clock(NOW)
    with pytest.raises(UnreachableError, match="not to be asked again for 120 minutes"):
        get(raw_server, clock)
    assert clock.waits == []
    assert len(raw_server.asked) == 1


def test_the_budget_ends_a_run_of_failures(raw_server: RawServer) -> None:
    raw_server.answer = in_turn(response("503 Busy", "", "Retry-After: 40"))
    clock = Clock(NOW)

    async def use(http: Http) -> list[str]:
        said = []
        for number in range(5):
            with pytest.raises(UnreachableError) as error:
                await http.get(f"{raw_server.url}/{number}")
            said.append(str(error.value))
        return said

    run_with_http(raw_server.url, use, clock=clock, budget=100)
    assert sum(clock.waits) <= 100
    assert len(raw_server.asked) < 10


def test_refusals_are_answers(raw_server: RawServer) -> None:
    raw_server.answer = in_turn(response("400 Bad Request", "<h1>Invalid date</h1>"))
    page = get(raw_server)
    assert (page.status, page.text) == (400, "<h1>Invalid date</h1>")
    assert len(raw_server.asked) == 1


def test_endless_redirects_end(raw_server: RawServer) -> None:
    raw_server.answer = in_turn(response("302 Found", "", f"Location: {raw_server.url}/again"))
    with pytest.raises(SourceError, match="cannot be asked"):
        get(raw_server)
    assert len(raw_server.asked) <= 7


@pytest.mark.parametrize("url", ["arxiv.org/list", "ftp://127.0.0.1/x", "http://127.0.0.1:port/"])
def test_an_address_that_is_none_is_not_tried_again(url: str) -> None:
    clock = Clock(NOW)
    with pytest.raises(UnreachableError, match="cannot be asked"):
        run_with_http("http://127.0.0.1", lambda http: http.get(url), clock=clock)
    assert clock.waits == []


def test_what_was_checked_is_asked_for_conditionally(raw_server: RawServer) -> None:
    fresh = response("200 OK", "the page", 'ETag: "1"', "Last-Modified: Wed, 28 Jan 2026 01:00:00 GMT")
    raw_server.answer = lambda _path, headers: (
        response("304 Not Modified", "", 'ETag: "1"') if "if-none-match" in headers else fresh
    )
    snapshots = MemoryLedger()

    async def twice(http: Http) -> tuple[Page, Page, Page]:
        first = await http.get(f"{raw_server.url}/list")
        second = await http.get(f"{raw_server.url}/list")
        label = {"category": "cs.SD", "date": date(2026, 1, 28)}
        snapshots.put(snapshot_of(second).model_copy(update=label))
        return first, second, await http.get(f"{raw_server.url}/list")

    first, second, third = run_with_http(raw_server.url, twice, snapshots=snapshots)
    assert first.text == second.text == third.text == "the page"
    sent = [headers.get("if-none-match") for _, headers in raw_server.asked]
    assert sent == [None, None, '"1"']  # only what was found complete is trusted
    assert raw_server.asked[2][1]["if-modified-since"] == "Wed, 28 Jan 2026 01:00:00 GMT"
    kept = snapshots.get(f"{raw_server.url}/list")
    assert kept is not None
    assert kept.date == date(2026, 1, 28)


class _Counting(httpx2.AsyncBaseTransport):
    """Answers everything, and notes when each host was asked and how many requests overlap."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.times: dict[str, list[datetime]] = {}
        self.open = self.most_open = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.times.setdefault(request.url.host, []).append(self.clock.now)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        await asyncio.sleep(0)
        self.open -= 1
        return httpx2.Response(200, text="fine")


def test_hosts_are_given_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(NOW)
    transport = _Counting(clock)
    real = httpx2.AsyncClient
    monkeypatch.setattr(
        httpx2, "AsyncClient", lambda **options: real(**{**options, "mounts": {"all://": transport}})
    )

    async def main() -> None:
        from digest.config import ArxivSettings

        async with Http(ArxivSettings(), sleep=clock.sleep, clock=clock) as http:
            await asyncio.gather(*(http.get(f"https://arxiv.org/list/{n}") for n in range(3)))
            await asyncio.gather(*(http.get(f"https://export.arxiv.org/api/{n}") for n in range(3)))

    asyncio.run(main())
    gaps = {
        host: [(b - a).total_seconds() for a, b in pairwise(times)] for host, times in transport.times.items()
    }
    assert gaps == {"arxiv.org": [15, 15], "export.arxiv.org": [3, 3]}
    assert transport.most_open == 1


def test_proxies_are_for_the_world_only(raw_server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    raw_server.answer = in_turn(GOOD)
    assert get(raw_server).status == 200


def test_a_senseless_proxy_is_nothing_to_this_machine(
    raw_server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://nowhere:1")
    raw_server.answer = in_turn(GOOD)
    assert get(raw_server).status == 200


PDF = b"%PDF-1.7 and so on " * 100 + b"%%EOF"


def download(server: RawServer, target: Path, limit: int = 1 << 20) -> int:
    async def use(http: Http) -> int:
        return await http.download(f"{server.url}/pdf/2601.00001v1", target, limit)

    return run_with_http(server.url, use, clock=Clock(morning(date(2026, 1, 28))))


def test_a_pdf_arrives_whole_at_the_second_try(raw_server: RawServer, tmp_path: Path) -> None:
    raw_server.answer = in_turn(response("200 OK", PDF[:500], length=len(PDF)), response("200 OK", PDF))
    assert download(raw_server, tmp_path / "a.pdf") == len(PDF)
    assert (tmp_path / "a.pdf").read_bytes() == PDF
    assert [one.name for one in tmp_path.iterdir()] == ["a.pdf"]


@pytest.mark.parametrize(
    ("answer", "error", "words", "tries"),
    [
        (
            response("404 Not Found", "<h1>This version has been\n withdrawn</h1>"),
            UnavailableError,
            "has been withdrawn",
            1,
        ),
        (response("500 Internal", "<h1>file unavailable</h1>"), UnavailableError, "file unavailable", 1),
        (response("403 Forbidden", "<h1>Not public</h1>"), UnavailableError, "Not public", 1),
        (response("200 OK", "<h1>Access Denied</h1>"), UnavailableError, "no PDF: Access Denied", 1),
        (response("200 OK", PDF * 20), TooLargeError, "larger than", 1),
        (response("503 Busy"), UnreachableError, "HTTP 503", 5),
        (response("200 OK", "Rate exceeded."), UnreachableError, "Rate exceeded", 5),
        (response("200 OK", ""), UnreachableError, "empty", 5),
    ],
)
def test_a_pdf_that_does_not_come_leaves_nothing(
    raw_server: RawServer, tmp_path: Path, answer: bytes, error: type[SourceError], words: str, tries: int
) -> None:
    raw_server.answer = in_turn(answer)
    with pytest.raises(error, match=words):
        download(raw_server, tmp_path / "a.pdf", limit=10_000)
    assert list(tmp_path.iterdir()) == []
    assert len(raw_server.asked) == tries


def test_recorded_refusals_of_pdfs(shared: Path, raw_server: RawServer, tmp_path: Path) -> None:
    for file in sorted((shared / "arxiv" / "pdf_http").glob("*.html")):
        raw_server.answer = in_turn(response(f"{file.stem[-3:]} No", file.read_bytes()))
        with pytest.raises(UnavailableError):
            download(raw_server, tmp_path / "a.pdf")
