"""Why an endpoint was not reached, or did not answer, by the errors of the connection."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Literal

Kind = Literal["refused", "silent", "unresolved", "tls", "broken"]
"""Nobody listens there; no answer in time; no such name (DNS); no trust; anything else."""

_SAID: dict[Kind, str] = {
    "refused": "connection refused: no server listens there",
    "silent": "no answer in time",
    "unresolved": "its name cannot be resolved (DNS)",
    "tls": "TLS failed",
    "broken": "the connection broke",
}


def kind_of(error: BaseException) -> Kind:
    """The kind of trouble that an error is, by what caused it."""
    import httpx2

    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return "unresolved"
        if isinstance(cause, ssl.SSLError):
            return "tls"
        if isinstance(cause, ConnectionRefusedError):
            return "refused"
    silent = any(isinstance(cause, TimeoutError | httpx2.TimeoutException) for cause in _causes(error))
    return "silent" if silent else "broken"


def connecting(error: BaseException) -> bool:
    """True if no connection came about: then no question was sent."""
    import httpx2

    return any(isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout) for cause in _causes(error))


def reason(error: BaseException) -> str:
    """The same in words, with those of what happened first."""
    kind = kind_of(error)
    told = [text for cause in _causes(error) if (text := " ".join(str(cause).split()))]
    return _SAID[kind] if not told or kind in {"refused", "silent"} else f"{_SAID[kind]}: {told[-1]}"


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
