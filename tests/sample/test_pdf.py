"""The PDFs that are typeset from the records."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pymupdf
import pytest

from digest.sample.data import SampleData, SamplePaper
from digest.sample.knobs import Knobs
from digest.sample.pdf import NOTICE, typeset
from tests.faulty import Server


def pages(content: bytes) -> list[str]:
    with pymupdf.Document(stream=content) as document:  # type: ignore[no-untyped-call]  # pymupdf has no types
        return [page.get_text(flags=pymupdf.TEXT_PRESERVE_WHITESPACE) for page in document]


def test_a_paper_in_two_pages(get: httpx2.Client) -> None:
    answer = get.get("/pdf/2601.19781v1")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "Content-Length" not in answer.headers  # chunked, as arXiv sends it
    assert answer.content.startswith(b"%PDF-")
    assert answer.content.rstrip().endswith(b"%%EOF")
    first, second = pages(answer.content)
    assert first.startswith("Phonological Tokenizer: Prosody-Aware Phonetic\nToken")
    assert "\nAbstract\n" in first
    assert "\n1 Introduction\n" in first
    assert "\n2 Conclusion\n" in second
    assert "arXiv:2601.19781v1 [cs.SD] 27 Jan 2026" in first
    assert all(NOTICE in page.replace("\n", " ") for page in (first, second))
    assert second.rstrip().endswith("2")


def test_all_are_legible_and_the_same_each_time() -> None:
    record = SampleData(Knobs()).get("2512.14961v3")
    assert record is not None
    content = typeset(record)
    typeset.cache_clear()
    assert typeset(record) == content
    assert all(len(page) > 200 for page in pages(content))


def test_names_beyond_latin_1_and_long_author_lists() -> None:
    record = SamplePaper(
        id="2601.00001",
        title="Many",
        abstract="We are many. It works.",
        authors=("Łukasz Šahin", "李明") * 1500,
        categories=("cs.SD",),
    )
    first = pages(typeset(record))[0]
    assert "Łukasz Šahin, 李明" in first.replace("\n", " ")
    assert "et al." in first


def test_versions_and_redirects(get: httpx2.Client) -> None:
    assert get.get("/pdf/2510.01812").content == get.get("/pdf/2510.01812v4").content
    assert "2510.01812v2" in pages(get.get("/pdf/2510.01812v2").content)[0]
    redirect = get.get("/pdf/2510.01812v4.pdf")
    assert (redirect.status_code, redirect.headers["Location"]) == (301, "/pdf/2510.01812v4")


@pytest.mark.parametrize("id_", ["2601.00001v1", "2510.01812v5", "abc"])
def test_there_is_no_such_document(get: httpx2.Client, id_: str) -> None:
    answer = get.get(f"/pdf/{id_}")
    assert answer.status_code == 404
    assert f"No document for &#x27;{id_}&#x27;" in answer.text
    assert answer.headers["Content-Type"].startswith("text/html")


def test_an_unchanged_pdf_is_not_sent_again(get: httpx2.Client) -> None:
    head = get.head("/pdf/2601.19781v1")
    assert int(head.headers["Content-Length"]) == len(get.get("/pdf/2601.19781v1").content)
    for name, value in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
        assert get.get("/pdf/2601.19781v1", headers={name: head.headers[value]}).status_code == 304


def test_other_files_can_be_served(server: Server, get: httpx2.Client, tmp_path: Path) -> None:
    (tmp_path / "2601.19781v1.pdf").write_bytes(b"%PDF-1.4 broken")
    server.set(pdfs=tmp_path)
    assert get.get("/pdf/2601.19781").content == b"%PDF-1.4 broken"
    assert len(get.get("/pdf/2601.19112v1").content) > 1000
