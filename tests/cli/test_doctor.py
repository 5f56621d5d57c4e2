"""`digest doctor`: each thing that can be missing is told with what to do, and the exit code says it all."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digest.cli import doctor as doctor_module
from digest.cli.doctor import doctor
from digest.cli.session import CommandOptions
from digest.ledger import FILE_NAME, open_ledger
from digest.sample import Fault, Server, fault

KEY = "sk-this-must-not-be-seen"


@pytest.fixture
def examined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, dict[str, dict[str, Any]], str]]:
    """Runs the command in a folder of its own: the exit code, the checks by name, all that was printed."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "DIGEST_MODEL"):
        monkeypatch.delenv(name, raising=False)

    def run(
        server: Server | None = None, environment: dict[str, str] | None = None, toml: str = ""
    ) -> tuple[int, dict[str, dict[str, Any]], str]:
        if server is not None:
            monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
            toml += f'\n[arxiv]\npages = "{server.url}"\ncontact = "a@b.c"\n'
        for name, value in (environment or {}).items():
            monkeypatch.setenv(name, value)
        Path("digest.toml").write_text(toml, encoding="utf-8")
        code = doctor(CommandOptions({"run": {"out": tmp_path / "runs"}}, json=True), fetch_vocabulary=False)
        printed = "".join(capsys.readouterr())
        return code, {check["name"]: check for check in json.loads(printed) if check["name"]}, printed

    return run


def test_all_is_well_and_the_key_is_not_shown(
    examined: Callable[..., Any], sample_server: Callable[..., Server]
) -> None:
    code, checks, printed = examined(sample_server(), {"OPENAI_API_KEY": KEY, "DIGEST_MODEL": "m"})
    assert code == 0
    assert checks["question"]["state"] == "ok"
    assert "json_schema" in checks["question"]["found"]
    assert "model.name = 'm' (DIGEST_MODEL)" in printed
    assert "(digest.toml)" in printed
    assert KEY not in printed


def test_what_is_not_set_is_told(examined: Callable[..., Any], sample_server: Callable[..., Server]) -> None:
    code, checks, _ = examined(sample_server(), {"OPENAI_BASE_URL": "https://model.example/v1"})
    assert code == 2
    assert "OPENAI_API_KEY" in checks["key"]["found"]
    assert "DIGEST_MODEL" in checks["model"]["advice"]
    assert "question" not in checks


def test_a_server_of_ones_own_needs_no_key(
    examined: Callable[..., Any], sample_server: Callable[..., Server]
) -> None:
    code, checks, _ = examined(sample_server(), {"DIGEST_MODEL": "m"}, '[model]\npreset = "vllm"\n')
    assert checks["key"]["state"] == "ok"
    assert "chat_template_kwargs" in checks["preset"]["found"]
    assert code == 0
    code, checks, _ = examined(sample_server(), {"DIGEST_MODEL": "m"})  # at a port that no preset knows
    assert (code, checks["key"]["found"]) == (0, "none is needed")


