"""Time and money are told: a plan before a run, its figures against what was counted, and who is asked."""

from __future__ import annotations

import json
import os
import pty
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from digest.cli import confirm
from digest.model import Usage
from digest.pipeline.plan import RunEstimate
from tests import forked
from tests.conftest import Run, Start, few, use
from tests.faulty import Server

PRICE = "[model.price]\ninput = 0.3\noutput = 1.2\n"


@pytest.fixture
def server(folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch) -> Server:
    started = sample_server(records=few(folder, 10))
    use(started, folder, monkeypatch, PRICE)
    return started


def confirming(folder: Path, limit: float) -> None:
    settings = folder / "digest.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("[run]\n", f"[run]\nconfirm_cost = {limit}\n"), encoding="utf-8")


def planned(err: str) -> tuple[int, float]:
    """Papers, and US dollars."""
    found = re.search(r"plan: ([\d,]+) papers.*about ([\d.e-]+) US dollars", err)
    assert found, err
    return int(found[1].replace(",", "")), float(found[2])


@pytest.mark.slow
@pytest.mark.parametrize("words", [("--no-pdf",), pytest.param((), marks=pytest.mark.slow)])
def test_the_plan_is_near_what_is_counted_then(words: tuple[str, ...], digest: Run, server: Server) -> None:
    first = digest("run", "--json", *words)
    assert first.err == ""
    (counted,) = first.json
    papers = counted["asked_about"]
    again = digest("run", "--fresh", *words)  # tokens as the first run had them
    assert planned(again.err)[0] == papers
    assert planned(again.err)[1] == pytest.approx(counted["cost"], rel=0.1)
    assert f"measured on {papers}" in again.err
    other = digest("run", "--model", "other", *words)  # nothing is known of it
    assert "typical" in other.err
    assert counted["cost"] / 2 <= planned(other.err)[1] <= 2.1 * counted["cost"]


@pytest.mark.slow
def test_what_is_kept_is_not_planned(digest: Run, server: Server) -> None:
    assert planned(digest("run", "--no-pdf", "--limit", "3").err)[0] == 3
    assert planned(digest("run", "--no-pdf").err)[0] == 7
    assert "plan:" not in digest("run", "--no-pdf").err


@pytest.mark.slow
def test_a_paper_in_two_sections_is_planned_once(digest: Run, folder: Path, server: Server) -> None:
    settings = folder / "digest.toml"
    more = '[sections.speech]\ntitle = "语音"\ncategories = ["eess.AS"]\n'
    text = settings.read_text(encoding="utf-8").replace('["audio"]', '["audio", "speech"]')
    settings.write_text(text + more, encoding="utf-8")
    ran = digest("run", "--no-pdf")
    assert ran.err.count("plan:") == 1
    assert "in all: 2 digests, questions asked 10, answers from the ledger " in ran.out
    assert planned(ran.err)[0] == 10


def test_above_the_limit_nothing_is_asked_without_a_yes(digest: Run, folder: Path, server: Server) -> None:
    confirming(folder, 0.001)
    job = ("run", "--no-pdf", "--limit", "3")
    refused = digest(*job)
    assert refused.code == 2
    assert "more than [run] confirm_cost = 0.001" in refused.err
    assert "--yes" in refused.err
    assert "chat" not in server.stats()["requests"]
    assert not list(folder.rglob("audio.md"))
    assert digest(*job, "--quiet").code == 2
    assert digest(*job, "--json").out == ""
    assert digest(*job, "--yes").code == 0
    assert digest(*job).code == 0  # nothing is left to pay for
    assert digest(*job, "--fresh").code == 2


def test_below_it_nobody_is_asked_and_without_a_price_one_is(
    digest: Run, folder: Path, server: Server
) -> None:
    confirming(folder, 5)
    assert digest("run", "--no-pdf", "--limit", "2").code == 0
    resources = FakeResources(5)
    unknown = replace(PLAN, cost=None)
    with pytest.raises(Exception, match="no price is known"):
        agreed(unknown, 1, resources, yes=False)
    agreed(replace(unknown, local=True), 1, resources, yes=False)


