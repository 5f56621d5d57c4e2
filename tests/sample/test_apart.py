"""The sample day and real work in one folder: neither touches the other, nor is taken for it."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from digest.cli.sample_traces import left_in, take_out
from digest.ledger import open_ledger
from digest.model import Snapshot
from digest.publish.json_format import from_json
from digest.publish.keeping import find_digest, of_sample
from digest.publish.markdown import SAMPLE, render
from digest.publish.markdown_parser import parse
from digest.sample import EVENING
from tests.conftest import Run, Start, few, use
from tests.faulty import Server

DAY = "2026-01-28"
JOB = ("run", "--limit", "3")


@pytest.fixture
def server(folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch) -> Server:
    started = sample_server(records=few(folder, 3))
    use(started, folder, monkeypatch)
    return started


def everything(folder: Path) -> dict[str, bytes]:
    """The files of real work; what SQLite and locks do to theirs does not count."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "sample" not in path.parts and "ledger" not in path.name
    }


def test_real_work_after_the_sample_asks_for_everything_itself(
    digest: Run, folder: Path, server: Server
) -> None:
    assert digest(*JOB, "--sample").code == 0
    (values,) = digest(*JOB, "--json").json
    assert (values["asked"], values["reused"], values["sample"]) == (3, 0, False)
    requests = server.stats()["requests"]
    assert requests["pdf"] == 3
    assert requests["listing"] == 2
    page = (folder / f"runs/{DAY}/audio.md").read_text(encoding="utf-8")
    assert SAMPLE not in page


def test_the_sample_after_real_work_changes_nothing(digest: Run, folder: Path, server: Server) -> None:
    assert digest(*JOB).code == 0
    before, runs = everything(folder), digest("runs", "--json").json
    assert digest(*JOB, "--sample").code == 0
    assert digest("list", "--sample").code == 0
    paper = json.loads(before[f"runs/{DAY}/audio.json"])["entries"][0]["paper"]["id"]
    assert digest("paper", paper, "--sample").code == 0
    assert digest("text", paper, "--sample").code == 0
    assert digest("doctor", "--sample").code == 0
    assert everything(folder) == before
    assert digest("runs", "--json").json == runs
    assert digest("runs", "verify").code == digest("runs", "verify", "--out", "runs/sample").code == 0


def test_a_digest_of_the_sample_says_so_and_comes_back(digest: Run, folder: Path) -> None:
    ran = digest(*JOB, "--no-pdf", "--sample")
    assert "recorded answers" in ran.out
    place = folder / f"runs/sample/{DAY}"
    page, record = ((place / f"audio.{kind}").read_text(encoding="utf-8") for kind in ("md", "json"))
    assert page.splitlines()[2] == SAMPLE
    assert json.loads(record)["sample"] is True
    assert render(from_json(record, "audio.json")) == page
    assert parse(page, "audio.md").sample
    assert render(parse(page, "audio.md")) == page
    refused = digest("gold", "import", str(place / "audio.md"), "-o", str(folder / "gold.jsonl"))
    assert refused.code == 2
    assert "sample day" in refused.err


def mixed(digest: Run, folder: Path) -> None:
    """As an earlier version left it: the sample's ledger, PDFs and digests where those of real work are."""
    assert digest(*JOB, "--sample").code == 0
    shutil.copytree(folder / "runs/sample", folder / "runs", dirs_exist_ok=True)
    record = folder / f"runs/{DAY}/audio.json"
    values = json.loads(record.read_text(encoding="utf-8"))
    del values["sample"]
    record.write_text(json.dumps(values), encoding="utf-8")
    page = folder / f"runs/{DAY}/audio.md"
    page.write_text(page.read_text(encoding="utf-8").replace(f"{SAMPLE}\n\n", ""), encoding="utf-8")


@pytest.mark.slow
def test_a_ledger_that_the_sample_got_into_is_recognised(digest: Run, folder: Path, server: Server) -> None:
    mixed(digest, folder)
    assert list((folder / "runs/pdf").glob("*.pdf"))
    with open_ledger(folder / "runs") as ledger:
        assert left_in(ledger.database)
    assert "earlier runs of the sample day are in it" in digest("doctor").out
    ran = digest(*JOB, "--model", "recorded")
    assert ran.code == 0
    assert "earlier runs of the sample day" in ran.err
    assert "questions asked 3, answers from the ledger 0" in ran.out
    assert server.stats()["requests"]["pdf"] == 3
    assert digest("runs").out.splitlines()[1].split()[3] == "sample"
    again = digest(*JOB, "--model", "recorded")
    assert "earlier runs" not in again.err
    assert "questions asked 0, answers from the ledger 3" in again.out


@pytest.mark.slow
def test_a_day_that_only_the_sample_finished_is_not_finished(digest: Run, folder: Path) -> None:
    mixed(digest, folder)
    there = find_digest(folder / "runs", date(2026, 1, 28), "audio")
    assert there is not None
    assert of_sample(there)


def test_a_real_ledger_is_left_alone(digest: Run, folder: Path, server: Server) -> None:
    assert digest(*JOB, "--no-pdf").code == 0
    with open_ledger(folder / "runs") as ledger:
        assert not left_in(ledger.database)
        assert take_out(ledger, folder / "runs") is None
    assert "questions asked 0" in digest(*JOB, "--no-pdf").out


def test_a_mirror_on_this_machine_is_no_sample(folder: Path) -> None:
    page = Snapshot(url="http://127.0.0.1:8080/list/cs.SD/new", fetched=EVENING, status=200, body="")
    with open_ledger(folder / "runs") as ledger:
        ledger.put(page)
        assert take_out(ledger, folder / "runs", "http://127.0.0.1:8080") is None
        assert take_out(ledger, folder / "runs", "https://arxiv.org") is not None


@pytest.mark.slow
def test_digests_of_the_sample_are_not_rewritten_by_real_work(
    digest: Run, folder: Path, server: Server
) -> None:
    mixed(digest, folder)
    before = everything(folder / f"runs/{DAY}")
    paper = json.loads(before["audio.json"])["entries"][0]["paper"]["id"]
    ran = digest("paper", paper, "--prompt", "line")
    assert "no digest here holds this paper" in ran.out
    assert everything(folder / f"runs/{DAY}") == before
