"""Papers' texts for a back-fill: from the cache and a mirror, and from arXiv only where that is wanted."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from digest.model import Paper, Text, TextOrigin
from digest.sources.bulk.mirror import Found, Mirror
from digest.sources.http_responses import says_withdrawn

if TYPE_CHECKING:
    from digest.config import Settings
    from digest.text.reader import Download, TextReader

NOT_MIRRORED, NOT_ASKED = "not in the mirror", "no PDF is asked of arXiv by this back-fill"
"""Reasons that are given for a missing text."""


class MirrorReader:
    """Reads a paper from where it is cheapest. See `Reader` of `digest.pipeline.resources`.

    Args:
        inner: reads files, and fetches them from arXiv.
        mirror: None: there is none.
        cache: the folder of PDFs that were fetched before.
        fetch: ask arXiv for what is neither here nor there.
    """

    def __init__(self, inner: TextReader, mirror: Mirror | None, cache: Path, *, fetch: bool) -> None:
        self._inner = inner
        self._mirror = mirror
        self._cache = cache
        self._fetch = fetch

    async def read(self, paper: Paper, model: str) -> Text:
        """The passages of a paper for a prompt to `model`, or none, with the reason."""
        from digest.text import cache

        path = self._cache / cache.name_of(paper.versioned_id)
        if paper.version is not None and path.exists() and cache.take(path):
            return await self._inner.read_file(path, model, paper.title)
        mirrored = await self._mirrored(paper, model)
        if mirrored is not None and (mirrored.passages or not self._fetch):
            return mirrored
        if self._fetch:
            return await self._inner.read(paper, model)
        reason = NOT_ASKED if self._mirror is None else NOT_MIRRORED
        withdrawn = says_withdrawn(paper.comments or "")
        if withdrawn:
            reason = "withdrawn, as its comments say"
        return Text(origin=TextOrigin(source="abstract", reason=reason), transient=not withdrawn)

    async def _mirrored(self, paper: Paper, model: str) -> Text | None:
        if self._mirror is None:
            return None
        found = await asyncio.to_thread(self._mirror.find, paper.id, paper.version)
        if found is None:
            return None
        try:
            with _as_file(found) as path:
                text = await self._inner.read_file(path, model, paper.title)
        except OSError as error:
            reason = f"{found.path.name} could not be read: {error.strerror or error}"
            return Text(origin=TextOrigin(source="abstract", reason=reason), transient=True)
        if not found.other:
            return text
        reason = f"of version {found.other}: the mirror has no v{paper.version}"
        return text.model_copy(update={"origin": text.origin.model_copy(update={"reason": reason})})


@contextlib.contextmanager
def _as_file(found: Found) -> Iterator[Path]:
    """The paper as a file of its own, for as long as it is read."""
    if found.size is None:
        yield found.path
        return
    with tempfile.TemporaryDirectory(prefix="digest-") as folder:
        copy = Path(folder) / f"paper{found.suffix}"
        found.write(copy)
        yield copy


@asynccontextmanager
async def open_reader(
    settings: Settings,
    mirror: Mirror | None,
    download: Callable[[], Awaitable[Download]] | None,
    say: Callable[[str], None],
    workers: int,
) -> AsyncIterator[MirrorReader]:
    """A reader whose processes end with it.

    Args:
        settings: of the run.
        mirror: where papers are.
        download: opens what fetches files from arXiv; None: nothing is fetched.
        say: tells a person what goes wrong.
        workers: processes that read.
    """
    from digest.text.reader import TextReader

    async def refuse(url: str, target: Path, limit_bytes: int) -> int:
        raise AssertionError((url, target, limit_bytes))  # `read` asks nobody then

    folder = settings.run.out / "pdf"
    async with AsyncExitStack() as stack:
        fetch = refuse if download is None else await download()
        inner = TextReader(settings.text, folder, settings.arxiv.pdf, fetch, say, workers)
        await stack.enter_async_context(inner)
        yield MirrorReader(inner, mirror, folder, fetch=download is not None)
