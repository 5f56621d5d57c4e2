"""`digest doctor`: each thing that can be missing is told with what to do, and the exit code says it all."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from pydantic import SecretStr

from digest.cli.doctor import doctor
from digest.cli.doctor_checks import Diagnosis, endpoint
from digest.cli.doctor_checks.estimate import day_in_words
from digest.cli.session import CommandOptions
from digest.config import ModelSettings, load
from digest.ledger import FILE_NAME, open_ledger
from digest.llm.endpoint import Endpoint
from digest.model import Usage
from tests.faulty import Fault, Server, fault
from tests.llm.simulated import Model, no_connection, run

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
            toml += f'\n[arxiv]\npages = "{server.url}"\nfeed = "{server.url}"\ncontact = "a@b.c"\n'
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
    assert 'model.name = \\"m\\" (DIGEST_MODEL)' in printed
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
    monkeypatch.setattr(endpoint, "_SLOW", 0.0)
    code, checks, _ = examined(sample_server(), {"DIGEST_MODEL": "m"})
    assert (code, checks["question"]["state"]) == (0, "note")
    assert "model.timeout" in checks["question"]["advice"]


@pytest.mark.parametrize(
    ("address", "seconds", "state"),
    [
        ("http://127.0.0.1:8080/v1", 60, "ok"),
        ("http://127.0.0.1:8080/v1", 300, "note"),
        ("http://127.0.0.1:8080/v1", 590, "note"),
        ("https://model.example/v1", 110, "note"),
    ],
)
def test_it_waits_as_long_as_a_run_does_and_tells_the_seconds(
    monkeypatch: pytest.MonkeyPatch, address: str, seconds: int, state: str
) -> None:
    asked: list[Diagnosis] = []

    class Slow(Model):
        async def get(self, *_: object, **__: object) -> NoReturn:
            raise no_connection(OSError("no list"))

    def made(settings: ModelSettings, patience: float) -> Endpoint:
        made = Endpoint(settings, patience=patience, clock=asyncio.get_running_loop().time)
        made._client = Slow(seconds)  # type: ignore[assignment]  # a stand-in
        return made

    async def go() -> None:
        settings = load().model_copy(
            update={"model": ModelSettings(name="m", base_url=address, key=SecretStr("k"))}
        )
        async for check in endpoint.questions(settings):
            asked.append(check)
            if check.name == "question":
                break

    monkeypatch.setattr(endpoint, "Endpoint", made)
    monkeypatch.setattr(endpoint, "_read", lambda *_: None)
    run(go)
    assert asked[-1].state == state
    assert f"in {seconds}.0 s" in asked[-1].found
    assert ("that it may take" in asked[-1].advice) == (state == "note")


def test_a_context_that_has_no_room_for_the_prompt_is_tried_with_the_shorter_one_as_in_a_run(
    examined: Callable[..., Any], sample_server: Callable[..., Server]
) -> None:
    message = "request (3078 tokens) exceeds the available context size (1024 tokens), try increasing it"
    error = {"error": {"code": 400, "message": message, "type": "exceed_context_size_error"}}
    full = Fault(path="^/v1/chat", status=400, body=error, first=1)
    code, checks, _ = examined(sample_server(faults=(full,)), {"DIGEST_MODEL": "m"})
    assert (code, checks["question"]["state"]) == (0, "note")
    assert "entry-short" in checks["question"]["found"]
    assert "1024 tokens" in checks["question"]["found"]
    code, checks, _ = examined(
        sample_server(faults=(full.model_copy(update={"first": None}),)), {"DIGEST_MODEL": "m"}
    )
    assert (code, checks["question"]["state"]) == (4, "fail")


@pytest.mark.parametrize(
    ("model", "took"),
    [
        ({"base_url": "http://localhost:8080/v1"}, "100 minutes"),
        ({"base_url": "http://localhost:8080/v1", "concurrency": 4}, "25 minutes"),
        ({"base_url": "https://model.example/v1"}, "12 minutes"),
    ],
)
def test_a_day_of_a_server_on_this_machine_is_reckoned_one_question_after_another(
    model: dict[str, Any], took: str
) -> None:
    settings = load({"model": model, "text": {"source": "abstract"}})
    assert f": {took}," in day_in_words(100, 60, Usage(input=1, output=1), None, settings, "here")


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
    monkeypatch.setattr(endpoint, "_PATIENCE", 2.0)
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


def test_what_a_paper_and_a_day_take_is_told(
    examined: Callable[..., Any], sample_server: Callable[..., Server]
) -> None:
    server = sample_server()
    price = "[model.price]\ninput = 1.0\noutput = 2.0\n[run]\nsections = ['audio']\n"
    environment = {"DIGEST_MODEL": "m"}
    code, checks, _ = examined(server, environment, price)
    assert code == 0
    paper = re.search(
        r"about ([\d.]+) s, ([\d,]+) tokens in, (\d+) out, ([\d.]+) cents", checks["a paper"]["found"]
    )
    assert paper is not None
    tokens_in, tokens_out = int(paper[2].replace(",", "")), int(paper[3])
    assert tokens_in > 2000  # with the passages that a run sends along
    assert float(paper[4]) == pytest.approx(100 * (tokens_in + 2 * tokens_out) / 1e6, rel=0.1)
    day = checks["a day"]["found"]
    assert day.startswith("about 44 papers: 2 minutes")
    assert "as arXiv announced today" in day

    folder = Path("runs/2026-01-27")
    folder.mkdir(parents=True)
    (folder / "audio.json").write_text('{"counts": {"announced": 10}}', encoding="utf-8")
    (folder / "text.json").write_text('{"counts": {"announced": 99}}', encoding="utf-8")
    _, checks, _ = examined(server, environment, price)
    assert "about 10 papers: 30 seconds" in checks["a day"]["found"]
    assert "as the last digests here had" in checks["a day"]["found"]

    server.set(today="2026-01-25")  # a Sunday: the feed is empty
    (folder / "audio.json").write_text("{", encoding="utf-8")
    _, checks, _ = examined(server, environment, price)
    assert checks["a day"]["state"] == "note"


def test_a_home_is_looked_at(examined: Callable[..., Any], tmp_path: Path) -> None:
    """Without a model: the files are checked all the same."""
    from digest.cli.home import Answers, write_home

    assert "home" not in examined(None)[1]
    write_home(tmp_path, Answers(), "bilingual-arxiv-digest==0.1.0", force=True)

    def found() -> str:
        return str(examined(None)[2])

    assert "automation.sh is not as" not in found()
    assert "requirements.txt: bilingual-arxiv-digest==0.1.0" in found()
    assert "a git address" in found()
    (tmp_path / "requirements.txt").write_text(
        "x\nbilingual-arxiv-digest @ git+https://me:pw@g.example/d\n", "utf-8"
    )
    assert "git+https://g.example/d" in found()
    (tmp_path / "automation.sh").write_text("# mine", encoding="utf-8")
    assert "automation.sh is not as" in found()
    (tmp_path / "automation.sh").unlink()
    assert "automation.sh is missing" in found()


CHANNELS = """
[deliver.mail.lab]
to = ["ada@example.org", "bob@example.org"]
sender = "Lab <digest@example.org>"
host = "smtp.example.org"
[deliver.chat.group]
url_env = "DIGEST_NO_SUCH_VARIABLE"
"""


def test_tables_are_shown_by_name_and_addresses_are_masked(
    examined: Callable[..., Any], sample_server: Callable[..., Server]
) -> None:
    environment = {"OPENAI_API_KEY": KEY, "DIGEST_MODEL": "m"}
    code, _, printed = examined(sample_server(), environment, CHANNELS)
    assert code == 2  # the variable is not set
    assert "deliver.mail = lab (" in printed
    assert "deliver.chat = group (" in printed
    assert 'arxiv.contact = \\"a***@b.c\\"' in printed
    assert not re.search(r"Settings\(|ada@|bob@|digest@|\ba@b", printed)


def test_on_the_sample_day_a_channel_that_lacks_its_variable_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("digest.toml").write_text(CHANNELS, encoding="utf-8")
    assert doctor(CommandOptions({}, sample=True, json=True), fetch_vocabulary=False) == 0
    found = {one["found"]: one["state"] for one in json.loads(capsys.readouterr().out)}
    assert found["group cannot be used: the variable DIGEST_NO_SUCH_VARIABLE is not set."] == "note"
