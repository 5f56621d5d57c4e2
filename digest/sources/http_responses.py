"""One answer of a server: read, refused, kept, written to a file; failures, and the wait after them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from digest.model import Snapshot
from digest.system.errors import TooLargeError, UnavailableError
from digest.system.parts import part_of
from digest.system.reach import connecting, reason

if TYPE_CHECKING:  # a finished day asks nobody
    import httpx2
    from tenacity import RetryCallState

LONGEST_WAIT = 300.0
"""Seconds of the longest wait before another try."""


@dataclass(frozen=True)
class Page:
    """A final answer: 200, or a refusal (4xx) that asking again will not change."""

    url: str
    status: int
    text: str
    headers: dict[str, str]
    fetched: datetime


class TransientHttpError(Exception):
    """A failure that may be gone at the next try.

    Attributes:
        retry_after: seconds that the server asks to wait, if it does.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def is_throttling(body: bytes) -> bool:
    """The body that arXiv's API sends when it has had enough, be the status 429 or 200."""
    return len(body) < 200 and body.strip().lower().startswith(b"rate exceeded")


async def read(response: httpx2.Response, limit: int) -> bytes:
    """The whole body. Raises `TooLargeError` beyond `limit` bytes."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit:
            raise TooLargeError(f"{response.url}: more than {limit >> 20} MB, which is no page of arXiv.")
    return bytes(body)


async def copy(response: httpx2.Response, file: BinaryIO, limit: int) -> int:
    """Write a PDF's bytes to `file` as they come; returns their number.

    Raises:
        UnavailableError: the body is no PDF.
        TooLargeError: more than `limit` bytes.
        TransientError: nothing came, or arXiv is throttling.
    """
    size = 0
    async for chunk in response.aiter_bytes():
        if size == 0 and b"%PDF-" not in chunk[:1024]:
            if is_throttling(chunk):
                raise TransientHttpError("arXiv answers 'Rate exceeded.'")
            raise UnavailableError(f"{response.url}: the answer is no PDF: {headline(chunk)}.")
        size += len(chunk)
        if size > limit:
            raise TooLargeError(f"{response.url}: the PDF is larger than {limit >> 20} MB.")
        file.write(chunk)
    if size == 0:
        raise TransientHttpError("the answer is empty")
    return size


@contextmanager
def beside(target: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `target` when the block ends well, and leaves no trace otherwise."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(target)
    try:
        with part.open("wb") as file:
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def says_withdrawn(comments: str) -> bool:
    """True if a paper's comments say that it is withdrawn."""
    return re.search(r"\bwithdrawn\b", comments, re.IGNORECASE) is not None


def refuses_for_good(reason: str) -> bool:
    """True for arXiv's words about the paper itself; another's page may speak of withdrawn access, too.

    They are "This version of 2505.08175v1 has been withdrawn" (arXiv: dissemination/withdrawn.html).
    """
    return re.search(r"\(HTTP 404\): .*\d{4,7}(?:v\d+)? has been withdrawn\b", reason) is not None


def headline(body: bytes) -> str:
    """The first words of an HTML page, for a sentence; the page is data and is cut short."""
    text = body.decode("utf-8", "replace")
    found = re.search(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL | re.IGNORECASE)
    plain = re.sub(r"<[^>]*>", " ", found[1] if found else text)
    return " ".join(plain.split())[:120] or "no reason given"


def snapshot_of(page: Page) -> Snapshot:
    """The page as it is kept, without a label."""
    return Snapshot(
        url=page.url,
        fetched=page.fetched,
        status=page.status,
        etag=page.headers.get("etag"),
        last_modified=page.headers.get("last-modified"),
        body=page.text,
    )


def validators(known: Snapshot | None) -> dict[str, str]:
    """The headers that ask for an answer only where it is another than a known one."""
    if known is None or known.status != 200:
        return {}
    pairs = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in pairs.items() if value}


def waits(first: float) -> Callable[[RetryCallState], float]:
    """The wait that the server asks for, else twice as long each time and some by chance, from `first` on."""
    from tenacity import wait_exponential, wait_random

    growing = wait_exponential(multiplier=first, max=LONGEST_WAIT) + wait_random(0, first / 2)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, TransientHttpError) else None
        return asked or growing(state)

    return wait


def as_transient(error: Exception, url: str) -> TransientHttpError:
    """An error of the network as one that may pass."""
    import httpx2

    if isinstance(error, TransientHttpError):
        return error
    if connecting(error):
        return TransientHttpError(f"no connection ({reason(error, url)})")
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return TransientHttpError("it took too long to answer")
    return TransientHttpError(f"the answer broke off ({str(error) or type(error).__name__})")
