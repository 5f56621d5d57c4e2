"""What is printed for programs can be read by them, whatever the terminal."""

from __future__ import annotations

import io
import json
import sys

import pytest

from digest.cli.output import as_json


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gb18030", "utf-8"])
def test_json_is_json_in_any_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(
        sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace", write_through=True)
    )
    as_json({"title": "音频 é 😀"})
    assert json.loads(raw.getvalue().decode(encoding)) == {"title": "音频 é 😀"}
