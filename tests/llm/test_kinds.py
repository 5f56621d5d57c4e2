"""What kind of trouble real endpoints' errors are taken for.

The bodies in errors.jsonl were set down in parts, all but the first before the rules were run on them: 75 of
80 and 44 of 51 were right at once, and of a third such part of 239 only those are here that were not. Fields
and messages are facts, names are invented.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from digest.llm.api_error import error_of
from digest.llm.kinds import error_kind, is_by_day
from digest.system.redact import KeyRedactor
from digest.system.retry_after import retry_after

BODIES = [
    json.loads(line)
    for line in (Path(__file__).parent / "errors.jsonl").read_text(encoding="utf-8").splitlines()
]


def kind(status: int, body: Any) -> str:
    content = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    error = error_of(status, content.encode(), KeyRedactor(""))
    return error_kind(error, retry_after({}, error.words))


def test_an_error_is_what_its_endpoint_means() -> None:
    taken = [(case, kind(case["status"], case["body"])) for case in BODIES]
    assert len(taken) > 150
    assert [(case, found) for case, found in taken if found != case["kind"]] == []


def test_a_limit_by_the_day_is_known_by_its_words_and_by_its_name() -> None:
    (gemini,) = (case for case in BODIES if "QuotaFailure" in json.dumps(case["body"]))
    error = error_of(gemini["status"], json.dumps(gemini["body"]).encode(), KeyRedactor(""))
    assert is_by_day(error)
    assert error.quote.startswith("You exceeded your current quota")
    assert not is_by_day(error_of(429, b"10 requests per minute; today 5 were made", KeyRedactor("")))
