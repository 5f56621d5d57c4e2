"""`digest runs` and `digest paper`: what they print, change, and refuse."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from digest.cli import app
from digest.sample import Server, fault
from digest.sample import start as start_server
from digest.sample.knobs import Knobs
from tests.ledger.days import DAY, start, use, write_records

Run = Callable[..., tuple[int, str, str]]
SETTINGS = (
    "[text]\nsource = 'abstract'\n[checks]\noff-topic = 'off'\nnearer-paper = 'off'\n"
    "other-paper = 'off'\nsame-line = 'off'\nwrong-task = 'off'\n"
)  # the answers to invented papers are no lines of theirs
ONE, OTHER = "2601.30001", "2601.30004"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    records = write_records(tmp_path_factory.mktemp("records") / "records.jsonl", 8)
    with start_server(Knobs(records=(records,), synthesize=True)) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    server.set()
    monkeypatch.chdir(use(server, tmp_path, SETTINGS))
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    return tmp_path


@pytest.fixture
def digest(folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["digest", *words])
        with pytest.raises(SystemExit) as end:
            app.main()
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return int(end.value.code or 0), out, err

    return run


def lines(folder: Path) -> dict[str, str]:
    digest = json.loads((folder / f"runs/{DAY}/audio.json").read_text(encoding="utf-8"))
    return {entry["paper"]["id"]: entry["summary"]["line"] for entry in digest["entries"]}


def as_json(ran: tuple[int, str, str]) -> Any:
    return json.loads(ran[1])


def test_a_run_is_listed_shown_and_exported(digest: Run, folder: Path, server: Server) -> None:
    server.faults(fault("refusal", paper=ONE))
    assert digest("run", "-q")[0] == 3
    head, row = digest("runs")[1].splitlines()
    assert head.split()[0] == "run"
    assert row.split()[3:11] == ["run", DAY, "audio", "flagged", "8", "8", "7", "1"]
    (values,) = as_json(digest("runs", "--json"))
    assert (values["report"]["asked"], values["report"]["source"]) == (8, "listing")
    shown = digest("runs", "show", "1")[1]
    assert f"only these: {ONE}." in shown
    assert "ask: refused" in shown
    assert "check: passed (1 attempt)" in shown
    papers = as_json(digest("runs", "show", "1", "--json"))["papers"]
    assert [stage["stage"] for stage in papers[OTHER]] == ["ask", "check"]
    rows = [json.loads(line) for line in digest("runs", "export", "1")[1].splitlines()]
    kinds = [row["kind"] for row in rows]
    assert (kinds[0], kinds.count("answer")) == ("run", 7)


def test_a_failed_run_says_where_and_what_next(digest: Run, server: Server) -> None:
    server.faults(fault("503", path="^/list", headers={"Retry-After": "9999"}))
    assert digest("run")[0] == 4
    shown = digest("runs", "show", "1")[1]
    assert "It ended before the announcement was there" in shown
    assert "`digest run --section audio` goes on" in shown


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("runs", "show", "7"), 2, "no run 7"),
        (("runs", "prune", "--older-than", "soon"), 2, "90d"),
        (("runs", "backup", "nowhere/at/all"), 2, "nowhere"),
        (("paper", "2601"), 2, "no arXiv identifier"),
        (("paper", "hallo", "welt"), 2, "are no arXiv identifiers"),
        (("paper", "2601.99999"), 2, "knows no paper 2601.99999"),
        (("paper", f"{ONE}v9"), 2, f"knows no paper {ONE}v9"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    digest: Run, words: tuple[str, ...], code: int, sentence: str, server: Server
) -> None:
    digest("run", "-q")
    server.set()
    ran = digest(*words)
    assert ran[0] == code
    assert sentence in ran[2]
    assert "chat" not in server.stats()["requests"]


def test_without_a_ledger_nothing_is_made(digest: Run, folder: Path) -> None:
    for words in (("runs",), ("runs", "prune", "--older-than", "1d"), ("runs", "verify")):
        code, out, err = digest(*words)
        assert code in {2, 4}
        assert "no ledger" in out + err
    assert not (folder / "runs").exists()


def test_papers_again_show_old_and_new_and_rewrite_the_digest(
    digest: Run, folder: Path, server: Server
) -> None:
    digest("run", "-q")
    before = lines(folder)
    answer = '{"kind": "method", "task": "鸟声识别", "problem": "噪声", "contribution": "提出一种新方法"}'
    server.faults(fault("chatter", content=answer))
    kept = digest("paper", ONE, "--keep")
    assert lines(folder) == before
    assert "--keep" in kept[1]
    code, out, _ = digest("paper", ONE, f"{OTHER}v1", ONE)
    assert code == 0
    assert "{+鸟声识别+}" in out
    assert "[-" in out
    assert out.count("rewritten: ") == 2
    after = lines(folder)
    assert {paper for paper in after if after[paper] != before[paper]} == {ONE, OTHER}
    assert "鸟声识别" in (folder / f"runs/{DAY}/audio.md").read_text(encoding="utf-8")
    assert digest("runs", "verify")[0] == 0
    server.set()
    assert digest("run", "--date", DAY, "-q")[0] == 0
    assert lines(folder) == after  # the newest answers count, and nothing was asked for them
    assert server.stats()["requests"] == {}
    exported = digest("runs", "export", "1")[1]
    assert exported.count('"kind": "answer"') == 8  # the older line stays in the ledger


def test_papers_come_from_a_pipe_and_one_that_is_unknown_stops_no_other(
    digest: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    digest("run", "-q")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{ONE}\n2601.99999 {OTHER}\n"))
    code, out, _ = digest("paper", "-", "--json")
    assert code == 2
    values = json.loads(out)
    assert [one["id"] for one in values["papers"]] == [f"{ONE}v1", "2601.99999", f"{OTHER}v1"]
    assert "knows no paper" in values["papers"][1]["error"]
    assert values["asked"] == 2


def test_verify_tells_digests_that_are_not_what_was_answered(digest: Run, folder: Path) -> None:
    digest("run", "-q")
    page = folder / f"runs/{DAY}/audio.json"
    page.write_text(page.read_text(encoding="utf-8").replace("任务", "问题", 1), encoding="utf-8")
    connection = sqlite3.connect(folder / "runs/ledger.sqlite3")
    with connection:
        connection.execute("DELETE FROM completions WHERE paper = ?", (OTHER,))
    connection.close()
    code, out, _ = digest("runs", "verify")
    assert code == 4
    assert "audio.md: is not what the JSON beside it renders to" in out
    assert "its line is not the one that its answer makes" in out
    assert f"{OTHER}: the answer that its line was made of is not in" in out


def test_pruning_keeps_answers_unless_told_otherwise(digest: Run, folder: Path, server: Server) -> None:
    digest("run", "-q")
    assert "events" in digest("runs", "prune", "--older-than", "0d")[1]
    server.set()
    assert as_json(digest("run", "--date", DAY, "--json"))[0]["asked"] == 0
    assert server.stats()["requests"] == {}
    assert "8 completions" in digest("runs", "prune", "--older-than", "0d", "--answers")[1]
    assert digest("runs", "verify")[0] == 4
    digest("run", "-q")
    assert digest("runs", "verify")[0] == 0


@pytest.mark.slow
def test_a_new_version_keeps_its_line_where_that_is_set(
    folder: Path, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Same title and abstract, so the text of the earlier version makes the very question of before."""
    old = write_records(tmp_path_factory.mktemp("old") / "records.jsonl", 2)
    rows = [json.loads(line) for line in old.read_text(encoding="utf-8").splitlines()]
    rows = [{**row, "version": 2, "kind": "replaced", "date": "2026-01-29"} for row in rows]
    rows[1]["abstract"] += " It changed."
    new = old.with_name("new.jsonl")
    new.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    more = SETTINGS.replace("'abstract'", "'pdf'")
    use(server, folder, f"reuse_unchanged = true\n{more}")
    server.set(records=(old,))
    assert _asked(folder, DAY) == (2, 0)
    server.set(records=(new,), today="2026-01-29")
    assert _asked(folder, "2026-01-29") == (1, 1)
    assert set(server.stats()["asked"]) == {"2601.30001"}


def _asked(folder: Path, day: str) -> tuple[int, int]:
    """Questions asked and answers reused, of a process of its own: it reads PDFs."""
    out, err = start(folder, "run", "--date", day, "--json").communicate(timeout=60)
    (values,) = json.loads(out)
    assert "Traceback" not in err
    return values["asked"], values["reused"]
