"""What stopped a connection, by real errors."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable

import httpx2
import pytest

from digest.config import ModelSettings
from digest.llm.presets import preset_of
from digest.llm.sdk import connect
from digest.system.reach import connecting, network_error_kind, reason


def error_at(address: str) -> Exception:
    """What the SDK raises."""

    async def go() -> None:
        settings = ModelSettings(base_url=address, timeout=0.3)
        client = connect(settings, preset_of(settings))
        try:
            await client.post("/chat/completions", body={}, cast_to=httpx2.Response)
        finally:
            await client.close()

    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is what this is about
        asyncio.run(go())
    return raised.value


def hang_up(server: socket.socket) -> None:
    """Take one connection, and close it without a word."""
    connection, _ = server.accept()
    connection.recv(10)
    connection.close()


def speak_plainly(server: socket.socket) -> None:
    """Answer without TLS."""
    connection, _ = server.accept()
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    connection.close()


@pytest.mark.parametrize(
    ("scheme", "serve", "kind", "words"),
    [
        ("http", hang_up, "broken", "the connection broke"),
        ("http", None, "silent", "no answer in time"),
        ("https", speak_plainly, "tls", "TLS"),
    ],
)
def test_kinds_of_trouble_are_told_apart(
    scheme: str, serve: Callable[[socket.socket], None] | None, kind: str, words: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        if serve:
            threading.Thread(target=serve, args=(server,), daemon=True).start()
        error = error_at(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/v1")
    assert network_error_kind(error) == kind
    assert words in reason(error)
    assert connecting(error) == (kind == "tls")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_where_nobody_listens_is_told(host: str) -> None:
    error = error_at(f"http://{host}:1/v1")
    assert network_error_kind(error) == "refused"
    assert "connection refused" in reason(error)
    assert connecting(error)


def test_a_name_that_is_not_known_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = error_at("http://model.example/v1")
    assert network_error_kind(error) == "unresolved"
    assert "DNS" in reason(error)


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (socket.gaierror(-3, "Temporary failure in name resolution"), "DNS"),
        (OSError(101, "Network is unreachable"), "the network is unreachable"),
        (ConnectionRefusedError(111, "refused"), "connection refused"),
    ],
)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_that_is_not_reached_is_named(
    cause: OSError, words: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "http://me:secret@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "inside.example")
    error = httpx2.ConnectError("All attempts failed")
    error.__cause__ = cause
    said = reason(error, "https://arxiv.org/list/cs.SD/new")
    assert said.startswith(f"through the proxy http://***@proxy.example:3128 ({variable}): ")
    assert words in said
    assert "proxy" not in reason(error, "https://inside.example/")
    assert "proxy" not in reason(error, "http://127.0.0.1:8080/v1")
    assert "proxy" not in reason(httpx2.ReadError("broke"), "https://arxiv.org/")
