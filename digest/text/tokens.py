"""The tokens of a text for a model: counted where the vocabulary is on this machine, else estimated."""

from __future__ import annotations

import hashlib
import math
import os
import re
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tiktoken

ESTIMATE = "estimate"
"""The name that stands for a vocabulary when there is none."""

_URL = "https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
_SHA256 = {
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}
_CJK = re.compile("[\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
_WORD = re.compile("[A-Za-z]+")
_SINGLE = re.compile(r"[^\sA-Za-z]", re.ASCII)
_CJK_TOKENS = {"cl100k_base": 1.14, "o200k_base": 0.73, "qwen": 0.62}
"""Tokens of one Chinese character, measured on 4,000 Chinese lines."""


def count(text: str, model: str) -> tuple[int, str]:
    """The tokens of `text` for `model`, and the name of the vocabulary that counted them, or `estimate`.

    Nothing is ever downloaded: tiktoken is used only when its cache already holds the vocabulary.
    """
    vocabulary = _vocabulary_of(model)
    encoding = _encoding(vocabulary)
    if encoding is not None:
        return len(encoding.encode(text, disallowed_special=())), vocabulary
    return _estimate(text, _CJK_TOKENS.get(vocabulary, _CJK_TOKENS["o200k_base"])), ESTIMATE


def _vocabulary_of(model: str) -> str:
    """The vocabulary of a model as endpoints name it; Qwen's is its own, unknown models count like o200k."""
    name = model.lower().rsplit("/", 1)[-1]
    if "qwen" in name or name.startswith("qwq"):
        return "qwen"
    if name.startswith(("gpt-3.5", "gpt-4-", "text-embedding")) or name == "gpt-4":
        return "cl100k_base"
    return "o200k_base"


@cache
def _encoding(vocabulary: str) -> tiktoken.Encoding | None:
    """The vocabulary, when tiktoken's cache holds it intact: tiktoken replaces a damaged file by a download.

    The cache is the one of tiktoken/load.py: files are named after the sha1 of their URL.
    """
    expected = _SHA256.get(vocabulary)
    if expected is None:
        return None
    folder = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    cached = Path(tempfile.gettempdir(), "data-gym-cache") if folder is None else Path(folder)
    name = hashlib.sha1(_URL.format(name=vocabulary).encode(), usedforsecurity=False).hexdigest()
    try:
        content = (cached / name).read_bytes()
    except OSError:
        return None
    if folder == "" or hashlib.sha256(content).hexdigest() != expected:  # an empty name turns the cache off
        return None
    import tiktoken

    return tiktoken.get_encoding(vocabulary)


def _estimate(text: str, cjk: float) -> int:
    """1.03 (words + digits + punctuation + 0.45 further bytes of other characters + `cjk` a Chinese one).

    Measured against o200k: mean error 2.8 % on abstracts, 5.9 % on Chinese lines, 5.1 % on pages of papers.
    """
    ascii_only = _CJK.sub("", text)
    chinese = len(text) - len(ascii_only)
    units = len(_WORD.findall(ascii_only)) + len(_SINGLE.findall(ascii_only))
    extra = len(ascii_only.encode("utf-8", "surrogatepass")) - len(ascii_only)
    return math.ceil(1.03 * (units + 0.45 * extra + cjk * chinese))
