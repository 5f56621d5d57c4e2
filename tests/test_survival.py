"""A good digest outlives whatever happens to the endpoint: its lines are the same before and after."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from digest.config import load
from digest.model import Announcement
from digest.pipeline.day_checks import refuse_shorter
from digest.publish.json_format import from_json
from digest.system.errors import UsageError
from tests.conftest import Run, Start, few, use
from tests.examples import first_fast
from tests.faulty import Fault, Server, fault

DAY = "2026-01-28"
FIRST = "2601.18904"
JOB = ("run", "--no-pdf", "--limit", "4")


def error(status: int, message: str, **fields: Any) -> Fault:
    """What a gateway or a server says to every question."""
    return Fault(path="^/v1/chat", status=status, body={"error": {"message": message, **fields}})


DEAD = {
    "wrong key": fault("bad-key"),
    "500s": fault("server-error"),
    "a gateway without its database": error(400, "No connected db."),
    "a gateway that cannot route": error(500, "litellm.InternalServerError: Connection error."),
    "a model that loads": error(503, "Loading model", type="unavailable_error", code=503),
    "no way in": fault("reset", path="^/v1/chat"),
}
POOR = {
    "empty account": fault("no-balance"),
    "empty account after two papers": fault("no-balance", every=3),
    "a context of 512 tokens": error(
        400, "request (2000 tokens) exceeds the available context size (512 tokens), try increasing it"
    ),
    "an answer that is none": fault("invalid-json"),
    "answers without content": fault("empty"),
    "answers that are cut": fault("length"),
    "half of the questions": fault("server-error", every=2),
}


@pytest.fixture
def server(folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch) -> Server:
    started = sample_server(records=few(folder, 5))
    use(started, folder, monkeypatch)
    settings = folder / "digest.toml"
    text = settings.read_text(encoding="utf-8").replace("[model]\n", "[model]\nattempts = 1\n")
    settings.write_text(text, encoding="utf-8")
    return started


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "runs" / DAY).glob("*")}


def lines(folder: Path) -> list[str]:
    text = (folder / f"runs/{DAY}/audio.md").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.startswith("- **简介")]


def most_are_slow(cases: Sequence[str], quick: str) -> list[Any]:
    return [pytest.param(one, marks=[] if one == quick else pytest.mark.slow) for one in cases]


@pytest.mark.parametrize("name", most_are_slow([*DEAD], "a gateway without its database"))
def test_an_endpoint_that_answers_nobody_publishes_nothing(
    name: str, digest: Run, folder: Path, server: Server
) -> None:
    server.faults(DEAD[name])
    ran = digest(*JOB)
    assert ran.code == 4, ran
    assert not list(folder.rglob("audio.*"))


@pytest.mark.parametrize("words", first_fast([["--model", "another"], ["--fresh"], ["--prompt", "line"]]))
@pytest.mark.parametrize("name", most_are_slow([*DEAD], "500s"))
def test_and_leaves_a_good_digest_alone(
    name: str, words: list[str], digest: Run, folder: Path, server: Server
) -> None:
    assert digest(*JOB).code == 0
    before = files(folder)
    server.faults(DEAD[name])
    assert digest(*JOB, *words).code == 4
    assert files(folder) == before
    server.faults()
    assert digest(*JOB).code == 0
    assert files(folder) == before


@pytest.mark.parametrize("words", first_fast([(["--model", "another"],), (["--fresh"],)]))
@pytest.mark.parametrize("name", most_are_slow([*POOR], "half of the questions"))
def test_lines_stay_where_a_run_has_no_better_ones(
    name: str, words: list[str], digest: Run, folder: Path, server: Server
) -> None:
    assert digest(*JOB).code == 0
    before = lines(folder)
    assert len(before) == 4
    server.faults(POOR[name])
    bad = digest(*JOB, *words)
    assert bad.code in {3, 4}
    if words[0] == "--model" or name != "an answer that is none":  # --fresh, and it was answered
        assert lines(folder) == before
    server.faults()
    assert digest(*JOB).code == 0
    assert lines(folder) == before


@pytest.mark.slow
def test_what_stays_is_told_and_tried_again(digest: Run, folder: Path, server: Server) -> None:
    assert digest(*JOB).code == 0
    server.faults(fault("server-error", paper=FIRST))
    ran = digest(*JOB, "--model", "another")
    assert ran.code == 3
    assert "summarised 4, flagged 0" in ran.out
    assert f"keeps its earlier line {FIRST}: " in ran.out
    record = json.loads((folder / f"runs/{DAY}/audio.json").read_text(encoding="utf-8"))
    assert FIRST in record["notes"][-1]
    server.faults()
    (values,) = digest(*JOB, "--model", "another", "--json").json
    assert (values["exit_code"], values["asked"], values["kept"]) == (0, 1, {})


@pytest.mark.slow
def test_fresh_answers_stand_even_if_they_are_worse(digest: Run, folder: Path, server: Server) -> None:
    assert digest(*JOB).code == 0
    server.faults(fault("refusal", paper=FIRST))
    assert digest(*JOB, "--fresh").code == 3
    assert sum("未生成" in line for line in lines(folder)) == 1


@pytest.mark.slow
def test_a_damaged_record_beside_a_good_page_loses_no_line(digest: Run, folder: Path, server: Server) -> None:
    assert digest(*JOB).code == 0
    before = lines(folder)
    (folder / f"runs/{DAY}/audio.json").write_text("{", encoding="utf-8")
    server.faults(fault("server-error", paper=FIRST))
    assert digest(*JOB, "--model", "another").code == 3
    assert lines(folder) == before


def test_a_paper_asked_alone_keeps_its_line_when_the_new_one_fails(
    digest: Run, folder: Path, server: Server
) -> None:
    assert digest(*JOB).code == 0
    before = files(folder)
    server.faults(
        fault("empty", content='{"kind": "method", "task": "a", "problem": "b", "contribution": "c"}')
    )
    ran = digest("paper", FIRST)
    assert ran.code == 3
    assert files(folder) == before
    assert "no digest was changed" in ran.out


@pytest.mark.parametrize(
    ("trouble", "code", "words"),
    first_fast(
        [
            (fault("server-error"), 4, "No question was answered"),
            (fault("no-balance"), 3, "stopped: The account at"),
            (POOR["a context of 512 tokens"], 3, "Set [text] budget lower"),
        ]
    ),
    ids=["500s", "empty account", "context"],
)
def test_a_paper_asked_alone_tells_why_there_is_no_answer(
    trouble: Fault, code: int, words: str, digest: Run, folder: Path, server: Server
) -> None:
    assert digest(*JOB).code == 0
    before = files(folder)
    server.faults(trouble)
    ran = digest("paper", FIRST)
    assert ran.code == code
    assert words in ran.out + ran.err
    assert files(folder) == before


@pytest.mark.slow
def test_import_and_render_do_not_lose_lines_either(digest: Run, folder: Path, server: Server) -> None:
    assert digest(*JOB).code == 0
    before = files(folder)
    server.faults(fault("server-error", paper=FIRST))
    assert digest(*JOB, "--model", "another", "--out", "poor").code == 3
    poor, good = folder / "poor" / DAY, folder / "runs" / DAY
    for words in (
        ("import", poor / "audio.md", "-o", good / "audio.json"),
        ("render", poor / "audio.json", "-o", good / "audio.md"),
    ):
        refused = digest(*map(str, words))
        assert refused.code == 2
        assert FIRST in refused.err
    assert files(folder) == before
    assert digest("render", str(good / "audio.json"), "-o", str(poor / "audio.md")).code == 0


@pytest.mark.parametrize(("source", "shown"), [("oai", 3), ("listing", 0)])
def test_a_list_with_gaps_does_not_take_the_place_of_a_whole_one(
    source: str, shown: int, digest: Run, folder: Path, server: Server
) -> None:
    assert digest(*JOB).code == 0
    record = (folder / f"runs/{DAY}/audio.json").read_text(encoding="utf-8")
    entries = from_json(record, "audio.json").entries[:shown]
    announcement = Announcement(
        date=date(2026, 1, 28),
        listings=tuple(entry.listing for entry in entries),
        papers=tuple(entry.paper for entry in entries),
        source=source,
    )
    settings = load({"run": {"out": folder / "runs"}})
    resources = SimpleNamespace(settings=settings, own=lambda digest: digest)
    with pytest.raises(UsageError, match=f"{4 - shown} papers that are not announced by {source}"):
        refuse_shorter(settings.section("audio"), announcement, None, resources)  # type: ignore[arg-type]  # no more is used
