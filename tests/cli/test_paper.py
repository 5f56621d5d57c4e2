"""Old and new lines side by side, and lines that a new version may keep."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.cli.paper import show
from digest.model import Entry, Finding, Listing, Paper, RunUsage, Summary
from digest.pipeline.redo import Redone
from digest.summarize.line_diff import differences, marked


def entry(line: str, *findings: Finding) -> Entry:
    return Entry(
        listing=Listing(id="2601.00001", kind="new", category="cs.SD", position=1),
        paper=Paper(id="2601.00001", version=1, title="T", abstract="A"),
        summary=Summary(line=line),
        findings=findings,
    )


@given(st.text("语音识别，Whisper-2 x", max_size=40), st.text("语音识别，Whisper-2 x", max_size=40))
def test_both_texts_can_be_read_off_their_difference(old: str, new: str) -> None:
    pieces = differences(old, new)
    assert "".join(text for kind, text in pieces if kind != "new") == old
    assert "".join(text for kind, text in pieces if kind != "gone") == new


def test_chinese_differs_by_character_and_latin_by_word() -> None:
    before, after = marked("提出Whisper-2，用于语音识别。", "提出Whisper-3，用于语音合成。")
    assert before == "提出[-Whisper-2-]，用于语音[-识别-]。"
    assert after == "提出{+Whisper-3+}，用于语音{+合成+}。"


def test_findings_of_both_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    doubt = Finding(rule="length", severity=2, evidence="太长")
    result = Redone(entry("新"), (entry("旧", doubt), entry("旧", doubt)), ())
    show([result], RunUsage(), quiet=False, keep=True)
    shown = capsys.readouterr().out
    assert shown.count("before: [-旧-]") == 1
    assert "finding before: length (2): 太长" in shown
    assert "after:  {+新+}" in shown
    assert "finding after" not in shown


def test_on_a_terminal_they_stand_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    show([Redone(entry("新行"), (entry("旧行"),), ())], RunUsage(), quiet=False, keep=False)
    row = next(line for line in screen.getvalue().splitlines() if "旧" in line)
    assert "新" in row
    assert "\x1b[" in row
