"""A day under faults, in small: nothing lost, nothing early, refusals and empty accounts told."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from digest.cli.prompts import load
from digest.cli.run import run_days
from digest.cli.session import CommandOptions
from digest.config import ModelSettings
from digest.ledger import open_ledger
from digest.llm.cached_client import CachedClient
from digest.llm.endpoint import Endpoint
from digest.model import Paper, RunUsage
from digest.sample.data import SampleData
from digest.sample.knobs import Knobs
from digest.summarize.summarizer import Job, SummaryResult, summarise
from digest.system.errors import UsageError
from tests.examples import each_fast, first_fast
from tests.faulty import Fault, Server, fault

CHAT = "^/v1/chat"
KEY = "sk-this-must-not-be-seen-anywhere"
SOON = {"retry-after-ms": "80"}


@pytest.fixture(scope="module")
def papers() -> list[Paper]:
    records = SampleData(Knobs()).records
    return [Paper(id=record.id, title=record.title, abstract=record.abstract) for record in records]


def ask_all(
    server: Server, papers: list[Paper], folder: Path, fallback: str = "", **settings: Any
) -> tuple[list[SummaryResult], RunUsage]:
    given = {
        "name": "m",
        "base_url": f"{server.url}/v1",
        "key": KEY,
        "concurrency": 16,
        "timeout": 0.6,
    }  # 3 s here
    prompt = load("fields")

    async def go() -> tuple[list[SummaryResult], RunUsage]:
        with open_ledger(folder) as ledger:
            endpoint = Endpoint(ModelSettings.model_validate({**given, **settings}), sleep=shortly)
            asker = CachedClient(endpoint, ledger, ledger.begin("run"))
            jobs = [Job(p, prompt, "m", asker.ask, lambda _: (), fallback=fallback) for p in papers]
            try:
                return list(await asyncio.gather(*(summarise(job, None) for job in jobs))), asker.usage
            finally:
                await endpoint.close()

    return asyncio.run(go())


async def shortly(seconds: float) -> None:
    """Waits that the endpoint asked for are kept to, our own are cut short."""
    await asyncio.sleep(seconds if seconds <= 0.2 else 0.001)  # the shorter ones matter, and are real


STRAY = Fault(path=CHAT, every=5, status=429, headers=SOON)
SCENARIOS: dict[str, dict[str, Any]] = {
    "every fifth told to wait": {"faults": [STRAY]},
    "every fifth refused": {"faults": [fault("429", path=CHAT, every=5)]},
    "a limit under way": {"concurrency": 4, "latency": 0.01},
    "resets": {"faults": [fault("reset", path=CHAT, share=0.3)]},
    "silence": {"faults": [fault("silence", path=CHAT, share=0.05)]},
    "invalid": {"faults": [fault("invalid-json", path=CHAT, share=0.3)]},
    "all at once": {
        "concurrency": 8,
        "latency": 0.01,
        "faults": [
            STRAY,
            fault("429", path=CHAT, every=7),
            fault("reset", path=CHAT, share=0.05),
            fault("silence", path=CHAT, share=0.03),
            fault("invalid-json", path=CHAT, share=0.05),
        ],
    },
}


LONG = {"silence", "all at once"}
"""Those that wait for silent questions."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in SCENARIOS]
)
def test_nothing_is_lost_and_nothing_is_early(
    server: Server, papers: list[Paper], tmp_path: Path, name: str
) -> None:
    server.set(**SCENARIOS[name])
    papers = papers if name in LONG else papers[:21]
    outcomes, _ = ask_all(server, papers, tmp_path)
    assert all(outcome.summary is not None for outcome in outcomes)
    assert server.stats()["requests"]["chat"] > len(papers)  # some were asked again
    assert server.stats()["early"] == 0


def test_a_refused_paper_is_asked_of_the_fallback_and_stops_no_other(
    server: Server, papers: list[Paper], tmp_path: Path
) -> None:
    refused = papers[3].id
    server.faults(fault("content-risk", paper=refused, first=1))
    outcomes, _ = ask_all(server, papers[:6], tmp_path, fallback="other")
    assert [outcome.flag for outcome in outcomes] == [None] * 6
    assert outcomes[3].summary is not None
    assert outcomes[3].summary.model == "other"
    server.faults(fault("content-risk", paper=refused))
    outcomes, _ = ask_all(server, papers[:6], tmp_path / "again", fallback="other")
    flags = [outcome.flag.code if outcome.flag else None for outcome in outcomes]
    assert flags == [None, None, None, "refused", None, None]


@pytest.mark.parametrize(
    ("said", "refusal"),
    each_fast(
        [
            (404, "no such model"),
            (402, "Insufficient Balance"),
            (400, "Model does not exist"),
            (403, "Model access denied."),
            (401, "wrong key"),
        ],
        ["refusal", "content-risk"],
    ),
)
def test_trouble_with_the_fallback_is_one_papers_trouble(
    server: Server, papers: list[Paper], tmp_path: Path, said: tuple[int, str], refusal: str
) -> None:
    status, message = said
    trouble = Fault(path=CHAT, paper=papers[0].id, status=status, body={"error": {"message": message}})
    server.faults(fault(refusal, paper=papers[0].id, first=1), trouble)
    outcomes, usage = ask_all(server, papers[:6], tmp_path, fallback="other", concurrency=1)
    flags = [outcome.flag.code if outcome.flag else None for outcome in outcomes]
    assert flags == ["refused", None, None, None, None, None]
    assert usage.stopped is None


