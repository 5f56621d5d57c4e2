"""Latin words and names: in a line, and whether a paper's text supports them."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from itertools import accumulate, pairwise

from digest.summarize.checks import latex

_LATIN = "A-Za-z\u00c0-\u024f\u0370-\u03ff"  # Greek letters stand in names, too: λSplit
_TOKEN = re.compile(
    rf"(?<![{_LATIN}0-9])(?:[0-9]{{0,12}}[{_LATIN}]|[0-9]{{1,6}}(?:[-.][0-9]{{1,6}}){{0,3}}-[{_LATIN}])"
    rf"[{_LATIN}0-9]*(?:[-_.+&'’@·‑–][{_LATIN}0-9]+)*(?:\+{{1,2}}|\*|#)?"
)
_ACCENT = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+")
_JOINT = re.compile(r"[-_.+&'’@·‑–*#]+")
_PIECE = re.compile(r"[A-Z]+(?![a-z])s?|[A-Z]?[a-z]+|[0-9]+")
_WORD = re.compile(r"[a-z0-9\u0370-\u03ff]+")

_JARGON = files("digest.summarize.checks").joinpath("jargon.txt").read_text(encoding="utf-8").split()
JARGON = frozenset(_JARGON) | frozenset(re.sub("[^a-z0-9]", "", word) for word in _JARGON)
"""Terms that everybody in the field writes in Latin letters, whether or not the abstract does."""

_STOP = frozenset("a an and as at by for from in into of on or the to via with".split())
_TERM = re.compile(
    r"(?<![A-Za-z-])([A-Za-z])[A-Za-z]*-(?:(?:to|of|and|in|for|the)-)?(?=([A-Za-z])[A-Za-z]*)"
    r"|(?<![A-Za-z-])([A-Z])[a-z]+ (?=([A-Z])[a-z]+)"
)
"""Two words that are one term: joined by a hyphen, or both with a capital."""

_OWN_TITLE = re.compile(r"\s*[\"'“$]*([^\s:]{2,30}(?:\s[^\s:]{1,20}){0,2}?)[\"'”$]*\s*:\s")


@dataclass(frozen=True)
class Token:
    """A Latin word of a line and its place there."""

    text: str
    start: int
    end: int

    @property
    def lower(self) -> bool:
        """True if it is an ordinary word: small letters only, joined by hyphens at most."""
        return self.text.replace("-", "").isalpha() and self.text == self.text.lower()

    @property
    def sign(self) -> bool:
        """True if it is a letter, perhaps with a digit, and no name: X of X光, Q of Q值, T2."""
        return len(self.text) <= 2 and sum(c.isalpha() for c in self.text) == 1


def tokens(line: str) -> tuple[Token, ...]:
    """The Latin words and names of `line`, hyphens and digits inside them kept."""
    return tuple(Token(match[0], match.start(), match.end()) for match in _TOKEN.finditer(line))


def fold(text: str) -> str:
    """`text` in small letters and without accents."""
    if not text.isascii():
        text = _ACCENT.sub("", unicodedata.normalize("NFKD", text))
    return text.lower()


def squash(text: str) -> str:
    """`text` folded, letters and digits only: MM-Sonate and mm sonate are the same."""
    if text.isascii() and text.isalnum():
        return text.lower()
    return "".join(_WORD.findall(fold(text)))


def usual(token: str) -> bool:
    """True if everybody in the field writes this in Latin letters."""
    key = squash(token)
    return not key or key in JARGON or (token.endswith("s") and key[:-1] in JARGON)


def own_name(title: str) -> str | None:
    """NAME of a title "NAME: ...", where the words before the colon look like a given name.

    That is: its first word has a capital or a digit inside (SeLG, SICL-AT, ACE-Step 1.5).
    """
    match = _OWN_TITLE.match(title) if ":" in title else None
    if not match:
        return None
    first = match[1].split()[0]
    inner = any(c.isupper() or c.isdigit() for c in first[1:])
    compound = re.fullmatch(r"[A-Z]?[a-z]+(?:-[A-Z]?[a-z]+)+", first)  # Token-Level: ordinary words
    return match[1] if inner and not compound else None


_SEPARATED = {code: " " for code in range(128) if not _WORD.fullmatch(chr(code))}
"""A table for `str.translate`: what stands between words becomes a space."""


def split(name: str) -> list[str]:
    """The words of a name, as a vocabulary has those of its text."""
    return _words_apart(fold(name)).split()


def _words_apart(folded: str) -> str:
    """The words of a folded text, with spaces alone between them."""
    if folded.isascii():  # nearly always, and three times as fast
        return folded.translate(_SEPARATED)
    return " ".join(_WORD.findall(folded))


class Vocabulary:
    """The words of a paper's text, in the forms in which the names of a line are looked up."""

    def __init__(self, text: str) -> None:
        readings = latex.readings(text)
        self._text = "\n".join(readings)
        self._apart = " ".join(("", *(_words_apart(fold(reading)) for reading in readings), ""))
        self._supported: dict[str, bool] = {}

    @cached_property
    def words(self) -> list[str]:
        """The words in their order; most questions are answered without taking the text apart."""
        return self._apart.split()

    @property
    def single(self) -> frozenset[str]:
        """The words, each once."""
        return frozenset(self._apart.split())

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
        """Words beyond the ordinary (SeLG, end-to-end, wav2vec): as one word, and as it stands."""
        found = (match[0] for match in _TOKEN.finditer(self._text))
        return {squash(text): text for text in found if not (text.isalpha() and text[1:].islower())}

    @cached_property
    def _initials(self) -> tuple[str, str]:
        return "".join(word[0] for word in self.words), "".join(word[0] for word in self._weighty)

    @cached_property
    def _weighty(self) -> list[str]:
        return [word for word in self.words if word not in _STOP]

    @cached_property
    def _pairs(self) -> frozenset[str]:
        """Acronyms of two letters for terms of two words, see `spells_out`."""
        twice = Counter(pairwise(self._weighty))
        made = {a[0] + b[0] for (a, b), count in twice.items() if count > 1}
        title = [word for word in _WORD.findall(fold(self._text.partition("\n")[0])) if word not in _STOP]
        made.update(a[0] + b[0] for a, b in pairwise(title))
        made.update("".join(letters).lower() for letters in _TERM.findall(self._text))
        return frozenset(made)

    def spells_out(self, acronym: str) -> bool:
        """True if the text has the words that an acronym, in capitals, is made of.

        Three letters and more are seldom met by chance: words in a row are enough. Two letters must be those
        of a term: its words are hyphenated, stand in the title, are written with capitals, or come twice. Any
        two words in a row would make a third of all pairs of letters.
        """
        letters = acronym.lower()
        return letters in self._pairs if len(letters) == 2 else self.makes(acronym)

    def makes(self, acronym: str) -> bool:
        """True if the initials of words in a row make an acronym: two letters are soon made by chance."""
        return any(acronym.lower() in initials for initials in self._initials)

    @cached_property
    def _squeezed(self) -> str:
        return self._apart.replace(" ", "")

    @cached_property
    def _starts(self) -> list[int]:
        """Where each word begins in `_squeezed`, and the end."""
        return list(accumulate(map(len, self.words), initial=0))

    @cached_property
    def _spaced(self) -> str:
        return f" {' '.join(self.words)} "

    def begins(self, stem: str) -> bool:
        """True if a word of the text, or words in a row, begin with `stem`; a space at its end ends it."""
        return f" {stem}" in (self._spaced if " " in stem else self._apart)

    def holds(self, token: str) -> bool:
        """True if the text has this word, in the singular or plural, joined or apart."""
        key = squash(token)
        forms = [key, f"{key}s"]
        if token.endswith("s"):
            forms += [key[:-1], key.removesuffix("es"), f"{key.removesuffix('ies')}y"]
        if any(f" {form} " in self._apart for form in forms if form):
            return True
        if not any(form in self._squeezed for form in forms):
            return False  # what is dear to build is not asked
        return any(self._joins(form) for form in forms) or key in self._whole

    def _joins(self, form: str) -> bool:
        """True if a word, or two or three neighbours written as one, are this."""
        starts = self._starts
        place = self._squeezed.find(form)
        while place >= 0:
            first, behind = bisect_left(starts, place), bisect_left(starts, place + len(form))
            if 0 < behind - first <= 3 and starts[first] == place and starts[behind] == place + len(form):
                return True
            place = self._squeezed.find(form, place + 1)
        return False

    def supports(self, token: str) -> bool:
        """True if the text supports this word or name, or everybody knows it.

        Understood are case, hyphens, accents, plurals, compounds, acronyms of the text's words, and other
        endings of an ordinary word.
        """
        found = self._supported.get(token)
        if found is None:
            found = self._supported[token] = usual(token) or self.holds(token) or self._inferred(token)
        return found

    def _inferred(self, token: str) -> bool:
        """True if every part of a name is supported, and its version is one that the text has.

        GPT-5 beside GPT-4o is another model, although the text may have a 5 somewhere.
        """
        parts = _JOINT.split(token)
        for before, part in zip(["", *parts], parts, strict=False):
            if part.isdigit() and not before.isdigit() and before:
                if not self._joins(squash(before + part)):
                    return False
            elif not self._supports_part(part):
                return False
        return True

    def _supports_part(self, part: str) -> bool:
        key = squash(part)
        if usual(part) or key.isdigit() or self.holds(part):
            return True
        if part.islower() or part.istitle():
            return self._other_ending(key)
        letters = part.removesuffix("s")
        if letters.isupper() and letters.isalpha() and self.spells_out(letters):
            return True
        pieces = _PIECE.findall(part)
        return any(len(piece) > 3 and self.holds(piece) for piece in pieces) and all(
            len(piece) > 1 and (piece.lower() in JARGON or self.holds(piece)) for piece in pieces
        )

    def _other_ending(self, key: str) -> bool:
        """True if an ordinary word begins like a word of the text: prompting, prompt; Bayes, Bayesian."""
        stem = re.sub(r"(?:ing|ed|er|ers|ly|al|ion|ions|ization|ive)$", "", key)
        return len(stem) >= 4 and self.begins(stem)
