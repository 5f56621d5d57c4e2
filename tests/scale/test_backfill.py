"""`digest backfill` on this machine: old days from every source, resumable, planned, at half the price."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from digest.cli.days_progress import DaysProgress
from digest.model import Paper
from tests.conftest import Run, Start, use
from tests.examples import first_fast
from tests.faulty import Server, fault
from tests.scale.support import World, digests_in, records_of, working_days, world

DAYS = working_days(date(2025, 1, 6), 3)
EACH = 4
ALL = len(DAYS) * EACH
SPAN = ("--from", str(DAYS[0]), "--to", str(DAYS[-1]))
PRICE = "[model.price]\ninput = 1.0\noutput = 2.0\n"


@pytest.fixture(scope="session")
def old(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Three days of four papers."""
    return world(tmp_path_factory.mktemp("old"), records_of(DAYS, EACH))


@pytest.fixture
def server(old: World, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch) -> Server:
    started = sample_server(records=(old.records,), synthesize=True)
    use(started, folder, monkeypatch)
    text = (folder / "digest.toml").read_text(encoding="utf-8")
    text = text.replace("[arxiv]\n", f'[arxiv]\noai = "{started.url}/oai"\n') + PRICE
    (folder / "digest.toml").write_text(text, encoding="utf-8")
    return started


def asked(server: Server) -> int:
    return sum(server.stats()["asked"].values())


def requests(server: Server) -> dict[str, int]:
    return {kind: number for kind, number in server.stats()["requests"].items() if number}


@pytest.mark.slow
@pytest.mark.pages
def test_a_snapshot_and_a_mirror_need_no_request_to_arxiv(
    digest: Run, folder: Path, old: World, server: Server
) -> None:
    job = ("backfill", *SPAN, "--metadata", str(old.snapshot), "--mirror", str(old.mirror))
    ran = digest(*job)
    assert ran.code == 0, ran.err
    assert "digests: 3 complete" in ran.out
    assert f"papers {ALL}: summarised {ALL}, flagged 0; questions asked {ALL}" in ran.out
    assert set(requests(server)) == {"chat"}
    made = digests_in(folder / "runs")
    assert len(made) == len(DAYS) * 3
    record = json.loads(made[f"{DAYS[0]}/audio.json"])
    assert record["source"] == "snapshot"
    assert "Approximate" in record["notes"][0]
    assert {entry["text"]["source"] for entry in record["entries"]} == {"pdf"}
    assert [entry["listing"]["kind"] for entry in record["entries"]] == ["new"] * 3 + ["cross"]

    again = digest(*job)
    assert again.code == 0
    assert "made before: 3" in again.out
    assert (asked(server), digests_in(folder / "runs")) == (ALL, made)


@pytest.mark.slow
def test_oai_is_harvested_once_by_the_month_and_pages_are_followed(
    digest: Run, folder: Path, server: Server
) -> None:
    server.set(page_size=5)
    ran = digest("backfill", *SPAN, "--no-pdf")
    assert ran.code == 0, ran.err
    assert f"papers {ALL}: summarised {ALL}" in ran.out
    assert set(requests(server)) == {"chat", "oai"}
    harvested = requests(server)["oai"]
    record = json.loads((folder / f"runs/{DAYS[1]}/audio.json").read_bytes())
    assert record["source"] == "oai"
    assert "Approximate, from OAI-PMH" in record["notes"][0]
    for path in (folder / "runs").glob("2025-*/*"):
        path.unlink()
    assert digest("backfill", *SPAN, "--no-pdf").code == 0
    assert requests(server)["oai"] == harvested  # one a month and category, and none again


@pytest.mark.slow
def test_pdfs_are_asked_of_arxiv_only_when_told_to(
    digest: Run, folder: Path, old: World, server: Server
) -> None:
    day = ("--from", str(DAYS[0]), "--to", str(DAYS[0]), "--metadata", str(old.snapshot))
    ran = digest("backfill", *day, "--out", "none")
    assert ran.code == 0, ran.err
    assert "pdf" not in requests(server)
    entries = json.loads((folder / f"none/{DAYS[0]}/audio.json").read_bytes())["entries"]
    assert {entry["text"]["reason"] for entry in entries} == {"no PDF is asked of arXiv by this back-fill"}
    assert digest("backfill", *day, "--out", "fetched", "--fetch-pdfs").code == 0
    assert requests(server)["pdf"] == EACH
    entries = json.loads((folder / f"fetched/{DAYS[0]}/audio.json").read_bytes())["entries"]
    assert {entry["text"]["source"] for entry in entries} == {"pdf"}


def test_the_plan_asks_nobody_and_says_what_the_run_then_takes(
    digest: Run, folder: Path, old: World, server: Server
) -> None:
    job = ("backfill", *SPAN, "--metadata", str(old.snapshot), "--mirror", str(old.mirror))
    planned = digest(*job, "--plan")
    assert planned.code == 0, planned.err
    assert requests(server) == {}
    assert not digests_in(folder / "runs")
    assert "digests to make: 3" in planned.out
    assert f"papers to ask about: {ALL}" in planned.out
    assert "requests to arXiv: 0 pages, PDFs: 0" in planned.out
    assert "with a text, of those that were looked up: 100%" in planned.out


