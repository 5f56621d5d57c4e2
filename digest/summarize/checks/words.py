"""Latin words and names: in a line, and whether a paper's text supports them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from itertools import pairwise

_LATIN = "A-Za-z\u00c0-\u024f"
_TOKEN = re.compile(
    rf"[{_LATIN}0-9]*[{_LATIN}][{_LATIN}0-9]*(?:[-_.+&'’@·‑–][{_LATIN}0-9]+)*(?:\+{{1,2}}|\*|#)?"
    rf"|[0-9]+(?:[-.][0-9]+)*-[{_LATIN}][{_LATIN}0-9]*(?:[-_.&'’@·][{_LATIN}0-9]+)*"
)
_JOINT = re.compile(r"[-_.+&'’@·‑–*#]+")
_PIECE = re.compile(r"[A-Z]+(?![a-z])s?|[A-Z]?[a-z]+|[0-9]+")
_WORD = re.compile(r"[a-z0-9\u0370-\u03ff]+")

JARGON = frozenset(
    files("digest.summarize.checks").joinpath("jargon.txt").read_text(encoding="utf-8").split()
)
"""Terms that everybody in the field writes in Latin letters, whether or not the abstract does."""

_STOP = frozenset(
    (
        "a",
        "an",
        "and",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "into",
        "of",
        "on",
        "or",
        "the",
        "to",
        "via",
        "with",
    )
)
_SPELT_OUT = 400
"""Words from the beginning whose initials may make an acronym: of a whole paper's, some make any."""

_OWN_TITLE = re.compile(r"\s*[\"'“$]*([^\s:]{2,30}(?:\s[^\s:]{1,20}){0,2}?)[\"'”$]*\s*:\s")


@dataclass(frozen=True)
class Token:
    """A Latin word of a line and its place there."""

    text: str
    start: int
    end: int

    @property
    def lower(self) -> bool:
        """Whether it is an ordinary word: small letters only, joined by hyphens at most."""
        return self.text.replace("-", "").isalpha() and self.text == self.text.lower()


def tokens(line: str) -> tuple[Token, ...]:
    """The Latin words and names of `line`, hyphens and digits inside them kept."""
    return tuple(Token(match[0], match.start(), match.end()) for match in _TOKEN.finditer(line))


def fold(text: str) -> str:
    """`text` in small letters and without accents."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return text.lower()


def squash(text: str) -> str:
    """`text` folded, letters and digits only: MM-Sonate and mm sonate are the same."""
    return "".join(_WORD.findall(fold(text)))


def usual(token: str) -> bool:
    """Whether everybody in the field writes this in Latin letters."""
    key = squash(token)
    return not key or key in JARGON or (token.endswith("s") and key[:-1] in JARGON)


def own_name(title: str) -> str | None:
    """NAME of a title "NAME: ...", where the words before the colon look like a given name.

    That is: its first word has a capital or a digit inside (SeLG, SICL-AT, ACE-Step 1.5).
    """
    match = _OWN_TITLE.match(title)
    if not match:
        return None
    first = match[1].split()[0]
    inner = any(c.isupper() or c.isdigit() for c in first[1:])
    compound = re.fullmatch(r"[A-Z]?[a-z]+(?:-[A-Z]?[a-z]+)+", first)  # Token-Level: ordinary words
    return match[1] if inner and not compound else None


class Vocabulary:
    """The words of a paper's text, in the forms in which the names of a line are looked up."""

    def __init__(self, text: str) -> None:
        self.words: list[str] = _WORD.findall(fold(text))
        self._text = text
        self.terms: dict[str, bool] = {}
        """Terms of the glossary that were looked for in it, and whether it has them."""
        self._supported: dict[str, bool] = {}

    @cached_property
    def joined(self) -> frozenset[str]:
        """Words, and neighbours written as one: deep fake, MM-Sonate, wav2vec 2.0."""
        words = self.words
        pairs = map("".join, pairwise(words))
        threes = map("".join, zip(words, words[1:], words[2:], strict=False))
        return frozenset(words).union(pairs, threes)

    @cached_property
    def names(self) -> frozenset[str]:
        """Words and hyphenated names as one word each, of five letters and more."""
        return frozenset(word for word in (*self.words, *self._whole) if len(word) >= 5)

    @cached_property
    def given_names(self) -> frozenset[str]:
        """Names with a capital or a digit inside, of four letters and more."""
        return frozenset(key for key, text in self._whole.items() if len(key) >= 4 and text != text.lower())

    @cached_property
    def _whole(self) -> dict[str, str]:
        """What is more than an ordinary word (SeLG, end-to-end, wav2vec): as one word, and as it stands."""
        found = (match[0] for match in _TOKEN.finditer(self._text))
        return {squash(text): text for text in found if not (text.isalpha() and text[1:].islower())}

    @cached_property
    def _initials(self) -> tuple[str, str]:
        words = self.words[:_SPELT_OUT]
        return "".join(word[0] for word in words), "".join(word[0] for word in words if word not in _STOP)

    @cached_property
    def _spaced(self) -> str:
        return f" {' '.join(self.words)} "

    def begins(self, stem: str) -> bool:
        """Whether a word of the text, or words in a row, begin with `stem`."""
        return f" {stem}" in self._spaced

    def holds(self, token: str) -> bool:
        """Whether the text has this word, in the singular or plural, joined or apart."""
        key = squash(token)
        return self._has(key, plural=token.endswith("s")) or key in self._whole

    def supports(self, token: str) -> bool:
        """Whether the text supports this word or name, or everybody knows it.

        Understood are case, hyphens, accents, plurals, compounds, acronyms of the text's words, and other
        endings of an ordinary word.
        """
        found = self._supported.get(token)
        if found is None:
            found = self._supported[token] = usual(token) or self.holds(token) or self._inferred(token)
        return found

    def _inferred(self, token: str) -> bool:
        """Whether every part of a name is supported."""
        return all(self._supports_part(part) for part in _JOINT.split(token))

    def _supports_part(self, part: str) -> bool:
        key = squash(part)
        if usual(part) or key.isdigit() or self.holds(part):
            return True
        if part.islower() or part.istitle():
            return self._other_ending(key)
        if self._acronym(part):
            return True
        pieces = _PIECE.findall(part)
        return any(len(piece) > 3 and self.holds(piece) for piece in pieces) and all(
            len(piece) > 1 and (piece.isdigit() or piece.lower() in JARGON or self.holds(piece))
            for piece in pieces
        )

    def _has(self, key: str, *, plural: bool) -> bool:
        joined = self.joined
        if key in joined or f"{key}s" in joined:
            return True
        return plural and (
            key[:-1] in joined or key.removesuffix("es") in joined or f"{key.removesuffix('ies')}y" in joined
        )

    def _acronym(self, part: str) -> bool:
        letters = part.removesuffix("s")
        return (
            letters.isupper()
            and letters.isalpha()
            and any(letters.lower() in initials for initials in self._initials)
        )

    def _other_ending(self, key: str) -> bool:
        """Whether an ordinary word begins like a word of the text: prompting, prompt; Bayes, Bayesian."""
        stem = re.sub(r"(?:ing|ed|er|ers|ly|al|ion|ions|ization|ive)$", "", key)
        return len(stem) >= 4 and self.begins(stem)
