"""The reasons why a server was not reached, or did not answer, by the errors of the connection."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Literal

from digest.system.network import proxy_for

NetworkErrorKind = Literal["refused", "silent", "unresolved", "no network", "tls", "proxy", "broken"]
"""Nobody listens there; no answer in time; no such name (DNS); no way there at all; no trust; a proxy that
answers, and lets nothing through; anything else."""

_SAID: dict[NetworkErrorKind, str] = {
    "refused": "connection refused: no server listens there",
    "silent": "no answer in time",
    "unresolved": "its name cannot be resolved (DNS)",
    "no network": "the network is unreachable",
    "tls": "TLS failed",
    "proxy": "the proxy lets nothing through",
    "broken": "the connection broke",
}

_NO_NETWORK = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}


def network_error_kind(error: BaseException) -> NetworkErrorKind:
    """The kind of trouble that an error is, by what caused it."""
    import httpx2

    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return "unresolved"
        if isinstance(cause, ssl.SSLError):
            return "tls"
        if isinstance(cause, ConnectionRefusedError):
            return "refused"
        if isinstance(cause, OSError) and cause.errno in _NO_NETWORK:
            return "no network"
        if isinstance(cause, httpx2.ProxyError):
            return "proxy"
    silent = any(isinstance(cause, TimeoutError | httpx2.TimeoutException) for cause in _causes(error))
    return "silent" if silent else "broken"


def connecting(error: BaseException) -> bool:
    """True if no connection came about: then nothing was sent."""
    import httpx2

    never = httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError
    return any(isinstance(cause, never) for cause in _causes(error))


def offline_tries(error: BaseException) -> int | None:
    """The most times to try what no server ever answered: more would be waiting for a network.

    A name that is not known, a network that is not there, a certificate nobody trusts and a refusal do not
    change in seconds; a lost packet may. None: somebody was there, so it is not the network.
    """
    kind = network_error_kind(error)
    if kind == "broken" or not connecting(error):
        return None
    return 2 if kind == "silent" else 1


def reason(error: BaseException, url: str = "") -> str:
    """The kind of a network error in words, with those of what happened first.

    Args:
        error: what was raised.
        url: what was asked; where it goes through a proxy that was not reached, the proxy is named.
    """
    kind = network_error_kind(error)
    told = [text for cause in _causes(error) if (text := " ".join(str(cause).split()))]
    said = _SAID[kind] if not told or kind in {"refused", "silent"} else f"{_SAID[kind]}: {told[-1]}"
    proxy = proxy_for(url) if url and connecting(error) else None
    return said if proxy is None else f"through the proxy {proxy}: {said}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, and so on; each of a group."""
    following: BaseException | None = error
    for _ in range(10):
        if following is None:
            return
        yield following
        if isinstance(following, BaseExceptionGroup):
            for one in following.exceptions:
                yield from _causes(one)
        following = following.__cause__ or following.__context__
