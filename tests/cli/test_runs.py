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
from digest.cli.verify import says
from digest.model import Summary
from tests.conftest import Lending
from tests.faulty import Knobs, Server, fault
from tests.ledger.days import DAY, use, write_records

Run = Callable[..., tuple[int, str, str]]
SETTINGS = (
    "[text]\nsource = 'abstract'\n[checks]\noff-topic = 'off'\nnearer-paper = 'off'\n"
    "other-paper = 'off'\nsame-line = 'off'\nwrong-task = 'off'\n"
)  # the answers to invented papers are no lines of theirs
PDF = SETTINGS.replace("'abstract'", "'pdf'")
ONE, OTHER = "2601.30001", "2601.30004"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, lending: Lending) -> Iterator[Server]:
    records = write_records(tmp_path_factory.mktemp("records") / "records.jsonl", 8)
    with lending.start(Knobs(records=(records,), synthesize=True)) as server:
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


FIELDS = {"kind": "method", "task": "语音分离", "problem": "混响下的分离"}


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


def test_what_cannot_be_is_a_sentence(digest: Run, server: Server) -> None:
    digest("run", "-q", "--limit", "1")
    server.set()
    for words, sentence in {
        ("runs", "show", "7"): "no run 7",
        ("runs", "prune", "--older-than", "soon"): "90d",
        ("runs", "backup", "nowhere/at/all"): "nowhere",
        ("paper", "2601"): "no arXiv identifier",
        ("paper", "hallo", "welt"): "are no arXiv identifiers",
        ("paper", "2601.99999"): "knows no paper 2601.99999",
        ("paper", f"{ONE}v9"): f"knows no paper {ONE}v9",
    }.items():
        ran = digest(*words)
        assert (ran[0], sentence in ran[2]) == (2, True), words
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
    fields = {"kind": "method", "task": "鸟声识别", "problem": "录音中风声很大"}
    line = "野外录音里风声很大，鸟声识别常把两者弄混；新方法先减去风声再识别，误报少了许多。"
    answer = json.dumps({**fields, "contribution": "提出先减去风声再识别的方法", "line": line})
    server.faults(fault("chatter", content=answer))
    kept = digest("paper", ONE, "--keep")
    assert lines(folder) == before
    assert "--keep" in kept[1]
    code, out, _ = digest("paper", ONE, f"{OTHER}v1", ONE)
    assert code == 0
    assert "{+" in out
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


@pytest.mark.slow
def test_a_line_in_two_languages_is_in_the_json_and_the_markdown_keeps_its_form(
    digest: Run, folder: Path, server: Server
) -> None:
    use(server, folder, f"prompt = 'entry'\nlanguages = ['zh', 'en']\n{SETTINGS}")
    english = "The recordings are noisy, so that voices are hard to tell apart; the new method halves errors."
    answer = {
        **FIELDS,
        "contribution": "提出先减去风声再分离的方法",
        "line": "野外录音里风声很大，几个人的话音难以分开；新方法先减去风声再分离，错误少了一半。",
        "line_en": english,
    }
    server.faults(fault("chatter", content=json.dumps(answer)))
    assert digest("run", "-q", "--limit", "1")[0] == 0
    (entry,) = json.loads((folder / f"runs/{DAY}/audio.json").read_text(encoding="utf-8"))["entries"]
    assert entry["summary"]["translations"] == {"en": english}
    page = (folder / f"runs/{DAY}/audio.md").read_text(encoding="utf-8")
    assert f"- **简介: {answer['line']}**" in page
    assert english not in page
    assert digest("runs", "verify")[0] == 0
    for wrong, why in (("prompt = 'line'", "one line in one language"), ("prompt = 'entry-en'", "")):
        use(server, folder, f"{wrong}\nlanguages = ['zh', 'en']\n{SETTINGS}")
        code, _, err = digest("run", "-q", "--limit", "1")
        assert (code == 2) is bool(why)
        assert why in err


