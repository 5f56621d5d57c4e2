"""Rules on the form of a line: one line, whole, once, plain."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from digest.summarize.checks.patterns import any_of
from digest.summarize.checks.rule import Reading, rule

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
_BLOCK = re.compile(r"\s{0,9}(?:[#>]+\s|[-*+•]\s|\d{1,2}[.、)]\s?(?!\d)|\|.{0,400}\|)")
_NO_PRODUCT = r"(?<![A-Za-z0-9\u0370-\u03ff*)}\]]\*)"
_MARKUP = re.compile(
    any_of(
        (
            r"\*\*(?=\S)|_(?<!\w_)_(?=\S)[^_]{1,80}__(?!\w)|~~|`",
            rf"\]\((?:https?:|[\w./#-]+\))|</?(?:{_TAGS})(?:\s[^<>]{{0,60}})?/?>|&[a-z]{{2,6}};|&#\d{{1,6}};",
            r"https?://",
            rf"\*{_NO_PRODUCT}(?![\s*])[^*]{{1,80}}(?<![\s*A-Za-z])\*(?![A-Za-z0-9*])",
            rf"\*{_NO_PRODUCT}[A-Za-z][A-Za-z0-9 -]{{1,80}}\*(?![A-Za-z0-9*])",
        ),
        ignore_case=True,
    )
)
"""Marks inside a line; `_BLOCK` has those that a line begins with."""

_LATEX = re.compile(r"\\[A-Za-z]{2,}|\$[^$]{0,60}\$|[_^]\{|\\[{}()\[\]]")
_PAIRS = {"“": "”", "‘": "’", "（": "）", "(": ")", "《": "》", "「": "」", "『": "』", "【": "】", "[": "]"}
_BRACKET = re.compile(f"[{re.escape(''.join((*_PAIRS, *_PAIRS.values())))}]")
_INTERVAL = re.compile(r"[\[(]\s?[-+]?[\d.∞]{1,12}\s?[,，]\s?[-+]?[\d.∞]{1,12}\s?[\])]")
_CLAUSE = re.compile(r"[，。；！？!?;,\n]+")
_STUTTER = re.compile(r"([\u4e00-\u9fff]{2,6})\1")
_REDUPLICATED = ("端到", "学习")


@rule("newline")
def newline(reading: Reading) -> Iterator[str]:
    """More than one line."""
    if match := _NEWLINE.search(reading.line.strip("\n")):
        yield repr(match[0])


@rule("control-character")
def control_character(reading: Reading) -> Iterator[str]:
    r"""Characters that nobody can see, often LaTeX read as an escape: \f of \frac."""
    if match := _CONTROL.search(reading.line.replace("\n", "").replace("\r", "")):
        yield repr(match[0])


@rule("markup")
def markup(reading: Reading) -> Iterator[str]:
    """Markdown, HTML or a link."""
    if match := _BLOCK.match(reading.line):
        yield match[0].strip()
        return
    for match in _MARKUP.finditer(reading.line):
        if not (match[0].startswith("<") and match[0] in reading.source.text):  # a token that the paper has
            yield match[0].strip()
            return


@rule("latex")
def latex(reading: Reading) -> Iterator[str]:
    """LaTeX commands and formulas."""
    if match := _LATEX.search(reading.line):
        yield match[0]


@rule("repeat-clause")
def repeat_clause(reading: Reading) -> Iterator[str]:
    """The same clause twice."""
    clauses = [part.strip() for part in _CLAUSE.split(reading.line)]
    if len(set(clauses)) < len(clauses):
        yield from (clause for clause, count in Counter(clauses).items() if count > 1 and len(clause) >= 6)


@rule("too-short")
def too_short(reading: Reading) -> Iterator[str]:
    """Too short to say task, problem and contribution."""
    if len(reading.line) < SHORTEST:
        yield f"{len(reading.line)}字"


@rule("short")
def short(reading: Reading) -> Iterator[str]:
    """So short that the contribution is probably missing."""
    if SHORTEST <= len(reading.line) < SHORT:
        yield f"{len(reading.line)}字"


@rule("too-long")
def too_long(reading: Reading) -> Iterator[str]:
    """Too long for one line of a digest."""
    if len(reading.line) > LONGEST:
        yield f"{len(reading.line)}字"


@rule("many-sentences")
def many_sentences(reading: Reading) -> Iterator[str]:
    """More sentences than a line has."""
    count = len([part for part in re.split("[。！？]", reading.line) if part.strip()])
    if count > MOST_SENTENCES:
        yield f"{count}句"


@rule("no-final-stop")
def no_final_stop(reading: Reading) -> Iterator[str]:
    """The line does not end as a sentence."""
    end = reading.line.rstrip().rstrip(_CLOSING)
    if not end or end[-1] not in _SENTENCE_END:
        yield reading.line[-6:]


@rule("unbalanced")
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


@rule("stutter")
def stutter(reading: Reading) -> Iterator[str]:
    """The same two to six characters twice in a row."""
    yield from (m[0] for m in _STUTTER.finditer(reading.line) if not m[0].startswith(_REDUPLICATED))
