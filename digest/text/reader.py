"""Fetch a paper's PDF and read it in a process that can be killed. The stage's entry point."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import quote

from pebble import ProcessExpired, ProcessPool

from digest.config import TextSettings
from digest.model import Paper, Text, TextOrigin
from digest.system.errors import ClosedError, SourceError, TooLargeError, UnavailableError, WithdrawnError
from digest.text import cache
from digest.text.breaker import Breaker
from digest.text.errors import PdfError
from digest.text.extract import extract
from digest.text.worker import prepare

logger = logging.getLogger(__name__)

WORKERS = 2
_TASKS_OF_A_WORKER = 100  # pymupdf 2.0 loses some 14 kB a page in extractBLOCKS
_START = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


class Download(Protocol):
    """Writes the PDF at `url` to `target`, which appears only when it is complete; returns its bytes."""

    def __call__(self, url: str, target: Path, limit_bytes: int) -> Awaitable[int]:
        """See `digest.sources.http_client.Http.download`."""


class TextReader:
    """An async context manager that turns papers into texts, so many at once as it has workers.

    Its workers are processes, so a script that uses it needs the usual `if __name__ == "__main__":`.

    Args:
        settings: budget, deadline, and limits.
        folder: the cache of PDFs.
        base_url: where `/pdf/<id>v<N>` is asked for.
        download: fetches one file.
        say: tells a person when no more PDFs are asked for.
        workers: processes that read.
    """

    def __init__(
        self,
        settings: TextSettings,
        folder: Path,
        base_url: str,
        download: Download,
        say: Callable[[str], None] = lambda _: None,
        workers: int = WORKERS,
    ) -> None:
        self._settings = settings
        self._workers = workers
        self._folder = folder
        self._base_url = base_url.rstrip("/")
        self._download = download
        self._say = say
        self._breaker = Breaker()
        self._refused: dict[str, PdfError] = {}
        self._turn = asyncio.Lock()
        self._pool: ProcessPool | None = None
        self._starting = asyncio.Lock()
        self._in_use: Counter[Path] = Counter()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._drop_pool)

    async def read(self, paper: Paper, model: str) -> Text:
        """The passages of a paper for a prompt to `model`, or none, with the reason.

        One paper's trouble is never raised. `transient` says that another try may help.
        """
        if self._settings.source == "abstract":
            return _abstract(PdfError("as configured"))
        if paper.versioned_id in self._refused:  # once a run is enough
            return _abstract(self._refused[paper.versioned_id])
        path = self._folder / cache.name_of(paper.versioned_id)
        self._in_use[path] += 1
        try:
            await self._fetch(paper, path)
            return await self._extract_fetched(path, paper.title, model)
        except PdfError as error:
            return _abstract(error)
        except OSError as error:
            return _abstract(PdfError(f"{path} could not be written: {error.strerror}", transient=True))
        finally:
            self._in_use[path] -= 1

    async def _extract_fetched(self, path: Path, title: str, model: str) -> Text:
        """The text of a file of the cache, which stays there unless it is no PDF of the paper."""
        try:
            return await self._extract(path, title, model)
        except PdfError as error:
            if error.transient and self._pool is not None and self._pool.active:  # it was read
                cache.drop(path)
            raise

    async def read_file(self, path: Path, model: str, title: str | None = None) -> Text:
        """The same for a file on this machine, PDF or .txt; its title counts only where one is given."""
        try:
            return await self._extract(path, title, model)
        except PdfError as error:
            return _abstract(error)

    async def _fetch(self, paper: Paper, path: Path) -> None:
        """See to it that the PDF is in the cache, whole. Raises `PdfError`."""
        if paper.version is not None and cache.take(path):
            return
        async with self._turn:  # one after another, as arXiv asks; so a refusal counts for those that wait
            if self._breaker.open:
                raise PdfError("not asked for, since arXiv refused most PDFs of this run", transient=True)
            try:
                await self._fetch_whole(paper, path)
            except PdfError as error:
                if not error.transient:
                    self._breaker.came()
                else:
                    logger.debug("no PDF of %s", paper.versioned_id, exc_info=error)
                    self._refused[paper.versioned_id] = error
                    told = isinstance(error.__cause__, ClosedError)
                    if said := self._breaker.refused(str(error), told=told):
                        self._say(said)
                raise
            self._breaker.came()

    async def _fetch_whole(self, paper: Paper, path: Path) -> None:
        url = f"{self._base_url}/pdf/{quote(paper.versioned_id)}"
        limit = self._settings.size_limit
        for _ in range(2):
            try:
                await self._download(url, path, limit << 20)
            except TooLargeError as error:
                raise PdfError(f"PDF larger than {limit} MB") from error
            except UnavailableError as error:
                reason = str(error).removeprefix(f"{url}: ").rstrip(".")
                raise PdfError(reason, transient=not isinstance(error, WithdrawnError)) from error
            except ClosedError as error:
                raise PdfError(str(error).removeprefix(f"{url}: ").rstrip("."), transient=True) from error
            except SourceError as error:
                raise PdfError("PDF could not be fetched", transient=True) from error
            if cache.take(path):
                spared = {path for path, users in self._in_use.items() if users}
                await asyncio.to_thread(cache.shrink, self._folder, self._settings.cache_limit, spared)
                return
        raise PdfError("PDF is incomplete", transient=True)

    async def _extract(self, path: Path, title: str | None, model: str) -> Text:
        """The text that a worker makes of the file. Raises `PdfError`, whatever happens to the worker."""
        settings = self._settings
        work = (path, title, model, settings.budget, settings.page_limit)
        for _ in range(2):
            pool = await self._running_pool()
            try:
                future = pool.schedule(extract, args=work, timeout=settings.deadline)
                return await asyncio.wrap_future(future)
            except PdfError:
                raise
            except TimeoutError as error:
                raise PdfError(f"PDF took longer than {settings.deadline:g} s") from error
            except ProcessExpired as error:
                raise PdfError("PDF crashed the extractor") from error
            except MemoryError as error:
                raise PdfError("PDF took too much memory") from error
            except (BrokenProcessPool, RuntimeError) as error:
                if pool.active:
                    raise PdfError(f"PDF could not be read ({type(error).__name__})") from error
                # The pool itself broke, which says nothing of this paper.
            except Exception as error:  # whatever the process raised: mupdf has no common base
                raise PdfError(f"PDF could not be read ({type(error).__name__})") from error
        raise PdfError("the extractor could not be started", transient=True)

    async def _running_pool(self) -> ProcessPool:
        async with self._starting:
            if self._pool is None or not self._pool.active:
                await asyncio.to_thread(self._drop_pool)
                self._pool = await asyncio.to_thread(_start_pool, self._workers)
            return self._pool

    def _drop_pool(self) -> None:
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves it without types
            self._pool.join()
            self._pool = None


def _start_pool(workers: int) -> ProcessPool:
    """Workers that are forked off a process without threads, which has loaded what they need."""
    context = multiprocessing.get_context(_START)
    if _START == "forkserver":
        context.set_forkserver_preload(["digest.text.extract", "digest.text.pdf_pages"])
    pool = ProcessPool(workers, _TASKS_OF_A_WORKER, prepare, context=context)
    pool.active  # noqa: B018 - asking starts it, which takes half a second
    return pool


def _abstract(error: PdfError) -> Text:
    origin = TextOrigin(source="abstract", reason=str(error), findings=error.findings)
    return Text(origin=origin, transient=error.transient)
