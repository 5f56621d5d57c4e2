"""What a person is told at the end of a run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from digest.cli.run_output import Result
from digest.model import Digest, Entry, Flag, Listing, Paper, RunUsage, Summary
from digest.pipeline.day import Published
from digest.publish.changes import Changes
from digest.publish.counts import counts_of
from tests.publish.samples import AUDIO

CHECKS = Flag(code="checks", reason="未通过检查：名称「X」")
REFUSED = Flag(code="refused", reason="模型拒绝回答")


def result(*marked: tuple[Summary | None, Flag | None]) -> Result:
    entries = tuple(
        Entry(
            listing=Listing(id=f"2601.0000{number}", kind="new", category="cs.SD", position=number),
            paper=Paper(id=f"2601.0000{number}", version=1, title="T", abstract="A"),
            summary=summary,
            flag=flag,
        )
        for number, (summary, flag) in enumerate(marked, 1)
    )
    counts = counts_of(entries, len(entries))
    digest = Digest(section=AUDIO, date=date(2026, 1, 28), entries=entries, counts=counts)
    published = Published(digest, Path("a.md"), Path("a.json"), RunUsage(), {}, True, Changes())
    return Result(AUDIO, digest.date, published)


@pytest.mark.parametrize(("lang", "words"), [("en", "behind a line says"), ("zh", "表示它未通过检查")])
def test_the_mark_is_explained_where_a_line_has_it(
    lang: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DIGEST_LANG", lang)
    line = Summary(line="一行。")
    result((line, CHECKS)).show(quiet=False)
    shown = capsys.readouterr().out
    assert "〔待核〕" in shown
    assert words in shown
    assert "digest paper ID" in shown
    result((line, None), (None, REFUSED)).show(quiet=False)
    assert "〔待核〕" not in capsys.readouterr().out
