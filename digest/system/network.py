"""The way to the network: proxies and certificates as the environment names them; this machine needs none."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from digest.system.errors import UsageError

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_HEADERS = ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_CUSTOM_HEADERS")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
OF_REQUESTS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Read by the library that fetches vocabularies, and by no other."""

_HOSTS = frozenset(("localhost", "host.docker.internal", "host.containers.internal"))

_SCHEMES = ("http", "https", "socks5", "socks5h")


def on_this_machine(url: str) -> bool:
    """True for a loopback address: RFC 6761, section 6.3, and RFC 1122, section 3.2.1.3.

    The host of a container is this machine, too.
    """
    try:
        host = (urlsplit(url).hostname or "").removesuffix(".")
    except ValueError:  # brackets that do not close
        return False
    if host in _HOSTS or host.endswith(".localhost"):
        return True
    number = _number(host)
    return number is not None and (number.is_loopback or number.is_unspecified)


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that is written as a number; in IPv4 all forms count that resolvers read, such as 127.1."""
    try:
        number = ipaddress.ip_address(host if ":" in host else socket.inet_aton(host))
    except (ValueError, OSError):
        return None
    return getattr(number, "ipv4_mapped", None) or number


def client_options(*urls: str) -> dict[str, Any]:
    """The options of a client of httpx2 that asks these addresses.

    A proxy of the environment is for the world, never for this machine; and without TLS no certificates need
    to be read, which takes a twentieth of a second.

    Raises:
        UsageError: the certificates that the environment names cannot be used.
    """
    if all(on_this_machine(url) for url in urls):
        plain = all(url.startswith("http://") for url in urls)
        return {"trust_env": False, "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else True}
    ours = {urlsplit(url).hostname or "" for url in urls if on_this_machine(url)}
    mounts = {
        f"all://{f'[{host}]' if ':' in host else host}": None
        for host in ("localhost", "127.0.0.1", "::1", *ours)
    }
    refuse_unusable()
    with explained():
        return {"verify": _trusted(), "mounts": mounts}


@contextmanager
def explained() -> Iterator[None]:
    """Make a client inside: what the environment makes impossible becomes a sentence.

    Raises:
        UsageError: names the variable.
    """
    import httpx2

    try:
        yield
    except (ImportError, ValueError, OSError, httpx2.InvalidURL) as error:
        refuse_unusable()
        raise UsageError(f"The variable NO_PROXY of the environment cannot be used: {error}.") from error


def refuse_unusable() -> None:
    """Do nothing if clients can use the environment.

    Raises:
        UsageError: they cannot; names the variable.
    """
    for name, why in unusable(os.environ).items():
        if name not in OF_REQUESTS:
            raise UsageError(f"The variable {name} of the environment cannot be used: {why}.")


def unusable(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that clients read and cannot use, each with the reason; credentials are not shown."""
    found = {}
    for name, value in environment.items():
        if not value.strip():
            continue
        if name.upper() in _PROXIES:
            why = _proxy(value.strip())
        elif name in _CERTIFICATES or name in OF_REQUESTS:
            why = _certificates(name, Path(value))
        else:
            why = _header(value) if name in _HEADERS else None
        if why is not None:
            found[name] = why
    return found


def proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that send requests through a proxy, each with its address; credentials are not shown."""
    named = {name: value.strip() for name, value in environment.items() if name.upper() in _PROXIES}
    return {name: _shown(value) for name, value in named.items() if value}


def proxy_for(url: str) -> str | None:
    """The proxy that a request to an address goes through, with where it is set; credentials are not shown.

    By the environment, else by the system's settings, as clients of httpx2 read them.
    """
    if on_this_machine(url):
        return None
    parts, found = urlsplit(url), getproxies()
    if not parts.hostname or proxy_bypass(parts.hostname) or _excepted(parts.hostname, found.get("no", "")):
        return None
    for scheme in (parts.scheme, "all"):
        if address := found.get(scheme):
            names = (name for name in os.environ if name.lower() == f"{scheme}_proxy" and os.environ[name])
            return f"{_shown(address.strip())} ({next(names, 'set in the system')})"
    return None


def _excepted(host: str, no_proxy: str) -> bool:
    """True for what NO_PROXY names in ways that clients of httpx2 read and Python does not."""
    names = [name.strip() for name in no_proxy.split(",")]
    number = _number(host)
    for name in names if number else ():
        with suppress(ValueError):
            if "/" in name and number in ipaddress.ip_network(name, strict=False):
                return True
    wild = tuple(name[1:] for name in names if name.startswith("*."))
    return "*" in names or host.endswith(wild)


def _shown(address: str) -> str:
    return re.sub(r"(//|^)[^/@]*@", r"\1***@", address)


@contextmanager
def nothing_of_the_environment() -> Iterator[None]:
    """Inside, neither the environment nor the system has a say in proxies, certificates and headers."""
    kept = dict(os.environ)
    for name in kept:
        networks = {*_PROXIES, "NO_PROXY", *_CERTIFICATES, *OF_REQUESTS}
        if name.upper() in networks or name.startswith("OPENAI_"):
            del os.environ[name]
    os.environ["NO_PROXY"] = "*"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates to trust; reading them takes longer than a page of arXiv."""
    import httpx2

    return httpx2.create_ssl_context()


def _proxy(value: str) -> str | None:
    address = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        return f"it is no address ({error})"
    shown = _shown(address)
    if parts.scheme not in _SCHEMES:
        return f"{shown} has a scheme that is not known; known are {', '.join(_SCHEMES)}"
    if not parts.hostname or re.search(r"\s", address) or port == 0:
        return f"{shown} is no address of a proxy, such as http://127.0.0.1:7890"
    return None


def _certificates(name: str, path: Path) -> str | None:
    if name == "SSL_CERT_DIR":
        there = any(Path(one).is_dir() for one in str(path).split(os.pathsep))
        return None if there else f"{path} is no folder"
    if path.is_fifo():  # one would wait for ever
        return f"{path} is a named pipe"
    if name == "SSLKEYLOGFILE":
        return None if path.absolute().parent.is_dir() else f"{path} cannot be written"
    if name in OF_REQUESTS and path.is_dir():
        return None
    try:
        file = path.stat()
    except OSError as error:
        return f"{path} holds no certificates ({error.strerror or error})"
    return _bundle(path, (file.st_ino, file.st_size, file.st_mtime_ns))


@cache
def _bundle(path: Path, _: tuple[int, int, int]) -> str | None:
    """The reason why a file of certificates, in one state, is none; several variables may name the same."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError as error:  # ssl.SSLError is one
        return f"{path} holds no certificates ({error.strerror or error})"
    return None


def _header(value: str) -> str | None:
    return None if re.fullmatch(r"[ -~\n\t]*", value) else "it holds characters that no header can hold"
