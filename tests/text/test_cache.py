from __future__ import annotations

import os
from pathlib import Path

import pytest

from digest.text import cache

PDF = b"%PDF-1.7\n" + b"x" * 5000 + b"\n%%EOF\n"


def test_old_identifiers_make_plain_file_names() -> None:
    assert cache.name_of("hep-th/9901001v2") == "hep-th_9901001v2.pdf"
    assert cache.name_of("2601.00001v1") == "2601.00001v1.pdf"
    assert "/" not in cache.name_of("../../etc/passwd")


@pytest.mark.parametrize(
    ("content", "whole"),
    [
        (PDF, True),
        (b"\n" + PDF + b"\r\n" * 10, True),
        (PDF[:3000], False),
        (b"<html>%%EOF</html>", False),
        (b"", False),
    ],
)
def test_a_file_is_whole_when_it_begins_and_ends_as_a_pdf(
    tmp_path: Path, content: bytes, whole: bool
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(content)

    assert cache.take(path) is whole


def test_a_file_that_is_not_there_is_not_taken(tmp_path: Path) -> None:
    assert cache.take(tmp_path / "a.pdf") is False


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    for age, name in enumerate(("newest", "recent", "old", "oldest")):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(b"%PDF-" + b"x" * (400 << 10) + b"%%EOF")
        os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    (tmp_path / "notes.txt").write_bytes(b"x" * (2 << 20))
    cache.take(tmp_path / "oldest.pdf")

    cache.shrink(tmp_path, 1)

    assert {path.name for path in tmp_path.iterdir()} == {"oldest.pdf", "newest.pdf", "notes.txt"}


def test_files_in_use_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"x" * (3 << 20))

    cache.shrink(tmp_path, 1, {path})

    assert path.exists()
