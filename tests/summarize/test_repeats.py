"""One same line for several papers of a day is refused, in a run and by the linter."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digest.cli.run import run_days
from digest.cli.session import CommandOptions
from digest.summarize.checks import Source, repeated, rules_for
from tests.faulty import Fault, Server

_LINE = "该论文属于语音增强任务，旨在解决噪声下语音质量差的问题。提出新框架，提升语音清晰度。"


def _found(*lines: tuple[str, str], **settings: int | str) -> set[int]:
    papers = [(line, Source(title, "We enhance noisy speech.")) for line, title in lines]
    return set(repeated(papers, rules_for(settings)))  # type: ignore[arg-type]  # what a file may hold


def test_each_of_the_papers_is_named() -> None:
    assert _found((_LINE, "One"), (_LINE, "Two"), ("另一条。", "Three"), (_LINE, "Four")) == {0, 1, 3}


def test_spaces_and_punctuation_make_no_other_line() -> None:
    assert _found((_LINE, "One"), (_LINE.replace("，", ", ").replace("。", "."), "Two")) == {0, 1}


@pytest.mark.parametrize("lines", [(), (("", "One"), ("", "Two")), ((_LINE, "One"), (_LINE, "one ."))])
def test_no_line_and_a_paper_listed_twice_are_no_repetition(lines: tuple[tuple[str, str], ...]) -> None:
    assert _found(*lines) == set()


def test_a_line_with_the_name_of_its_paper_is_that_papers() -> None:
    line = _LINE.replace("新框架", "ClearNet")
    assert _found((line, "ClearNet: Cleaner Voices"), (line, "Two")) == {1}


def test_a_user_turns_it_off() -> None:
    assert _found((_LINE, "One"), (_LINE, "Two"), **{"same-line": "off"}) == set()


def test_a_model_that_gives_every_paper_one_answer_publishes_no_line(
    sample_server: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {
        "kind": "method",
        "task": "音频处理",
        "problem": "现有方法效果有限",
        "contribution": "提出一种新的方法，改进整体效果",
    }
    content = json.dumps(answer, ensure_ascii=False)
    server = sample_server(faults=[Fault(path="^/v1/chat", action="rewrite", content=content)])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-sample")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("DIGEST_MODEL", "m")
    addresses = "".join(f'{name} = "{server.url}"\n' for name in ("pages", "api", "feed", "pdf"))
    Path("digest.toml").write_text(f"[arxiv]\n{addresses}", encoding="utf-8")
    flags: dict[str, dict[str, Any]] = {"run": {"sections": ["audio"]}, "text": {"source": "abstract"}}
    code = run_days(CommandOptions(flags, quiet=True), "2026-01-28", 6)
    digest = json.loads((tmp_path / "runs" / "2026-01-28" / "audio.json").read_text(encoding="utf-8"))
    assert code == 3
    assert [entry["flag"]["code"] for entry in digest["entries"]] == ["checks"] * 6
    assert all("same-line" in entry["flag"]["reason"] for entry in digest["entries"])