PLAN = RunEstimate(1020, 1020, 3060, 0.41, Usage(input=3500, output=150), 44)


agreed: Any = confirm.agree  # it is handed `FakeResources` in place of `Resources`


class FakeResources:
    """Of a run, as far as the question needs them."""

    def __init__(self, limit: float | None) -> None:
        from types import SimpleNamespace

        from digest.pipeline.progress import Progress

        self.settings = SimpleNamespace(run=SimpleNamespace(confirm_cost=limit))
        self.progress = Progress()
        self.said: list[str] = []
        self.progress.say = self.said.append  # type: ignore[method-assign, assignment]  # what would be shown is kept


def test_a_plan_in_words() -> None:
    assert PLAN.sentence == "1,020 papers, about 51 minutes for PDFs, about 0.41 US dollars"
    assert PLAN.reckoned == "3,500 tokens in and 150 out a paper (measured on 44)"
    some = replace(PLAN, pdfs=20, seconds=60, cost=None)
    assert some.sentence == "1,020 papers, about 60 seconds for 20 PDFs, price unknown"
    resources = FakeResources(None)
    agreed(PLAN, 20, resources, yes=False)
    assert "20 days like this: 20,400 papers, about 17.0 hours" in resources.said[2]
    assert "8.20 US dollars" in resources.said[2]
    with pytest.raises(Exception, match=r"about \$8.20, more than"):
        agreed(PLAN, 20, FakeResources(5), yes=False)
    agreed(PLAN, 1, FakeResources(5), yes=False)


OTHERS = (("", False), ("n", False), ("是", True))


@pytest.mark.parametrize(
    ("answer", "goes"), [("y", True), *(pytest.param(*one, marks=pytest.mark.slow) for one in OTHERS)]
)
def test_at_a_terminal_one_is_asked(answer: str, *, goes: bool, folder: Path, server: Server) -> None:
    confirming(folder, 0.001)
    code, shown = in_a_terminal(
        ["run", "--no-pdf", "--limit", "2"], lambda text: answer if "[y/N]" in text else None
    )
    assert code == (0 if goes else 2), shown
    assert "Go on? [y/N]" in shown
    assert (folder / "runs/2026-01-28/audio.md").exists() == goes
    assert ("2/2" in shown) == goes


def in_a_terminal(words: list[str], answer: Callable[[str], str | None]) -> tuple[int, str]:
    """Run `digest WORDS` in a real terminal of 80 columns; its exit code, and all that it showed."""
    import termios

    fd, theirs = pty.openpty()
    termios.tcsetwinsize(fd, (24, 80))
    environment = {**os.environ, "TERM": "xterm-256color"}
    environment.pop("COLUMNS", None)
    process = forked.Process("-m", "digest", *words, env=environment, terminal=theirs)
    os.close(theirs)
    shown, said = b"", False
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError:  # Linux says so at the end
            break
        if not piece:
            break
        shown += piece
        if not said and (word := answer(shown.decode(errors="replace"))) is not None:
            os.write(fd, f"{word}\n".encode())
            said = True
    code = process.wait()
    os.close(fd)  # not before: it would end what still runs
    return code, shown.decode(errors="replace")


@pytest.mark.slow
def test_a_run_on_a_terminal_shows_what_goes_on(folder: Path, server: Server) -> None:
    job = ["run", "--limit", "6", "--section", "audio"]
    code, shown = in_a_terminal(job, lambda _: None)
    assert code == 0
    for words in (
        "asking arXiv what was announced",
        "plan: 6 papers",
        "PDFs",
        "6/6",
        "tokens, $0.0",
    ):
        assert words in shown, words
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    bars = [line for line in re.split(r"[\r\n]+", plain) if "━" in line]
    assert max(map(len, bars)) <= 80
    assert json.loads((folder / "runs/2026-01-28/audio.json").read_text(encoding="utf-8"))
