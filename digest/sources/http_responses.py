"""One answer of a server: read, refused, written to a file; and the errors that say so."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from digest.system.errors import TooLargeError, UnavailableError

if TYPE_CHECKING:
    import httpx2


class TransientError(Exception):
    """A failure that may be gone at the next try; `wait` is what the server asked for, in seconds."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait, from seconds or an HTTP date; None when there is nothing to understand."""
    if not value:
        return None
    if re.fullmatch(r"\d{1,9}", value.strip()):
        return float(value)
    try:
        instant = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (instant.replace(tzinfo=instant.tzinfo or UTC) - now).total_seconds())


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
                raise TransientError("arXiv answers 'Rate exceeded.'")
            raise UnavailableError(f"{response.url}: the answer is no PDF: {headline(chunk)}.")
        size += len(chunk)
        if size > limit:
            raise TooLargeError(f"{response.url}: the PDF is larger than {limit >> 20} MB.")
        file.write(chunk)
    if size == 0:
        raise TransientError("the answer is empty")
    return size


@contextmanager
def beside(target: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `target` when the block ends well, and leaves no trace otherwise."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def says_withdrawn(reason: str) -> bool:
    """True if arXiv's words for a missing PDF are of the paper, and final."""
    return re.search(r"\bwithdrawn\b", reason, re.IGNORECASE) is not None


def headline(body: bytes) -> str:
    """The first words of an HTML page, for a sentence; the page is data and is cut short."""
    text = body.decode("utf-8", "replace")
    found = re.search(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL | re.IGNORECASE)
    plain = re.sub(r"<[^>]*>", " ", found[1] if found else text)
    return " ".join(plain.split())[:120] or "no reason given"
