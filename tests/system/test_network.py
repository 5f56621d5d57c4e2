"""The environment's proxies, certificates and headers: unusable ones are named, and the sample needs none."""

from __future__ import annotations

import os
from pathlib import Path

import httpx2
import pytest

from digest.config import ModelSettings
from digest.llm.presets import preset_of
from digest.llm.sdk import connect
from digest.system.errors import UsageError
from digest.system.network import (
    client_options,
    explained,
    nothing_of_the_environment,
    on_this_machine,
    proxies,
    proxy_for,
    unusable,
)
from tests.conftest import Run

UNUSABLE = {
    "ALL_PROXY": "socks4://127.0.0.1:7890",
    "all_proxy": "ftp://127.0.0.1:7890",
    "HTTPS_PROXY": ":::",
    "https_proxy": "http://127.0.0.1:99999",
    "HTTP_PROXY": "http://",
    "http_proxy": "http://a proxy:1",
    "SSL_CERT_FILE": "/nowhere/ca.pem",
    "SSL_CERT_DIR": "/nowhere",
    "OPENAI_ORG_ID": "组织",
    "OPENAI_PROJECT_ID": "a\x00b",
    "OPENAI_CUSTOM_HEADERS": "X-Name: 名",
    "SSLKEYLOGFILE": "/nowhere/keys",
}
USABLE = {
    "ALL_PROXY": "socks5://127.0.0.1:7890",
    "all_proxy": "socks5h://user:secret@[::1]:7890",
    "HTTPS_PROXY": "127.0.0.1:7890",
    "http_proxy": "",
    "NO_PROXY": "localhost,127.0.0.1,::1,[::1],fd07::/64,10.0.0.0/8,*.example.org,.example.com",
    "OPENAI_ORG_ID": "org-1",
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without any of these."""
    for name in os.environ:
        if "PROXY" in name.upper() or name.startswith(("OPENAI_", "SSL_CERT", "REQUESTS_", "CURL_")):
            monkeypatch.delenv(name)


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_cannot_be_used_is_named_and_not_needed_on_this_machine(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "\x00" not in UNUSABLE[name]:
        monkeypatch.setenv(name, UNUSABLE[name])
        with pytest.raises(UsageError, match=f"variable {name} "):
            client_options("https://arxiv.org")
        settings = ModelSettings(base_url="https://api.example.com/v1")
        with pytest.raises(UsageError, match=f"variable {name} "):
            connect(settings, preset_of(settings))
    assert list(unusable({name: UNUSABLE[name]})) == [name]
    options = client_options("http://127.0.0.1:8000/v1", "http://[::1]:1", "http://localhost")
    httpx2.AsyncClient(**options)


def test_what_can_be_used_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unusable(USABLE) == {}
    for name, value in USABLE.items():
        monkeypatch.setenv(name, value)
    with explained():
        httpx2.AsyncClient(**client_options("https://arxiv.org"))  # SOCKS support is there
    assert proxies(USABLE)["all_proxy"] == "socks5h://***@[::1]:7890"
    assert "secret" not in str(unusable({"ALL_PROXY": "ftp://user:secret@host:1"}))


def test_this_machine_is_never_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert not client_options("http://127.0.0.1:1")["trust_env"]
    mounts = client_options("http://127.0.0.1:1", "https://arxiv.org")["mounts"]
    assert set(mounts) == {"all://localhost", "all://127.0.0.1", "all://[::1]"}


@pytest.mark.parametrize(
    "address",
    ["localhost.", "user:word@localhost:1", "127.1", "[::ffff:127.0.0.1]", "0.0.0.0", "host.docker.internal"],
)
def test_every_spelling_of_this_machine_is_known(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_this_machine(f"http://{address}/v1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    client = httpx2.AsyncClient(**client_options(f"http://{address}", "https://arxiv.org"))
    assert f"all://{address.rpartition('@')[2].removesuffix(':1')}" in {
        pattern.pattern for pattern, transport in client._mounts.items() if transport is None
    }


@pytest.mark.parametrize(
    "address",
    ["localhost.example.org", "example.org#@localhost", "localhost@example.org", "10.0.0.1", "[::1"],
)
def test_other_machines_are_not_this_one(address: str) -> None:
    assert not on_this_machine(f"http://{address}")


@pytest.mark.parametrize("exception", ["*.example.org", "example.com, *", "10.0.0.0/8", ".example.org"])
def test_no_proxy_is_told_of_where_none_is_used(exception: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://10.1.2.3/v1" if "/" in exception else "http://api.example.org/v1"
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9  ")
    assert proxy_for(url) == "http://127.0.0.1:9 (http_proxy)"
    monkeypatch.setenv("NO_PROXY", exception)
    assert proxy_for(url) is None


def test_the_environment_is_as_before_after_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", ":::")
    before = dict(os.environ)
    with nothing_of_the_environment():
        assert "https_proxy" not in os.environ
        httpx2.AsyncClient()
    assert dict(os.environ) == before


def test_the_sample_works_whatever_the_environment_says(
    digest: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in UNUSABLE.items():
        if "\x00" not in value:
            monkeypatch.setenv(name, value)
    odd = {
        "TZ": "Mars/Olympus",
        "COLUMNS": "abc",
        "TMPDIR": "/nowhere",
        "WEB_CONCURRENCY": "x",
        "LC_ALL": "C",
    }
    for name, value in odd.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setenv("OPENAI_BASE_URL", "no address")
    ran = digest("run", "--sample", "--limit", "1")
    assert ran.code == 0, ran
    assert digest("doctor", "--sample").code == 0


@pytest.mark.parametrize("name", ["ALL_PROXY", "SSL_CERT_FILE", "OPENAI_ORG_ID"])
def test_doctor_names_the_variable(
    name: str, digest: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("DIGEST_MODEL", "m")
    monkeypatch.setenv(name, UNUSABLE[name])
    ran = digest("doctor")
    assert ran.code == 2
    assert f"fail  variable    {name} cannot be used: " in ran.out
    ran = digest("list")
    assert ran.code == 2
    assert name in ran.err


def test_an_address_of_the_environment_is_named_as_such(
    digest: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", " api.example.com/v1 ")
    ran = digest("doctor")
    assert ran.code == 2
    assert ran.err.startswith("digest: OPENAI_BASE_URL: 'api.example.com/v1' is no address")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSLKEYLOGFILE"])
def test_nobody_waits_at_a_named_pipe(name: str, digest: Run, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, str(folder / "pipe"))
        ran = digest("list")
    assert ran.code == 2
    assert name in ran.err
    assert "is a named pipe" in ran.err
