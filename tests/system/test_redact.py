"""Secrets are taken out in any spelling, in linear time whatever sends the text."""

from __future__ import annotations

import json
import time

import pytest

from digest.system.redact import KeyRedactor, without_credentials

KEY = "sk-not&seen-99\\99"


@pytest.mark.parametrize(
    "spelt", [KEY, json.dumps(KEY), json.dumps(json.dumps(KEY)), "\\" * 50 + KEY, KEY.replace("&", "&amp;")]
)
def test_a_key_is_found_in_any_spelling(spelt: str) -> None:
    assert "seen" not in KeyRedactor(KEY).text(f"a {spelt} b")


def test_no_text_takes_long() -> None:
    mask, runs = (
        KeyRedactor("sk-not-seen-9999"),
        ("\\", "s\\", "&#x0", "&#x00", "%7", "\\u00", "sk-not-seen-999"),
    )
    started = time.process_time()
    for run in runs:
        mask.text(run * (60_000 // len(run)))
    for run in ("?", "?key", "&", "//", "//a", "key"):
        without_credentials("?" + run * (60_000 // len(run)))
    assert time.process_time() - started < 5  # the first alone took more than a minute


def test_json_of_very_many_values_is_not_read() -> None:
    mask = KeyRedactor("")
    with pytest.raises(ValueError, match="too many values"):
        mask.parsed(json.dumps([{"message": {"content": "a"}}] * 60_000).encode())
    assert mask.parsed(json.dumps({"content": "a, b " * 20_000}).encode())
