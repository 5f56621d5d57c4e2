"""arXiv identifiers in whatever a person types or pastes (arXiv: help/arxiv_identifier).

The forms are those in which arXiv and others show them: bare, after `arXiv:` or a DOI's prefix, with the
stamp of the PDF (`[cs.SD] 26 Jan 2026`), as arXiv says to cite it, in the address of an abstract or PDF, or
of another site's page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from digest.model.taxonomy import archives
from digest.system.errors import UsageError

_NEW = r"(?P<month>\d{4})\.(?P<count>\d{4,5})"
_OLD = r"(?P<archive>(?!arxiv\b)[a-z-]+)(?:\.[a-z-]{2,})?/(?P<number>\d{7})"
_BEGIN = r"(?:(?<![\w.-])|(?<=\barxiv[.:_-])|(?<=\barxiv))"
_END = r"(?!\w|\.\d|/\d(?!\d{3}\.\d{4}))"
_IDENTIFIER = re.compile(rf"{_BEGIN}(?:{_NEW}|{_OLD})(?:v(?P<version>[1-9]\d*))?{_END}", re.IGNORECASE)
_SQUARE = r"\[(?![^]]{0,200}?(?:\d{4}\.\d{4}|/\d{7}))[^][]{0,200}\]"
_ROUND = r"\((?![^)]{0,200}?(?:\d{4}\.\d{4}|/\d{7}))[^()]{0,200}\)"
_REMARKS = re.compile(
    rf"(?<=\d)(?:\s*(?:{_SQUARE}|{_ROUND}))+(?:\s*\d{{1,2}}\s+[A-Z][a-z]{{2}}\s+\d{{4}}\b)?"
)
"""The text behind an identifier in brackets, and names no other: [cs.SD] 26 Jan 2026, (replaced), (cs)."""
_CITED = re.compile(
    r"\bCite as:|\(or\s+\S+\s*(?:\[[^][]{0,60}\])?\s*for this version\)|\[\d+\](?=\s*arXiv:)", re.IGNORECASE
)
"""The words of arXiv's own pages around an identifier."""
_ADDRESS = re.compile(r"[/:=]")
_AROUND = re.compile(r"arxiv|pdf", re.IGNORECASE)
_LABELS = ("", "arxiv", "doi", "id", "pdf")
_OTHER_DOI = re.compile(r"(?<![\w.])10\.(?!48550/arxiv\.)\d{4,9}/", re.IGNORECASE)
_FIVE_DIGITS_SINCE = "1501"
_OLD_UNTIL, _OLD_SINCE = "0703", "9107"


class Identifier(NamedTuple):
    """A paper, and the version that was asked for."""

    id: str
    version: int | None


def find_identifiers(text: str) -> Iterator[tuple[str, Identifier | None]]:
    """The words of `text`, as it has them, with the identifier that each is; None for one that is none."""
    plain = unicodedata.normalize("NFKC", text)
    readable = "".join(one for one in plain if unicodedata.category(one) != "Cf")  # zero-width characters
    for word in _REMARKS.sub(" ", _CITED.sub(" ", readable)).split():
        whole = "://" in word or "?" in word  # commas may be part of an address
        for part in [word] if whole else re.split(r"[,;、。|]", word):
            found = list(_in_word(unquote(part)))
            yield from ((part, one) for one in found)
            if not found and re.sub(r"\W", "", part).lower() not in _LABELS:
                yield part, None


def identified(text: str) -> Identifier:
    """The one identifier that `text` is.

    Raises:
        UsageError: it is none, or several.
    """
    found = list(find_identifiers(text))
    (first, *more) = dict.fromkeys(one for _, one in found) or [None]
    if first is None or None in more:
        raise no_identifier(next((word for word, one in found if one is None), text))
    if more:
        raise UsageError(f"{text!r} names several papers. Name one.")
    return first


def no_identifier(*words: str) -> UsageError:
    """The error that says so of these words."""
    named = ", ".join(map(repr, words))
    said = "is no arXiv identifier" if len(words) == 1 else "are no arXiv identifiers"
    return UsageError(f"{named} {said}. Identifiers look like 2601.19781, 2601.19781v2, hep-th/9901001.")


def _in_word(word: str) -> Iterator[Identifier]:
    if _OTHER_DOI.search(word):
        return
    found = list(dict.fromkeys(one for match in _IDENTIFIER.finditer(word) if (one := _identifier_of(match))))
    rest = _AROUND.sub("", _IDENTIFIER.sub("", word))
    if _ADDRESS.search(word) or not re.search(r"[^\W_]", rest):
        yield from found


def _identifier_of(match: re.Match[str]) -> Identifier | None:
    version = int(match["version"]) if match["version"] else None
    if month := match["month"]:
        digits = 5 if month >= _FIVE_DIGITS_SINCE else 4
        if month <= _OLD_UNTIL or not _is_month(month) or len(match["count"]) != digits:
            return None
        return Identifier(f"{month}.{match['count']}", version)
    archive, number = match["archive"].lower(), match["number"]
    if archive not in archives() or not _is_month(number) or _OLD_UNTIL < number[:4] < _OLD_SINCE:
        return None
    return Identifier(f"{archive}/{number}", version)


def _is_month(digits: str) -> bool:
    return "01" <= digits[2:4] <= "12"
