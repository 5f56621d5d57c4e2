"""Checks of digests that are already written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from digest.cli.lint import LintFinding, lint_files, table, to_json
from digest.model import Counts, Digest, Entry, Listing, Paper, Section, Summary
from digest.publish.json_format import to_json as digest_to_json
from digest.publish.markdown import render
from digest.system.errors import UsageError

_GOOD = "该论文属于语音增强任务，旨在解决助听器中噪声大的问题。提出ClearNet，提升语音的清晰度。"


def _entry(number: int, line: str | None, title: str, abstract: str) -> Entry:
    id_ = f"2601.0000{number}"
    return Entry(
        listing=Listing(id=id_, version=1, kind="new", category="cs.SD", position=number),
        paper=Paper(
            id=id_, version=1, title=title, authors=("A. B",), abstract=abstract, categories=("cs.SD",)
        ),
        summary=None if line is None else Summary(line=line),
    )


@pytest.fixture
def digest() -> Digest:
    speech = "We propose ClearNet to enhance noisy speech for hearing aids."
    entries = (
        _entry(1, _GOOD, "ClearNet: Cleaner Voices", speech),
        _entry(2, _GOOD.replace("语音的", "voice quality"), "Cleaner Voices", speech),
        _entry(3, _GOOD.replace("语音的", "**语音**"), "Cleaner Voices", speech),
        _entry(4, None, "No Line", "Nothing."),
        _entry(
            5,
            _GOOD,
            "Folding Shirts",
            "A robot arm with tactile fingers learns to fold garments from videos.",
        ),
    )
    return Digest(
        section=Section(key="audio", title="音频", categories=("cs.SD",)),
        counts=Counts(announced=5, listed=5, summarised=4, flagged=1),
        entries=entries,
    )


@pytest.mark.parametrize("suffix", [".md", ".json"])
def test_findings_of_a_digest(digest: Digest, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"audio{suffix}"
    path.write_text(render(digest) if suffix == ".md" else digest_to_json(digest), encoding="utf-8")
    rows = lint_files([path])
    found = {(row.number, row.id, row.rule, row.severity) for row in rows if row.severity >= 2}
    assert ("new 002", "2601.00002", "untranslated-phrase", 2) in found
    assert ("new 003", "2601.00003", "markup", 3) in found
    assert ("new 005", "2601.00005", "other-paper", 3) in found
    assert ("new 005", "2601.00005", "same-line", 3) in found
    assert not {number for number, *_ in found} & {"new 001", "new 004"}
    assert {row.file for row in rows} == {str(path)}


def test_settings_turn_rules_off(digest: Digest, tmp_path: Path) -> None:
    path = tmp_path / "audio.md"
    path.write_text(render(digest), encoding="utf-8")
    rows = lint_files([path], {"markup": "off", "untranslated-phrase": 1})
    assert "markup" not in {row.rule for row in rows}
    assert {row.severity for row in rows if row.rule == "untranslated-phrase"} == {1}


def test_lines_are_checked_in_their_language(digest: Digest, tmp_path: Path) -> None:
    good = "Noise makes speech in hearing aids hard to follow; ClearNet makes the voices clearer."
    first, second = digest.entries[:2]
    assert first.summary is not None
    english = first.summary.model_copy(update={"line": good, "lang": "en"})
    both = first.summary.model_copy(update={"translations": {"en": good.replace("ClearNet", "QuartzNet-X")}})
    entries = first.model_copy(update={"summary": english}), second.model_copy(update={"summary": both})
    path = tmp_path / "audio.json"
    path.write_text(digest_to_json(digest.model_copy(update={"entries": entries})), encoding="utf-8")
    rows = [row for row in lint_files([path]) if row.severity >= 2]
    assert [(row.rule, row.evidence) for row in rows] == [("unsupported-name", "line_en: QuartzNet-X")]


def test_table_and_json() -> None:
    rows = (
        LintFinding(file="a.md", number="new 001", id="2601.00001", rule="markup", severity=3, evidence="**"),
        LintFinding(
            file="b.md", number="new 012", id="2601.00002", rule="short", severity=2, evidence="\x1b[31m红"
        ),
    )
    assert table(rows) == (
        "file  number   id          severity  rule    evidence\n"
        "a.md  new 001  2601.00001  3         markup  **\n"
        "b.md  new 012  2601.00002  2         short   \\u001b[31m红\n"
    )
    assert [row["rule"] for row in json.loads(to_json(rows))] == ["markup", "short"]
    assert to_json(()) == "[]\n"


@pytest.mark.parametrize(
    ("content", "message"), [(None, "cannot be read"), (b"\xff\xfe", "UTF-8"), (b"# x", "line 1")]
)
def test_a_file_that_is_no_digest_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "audio.md"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=rf"audio\.md.*{message}"):
        lint_files([path])


def test_an_unknown_rule_is_refused_before_any_file_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such rule"):
        lint_files([tmp_path / "missing.md"], {"nothing": "off"})