@pytest.mark.parametrize("status", [403, 404])
def test_one_paper_that_is_denied_after_others_were_answered_ends_no_run(
    server: Server, papers: list[Paper], tmp_path: Path, status: int
) -> None:
    server.faults(Fault(path=CHAT, paper=papers[3].id, status=status, body="Denied."))
    outcomes, _ = ask_all(server, papers[:6], tmp_path, concurrency=1)
    flags = [outcome.flag.code if outcome.flag else None for outcome in outcomes]
    assert flags == [None, None, None, "rejected", None, None]


def test_an_account_that_runs_dry_ends_the_asking(
    server: Server, papers: list[Paper], tmp_path: Path
) -> None:
    server.set(latency=0.01, faults=[fault("no-balance", every=10)])
    papers = papers[:16]
    outcomes, usage = ask_all(server, papers, tmp_path, concurrency=2)
    kept = [outcome for outcome in outcomes if outcome.summary]
    assert 9 <= len(kept) <= 10
    assert {outcome.flag.code for outcome in outcomes if outcome.flag} == {"quota"}
    assert server.stats()["requests"]["chat"] <= 11
    assert usage.stopped is not None
    server.set()
    again, _ = ask_all(server, papers, tmp_path)
    assert all(outcome.summary for outcome in again)
    assert server.stats()["requests"]["chat"] == len(papers) - len(kept)


def test_the_ceiling_is_not_exceeded(server: Server, papers: list[Paper], tmp_path: Path) -> None:
    price = {"input": 1.0, "output": 1.0}
    outcomes, usage = ask_all(server, papers[:20], tmp_path, max_cost=0.01, price=price)
    assert 0 < (usage.cost or 0) <= 0.01
    assert {outcome.flag.code for outcome in outcomes if outcome.flag} == {"ceiling"}
    assert any(outcome.summary for outcome in outcomes)
    assert "--max-cost" in (usage.stopped or "")


@pytest.mark.parametrize(
    "usage",
    first_fast(
        [
            {"prompt_tokens": "100", "completion_tokens": "20"},
            None,
        ]
    ),
)
def test_answers_of_unknown_usage_count_with_what_they_may_have_cost(
    server: Server, papers: list[Paper], tmp_path: Path, usage: dict[str, str] | None
) -> None:
    content = json.dumps({"kind": "method", "task": "语音", "problem": "问题", "contribution": "方法"})
    choice = {"message": {"content": content}, "finish_reason": "stop"}
    server.faults(Fault(path=CHAT, body={"choices": [choice], "usage": usage}))
    price = {"input": 1.0, "output": 1.0}
    papers = papers[:20]
    outcomes, asked = ask_all(server, papers, tmp_path, max_cost=0.01, price=price, concurrency=1)
    assert asked.cost is None
    assert {outcome.flag.code for outcome in outcomes if outcome.flag} == {"ceiling"}
    assert server.stats()["requests"]["chat"] < len(papers)


@pytest.mark.parametrize("fallback", ["", "other"])
def test_without_a_price_no_ceiling_can_be_kept(
    server: Server, papers: list[Paper], tmp_path: Path, fallback: str
) -> None:
    with pytest.raises(UsageError, match=r"model\.price"):
        ask_all(server, papers[:2], tmp_path, max_cost=1.0, fallback=fallback)
    assert server.stats()["requests"] == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    first_fast(
        [
            "no-balance",
            "content-risk",
            "bad-key",
            "server-error",
        ],
        2,
    ),
)
def test_the_key_is_in_nothing_that_is_kept_or_shown(
    server: Server,
    tmp_path: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    rule = fault(name, path=CHAT, every=3)
    if isinstance(rule.body, dict):  # an endpoint that repeats the key
        rule.body["error"]["message"] = f"{rule.body['error']['message']} {KEY}"
    server.faults(rule)
    monkeypatch.chdir(tmp_path)
    addresses = "".join(f'{name} = "{server.url}"\n' for name in ("pages", "api", "feed", "pdf"))
    Path("digest.toml").write_text(f"[arxiv]\n{addresses}[model]\nattempts = 1\n", encoding="utf-8")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("DIGEST_MODEL", "m")
    flags: dict[str, dict[str, Any]] = {"run": {"sections": ["audio"]}, "text": {"source": "abstract"}}
    code = run_days(CommandOptions(flags, json=True), "2026-01-28", 6)
    printed = "".join(capsys.readouterr())
    if name == "no-balance":
        assert code == 3
        assert "Top it up" in printed
    assert json.loads(printed[printed.index("[") : printed.rindex("]") + 1])
    assert KEY not in printed
    assert KEY not in caplog.text
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()
    with open_ledger(tmp_path / "runs") as ledger:  # what is compressed in the file
        for table in ("completions", "events", "runs"):
            for row in ledger.database.rows(f"SELECT * FROM {table}"):
                assert KEY not in unpacked(row)


def unpacked(row: tuple[Any, ...]) -> str:
    import zlib

    return "".join(
        zlib.decompress(value).decode() if isinstance(value, bytes) else str(value) for value in row
    )
