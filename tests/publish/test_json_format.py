from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

from digest.model import Digest, Flag, RoundTripHints
from digest.publish.counts import counts_of
from digest.publish.json_format import from_json, to_json
from digest.publish.markdown_parser import parse
from digest.system.errors import FormatError, UsageError
from tests.conftest import FULL
from tests.publish.samples import PAGE, digest_of, digests, entry, full_digest

NAME = "audio.json"


def test_all_fields_read_back() -> None:
    digest = full_digest().model_copy(
        update={"form": RoundTripHints(heading="# x cs.SD", declared=(1, 2), verbatim=True)}
    )
    assert from_json(to_json(digest), NAME) == digest


@given(digests)
@settings(max_examples=200 if FULL else 8)
def test_any_digest_reads_back(digest: Digest) -> None:
    text = to_json(digest)
    assert text.encode()
    assert from_json(text, NAME) == digest
    assert to_json(from_json(text, NAME)) == text


def test_it_is_easy_to_read() -> None:
    text = to_json(parse(PAGE, "20260128/audio.md"))
    assert text.startswith('{\n  "section": {\n    "key": "audio",\n    "title": "音频"')
    assert text.endswith("}\n")
    assert "null" not in text
    assert json.loads(text)["date"] == "2026-01-28"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "no JSON"),
        ('{\n  "section": [,\n', 2, "no JSON"),
        ("[]", 1, "object"),
        ("[" * 100_000, 1, "cannot be read"),
        (f'{{"date": {"1" * 5000}}}', 1, "cannot be read"),
    ],
)
def test_what_is_no_json_is_refused(text: str, line: int, said: str) -> None:
    with pytest.raises(FormatError, match=said) as caught:
        from_json(text, NAME)
    assert caught.value.line == line
    assert str(caught.value).startswith(NAME)


def test_wrong_fields_are_named() -> None:
    values = json.loads(to_json(full_digest()))
    del values["entries"][1]["paper"]["title"]
    with pytest.raises(
        UsageError, match=r"^audio.json: no digest: entries\.1\.paper\.title: Field required\.$"
    ):
        from_json(json.dumps(values), NAME)
    with pytest.raises(UsageError, match=r"^audio.json: no digest: section: Field required\.$"):
        from_json("{}", NAME)


def test_counts() -> None:
    flag = Flag(code="refused", reason="模型拒绝")
    entries = (entry(), entry(flag=flag), entry(flag=flag, summary=None), entry(summary=None))
    counts = counts_of(entries, announced=5)
    assert (counts.announced, counts.listed, counts.summarised, counts.flagged) == (5, 4, 1, 2)
    assert counts_of(digest_of(entry()).entries, announced=1).kept
