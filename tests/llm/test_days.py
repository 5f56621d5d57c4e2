"""Days of the sample with endpoints that take less, think longer, or are none: what comes of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digest.cli.run import run_days
from digest.cli.session import CommandOptions
from tests.examples import first_fast
from tests.faulty import Fault, Server, fault

CHAT = "^/v1/chat"
Ran = tuple[int, dict[str, Any]]


@pytest.fixture
def run(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[..., Ran]:
    """Runs the first papers of the sample day: the exit code, and what `--json` prints of it."""
    monkeypatch.chdir(tmp_path)
    places = "".join(f'{name} = "{server.url}"\n' for name in ("pages", "api", "feed", "pdf"))
    Path("digest.toml").write_text(f"[arxiv]\n{places}[model]\nattempts = 1\n", encoding="utf-8")
    for name, value in {"API_KEY": "sk-0000-0000", "BASE_URL": f"{server.url}/v1"}.items():
        monkeypatch.setenv(f"OPENAI_{name}", value)
    monkeypatch.setenv("DIGEST_MODEL", "m")

    def ran(papers: int = 3, source: str = "pdf") -> Ran:
        flags: dict[str, dict[str, Any]] = {"run": {"sections": ["audio"]}, "text": {"source": source}}
        code = run_days(CommandOptions(flags, json=True), "2026-01-28", papers)
        printed = capsys.readouterr().out
        return code, json.loads(printed[printed.index("[") : printed.rindex("]") + 1])[0]

    return ran


def at_once(questions: int) -> None:
    settings = Path("digest.toml")
    settings.write_text(
        f"{settings.read_text(encoding='utf-8')}concurrency = {questions}\n", encoding="utf-8"
    )


def entries() -> list[dict[str, Any]]:
    return list(json.loads(Path("runs/2026-01-28/audio.json").read_text(encoding="utf-8"))["entries"])


def test_a_small_context_is_learned_and_asked_for_no_more(server: Server, run: Callable[..., Ran]) -> None:
    server.set(context=1800)
    code, shown = run()
    assert code == 0
    assert "[text] budget" in json.dumps(shown)
    reasons = [entry["text"].get("reason") or "" for entry in entries()]
    assert any("too long for the model" in reason for reason in reasons)
    asked = server.stats()["requests"]["chat"]
    assert run()[0] == 0
    assert server.stats()["requests"]["chat"] == asked  # all is in the ledger
    assert run(6)[0] == 0
    assert server.stats()["statuses"].get("400", 0) <= asked + 1


def test_a_model_that_thinks_gets_the_room_it_needs(server: Server, run: Callable[..., Ran]) -> None:
    thoughts = {"content": None, "reasoning_content": "让我想想。"}
    server.faults(Fault(path=CHAT, action="rewrite", message=thoughts, finish_reason="length", first=2))
    code, shown = run(source="abstract")
    assert code == 0
    assert "turn that off" in json.dumps(shown)


UNKNOWN_WORDS = {"error": {"message": "Bakiye bitti."}}


@pytest.mark.parametrize("papers", first_fast([12, 2, 40]))
@pytest.mark.parametrize("source", first_fast(["abstract", "pdf"]))
def test_a_dead_endpoint_is_asked_about_a_dozen_questions_however_many_papers(
    papers: int, source: str, server: Server, run: Callable[..., Ran]
) -> None:
    at_once(8)
    server.faults(Fault(path=CHAT, status=400, body=UNKNOWN_WORDS))
    code, shown = run(papers, source=source)
    assert code == 4
    assert "Bakiye bitti" in shown["why"]
    assert server.stats()["requests"]["chat"] <= 12


def test_nor_is_one_that_answered_yesterday(server: Server, run: Callable[..., Ran]) -> None:
    at_once(8)
    assert run(2, source="abstract")[0] == 0
    server.faults(Fault(path=CHAT, status=400, body=UNKNOWN_WORDS))
    assert run(40, source="abstract")[0] in {3, 4}
    assert server.stats()["requests"]["chat"] <= 14


def test_a_page_instead_of_an_endpoint_publishes_nothing(server: Server, run: Callable[..., Ran]) -> None:
    server.faults(fault("html-instead", path=CHAT))
    code, shown = run(source="abstract")
    assert code == 4
    assert "Access Denied" in shown["why"]
    assert "end in /v1?" in shown["why"]
    assert not list(Path("runs").rglob("audio.*"))


@pytest.mark.parametrize(
    ("status", "body"),
    first_fast(
        [
            (
                200,
                {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}, "choices": None},
            ),
            (429, {"error": {"code": "1113", "message": "余额不足或无可用资源包,请充值。"}}),
            (401, {"error": {"message": "该令牌额度已用尽", "type": "new_api_error"}}),
            (403, {"error": {"code": "AccountOverdueError", "message": "an overdue balance"}}),
        ]
    ),
)
def test_an_empty_account_is_quoted_and_asked_no_more(
    server: Server, run: Callable[..., Ran], status: int, body: dict[str, Any]
) -> None:
    assert run(1, source="abstract")[0] == 0
    server.faults(Fault(path=CHAT, status=status, body=body))
    code, shown = run(9, source="abstract")
    assert code == 3
    told = body.get("error", {}).get("message") or "insufficient balance"
    assert told in json.dumps(shown, ensure_ascii=False)
    assert Counter((entry.get("flag") or {}).get("code") for entry in entries()) == {None: 1, "quota": 8}
    assert server.stats()["requests"]["chat"] <= 8  # those that were under way
