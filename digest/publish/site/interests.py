"""The nearness of a paper to what its reader cares for, with the reason. Nothing is dropped for it."""

from __future__ import annotations

import hashlib
import math
import re
import statistics
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from digest.config import InterestSettings
from digest.model import Entry, Paper
from digest.publish.site.tex import tex_to_text

_WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*|[\u4e00-\u9fff]+")
_STOP = frozenset((files(__package__) / "stop_words.txt").read_text(encoding="utf-8").split())
_NEAR = 0.05
"""Cosine below which no paper counts as near the library."""

_REASON_WORDS = {
    "zh": ("作者 {}", "文献库作者 {}", "与文献库相近（{}）"),
    "en": ("author {}", "author in your library {}", "like your library ({})"),
}
_REASONS = 3
_MANY = 3
"""Papers of an author in the library beyond which more of them weigh no more."""


@dataclass(frozen=True)
class Interest:
    """The nearness of a paper, with what makes it so; 0: nothing was found."""

    score: float = 0.0
    because: tuple[str, ...] = ()


@dataclass(frozen=True)
class LibraryPaper:
    """A paper of the reader's library."""

    text: str
    authors: tuple[str, ...] = ()


class ReferenceLibrary:
    """Papers whose like the reader wants to see, as one direction of TF-IDF, and their authors."""

    def __init__(self, papers: Iterable[LibraryPaper]) -> None:
        papers = tuple(papers)
        documents = [Counter(words(paper.text)) for paper in papers]
        self.authors = Counter(_name(author) for paper in papers for author in set(paper.authors))
        self.fingerprint = hashlib.sha256(repr(papers).encode("utf-8", "surrogatepass")).hexdigest()
        self._size = len(documents)
        self._frequency = Counter(word for document in documents for word in document)
        self._documents = documents

    def __bool__(self) -> bool:
        return self._size > 0

    def near(self, texts: Sequence[str]) -> list[tuple[float, tuple[str, ...]]]:
        """Cosine of each text with the library, and the words that most of it comes from.

        How telling a word is follows from the library and the texts together.
        """
        documents = [Counter(words(text)) for text in texts]
        frequency = self._frequency + Counter(word for document in documents for word in document)
        total = self._size + len(documents)
        idf = {word: math.log((1 + total) / (1 + count)) for word, count in frequency.items()}
        center: Counter[str] = Counter()
        for document in self._documents:
            center.update(_unit(document, idf))
        length = math.sqrt(sum(weight * weight for weight in center.values())) or 1.0
        found = []
        for document in documents:
            unit = _unit(document, idf)
            parts = {word: weight * center[word] / length for word, weight in unit.items() if word in center}
            top = sorted(parts, key=lambda word: (-parts[word], word))[:_REASONS]
            found.append((sum(parts.values()), tuple(top)))
        return found


class InterestScorer:
    """Says how near papers are to one reader's interests."""

    def __init__(
        self, settings: InterestSettings, library: ReferenceLibrary | None = None, *, english: bool = False
    ) -> None:
        self._settings = settings
        self._said = _REASON_WORDS["en" if english else "zh"]
        self._library = library
        self._authors = {_name(author): weight for author, weight in settings.authors.items()}

    @property
    def active(self) -> bool:
        """True if the reader has said anything."""
        one = self._settings
        return bool(one.words or one.authors or one.categories or self._library)

    @property
    def fingerprint(self) -> str:
        """Another one for another library."""
        return self._library.fingerprint if self._library else ""

    def __call__(self, entries: Sequence[Entry]) -> list[Interest]:
        """One interest an entry."""
        if not self.active:
            return [Interest()] * len(entries)
        texts = [_text(entry) for entry in entries]
        near = self._library.near(texts) if self._library else [(0.0, ())] * len(entries)
        bar = max(_NEAR, _usual([cosine for cosine, _ in near]))
        return [
            self._of(entry, text.casefold(), cosine if cosine >= bar else 0.0, alike)
            for entry, text, (cosine, alike) in zip(entries, texts, near, strict=True)
        ]

    def followed(self, paper: Paper) -> frozenset[str]:
        """The authors of a paper whom the reader follows, as the paper spells them."""
        return frozenset(
            author for author in paper.authors if self._authors and _name(author) in self._authors
        )

    def _of(self, entry: Entry, text: str, near: float, alike: tuple[str, ...]) -> Interest:
        settings = self._settings
        found = [(weight, word) for word, weight in settings.words.items() if _contains(text, word)]
        found += self._by_author(entry.paper)
        found += [
            (weight, category)
            for category, weight in settings.categories.items()
            if category in entry.paper.categories
        ]
        if near:
            found.append((settings.library_weight * near, self._said[2].format(", ".join(alike))))
        against = sum(weight for word, weight in settings.negative.items() if _contains(text, word))
        score = round(sum(weight for weight, _ in found) - against, 3)
        return Interest(score, tuple(reason for _, reason in found) if score > 0 else ())

    def _by_author(self, paper: Paper) -> list[tuple[float, str]]:
        library = self._library.authors if self._library else Counter[str]()
        found = []
        for author in paper.authors if library or self._authors else ():
            name = _name(author)
            if name in self._authors:
                found.append((self._authors[name], self._said[0].format(tex_to_text(author))))
            elif library[name]:
                found.append((float(min(library[name], _MANY)), self._said[1].format(tex_to_text(author))))
        return found


def words(text: str) -> list[str]:
    """The words of a text that may tell its subject: English ones, and pairs of Chinese characters."""
    found: list[str] = []
    for word in _WORD.findall(text.casefold()):
        if word[0] >= "\u4e00":
            found.extend(word[at : at + 2] for at in range(max(1, len(word) - 1)))
        elif len(word) > 1 and word not in _STOP and not word.isdigit():
            found.append(
                word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word
            )
    return found


def _usual(cosines: Sequence[float]) -> float:
    """The bound that all but the nearest papers of a day stay below; 0 where there are too few to tell."""
    if len(cosines) < 8:
        return 0.0
    return statistics.fmean(cosines) + 1.5 * statistics.pstdev(cosines)


def _unit(document: Counter[str], idf: dict[str, float]) -> dict[str, float]:
    weights = {word: (1 + math.log(count)) * idf[word] for word, count in document.items()}
    length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {word: weight / length for word, weight in weights.items()}


def _text(entry: Entry) -> str:
    line = " ".join((entry.summary.line, *entry.summary.translations.values())) if entry.summary else ""
    return f"{tex_to_text(entry.paper.title)} {line} {entry.paper.abstract}"


@lru_cache(maxsize=1024)
def _pattern(word: str) -> re.Pattern[str]:
    # an English word is whole, a plural allowed; Chinese has no bounds
    begin = r"(?<![a-z0-9])" if word[:1].isascii() else ""
    end = r"(?:s|es)?(?![a-z0-9])" if word[-1:].isascii() else ""
    return re.compile(begin + re.escape(word) + end)


def _contains(text: str, word: str) -> bool:
    folded = " ".join(word.casefold().split())
    return bool(folded) and _pattern(folded).search(text) is not None


@lru_cache(maxsize=65536)
def _name(author: str) -> str:
    """A name as names are compared: without accents, case, dots, and in the order given name, family name."""
    family, comma, given = author.partition(",")
    bare = unicodedata.normalize("NFKD", f"{given} {family}" if comma else author)
    return " ".join(
        re.sub(r"[^\w\s]", " ", "".join(c for c in bare if not unicodedata.combining(c))).casefold().split()
    )
