from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from digest.cli.text import describe
from digest.config import ArxivSettings, TextSettings
from digest.model import Paper, Text
from digest.sources.http_client import Http
from digest.text import reader as reading
from digest.text.extract import extract
from digest.text.reader import TextReader
from tests.sources.conftest import RawServer, raw_server, response
from tests.text.typeset import ABSTRACT, TITLE, paper

__all__ = ["raw_server"]

HERONS = Paper(id="2601.00001", version=2, title=TITLE, abstract=ABSTRACT)


@asynccontextmanager
async def reader_of(server: RawServer, folder: Path, **settings: Any) -> AsyncIterator[TextReader]:
    arxiv = ArxivSettings(pdf=server.url)

    async def no_wait(seconds: float) -> None:
        await asyncio.sleep(0)  # lets the others run: no time passes

    async with (
        Http(arxiv, sleep=no_wait, attempts=2) as http,
        TextReader(TextSettings(**settings), folder / "pdf", arxiv.pdf, http.download) as reader,
    ):
        yield reader


def serve(server: RawServer, content: bytes, status: str = "200 OK") -> None:
    server.answer = lambda _path, _headers: response(status, content)


def read(server: RawServer, folder: Path, *papers: Paper, **settings: Any) -> list[Text]:
    async def run() -> list[Text]:
        async with reader_of(server, folder, **settings) as reader:
            return [await reader.read(paper, "any-model") for paper in papers]

    return asyncio.run(run())


def test_a_paper_is_fetched_once_and_read(tmp_path: Path, raw_server: RawServer) -> None:
    serve(raw_server, paper(tmp_path / "a.pdf").read_bytes())
    old = HERONS.model_copy(update={"id": "hep-th/9901001"})

    first, again, other = read(raw_server, tmp_path, HERONS, HERONS, old)

    assert raw_server.paths() == ["/pdf/2601.00001v2", "/pdf/hep-th/9901001v2"]
    assert first == again
    assert first.passages == other.passages
    assert first.origin.source == "pdf"
    assert first.origin.sections == ("Introduction (1)", "Conclusion (3)")
    assert first.origin.pages == 3
    assert first.origin.counted_by == "estimate"
    assert first.origin.extractor is not None
    assert first.origin.extractor.startswith("pymupdf 2")
    assert "We contribute a detector" in first.passages[0].content
    assert f"tokens: {first.origin.tokens} (estimate)" in describe(first)
    assert "== Conclusion (3)" in describe(first)


def test_each_trouble_of_a_paper_has_its_reason(tmp_path: Path, raw_server: RawServer) -> None:
    herons = paper(tmp_path / "a.pdf").read_bytes()
    answers = {
        "1": ("200 OK", herons, TITLE, None),
        "2": ("200 OK", herons, "Listening for Bitterns", "title not found in PDF"),
        "3": (
            "404 Not Found",
            b"<html><h1>This version of 2601.00003v1 has been withdrawn and is unavailable</h1>",
            TITLE,
            "arXiv has no PDF (HTTP 404): This version of 2601.00003v1 has been withdrawn and is unavailable",
        ),
        "4": ("200 OK", b"<html><h1>Access Denied</h1>", TITLE, "the answer is no PDF: Access Denied"),
        "5": ("200 OK", herons[:-900], TITLE, "PDF is incomplete"),
        "6": ("503 Busy", b"", TITLE, "PDF could not be fetched"),
        "7": ("200 OK", b"%PDF-1.7\n" + bytes(1 << 20) + b"%%EOF", TITLE, "PDF larger than 1 MB"),
        "8": ("200 OK", b"%PDF-1.7\nherons\n%%EOF", TITLE, "PDF is damaged"),
    }
    raw_server.answer = lambda path, _: response(*answers[path[-3]][:2])
    papers = [HERONS.model_copy(update={"id": f"2601.0000{n}", "title": a[2]}) for n, a in answers.items()]

    texts = read(raw_server, tmp_path, *papers, size_limit=1)

    assert [text.origin.reason for text in texts] == [reason for *_, reason in answers.values()]
    assert [n for n, text in zip(answers, texts, strict=True) if text.transient] == ["4", "5", "6", "8"]
    assert all(not text.passages for text in texts[1:])
    assert describe(texts[1]) == "text: abstract (title not found in PDF)"


