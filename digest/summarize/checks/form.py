"""Rules on the form of a line: one line, whole, once, plain."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from digest.summarize.checks.rule import Example, Reading, Rule

SHORTEST = 25
SHORT = 38
"""The shortest of 510 published lines of 2026 has 40; a line cut at its first full stop has fewer."""

LONGEST = 160
MOST_SENTENCES = 3

_SENTENCE_END = "。！？!?…"
_CLOSING = "”’）)」』》"
_CONTROL = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffd\ud800-\udfff]"
)
_NEWLINE = re.compile(r"[\n\r\u2028\u2029\x0b\x0c\x85]")
_TAGS = "a|b|br|code|div|em|font|h[1-6]|hr|i|img|li|ol|p|pre|s|small|span|strong|sub|sup|table|td|th|tr|u|ul"
_MARKUP = re.compile(
    rf"\*\*(?=\S)|(?<!\w)__(?=\S)[^_]{{1,80}}__(?!\w)|~~|`|^\s{{0,9}}(?:[#>]+\s|[-*+•]\s|\d{{1,2}}[.、)]\s?(?!\d))"
    rf"|\]\((?:https?:|[\w./#-]+\))|</?(?:{_TAGS})(?:\s[^<>]{{0,60}})?/?>|&[a-z]{{2,6}};|&#\d{{1,6}};"
    r"|^\s{0,9}\|.{0,400}\||https?://"
    r"|(?<![A-Za-z0-9\u0370-\u03ff*)}\]])\*(?![\s*])[^*]{1,80}(?<![\s*A-Za-z])\*(?![A-Za-z0-9*])"
    r"|(?<![A-Za-z0-9\u0370-\u03ff*)}\]])\*[A-Za-z][A-Za-z0-9 -]{1,80}\*(?![A-Za-z0-9*])",
    re.IGNORECASE,
)
_LATEX = re.compile(r"\\[A-Za-z]{2,}|\$[^$]{0,60}\$|[_^]\{|\\[{}()\[\]]")
_PAIRS = {"“": "”", "‘": "’", "（": "）", "(": ")", "《": "》", "「": "」", "『": "』", "【": "】", "[": "]"}
_BRACKET = re.compile(f"[{re.escape(''.join((*_PAIRS, *_PAIRS.values())))}]")
_INTERVAL = re.compile(r"[\[(]\s?[-+]?[\d.∞]{1,12}\s?[,，]\s?[-+]?[\d.∞]{1,12}\s?[\])]")
_CLAUSE = re.compile(r"[，。；！？!?;,\n]+")
_STUTTER = re.compile(r"([\u4e00-\u9fff]{2,6})\1")
_REDUPLICATED = ("端到", "学习")


def newline(reading: Reading) -> Iterator[str]:
    """More than one line."""
    if match := _NEWLINE.search(reading.line.strip("\n")):
        yield repr(match[0])


def control_character(reading: Reading) -> Iterator[str]:
    r"""Characters that nobody can see, often LaTeX read as an escape: \f of \frac."""
    if match := _CONTROL.search(reading.line.replace("\n", "").replace("\r", "")):
        yield repr(match[0])


def markup(reading: Reading) -> Iterator[str]:
    """Markdown, HTML or a link."""
    for match in _MARKUP.finditer(reading.line):
        if not (match[0].startswith("<") and match[0] in reading.source.text):  # a token that the paper has
            yield match[0].strip()
            return


def latex(reading: Reading) -> Iterator[str]:
    """LaTeX commands and formulas."""
    if match := _LATEX.search(reading.line):
        yield match[0]


def no_final_stop(reading: Reading) -> Iterator[str]:
    """The line does not end as a sentence."""
    end = reading.line.rstrip().rstrip(_CLOSING)
    if not end or end[-1] not in _SENTENCE_END:
        yield reading.line[-6:]


def too_short(reading: Reading) -> Iterator[str]:
    """Too short to say task, problem and contribution."""
    if len(reading.line) < SHORTEST:
        yield f"{len(reading.line)}字"


def short(reading: Reading) -> Iterator[str]:
    """So short that the contribution is probably missing."""
    if SHORTEST <= len(reading.line) < SHORT:
        yield f"{len(reading.line)}字"


def too_long(reading: Reading) -> Iterator[str]:
    """Too long for one line of a digest."""
    if len(reading.line) > LONGEST:
        yield f"{len(reading.line)}字"


def many_sentences(reading: Reading) -> Iterator[str]:
    """More sentences than a line has."""
    count = len([part for part in re.split("[。！？]", reading.line) if part.strip()])
    if count > MOST_SENTENCES:
        yield f"{count}句"


def unbalanced(reading: Reading) -> Iterator[str]:
    """A bracket or quotation mark without its partner."""
    waiting: list[str] = []
    for character in _BRACKET.findall(_INTERVAL.sub("", reading.line)):
        if character in _PAIRS:
            waiting.append(_PAIRS[character])
        elif waiting and character == waiting[-1]:
            waiting.pop()
        elif character != "’":  # also an apostrophe
            yield character
            return
    if waiting and waiting[-1] != "’":
        yield waiting[-1]


def repeat_clause(reading: Reading) -> Iterator[str]:
    """The same clause twice."""
    clauses = Counter(part.strip() for part in _CLAUSE.split(reading.line))
    yield from (clause for clause, count in clauses.items() if count > 1 and len(clause) >= 6)


def stutter(reading: Reading) -> Iterator[str]:
    """The same two to six characters twice in a row."""
    yield from (m[0] for m in _STUTTER.finditer(reading.line) if not m[0].startswith(_REDUPLICATED))


_FINE = "该论文属于语音增强任务，旨在解决噪声下语音质量差的问题。提出新框架，提升语音清晰度。"

RULES = (
    Rule(
        "newline",
        3,
        "只能写一行，请去掉换行",
        "more than one line",
        newline,
        (Example(_FINE.replace("。提", "。\n提"), hit=True), Example(_FINE, hit=False)),
        fields=True,
    ),
    Rule(
        "control-character",
        3,
        "含有不可见字符{}，请去掉，也不要写LaTeX",
        "invisible characters, such as what \\f of \\frac turns into",
        control_character,
        (Example(_FINE.replace("框", "\x0crac框"), hit=True), Example(_FINE, hit=False)),
        fields=True,
    ),
    Rule(
        "markup",
        3,
        "含有标记符号“{}”，请只写纯文本",
        "Markdown, HTML or a link",
        markup,
        (
            Example(_FINE.replace("新框架", "**新框架**"), hit=True),
            Example("- " + _FINE, hit=True),
            Example(_FINE.replace("新框架", "A*算法、π*和V*、IMA++模型与<SR>词元"), hit=False),
        ),
        fields=True,
    ),
    Rule(
        "repeat-clause",
        3,
        "“{}”重复出现，请只写一次",
        "a clause that stands there twice",
        repeat_clause,
        (Example(_FINE + _FINE, hit=True), Example(_FINE, hit=False)),
    ),
    Rule(
        "too-short",
        3,
        "只有{}，请写明任务、问题和贡献",
        f"fewer than {SHORTEST} characters",
        too_short,
        (Example("该论文研究语音增强。", hit=True), Example(_FINE, hit=False)),
    ),
    Rule(
        "short",
        2,
        "只有{}，请写明任务、问题和贡献",
        f"fewer than {SHORT} characters: perhaps without the contribution",
        short,
        (
            Example("该论文属于语音增强任务，旨在解决噪声下语音质量差的问题。", hit=True),
            Example(_FINE, hit=False),
        ),
    ),
    Rule(
        "no-final-stop",
        2,
        "句子不完整（“{}”），请写完整并以句号结尾",
        "no full stop at the end: perhaps cut off",
        no_final_stop,
        (Example(_FINE[:-3], hit=True), Example(_FINE, hit=False)),
    ),
    Rule(
        "unbalanced",
        2,
        "括号或引号不成对（缺“{}”）",
        "a bracket or quotation mark without its partner",
        unbalanced,
        (
            Example(_FINE.replace("语音增强", "语音增强（SE"), hit=True),
            Example(_FINE.replace("语音增强", "语音增强（SE）"), hit=False),
        ),
        fields=True,
    ),
    Rule(
        "latex",
        1,
        "含有LaTeX“{}”，请改写为普通文字",
        "LaTeX commands or formulas",
        latex,
        (Example(_FINE.replace("新", r"$\alpha$新"), hit=True), Example(_FINE, hit=False)),
        fields=True,
    ),
    Rule(
        "too-long",
        1,
        f"有{{}}，请控制在{LONGEST}字以内",
        f"more than {LONGEST} characters",
        too_long,
        (Example(_FINE + "该方法" * 50 + "。", hit=True), Example(_FINE, hit=False)),
    ),
    Rule(
        "many-sentences",
        1,
        f"有{{}}，请控制在{MOST_SENTENCES}句以内",
        f"more than {MOST_SENTENCES} sentences",
        many_sentences,
        (Example("该论文很好。" * 4, hit=True), Example(_FINE, hit=False)),
    ),
    Rule(
        "stutter",
        1,
        "“{}”连续重复，请检查",
        "two to six characters twice in a row",
        stutter,
        (
            Example(_FINE.replace("清晰度", "清晰清晰度"), hit=True),
            Example(_FINE.replace("新框架", "端到端到文本框架"), hit=False),
        ),
    ),
)
