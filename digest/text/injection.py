"""The findings in a paper's text: words nobody can see, and words meant for a language model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from digest.model import Finding, Severity

LIMIT = 20
"""Findings of one paper; more say nothing new."""

_EVIDENCE = 300
_PROSE = 4  # words on one line: labels in figures have fewer
_WORD = re.compile(r"[^\W\d_]{2,}")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")

# Cropped figures, and words recognised in scans and drawings, are in many papers and mean no harm.
_EVERYDAY = ("clipped away", "text layer")

_IGNORE = r"""\s+(?:\w+\s+){0,3}?(?:previous|prior|above|preceding|earlier|foregoing|other|your|system)\s+
    (?:\w+\s+){0,2}?(?:instruction|prompt|direction|directive|guideline|rule|context|text)s?\b"""
_GIVE = r"""(?:give|write|provide|produce|generate|output|return)\s+(?:\w+\s+){0,3}?"""
_PRAISE = r"""\s+(?:\w+\s+){0,2}?(?:review|rating|evaluation|assessment)s?\b"""
_MODEL = r"""(?:all\s+|any\s+|the\s+)?
    (?:llms?|(?:large\s+)?language\s+models?|ai(?:\s+(?:reviewer|model|assistant)s?)?)\b"""
_PATTERNS = {
    **{verb: rf"{verb}{_IGNORE}" for verb in ("ignore", "disregard", "forget", "override")},
    **{word: f"{_GIVE}{word}{_PRAISE}" for word in ("positive", "favorable", "favourable", "glowing")},
    **{
        f"{word} review": rf"{word}\s+reviews?\s+only\b|only\s+{word}\s+reviews?\b"
        for word in ("positive", "favorable", "favourable")
    },
    "do not ": r"do\s+not\s+(?:mention|highlight|discuss)\s+(?:any\s+)?(?:negative|weakness|flaw)",
    "recommend": r"recommend\s+(?:accepting|acceptance\s+of|accepting\s+of)\s+(?:this|the)\s+\w+",
    "as a": r"as\s+an?\s+(?:ai|(?:large\s+)?language)(?:\s+(?:language|model|assistant|reviewer))+,?\s+you\b",
    "if you are": r"if\s+you\s+are\s+an?\s+(?:ai|llm|large\s+language|language)\b",
    **{
        f"{word} {way} ": rf"{word}s?\s+{way}\s+{_MODEL}"
        for word in ("attention", "note", "notice", "message", "instruction", "instructions")
        for way in ("to", "for")
    },
    **{
        verb: rf"{verb}[^。，]{{0,8}}(?:指令|指示|提示|要求)" for verb in ("忽略", "无视", "忘记", "不要理会")
    },
    **{
        word: rf"(?:给出|给予|写|生成)[^。，]{{0,8}}{word}[^。，]{{0,6}}(?:评价|评审|审稿|意见|评论)"
        for word in ("正面", "积极", "肯定")
    },
}
"""Orders to a language model: a pattern, and a word without which it need not be tried."""

_ADDRESSED = {anchor: re.compile(pattern, re.VERBOSE) for anchor, pattern in _PATTERNS.items()}


def of_hidden(page: int, how: str, content: str) -> Finding | None:
    """The finding about text that cannot be seen on a page (from 1), unless it is everyday and harmless."""
    if how == "annotation":
        return _finding("annotation", page, how, content, 3 if is_addressed(content) else 2)
    if is_addressed(content) or (how not in _EVERYDAY and _is_prose(content)):
        return _finding("hidden_text", page, how, content, 3)
    return None


def of_visible(page: int, content: str) -> Iterator[Finding]:
    """Sentences that a reader can see, and that are meant for a language model."""
    for start, end in _addressed(content):
        around = content[max(0, start - 60) : end + 100]
        yield _finding("addressed_to_model", page, "visible", around, 2)


def is_addressed(content: str) -> bool:
    """True if a language model is told what to do."""
    return next(_addressed(" ".join(content.split())), None) is not None


def _addressed(content: str) -> Iterator[tuple[int, int]]:
    lowered = content.lower()
    for anchor, pattern in _ADDRESSED.items():
        if anchor in lowered:
            yield from (match.span() for match in pattern.finditer(lowered))


def gravest(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The gravest findings, each once."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: -finding.severity)[:LIMIT])


def _is_prose(content: str) -> bool:
    return any(
        len(_WORD.findall(_CJK.sub(" ", line))) + len(_CJK.findall(line)) / 2 >= _PROSE
        for line in content.splitlines()
    )


def _finding(rule: str, page: int, how: str, content: str, severity: Severity) -> Finding:
    words = " ".join("".join(c if c.isprintable() else " " for c in content).split())
    return Finding(rule=rule, severity=severity, evidence=f"page {page}, {how}: {words[:_EVIDENCE]}")
