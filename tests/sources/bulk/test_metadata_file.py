"""The metadata snapshot: every form it comes in, and what is damaged in it."""

from __future__ import annotations

import gzip
import io
import sys
from datetime import date
from pathlib import Path

import pytest

from digest.sources.bulk.day_files import DayFiles, Unread
from digest.sources.bulk.metadata_file import read_metadata
from digest.system.errors import SourceError, UsageError
from tests.sources.bulk.support import lines, row


def test_a_record_as_it_is_distributed(tmp_path: Path) -> None:
    versions = [
        {"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"},
        {"version": "v2", "created": "Tue, 24 Jul 2007 20:10:27 GMT"},
    ]
    path = tmp_path / "snapshot.json"
    path.write_bytes(
        lines([row("hep-th/9901001", versions=versions, doi="10.1/x", **{"journal-ref": "J. 1"})])
    )
    (one,) = read_metadata(str(path), Unread())
    assert (one.paper.id, one.paper.version, one.paper.title) == (
        "hep-th/9901001",
        2,
        "Invented Study of hep-th/9901001",
    )
    assert one.paper.authors == ("Ann Lee", "Bo King Jr.")
    assert (one.paper.abstract, one.paper.doi, one.paper.journal_ref) == (
        "We study hep-th/9901001.",
        "10.1/x",
        "J. 1",
    )
    assert one.paper.categories == ("cs.SD", "eess.AS")
    assert [number for number, _ in one.versions] == [1, 2]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("piped", [False, True])
def test_packed_or_not_from_a_path_or_a_pipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, packed: bool, piped: bool
) -> None:
    content = lines([row("2601.00001"), row("2601.00002", authors_parsed=[])])
    content = gzip.compress(content) if packed else content
    path = tmp_path / "anything"
    path.write_bytes(content)
    if piped:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(content))))
    found = list(read_metadata("-" if piped else str(path), Unread()))
    assert [one.paper.id for one in found] == ["2601.00001", "2601.00002"]
    assert [one.paper.authors for one in found] == [("Ann Lee", "Bo King Jr."), ("Ann Lee", "Bo King, Jr.")]


def test_records_that_cannot_be_read_are_told_and_the_others_read(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    broken = [
        b'{"id": "2601.0',
        b"[]",
        lines([row("x/1")])[:-1],
        lines([row("2601.00003", versions=[])])[:-1],
        lines([row("2601.00004", title=" ")])[:-1],
        b"\xff\xfe",
        b"",
        lines([row("2601.00005", versions=[{"version": "v1", "created": "soon"}])])[:-1],
    ]
    path.write_bytes(lines([row()]) + b"\n".join(broken) + b"\n" + lines([row("2601.00009")]))
    unread = Unread()
    assert [one.paper.id for one in read_metadata(str(path), unread)] == ["2601.00001", "2601.00009"]
    assert unread.count == 7
    assert "line 2: no JSON" in unread.sentence
    assert "7 records could not be read" in unread.sentence


@pytest.mark.parametrize("content", [b"id,title\n" * 200, b"{}\n", b"<html>\n<body>"])
def test_another_file_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "papers.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="no metadata snapshot"):
        list(read_metadata(str(path), Unread()))


def test_an_empty_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(UsageError, match="There is nothing in"):
        list(read_metadata(str(tmp_path / "empty"), Unread()))


@pytest.mark.slow
def test_a_file_that_breaks_off_is_no_file_with_fewer_papers(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json.gz"
    path.write_bytes(gzip.compress(lines(row(f"2601.{n:05}") for n in range(2000)))[:-2000])
    with pytest.raises(SourceError, match="breaks off after"):
        list(read_metadata(str(path), Unread()))
    with pytest.raises(UsageError, match="cannot be read"):
        list(read_metadata(str(tmp_path / "missing"), Unread()))


def test_days_are_files_and_hold_what_is_wanted_once(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    versions = [
        {"version": "v1", "created": "Mon, 5 Jan 2026 10:00:00 GMT"},
        {"version": "v2", "created": "Wed, 7 Jan 2026 10:00:00 GMT"},
    ]
    rows = [
        row("2601.00001", title="Old"),
        row("2601.00002", categories="math.AG"),
        row("2601.00003", versions=versions),
        row("2512.00003", created="Mon, 1 Dec 2025 10:00:00 GMT"),
        row("2601.00001"),
    ]
    path.write_bytes(lines(rows))
    first, last = date(2026, 1, 6), date(2026, 1, 8)
    files = DayFiles(tmp_path / "days", first, last, ["cs.SD"])
    assert not files.whole
    (tmp_path / "days").mkdir()
    (tmp_path / "days" / f"{first}.jsonl").write_text("half a line of a run that was kil")
    unread = Unread()
    files.fill(read_metadata(str(path), unread), unread)
    assert files.whole
    assert files.newest == last
    assert [one.paper.id for one in files.day(first)] == ["2601.00001", "2601.00003"]
    assert files.day(first)[0].paper.title == "Invented Study of 2601.00001"
    assert [one.paper.id for one in files.day(last)] == ["2601.00003"]
    assert files.day(date(2026, 1, 7)) == ()
    (tmp_path / "days" / f"{last}.jsonl").write_text("damaged\n")
    with pytest.raises(SourceError, match="damaged"):
        DayFiles(tmp_path / "days", first, last, ["cs.SD"]).day(last)