def test_a_paper_without_a_version_is_asked_for_anew(tmp_path: Path, raw_server: RawServer) -> None:
    serve(raw_server, paper(tmp_path / "a.pdf").read_bytes())
    plain = HERONS.model_copy(update={"version": None})

    read(raw_server, tmp_path, plain, plain)

    assert raw_server.paths() == ["/pdf/2601.00001", "/pdf/2601.00001"]


def test_a_damaged_file_in_the_cache_is_fetched_again(tmp_path: Path, raw_server: RawServer) -> None:
    content = paper(tmp_path / "a.pdf").read_bytes()
    serve(raw_server, content)
    (tmp_path / "pdf").mkdir()
    (tmp_path / "pdf" / "2601.00001v2.pdf").write_bytes(content[:-900])

    (text,) = read(raw_server, tmp_path, HERONS)

    assert text.origin.source == "pdf"


def test_a_file_of_which_nothing_was_read_stays(
    tmp_path: Path, raw_server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        active = False

        def schedule(self, *_: object, **__: object) -> None:
            raise RuntimeError("The pool is no longer active")

    async def broken(self: TextReader) -> Broken:
        self._pool = None  # as after a start that failed
        return Broken()

    serve(raw_server, paper(tmp_path / "a.pdf").read_bytes())
    monkeypatch.setattr(TextReader, "_running_pool", broken)

    (text,) = read(raw_server, tmp_path, HERONS)

    assert text.transient
    assert text.origin.reason == "the extractor could not be started"
    assert [path.name for path in (tmp_path / "pdf").glob("*.pdf")] == ["2601.00001v2.pdf"]


def test_nothing_is_fetched_when_abstracts_are_enough(tmp_path: Path, raw_server: RawServer) -> None:
    (text,) = read(raw_server, tmp_path, HERONS, source="abstract")

    assert text.origin.source == "abstract"
    assert raw_server.paths() == []


def hang(*_: object) -> None:
    while True:
        signal.pause()


def crash(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(*_: object) -> None:
    os._exit(3)


def swell(*_: object) -> None:
    bytearray(1 << 40)


def shout(*_: object) -> None:
    os.write(1, b"MuPDF error: herons")
    os.write(2, b"MuPDF error: herons")
    print("herons")
    raise ValueError("herons")


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """Give the workers something else to do."""
    return lambda function: monkeypatch.setattr(reading, "extract", function)


def test_whatever_happens_to_a_worker_costs_one_paper_its_text(
    tmp_path: Path,
    raw_server: RawServer,
    work: Callable[[Callable[..., Any]], None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = paper(tmp_path / "a.pdf")

    async def run() -> dict[str, Text]:
        texts = {}
        async with reader_of(raw_server, tmp_path, deadline=0.3) as reader:
            work(hang)
            texts["hang"] = await reader.read_file(path, "any-model")
            patient = {"deadline": 300.0}  # the others end by themselves, on a busy machine too
            reader._settings = reader._settings.model_copy(update=patient)
            for function in (crash, leave, swell, shout):
                work(function)
                texts[function.__name__] = await reader.read_file(path, "any-model")
            work(extract)
            texts["extract"] = await reader.read_file(path, "any-model")
        return texts

    texts = asyncio.run(run())

    assert {name: text.origin.reason for name, text in texts.items()} == {
        "hang": "PDF took longer than 0.3 s",
        "crash": "PDF crashed the extractor",
        "leave": "PDF crashed the extractor",
        "swell": "PDF took too much memory",
        "shout": "PDF could not be read (ValueError)",
        "extract": None,
    }
    assert texts["extract"].passages
    sys.stdout.flush()
    assert capfd.readouterr() == ("", "")


def test_one_hanging_paper_holds_up_no_other(
    tmp_path: Path, raw_server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "extract", hang_at_herons)
    paths = [paper(tmp_path / f"{name}.pdf") for name in ("herons", "a", "b", "c")]

    async def run() -> list[Text]:
        async with reader_of(raw_server, tmp_path, deadline=0.8) as reader:
            return await asyncio.gather(*(reader.read_file(path, "any-model") for path in paths))

    texts = asyncio.run(run())

    assert [text.origin.source for text in texts] == ["abstract", "pdf", "pdf", "pdf"]


def hang_at_herons(path: Path, *rest: Any) -> Text:
    if path.name == "herons.pdf":
        hang()
    return extract(path, *rest)
