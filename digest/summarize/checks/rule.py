"""The matter of a check: the paper, the line, the rule."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from types import ModuleType
from typing import Any

from digest.model import Paper, Severity
from digest.summarize.checks import latex, quantities, spelling, words

READ = 2000
"""Characters of a line that are read: a longer one is refused for its length, whatever stands behind."""

_LATIN = re.compile(r"[A-Za-z]+")
_CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")


@dataclass(frozen=True)
class Source:
    """The texts of a paper, for its line; everything derived is computed once, when first asked for."""

    title: str
    abstract: str
    passages: str = ""
    comments: str = ""

    @cached_property
    def text(self) -> str:
        """All of it, one part a line."""
        return "\n".join(part for part in (self.title, self.abstract, self.comments, self.passages) if part)

    @cached_property
    def vocabulary(self) -> words.Vocabulary:
        """The words of the text, in the forms in which names are looked up."""
        return words.Vocabulary(self.text)

    @cached_property
    def subject(self) -> words.Vocabulary:
        """The words of title and abstract alone: what the paper is about."""
        return words.Vocabulary(f"{self.title}\n{self.abstract}") if self.passages else self.vocabulary

    @cached_property
    def heading(self) -> words.Vocabulary:
        """The words of the title."""
        return words.Vocabulary(self.title)

    @cached_property
    def quantities(self) -> quantities.Quantities:
        """The numbers of the text, as digits and as words."""
        return quantities.Quantities(self.text)

    @cached_property
    def own_name(self) -> str | None:
        """NAME of a title "NAME: ..."."""
        return words.own_name(self.title)

    @cached_property
    def own_words(self) -> tuple[str, ...]:
        """The names that the text gives, of several words, in small letters: Attention Is All You Need."""
        given = re.findall(r"[\"“`'‘]{1,2}([A-Za-z][A-Za-z -]{3,40})[\"”'’]{1,2}", self.text)
        before, colon, _ = self.title.partition(":")
        return tuple(name.lower() for name in (*given, *([before] if colon else [])) if " " in name)


def source_of(paper: Paper, passages: str = "") -> Source:
    """The source that the line of a paper is checked against; `passages` is the text that its prompt held."""
    return Source(paper.title, paper.abstract, passages=passages, comments=paper.comments or "")


@dataclass(frozen=True, eq=False)
class Reading:
    """A line beside its paper, taken apart once for all rules; see `reading_of`."""

    line: str
    source: Source

    @cached_property
    def plain(self) -> str:
        """The line as a reader sees it, without LaTeX; its words and numbers are looked for in this."""
        return latex.plain(self.line)

    @cached_property
    def tokens(self) -> tuple[words.Token, ...]:
        """Latin words and names of the plain line, with their places there."""
        return words.tokens(self.plain)

    @cached_property
    def unsupported(self) -> tuple[words.Token, ...]:
        """Those of them that the paper's text does not hold in any form."""
        vocabulary = self.source.vocabulary
        return tuple(
            token
            for token in self.tokens
            if not (token.sign or quantities.AMOUNT.fullmatch(token.text))
            and not vocabulary.supports(token.text)
        )

    @cached_property
    def doubts(self) -> tuple[spelling.Doubt, ...]:
        """The faults of words that the text does not have as they are."""
        vocabulary = self.source.vocabulary
        inferred = (
            token
            for token in self.tokens
            if not (token.lower or words.usual(token.text) or vocabulary.holds(token.text))
            and vocabulary.supports(token.text)
        )
        return spelling.doubts(self.plain, self.unsupported, inferred, vocabulary)

    @cached_property
    def quantities(self) -> tuple[quantities.Quantity, ...]:
        """Numbers of the line, without those inside a name."""
        names = [
            (token.start, token.end)
            for token in self.tokens
            if not quantities.AMOUNT.fullmatch(token.text) or self.source.vocabulary.holds(token.text)
        ]
        return quantities.of_line(self.plain, names)

    @cached_property
    def cjk(self) -> int:
        """Chinese characters of the line."""
        return len("".join(_CJK.findall(self.line)))

    @cached_property
    def cjk_share(self) -> float:
        """The share of Chinese characters in the letters of the line."""
        letters = self.cjk + len("".join(_LATIN.findall(self.line)))
        return self.cjk / letters if letters else 1.0


@lru_cache(maxsize=64)  # a line's own paper and the others of its batch are asked in turn
def reading_of(line: str, source: Source) -> Reading:
    """The first 2,000 characters of a line beside its paper; the same object for the same line."""
    return Reading(line[:READ], source)


Find = Callable[[Reading], Iterable[str]]
"""A rule's function: what it finds in a line, each piece as evidence, as it stands there."""


@dataclass(frozen=True)
class Rule:
    """One check.

    Attributes:
        id: its name in findings and in `digest.toml`.
        severity: 3 a defect, 2 worth a look, 1 style.
        reason: for the model, in Chinese; `{}` stands for the evidence.
        why: for people, in English.
        find: its function; None where a line alone does not tell (see `topic.about` and `fields`).
        fields: whether it holds for the single fields of an answer, too.
        any_language: whether it reads an English line or field as well as a Chinese one.
    """

    id: str
    severity: Severity
    reason: str
    why: str
    find: Find | None = None
    fields: bool = False
    any_language: bool = False


@cache
def rule_texts() -> Mapping[str, Mapping[str, Any]]:
    """Rule -> what `rules.toml` says of it."""
    return tomllib.loads(files("digest.summarize.checks").joinpath("rules.toml").read_text(encoding="utf-8"))


def rule_of(name: str, find: Find | None = None) -> Rule:
    """The rule of that name in `rules.toml`, with its function."""
    return Rule(name, find=find, **rule_texts()[name])


def rule(name: str) -> Callable[[Find], Rule]:
    """A decorator that makes a function the rule of that name; `registry.py` finds it by its module."""
    return lambda find: rule_of(name, find)


def rules_of(module: ModuleType) -> tuple[Rule, ...]:
    """The rules of a module, as they stand in it."""
    return tuple(one for one in vars(module).values() if isinstance(one, Rule))