@pytest.mark.slow
def test_the_measured_plan_comes_within_15_per_cent(
    digest: Run, folder: Path, old: World, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.scale.plan.ENOUGH", EACH)
    job = ("backfill", "--metadata", str(old.snapshot), "--mirror", str(old.mirror), "--json")
    first = digest(*job, "--from", str(DAYS[0]), "--to", str(DAYS[0]))
    assert first.code == 0, first.err
    rest = digest(*job, *SPAN).json
    assert (rest["plan"]["made_before"], rest["plan"]["asked"]) == (1, ALL - EACH)
    assert rest["plan"]["measured"] == EACH
    paid = sum(day["cost"] for day in rest["days"])
    assert paid > 0
    assert abs(rest["plan"]["cost"] / paid - 1) < 0.15
    assert rest["plan"]["batch_cost"] == pytest.approx(rest["plan"]["cost"] / 2)


def test_batches_are_handed_in_for_all_days_and_collected_at_half_the_price(
    digest: Run, folder: Path, old: World, server: Server
) -> None:
    source = ("--metadata", str(old.snapshot), "--no-pdf")
    plain = digest("backfill", *SPAN, *source, "--out", "plain", "--json").json
    server.set(batch_looks=1)
    given = digest("backfill", *SPAN, *source, "--out", "half", "--batch", "--json")
    assert given.code == 0, given.err
    assert {day["state"] for day in given.json["days"]} == {"submitted"}
    assert not digests_in(folder / "half")
    digest("backfill", *SPAN, *source, "--out", "half", "--batch", "--json")
    collected = digest("backfill", *SPAN, *source, "--out", "half", "--wait", "--json")
    assert collected.code == 0, collected.err
    assert digests_in(folder / "half") == digests_in(folder / "plain")
    full = sum(day["cost"] for day in plain["days"])
    everything = (given.json, collected.json)
    assert sum(day["cost"] for one in everything for day in one["days"]) <= full * 0.6


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    first_fast(
        [
            "no-balance",
            "bad-key",
        ]
    ),
)
def test_what_concerns_all_days_ends_it_after_the_first(
    digest: Run, folder: Path, old: World, server: Server, kind: str
) -> None:
    job = ("backfill", *SPAN, "--metadata", str(old.snapshot), "--no-pdf", "--concurrency", "1")
    server.faults(fault(kind))
    ran = digest(*job)
    assert ran.code == {"bad-key": 4, "no-balance": 3}[kind]
    assert "2 not begun" in ran.out
    server.faults()
    assert digest(*job).code == 0
    assert len(digests_in(folder / "runs")) == len(DAYS) * 3


@pytest.mark.slow
def test_papers_that_got_no_answer_are_tried_once_more_at_the_end(
    digest: Run, folder: Path, old: World, server: Server
) -> None:
    (folder / "digest.toml").write_text(
        (folder / "digest.toml").read_text().replace("[model]\n", "[model]\nattempts = 1\n")
    )
    server.faults(fault("503", path="^/v1/chat", first=2))
    ran = digest("backfill", *SPAN, "--metadata", str(old.snapshot), "--no-pdf")
    assert ran.code == 0, ran.out + ran.err
    assert "once more: 1 days" in ran.err
    assert f"papers {ALL}: summarised {ALL}, flagged 0" in ran.out


def test_a_snapshot_that_is_older_than_the_span_makes_no_empty_days(
    digest: Run, old: World, server: Server
) -> None:
    span = ("--from", str(DAYS[0]), "--to", "2025-01-31")
    ran = digest("backfill", *span, "--metadata", str(old.snapshot))
    assert ran.code == 2
    assert f"ends with {DAYS[-1]}, and says nothing of 2025-01-09" in ran.err
    assert requests(server) == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2025-01-08", "--to", "2025-01-06"), "lies before"),
        (("--from", "soon", "--to", "2025-01-06"), "is no date"),
        ((*SPAN, "--metadata", "missing.json"), "missing.json cannot be read"),
        ((*SPAN, "--mirror", "missing"), "there is no such folder"),
        ((*SPAN, "--address", "auto"), "--engine ray"),
        ((*SPAN, "--section", "cooking"), "no section 'cooking'"),
    ],
)
def test_what_is_not_usable_is_said_before_anything_is_asked(
    digest: Run, server: Server, words: tuple[str, ...], said: str
) -> None:
    ran = digest("backfill", *words)
    assert ran.code == 2
    assert said in ran.err
    assert requests(server) == {}


@pytest.mark.slow
def test_killed_anywhere_it_goes_on_and_ends_the_same(
    folder: Path, digest: Run, old: World, server: Server
) -> None:
    source = ("--metadata", str(old.snapshot), "--mirror", str(old.mirror))
    assert digest("backfill", *SPAN, *source, "--out", "whole").code == 0
    server.set(latency=0.05)
    job = [
        sys.executable,
        "-m",
        "digest",
        "backfill",
        *SPAN,
        *source,
        "--out",
        "killed",
        "--concurrency",
        "2",
    ]
    for number in range(1, 4):
        running = subprocess.Popen(
            job, env=dict(os.environ), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while asked(server) < 3 * number and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)  # a look at another process, which tells nobody
        running.send_signal(signal.SIGKILL)
        running.wait()
    ended = subprocess.run(job, env=dict(os.environ), capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    assert digests_in(folder / "killed") == digests_in(folder / "whole")
    assert asked(server) <= ALL + 3 * 2


@pytest.mark.slow
def test_no_paper_of_a_day_is_held_when_the_next_begins(
    digest: Run, folder: Path, old: World, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, since megabytes say little. Cycles are not collected by themselves in tests, see conftest."""
    held: list[int] = []
    begin = DaysProgress.begin_day

    def counting(progress: DaysProgress, *given: Any) -> None:
        held.append(sum(isinstance(one, Paper) for one in gc.get_objects()))
        begin(progress, *given)

    monkeypatch.setattr(DaysProgress, "begin_day", counting)
    ran = digest("backfill", *SPAN, "--metadata", str(old.snapshot), "--no-pdf")
    assert ran.code == 0, ran.err
    assert len(held) == len(DAYS)
    assert held[2:] == held[1:-1], held