@pytest.mark.slow
def test_what_was_answered_with_passages_of_before_is_not_asked_again(
    digest: Run, folder: Path, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A ledger of before holds texts with captions under their recipe; the choice of passages has changed."""
    use(server, folder, f"prompt = 'fields'\n{PDF}")
    server.set(records=(write_records(tmp_path_factory.mktemp("two") / "records.jsonl", 2),))
    assert _asked(digest, DAY) == (2, 0)
    connection = sqlite3.connect(folder / "runs/ledger.sqlite3")
    with connection:
        assert connection.execute("UPDATE texts SET recipe = '1:3000'").rowcount == 2
    connection.close()
    (folder / f"runs/{DAY}/audio.json").unlink()
    assert _asked(digest, DAY) == (0, 2)
    use(server, folder, f"prompt = 'line'\n{PDF}")
    (folder / f"runs/{DAY}/audio.json").unlink()
    assert _asked(digest, DAY) == (2, 0)
    connection = sqlite3.connect(folder / "runs/ledger.sqlite3")
    (recipes,) = zip(*connection.execute("SELECT DISTINCT recipe FROM texts ORDER BY 1"), strict=True)
    assert recipes == ("1:3000", "2:2000")
    connection.close()


@pytest.mark.slow
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
    page.write_text(
        page.read_text(encoding="utf-8").replace('"line": "', '"line": "另外，', 1), encoding="utf-8"
    )
    connection = sqlite3.connect(folder / "runs/ledger.sqlite3")
    with connection:
        connection.execute("DELETE FROM completions WHERE paper = ?", (OTHER,))
    connection.close()
    code, out, _ = digest("runs", "verify")
    assert code == 4
    assert "audio.md: is not what the JSON beside it renders to" in out
    assert "its line is not the one that its answer makes" in out
    assert f"{OTHER}: the answer that its line was made of is not in" in out


def test_verify_knows_lines_of_before_that_code_composed() -> None:
    fields = {
        "kind": "method",
        "task": "语音分离",
        "problem": "混响下的分离",
        "contribution": "提出X网络，快3倍",
    }
    content = json.dumps(fields)
    line = "该论文属于语音分离任务，旨在解决混响下的分离问题。提出X网络，快3倍。"
    old = Summary.model_validate({**fields, "line": line})
    assert says(content, old)
    for other in (
        "该论文属于语音分离任务，旨在解决混响下的分离问题。提出Y网络，快3倍。",
        "提出X网络，快3倍。",
    ):
        assert not says(content, old.model_copy(update={"line": other}))
    assert not says(content, old.model_copy(update={"task": "语音增强"}))


def test_verify_compares_lines_in_every_language() -> None:
    fields = {
        "kind": "method",
        "task": "语音分离",
        "problem": "混响下的分离",
        "contribution": "提出X网络，快3倍",
    }
    lines = {"line": "混响里说话人难分，X网络快3倍。", "line_en": "It is fast."}
    both = Summary.model_validate({**fields, "line": lines["line"], "translations": {"en": "It is fast."}})
    assert says(json.dumps({**fields, **lines}), both)
    assert not says(json.dumps({**fields, **lines, "line_en": "It is slow."}), both)
    assert not says(json.dumps({**fields, "line": lines["line"]}), both)


@pytest.mark.slow
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
    digest: Run, folder: Path, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Same title and abstract, so the text of the earlier version makes the very question of before."""
    old = write_records(tmp_path_factory.mktemp("old") / "records.jsonl", 2)
    rows = [json.loads(line) for line in old.read_text(encoding="utf-8").splitlines()]
    rows = [{**row, "version": 2, "kind": "replaced", "date": "2026-01-29"} for row in rows]
    rows[1]["abstract"] += " It changed."
    new = old.with_name("new.jsonl")
    new.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    more = PDF
    use(server, folder, f"reuse_unchanged = true\n{more}")
    server.set(records=(old,))
    assert _asked(digest, DAY) == (2, 0)
    server.set(records=(new,), today="2026-01-29")
    assert _asked(digest, "2026-01-29") == (1, 1)
    assert set(server.stats()["asked"]) == {"2601.30001"}


def _asked(digest: Run, day: str) -> tuple[int, int]:
    """Questions asked and answers reused."""
    (values,) = as_json(digest("run", "--date", day, "--json"))
    return values["asked"], values["reused"]


@pytest.mark.parametrize("words", [("--sample",), ("show", "1", "--sample"), ("--sample", "show", "1")])
def test_runs_of_the_sample_day_are_in_its_own_folder(digest: Run, words: tuple[str, ...]) -> None:
    from digest.ledger import open_ledger

    with open_ledger(Path("runs/sample")) as ledger:
        ledger.finish(ledger.begin("run", "audio"), "complete", {})
    code, out, _ = digest("runs", *words)
    assert (code, "audio" in out) == (0, True)
    assert digest("runs", "--sample", "backup", "copy.sqlite3")[0] == 0
    assert not Path("runs/ledger.sqlite3").exists()
