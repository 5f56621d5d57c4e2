"""Rules on the language of a line: Simplified Chinese, with Latin letters for names only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files

from digest.summarize.checks.patterns import any_of
from digest.summarize.checks.rule import Reading, Source, rule
from digest.summarize.checks.words import Token, usual

_RESTORED = frozenset("昇喆堃犇淼甦邨氾迺龢皙瞋噘蹚勠剋鎔鉅吒慄仝麴甯祐")
"""Characters that Simplified Chinese writes in names again: 昇腾."""

_IN_WORDS = re.compile(
    any_of(
        ("[後於]|徵(?<!角徵)(?![羽音调])", "著(?<=[随隨沿接附朝向顺順带帶跟伴依靠看走]著)(?![名作称录书述])")
    )
)
"""Characters of Simplified Chinese, too, in a few words only: 显著 is right, 隨著 is not."""

_FOREIGN = re.compile(
    r"[\u0400-\u052f\u0530-\u058f\u0590-\u05ff\u0600-\u06ff\u0900-\u0dff\u0e00-\u0eff\u10a0-\u10ff\u1100-\u11ff"
    r"\u1e00-\u1eff\u3040-\u30ff\u3130-\u318f\uac00-\ud7af]"
)
_GLOSS = re.compile(r"[（(][^（）()]*$")


@cache
def _traditional() -> re.Pattern[str]:
    """A pattern of the characters that only Traditional Chinese writes."""
    text = files("digest.summarize.checks").joinpath("traditional.txt").read_text(encoding="utf-8")
    rows = (row for row in text.splitlines() if not row.startswith("#"))
    return re.compile(f"[{''.join(sorted(frozenset(''.join(rows)) - _RESTORED))}]")


@rule("traditional")
def traditional(reading: Reading) -> Iterator[str]:
    """Traditional characters that the paper itself does not have."""
    found = {*_traditional().findall(reading.line), *_IN_WORDS.findall(reading.line)}
    if not found:
        return
    if evidence := "".join(
        c for c in dict.fromkeys(reading.line) if c in found and c not in reading.source.text
    ):
        yield evidence[:8]


@rule("foreign-script")
def foreign_script(reading: Reading) -> Iterator[str]:
    """Letters of a script that is neither Chinese nor Latin nor Greek, and not in the paper."""
    found = [c for c in _FOREIGN.findall(reading.line) if c not in reading.source.text]
    if found:
        yield "".join(found)[:8]


@rule("english-line")
def english_line(reading: Reading) -> Iterator[str]:
    """Hardly any Chinese."""
    if reading.cjk_share < 0.15:
        yield reading.line[:20]


@rule("low-cjk")
def low_cjk(reading: Reading) -> Iterator[str]:
    """Less Chinese than Latin letters."""
    if 0.15 <= reading.cjk_share < 0.4:
        yield f"{reading.cjk_share:.0%}"


def _runs(reading: Reading) -> Iterator[list[Token]]:
    """English words that follow each other with nothing but a space between."""
    run: list[Token] = []
    for token in reading.tokens:
        if run and reading.plain[run[-1].end : token.start] != " ":
            yield run
            run = []
        run.append(token)
    if run:
        yield run


def _foreign(word: Token) -> bool:
    return len(word.text) > 2 and not usual(word.text)


@lru_cache(maxsize=64)  # three rules ask
def _untranslated(reading: Reading) -> tuple[list[Token], ...]:
    """Stretches of ordinary English words, but for the usual ones and for glosses in brackets."""
    return tuple(_stretches(reading))


def _stretches(reading: Reading) -> Iterator[list[Token]]:
    for run in _runs(reading):
        words = [token for token in run if token.lower]
        if not any(_foreign(word) for word in words) or usual(" ".join(word.text for word in words)):
            continue  # such as deep set
        glossed = _GLOSS.search(reading.plain[: run[0].start]) is not None
        if not glossed and not _named(run, reading.source):
            yield words


def _named(run: Sequence[Token], source: Source) -> bool:
    """True if the words are a name of several words that the paper gives."""
    said = " ".join(word.text for word in run).lower()
    return any(name in said for name in source.own_words)


@rule("untranslated-phrase")
def untranslated_phrase(reading: Reading) -> Iterator[str]:
    """Two or more ordinary English words in a row."""
    return (" ".join(w.text for w in words) for words in _untranslated(reading) if len(words) > 1)


def _single(reading: Reading) -> list[str]:
    return list(dict.fromkeys(words[0].text for words in _untranslated(reading) if len(words) == 1))


@rule("untranslated-words")
def untranslated_words(reading: Reading) -> Iterator[str]:
    """Two or more ordinary English words here and there."""
    if len(words := _single(reading)) > 1:
        yield "、".join(words)


@rule("untranslated")
def untranslated(reading: Reading) -> Iterator[str]:
    """One ordinary English word."""
    if len(words := _single(reading)) == 1:
        yield words[0]


_PREFIX = "零非半多超反子微元跨无不双单伪自预后前高低长短全部可重再共分未"
_HALF = re.compile(
    rf"(?P<behind>[\u4e00-\u9fff]-[a-z]{{3,}})(?![A-Za-z0-9-])"
    rf"|(?<![A-Za-z0-9-])(?P<before>[a-z]{{3,}}-[\u4e00-\u9fff])"
    rf"|(?P<between>[{_PREFIX}][A-Z][a-z]{{3,}})(?=[\u4e00-\u9fff])"
)
_NOT_HALF = frozenset(
    ["alpha", "beta", "gamma", "delta", "sigma", "lambda", "epsilon", "theta", "omega", "kappa"]
)


@rule("half-word")
def half_word(reading: Reading) -> Iterator[str]:
    """物理-aware, 零Crossing率: one half of a compound translated, the other left in English."""
    paper = reading.source
    for match in _HALF.finditer(reading.plain):
        word = re.sub("[^A-Za-z]", "", match[0])
        name = match["between"] and word in paper.abstract and word.lower() not in paper.abstract
        if not (usual(word) or word in _NOT_HALF or name):
            yield match[0]
