"""PDFs that do not come at once: asked for again by the next run, unless arXiv says there will be none."""

from __future__ import annotations

import json
import sqlite3
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run, Start, few, use
from tests.faulty import Fault, Server

DAY = "2026-01-28"
JOB = ("run", "--limit", "3")


def page(status: int, heading: str) -> Fault:
    """What arXiv, or what stands before it, answers instead of a PDF."""
    html = f"<html><body><h1>{heading}</h1></body></html>"
    return Fault(path="^/pdf/", status=status, headers={"Content-Type": "text/html"}, body=html)


@pytest.fixture
def server(folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch) -> Server:
    started = sample_server(records=few(folder, 12))
    use(started, folder, monkeypatch)
    return started


def sources(folder: Path) -> list[str]:
    record = json.loads((folder / f"runs/{DAY}/audio.json").read_text(encoding="utf-8"))
    return [entry["text"]["source"] for entry in record["entries"]]


@pytest.mark.parametrize(
    ("status", "heading"),
    [
        (404, "No document for '2601.18904v1'"),
        pytest.param(404, "PDF Unavailable", marks=pytest.mark.slow),
        pytest.param(403, "Access denied", marks=pytest.mark.slow),
        pytest.param(500, "file unavailable", marks=pytest.mark.slow),
        pytest.param(200, "Please prove that you are no robot", marks=pytest.mark.slow),
        (403, "Your access has been withdrawn"),
        pytest.param(404, "Access withdrawn", marks=pytest.mark.slow),
        pytest.param(200, "Access withdrawn: prove that you are no robot", marks=pytest.mark.slow),
    ],
)
def test_what_was_refused_is_asked_for_by_the_next_run(
    status: int, heading: str, digest: Run, folder: Path, server: Server
) -> None:
    server.faults(page(status, heading))
    first = digest(*JOB)
    assert first.code == 0
    assert "lines from title and abstract alone 3 of 3: " in first.out
    assert heading in first.out
    again = digest(*JOB)
    assert "questions asked 0, answers from the ledger 3" in again.out  # it was refused again
    assert server.stats()["requests"]["pdf"] == 6
    server.faults()
    (values,) = digest(*JOB, "--json").json
    assert (values["asked"], values["from_abstract"]) == (3, 0)
    assert sources(folder) == ["pdf"] * 3
    server.faults(page(status, heading))
    assert "questions asked 0" in digest(*JOB).out
    assert server.stats()["requests"].get("pdf", 0) == 0


@pytest.mark.slow
def test_a_withdrawn_paper_is_not_asked_for_again(digest: Run, server: Server) -> None:
    server.faults(page(404, "This version of 2601.18904v1 has been withdrawn and is unavailable"))
    for words in (JOB, JOB, (*JOB, "--fresh")):
        assert digest(*words).code == 0
    assert server.stats()["requests"]["pdf"] == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "%PDF-1.7\nherons\n%%EOF",
        pytest.param("<html>Is this %PDF- enough?</html>\n%%EOF", marks=pytest.mark.slow),
        pytest.param("%PDF-1.7\n1 0 obj <<>> endobj\n", marks=pytest.mark.slow),
    ],
)
def test_what_only_looks_like_a_pdf_is_asked_for_again(
    body: str, digest: Run, folder: Path, server: Server
) -> None:
    server.faults(Fault(path="^/pdf/", headers={"Content-Type": "application/pdf"}, body=body))
    assert digest(*JOB).code == 0
    assert sources(folder) == ["abstract"] * 3
    server.faults()
    assert digest(*JOB).code == 0
    assert sources(folder) == ["pdf"] * 3