def test_how_long_a_question_took_is_told_and_much_of_the_time_allowed_is_a_note(
    examined: Callable[..., Any], sample_server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, checks, _ = examined(sample_server(), {"DIGEST_MODEL": "m"})
    assert re.search(r"answered as json_schema in [0-9.]+ s", checks["question"]["found"])
    monkeypatch.setattr(doctor_module, "_SLOW", 0.0)
    code, checks, _ = examined(sample_server(), {"DIGEST_MODEL": "m"})
    assert (code, checks["question"]["state"]) == (0, "note")
    assert "model.timeout" in checks["question"]["advice"]


def test_what_a_question_was_asked_without_is_told(
    examined: Callable[..., Any], sample_server: Callable[..., Server]
) -> None:
    server = sample_server(unsupported=["temperature", "max_tokens"])
    code, checks, _ = examined(server, {"OPENAI_API_KEY": KEY, "DIGEST_MODEL": "m"})
    assert code == 0
    assert "without" in checks["question"]["found"]
    assert "temperature" in checks["question"]["found"]


def test_a_model_that_thinks_too_long_is_told_with_what_to_do(
    examined: Callable[..., Any], sample_server: Callable[..., Server]
) -> None:
    thoughts = {"content": None, "reasoning_content": "让我想想。"}
    rule = Fault(path="^/v1/chat", action="rewrite", message=thoughts, finish_reason="length")
    code, checks, _ = examined(sample_server(faults=(rule,)), {"OPENAI_API_KEY": KEY, "DIGEST_MODEL": "m"})
    assert code == 0
    assert checks["question"]["state"] == "note"
    assert "turn that off" in checks["question"]["advice"]


@pytest.mark.parametrize(
    ("name", "word"), [("bad-key", "OPENAI_API_KEY"), ("no-balance", "balance"), ("503", "503")]
)
def test_what_the_endpoint_refuses_is_told(
    examined: Callable[..., Any], sample_server: Callable[..., Server], name: str, word: str
) -> None:
    server = sample_server(faults=(fault(name, path="^/v1/chat"),))
    code, checks, printed = examined(server, {"OPENAI_API_KEY": KEY, "DIGEST_MODEL": "m"})
    assert code == 4
    assert word in checks["question"]["found"]
    assert KEY not in printed


@pytest.mark.parametrize("status", [429, 503])
def test_nobody_waits_long_for_its_question(
    examined: Callable[..., Any], sample_server: Callable[..., Server], status: int
) -> None:
    closed = Fault(path="^/v1/chat", status=status, headers={"retry-after": "600"})
    code, checks, _ = examined(sample_server(faults=(closed,)), {"OPENAI_API_KEY": KEY, "DIGEST_MODEL": "m"})
    assert code == 4
    assert "says to wait 10 minutes" in checks["question"]["found"]


@pytest.mark.parametrize(
    "answer",
    [
        {"body": "<html>hello</html>", "headers": {"Content-Type": "text/html"}},
        {"status": 404, "body": "Not Found"},
        {"action": "silence"},
    ],
    ids=lambda answer: str(answer)[:50],
)
def test_a_list_of_models_that_is_none_is_a_note(
    examined: Callable[..., Any],
    sample_server: Callable[..., Server],
    monkeypatch: pytest.MonkeyPatch,
    answer: dict[str, Any],
) -> None:
    monkeypatch.setattr(doctor_module, "_PATIENCE", 2.0)
    server = sample_server(faults=(Fault(path="^/v1/models", **answer),))
    code, checks, _ = examined(server, {"OPENAI_API_KEY": KEY, "DIGEST_MODEL": "m"})
    assert code == 0
    assert checks["endpoint"]["state"] == "note"
    assert "no list of models" in checks["endpoint"]["found"]
    assert "know the model" not in checks["endpoint"]["found"]
    assert checks["question"]["state"] == "ok"


def test_a_ceiling_without_a_price_is_told(
    examined: Callable[..., Any], sample_server: Callable[..., Server]
) -> None:
    environment = {"OPENAI_API_KEY": KEY, "DIGEST_MODEL": "m"}
    code, checks, _ = examined(sample_server(), environment, "[model]\nmax_cost = 1.0\n")
    assert code == 2
    assert "[model.price]" in checks["question"]["found"]


def test_what_cannot_be_reached_is_told(examined: Callable[..., Any]) -> None:
    code, checks, _ = examined(Server("http://127.0.0.1:1"), {"OPENAI_API_KEY": KEY, "DIGEST_MODEL": "m"})
    assert code == 4
    assert checks["arxiv"]["state"] == "fail"
    assert "OPENAI_BASE_URL" in checks["question"]["found"]


def test_a_damaged_ledger_is_told(
    examined: Callable[..., Any], sample_server: Callable[..., Server], tmp_path: Path
) -> None:
    with open_ledger(tmp_path / "runs") as ledger:
        run = ledger.begin("run")
        ledger.finish(run, "complete", {})
    with sqlite3.connect(tmp_path / "runs" / FILE_NAME) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    path = tmp_path / "runs" / FILE_NAME
    content = bytearray(path.read_bytes())
    content[5000:9000] = b"x" * 4000
    path.write_bytes(content)
    code, checks, _ = examined(sample_server(), {"OPENAI_API_KEY": KEY, "DIGEST_MODEL": "m"})
    assert code == 4
    assert checks["ledger"]["state"] == "fail"


def test_it_works_on_the_sample_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert doctor(CommandOptions({}, sample=True), fetch_vocabulary=False) == 0
    table = capsys.readouterr().out
    assert "ok    question" in table
    assert "fail" not in table
