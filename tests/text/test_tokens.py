from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from digest.text import tokens
from tests.text.typeset import INTRODUCTION

URL = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
CHINESE = "该论文属于音频检测任务，旨在解决芦苇荡中苍鹭计数困难的问题。"


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    tokens._encoding.cache_clear()
    return tmp_path


def test_without_a_vocabulary_the_count_is_an_estimate_near_one_token_a_word_and_mark() -> None:
    number, name = tokens.count(INTRODUCTION, "gpt-4o")

    words = len(INTRODUCTION.split())
    assert name == "estimate"
    assert 1.05 * words < number < 1.25 * words


def test_chinese_counts_by_the_vocabulary_of_the_model() -> None:
    counts = {
        model: tokens.count(CHINESE, model)[0] for model in ("gpt-4-turbo", "deepseek-chat", "qwen3-32b")
    }

    # Per character 1.14, 0.73 and 0.62 tokens were measured.
    assert counts["gpt-4-turbo"] > counts["deepseek-chat"] > counts["qwen3-32b"]
    assert counts["deepseek-chat"] == pytest.approx(len(CHINESE) * 0.73 * 1.03, abs=1.01)


def test_a_provider_before_the_name_changes_nothing() -> None:
    assert tokens.count(CHINESE, "openrouter/Qwen/Qwen3-8B") == tokens.count(CHINESE, "qwen3-8b")


def test_the_marks_of_a_chat_are_counted_like_other_text() -> None:
    assert tokens.count("<|endoftext|>", "gpt-4o")[0] > 0
    assert tokens.count("", "gpt-4o")[0] == 0


def test_a_damaged_vocabulary_is_left_alone_rather_than_downloaded_again(empty_cache: Path) -> None:
    cached = empty_cache / hashlib.sha1(URL.encode()).hexdigest()
    cached.write_bytes(b"IQ== 0\n")

    assert tokens.count("herons", "gpt-4o")[1] == "estimate"
    assert cached.read_bytes() == b"IQ== 0\n"


def test_a_vocabulary_in_the_cache_is_used(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"".join(b"%s %d\n" % (base64.b64encode(bytes([byte])), byte) for byte in range(256))
    (empty_cache / hashlib.sha1(URL.encode()).hexdigest()).write_bytes(content)
    monkeypatch.setitem(tokens._SHA256, "o200k_base", hashlib.sha256(content).hexdigest())
    monkeypatch.setattr("tiktoken.load.check_hash", lambda data, _: data == content)

    # One token a byte is what this vocabulary knows.
    assert tokens.count("heron <|endoftext|>", "gpt-4o") == (19, "o200k_base")


def test_a_cache_that_is_turned_off_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")

    assert tokens.count("herons", "gpt-4o")[1] == "estimate"