@pytest.mark.slow
@pytest.mark.parametrize("status", [429, pytest.param(503, marks=pytest.mark.slow)])
def test_who_says_not_to_ask_again_for_an_hour_is_not_asked_again(
    status: int, digest: Run, folder: Path, server: Server
) -> None:
    server.faults(Fault(path="^/pdf/", status=status, headers={"Retry-After": "3600"}, body="Rate exceeded."))
    ran = digest(*JOB)
    assert ran.code == 0
    assert "(arXiv asks not to be asked again for 60 minutes), so no more are asked for" in ran.err
    assert "lines from title and abstract alone 3 of 3" in ran.out
    stats = server.stats()
    assert (stats["requests"]["pdf"], stats["early"]) == (1, 0)
    server.faults()
    assert digest(*JOB).code == 0
    assert sources(folder) == ["pdf"] * 3


def test_asking_again_about_a_paper_asks_for_its_pdf(digest: Run, folder: Path, server: Server) -> None:
    server.faults(page(403, "Access denied"))
    assert digest(*JOB).code == 0
    server.faults()
    record = json.loads((folder / f"runs/{DAY}/audio.json").read_text(encoding="utf-8"))
    ran = digest("paper", record["entries"][0]["paper"]["id"])
    assert "text:   PDF of 2 pages" in ran.out
    assert sources(folder) == ["pdf", "abstract", "abstract"]


def test_when_most_are_refused_the_rest_is_not_asked_for(digest: Run, folder: Path, server: Server) -> None:
    server.faults(page(403, "Access denied"))
    ran = digest("run")
    assert ran.code == 0
    assert "8 of the last 8 PDFs were refused" in ran.err
    assert "lines from title and abstract alone 12 of 12" in ran.out
    assert server.stats()["requests"]["pdf"] == 8
    server.faults()
    assert digest("run").code == 0
    assert sources(folder) == ["pdf"] * 12


@pytest.mark.slow
@pytest.mark.parametrize(
    ("some", "asked", "read"),
    [({"every": 2}, 12, 6), ({"first": 4}, 12, 8), ({"first": 8}, 8, 0)],  # the half, the first, too many
)
def test_when_some_are_refused_the_others_are_read(
    some: dict[str, int], asked: int, read: int, digest: Run, folder: Path, server: Server
) -> None:
    server.faults(page(403, "Access denied").model_copy(update=some))
    ran = digest("run")
    assert ran.code == 0
    assert f"lines from title and abstract alone {12 - read} of 12" in ran.out
    assert (server.stats()["requests"]["pdf"], sources(folder).count("pdf")) == (asked, read)
    server.faults()
    assert digest("run").code == 0
    assert sources(folder) == ["pdf"] * 12
    assert server.stats()["requests"]["pdf"] == 12 - read


@pytest.mark.slow
def test_a_refusal_that_an_older_version_kept_for_ever_is_none(
    digest: Run, folder: Path, server: Server
) -> None:
    server.faults(page(404, "PDF Unavailable"))
    assert digest(*JOB).code == 0
    with sqlite3.connect(folder / "runs/ledger.sqlite3") as ledger:
        for paper, blob in ledger.execute("SELECT paper, text FROM texts").fetchall():
            text: dict[str, Any] = json.loads(zlib.decompress(blob))
            assert text.pop("transient")
            kept = zlib.compress(json.dumps(text).encode())
            ledger.execute("UPDATE texts SET text = ? WHERE paper = ?", (kept, paper))
    ledger.close()
    server.faults()
    assert digest(*JOB).code == 0
    assert sources(folder) == ["pdf"] * 3


@pytest.mark.slow
def test_what_a_batch_was_paid_for_is_used_although_the_pdf_is_there_now(
    digest: Run, folder: Path, server: Server
) -> None:
    server.faults(page(404, "PDF Unavailable").model_copy(update={"first": 3}))
    assert digest(*JOB, "--batch").code == 0  # the first question is put alone, to learn the form
    (values,) = digest(*JOB, "--json").json
    assert (values["state"], values["from_abstract"]) == ("complete", 2)
    assert sorted(sources(folder)) == ["abstract", "abstract", "pdf"]
    assert digest(*JOB).code == 0
    assert sources(folder) == ["pdf"] * 3
