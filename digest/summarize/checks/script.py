"""Rules on the language of a line: Simplified Chinese, with Latin letters for names only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from digest.summarize.checks.rule import Example, Reading, Rule
from digest.summarize.checks.words import JARGON, Token, fold, usual

_BOTH = (
    "伕伋吋汍呎抆杗沍沘迆釆阬佺劻姅枓沬泜玨玥甽芣姪帟昤洸炤疢耑觔郃倣堉屘崁晅栘浬涊浥玆珮珪砠砲祐迺偺偯偭啣啗屝惇敔晞勗梱梡梂毬琍"
    "脰脤釭傚愒棻湣湲湩焜琯隄僇勦塭徬搾搆暍楛煆煖瑯痲痺睪硿覜詻詨跦鄗雊僎嘐塽慇槃榣瘉箄裯跼遝鄘鉼墦撚撢暱潠潟瞋箠蔆褕踫踡嬝暸澴燐"
    "璘璟穋篛豭擭歜毚濬濩褽谿櫂燸鎗霤韹巉瓖蘗鶸觼籥鼇剋牴祇衹瞭"
)
"""Of the common characters of Big5 those that GB 2312 leaves out but that are no traditional form of another,
or that Simplified Chinese also writes; checked against OpenCC's table of traditional characters."""

_VARIANTS = "爲裏衆羣産説録顔鋭綉麪綫銹峯緑竈牀脣鈎閲戶戱"
"""Traditional forms that Big5 counts among the rare characters, or spells otherwise."""

_FOREIGN = re.compile(
    r"[\u0400-\u052f\u0530-\u058f\u0590-\u05ff\u0600-\u06ff\u0900-\u0dff\u0e00-\u0eff\u10a0-\u10ff\u1100-\u11ff"
    r"\u1e00-\u1eff\u3040-\u30ff\u3130-\u318f\uac00-\ud7af]"
)
_LATIN_LETTER = re.compile(r"[A-Za-z]")
_GLOSS = re.compile(r"[（(][^（）()]*$")


@cache
def _traditional() -> frozenset[str]:
    """The common characters that only Traditional Chinese writes: in Big5's first level, not in GB 2312."""
    found = set(_VARIANTS)
    for high in range(0xA4, 0xC7):
        for low in (*range(0x40, 0x7F), *range(0xA1, 0xFF)):
            character = bytes((high, low)).decode("big5", "ignore")
            if len(character) == 1 and not character.encode("gb2312", "ignore"):
                found.add(character)
    return frozenset(found - set(_BOTH))


def traditional(reading: Reading) -> Iterator[str]:
    """Traditional characters that the paper itself does not have."""
    found = "".join(c for c in reading.line if c in _traditional() and c not in reading.source.text)
    if found:
        yield found[:8]


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
        if run and reading.line[run[-1].end : token.start] != " ":
            yield run
            run = []
        run.append(token)
    if run:
        yield run


def _foreign(word: Token) -> bool:
    return len(word.text) > 2 and fold(word.text) not in JARGON


def _untranslated(reading: Reading) -> Iterator[list[Token]]:
    """Stretches of ordinary English words, but for the usual ones and for glosses in brackets."""
    for run in _runs(reading):
        words = [token for token in run if token.lower]
        glossed = _GLOSS.search(reading.line[: run[0].start]) is not None
        term = usual(" ".join(word.text for word in words))  # such as deep set
        if words and not glossed and not term and any(_foreign(word) for word in words):
            yield words


def untranslated_phrase(reading: Reading) -> Iterator[str]:
    """Two or more ordinary English words in a row."""
    return (" ".join(w.text for w in words) for words in _untranslated(reading) if len(words) > 1)


def untranslated(reading: Reading) -> Iterator[str]:
    """One ordinary English word."""
    return (words[0].text for words in _untranslated(reading) if len(words) == 1)


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
