"""Rules on the language of a line: Simplified Chinese, with Latin letters for names only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files

from digest.summarize.checks.rule import Example, Reading, Rule, Source
from digest.summarize.checks.words import Token, usual

_RESTORED = frozenset("昇喆堃犇淼甦邨氾迺龢皙瞋噘蹚勠剋鎔鉅吒慄仝麴甯祐")
"""Characters that Simplified Chinese writes in names again: 昇腾."""

_IN_WORDS = re.compile(
    r"[後於]|(?<!角)徵(?![羽音调])"
    r"|(?<=[随隨沿接附朝向顺順带帶跟伴依靠看走])著(?![名作称录书述])"
)
"""Characters of Simplified Chinese, too, in a few words only: 显著 is right, 隨著 is not."""

_FOREIGN = re.compile(
    r"[\u0400-\u052f\u0530-\u058f\u0590-\u05ff\u0600-\u06ff\u0900-\u0dff\u0e00-\u0eff\u10a0-\u10ff\u1100-\u11ff"
    r"\u1e00-\u1eff\u3040-\u30ff\u3130-\u318f\uac00-\ud7af]"
)
_LATIN_LETTER = re.compile(r"[A-Za-z]")
_GLOSS = re.compile(r"[（(][^（）()]*$")


@cache
def _traditional() -> frozenset[str]:
    """The characters that only Traditional Chinese writes."""
    text = files("digest.summarize.checks").joinpath("traditional.txt").read_text(encoding="utf-8")
    rows = (row for row in text.splitlines() if not row.startswith("#"))
    return frozenset("".join(rows)) - _RESTORED


def traditional(reading: Reading) -> Iterator[str]:
    """Traditional characters that the paper itself does not have."""
    found = _traditional().intersection(reading.line).union(_IN_WORDS.findall(reading.line))
    if not found:
        return
    if evidence := "".join(
        c for c in dict.fromkeys(reading.line) if c in found and c not in reading.source.text
    ):
        yield evidence[:8]


def foreign_script(reading: Reading) -> Iterator[str]:
    """Letters of a script that is neither Chinese nor Latin nor Greek, and not in the paper."""
    found = [c for c in _FOREIGN.findall(reading.line) if c not in reading.source.text]
    if found:
        yield "".join(found)[:8]


def _share(reading: Reading) -> float:
    letters = reading.cjk + len(_LATIN_LETTER.findall(reading.line))
    return reading.cjk / letters if letters else 1.0


def english_line(reading: Reading) -> Iterator[str]:
    """Hardly any Chinese."""
    if _share(reading) < 0.15:
        yield reading.line[:20]


def low_cjk(reading: Reading) -> Iterator[str]:
    """Less Chinese than Latin letters."""
    if 0.15 <= _share(reading) < 0.4:
        yield f"{_share(reading):.0%}"


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


def _untranslated(reading: Reading) -> Iterator[list[Token]]:
    """Stretches of ordinary English words, but for the usual ones and for glosses in brackets."""
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


def untranslated_phrase(reading: Reading) -> Iterator[str]:
    """Two or more ordinary English words in a row."""
    return (" ".join(w.text for w in words) for words in _untranslated(reading) if len(words) > 1)


def _single(reading: Reading) -> list[str]:
    return list(dict.fromkeys(words[0].text for words in _untranslated(reading) if len(words) == 1))


def untranslated_words(reading: Reading) -> Iterator[str]:
    """Two or more ordinary English words here and there."""
    if len(words := _single(reading)) > 1:
        yield "、".join(words)


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


def half_word(reading: Reading) -> Iterator[str]:
    """物理-aware, 零Crossing率: one half of a compound translated, the other left in English."""
    paper = reading.source
    for match in _HALF.finditer(reading.plain):
        word = re.sub("[^A-Za-z]", "", match[0])
        name = match["between"] and word in paper.abstract and word.lower() not in paper.abstract
        if not (usual(word) or word in _NOT_HALF or name):
            yield match[0]


_FINE = "该论文属于语音增强任务，旨在解决噪声下语音质量差的问题。提出新框架，提升语音清晰度。"

RULES = (
    Rule(
        "traditional",
        3,
        "含有繁体字“{}”，请使用简体中文",
        "characters that only Traditional Chinese writes",
        traditional,
        (
            Example(_FINE.replace("语音", "語音"), hit=True),
            Example(_FINE.replace("新框架", "后验与干预框架"), hit=False),
        ),
        fields=True,
    ),
    Rule(
        "foreign-script",
        3,
        "含有其他文字“{}”，请使用简体中文",
        "letters of a script that is neither Chinese nor Latin nor Greek",
        foreign_script,
        (Example(_FINE.replace("框架", "метод"), hit=True), Example(_FINE.replace("新", "μ律"), hit=False)),
        fields=True,
    ),
    Rule(
        "english-line",
        3,
        "几乎全是英文，请用简体中文写",
        "hardly any Chinese in it",
        english_line,
        (
            Example("This paper proposes a new model for speech enhancement.", hit=True),
            Example(_FINE, hit=False),
        ),
        fields=True,
    ),
    Rule(
        "low-cjk",
        2,
        "中文只占{}，请把英文译成中文",
        "less Chinese than Latin letters",
        low_cjk,
        (
            Example("该论文提出 a new model for speech enhancement 框架，提升语音质量。", hit=True),
            Example(_FINE, hit=False),
        ),
    ),
    Rule(
        "untranslated-phrase",
        2,
        "“{}”没有翻译，请译成中文",
        "two or more ordinary English words in a row",
        untranslated_phrase,
        (
            Example(_FINE.replace("语音增强", " speech enhancement "), hit=True),
            Example(_FINE.replace("语音增强", "语音增强（speech enhancement）"), hit=False),
        ),
        fields=True,
    ),
    Rule(
        "untranslated-words",
        2,
        "“{}”没有翻译，请译成中文",
        "two or more ordinary English words here and there",
        untranslated_words,
        (
            Example("该论文属于 clutter 任务，旨在解决噪声问题，提出 garden 框架。", hit=True),
            Example("该论文属于 clutter 任务，旨在解决噪声问题，提出 token 框架。", hit=False),
        ),
        fields=True,
    ),
    Rule(
        "half-word",
        2,
        "“{}”只译了一半，请写出完整的中文译词",
        "one half of a compound in Chinese, the other in English",
        half_word,
        (
            Example(_FINE.replace("新框架", "物理-aware框架"), hit=True),
            Example(_FINE.replace("新框架", "零Crossing率框架"), hit=True),
            Example(_FINE.replace("新框架", "beta-变分框架、多Agent框架和k-均值"), hit=False),
        ),
        fields=True,
    ),
    Rule(
        "untranslated",
        1,
        "“{}”没有翻译，请译成中文",
        "one ordinary English word",
        untranslated,
        (
            Example(_FINE.replace("噪声", " clutter "), hit=True),
            Example(_FINE.replace("噪声", "token"), hit=False),
        ),
        fields=True,
    ),
)
