"""The language of messages: English as the code has them, Chinese by a catalogue of the same sentences.

A sentence is made in English wherever it is made, and stays so in files, in the ledger, in JSON and in logs.
It is turned into the user's language where it is shown: the catalogue (`digest/locale/zh/digest.po`) has a
template for each, `{path}: there is no such file.`, and what stands at the placeholders goes into the
template's translation. So a reason that was kept last year, or by another process, is shown in Chinese, too.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

Language = Literal["en", "zh"]
VARIABLE = "DIGEST_LANG"
CATALOGUE = Path(__file__).parent.parent / "locale" / "zh" / "digest.po"

_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
_NO_LANGUAGE = ("", "C", "POSIX")
_CHINESE = re.compile(r"(zh|cn)(?![a-z])|(simplified[ _-]?)?chinese|中文|简体|汉语|漢語|繁體", re.IGNORECASE)
_PLACE = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")
_SENTENCES = re.compile(r"(?<=[.!?)]) (?=[A-Z`])")
_FEW = 8
"""Letters of its own that a template needs to be told by."""

_DEEPEST = 5
"""Messages within messages; more are no sentence of ours."""

_CHINESE_STOPS = ("。", "！", "？", "；", "：", "，", "）")

NESTED = frozenset(
    """
    advice error failure fault found hint last later message note problem reason refusal said
    sentence sentences trouble what what_next when where why words wrong usage cost took wait outage
    told now source day exception place next extra left value also final shares meaning known cents
    spent called damage lacking refused first
    """.split()
)
"""Placeholders that hold a message themselves; what stands at all others is data, and left as it is."""


def language(environment: Mapping[str, str] | None = None) -> Language:
    """The user's: by DIGEST_LANG, else by the locale; English for all that is not Chinese."""
    variables = os.environ if environment is None else environment
    if own := variables.get(VARIABLE, "").strip():
        return _of(own)
    locale = next((value for name in _LOCALE if (value := variables.get(name, "").strip())), "")
    if locale.split(".")[0] in _NO_LANGUAGE:
        return "en"
    return _of(variables.get("LANGUAGE", "").strip() or locale)


def _of(name: str) -> Language:
    """The language of a locale's name, such as zh_CN.UTF-8, or of a language's, as people call it."""
    return "zh" if _CHINESE.match(name) else "en"


def translated(sentence: str) -> str:
    """A sentence or several in the user's language; as it is where the catalogue has nothing for it."""
    return sentence if language() == "en" else _in_chinese(sentence).text


class TranslationCandidate(NamedTuple):
    """A way to read a text; of several, the greatest is meant."""

    accounted: int
    """Characters that the catalogue has, in messages inside as well."""
    unread: int
    """Less the characters where a message should stand, and none is known."""
    text: str
    """In Chinese."""


@lru_cache(1024)  # messages inside are met by several templates
def _in_chinese(text: str, within: int = 0) -> TranslationCandidate:
    """A text in Chinese, by the template that accounts for most of it; `within` so many others."""
    exact, templates = _catalogue()
    if text in exact:
        return TranslationCandidate(len(text), 0, exact[text])
    if not text.strip():
        return TranslationCandidate(0, 0, text)
    if within > _DEEPEST:
        return TranslationCandidate(0, -len(text), text)
    readings = [TranslationCandidate(0, -len(text), text)]
    if len(parts := _SENTENCES.split(text)) > 1:
        readings = [_joined([_in_chinese(part, within + 1) for part in parts])]
    readings += (
        _filled(template, values, within)
        for template in templates
        for values in template.readings(text)
        if not template.is_chance(values)
    )
    return max(readings, key=lambda reading: reading[:2])


def _filled(template: Template, values: Mapping[str, str], within: int) -> TranslationCandidate:
    """The translation of a template, with what stands at its places."""
    inside = {name: _in_chinese(values[name], within + 1) for name in template.nested}
    words = {**values, **{name: reading.text for name, reading in inside.items()}}
    accounted = template.certain + sum(reading.accounted for reading in inside.values())
    unread = sum(reading.unread for reading in inside.values())
    return TranslationCandidate(accounted, unread, template.translation.format(**words))


def _joined(parts: Sequence[TranslationCandidate]) -> TranslationCandidate:
    """Sentences one after another; after a Chinese full stop there is no blank."""
    text = "".join(part.text if part.text.endswith(_CHINESE_STOPS) else f"{part.text} " for part in parts)
    return TranslationCandidate(
        sum(part.accounted for part in parts), sum(part.unread for part in parts), text.rstrip()
    )


@dataclass(frozen=True)
class Template:
    """A message with placeholders: the text around them, one piece more than there are names."""

    around: tuple[str, ...]
    names: tuple[str, ...]
    translation: str

    @property
    def certain(self) -> int:
        """The number of characters of the sentence that are the template's own."""
        return sum(map(len, self.around))

    @property
    def nested(self) -> tuple[str, ...]:
        """The placeholders that hold a message themselves."""
        return tuple(name for name in self.names if re.sub(r"_\d+$", "", name) in NESTED)

    def is_chance(self, values: Mapping[str, str]) -> bool:
        """True where a template fits by chance.

        That is where no number stands behind "line", or where a template with hardly a word of its own fits
        because a phrase stands before it.
        """
        places = zip(self.around, self.names, strict=False)
        if any(re.search(r"\bline $", piece) and not values[name].isdecimal() for piece, name in places):
            return True
        words = sum(char.isalpha() for piece in self.around for char in piece)
        return words < _FEW and not self.around[0].strip() and " " in values[self.names[0]]

    def readings(self, sentence: str) -> Iterator[dict[str, str]]:
        """Values at the placeholders, by the first places where the text fits, and by the last."""
        first, *between, last = self.around
        end = len(sentence) - len(last)
        if not sentence.startswith(first) or not sentence.endswith(last) or end < len(first):
            return
        ahead = _places(sentence, between, len(first), end)
        if ahead is None:
            return
        yield self._values(sentence, ahead, end)
        back = _places(
            sentence[::-1], [piece[::-1] for piece in between[::-1]], len(last), len(sentence) - len(first)
        )
        if back is not None:
            ends = [len(sentence) - place for place in back[::-1]]
            behind = [place - len(piece) for place, piece in zip(ends, between, strict=True)]
            if behind != ahead:
                yield self._values(sentence, behind, end)

    def _values(self, sentence: str, places: Sequence[int], end: int) -> dict[str, str]:
        begins = [len(self.around[0])]
        begins += [place + len(piece) for place, piece in zip(places, self.around[1:], strict=False)]
        cut = zip(begins, [*places, end], strict=True)
        return {name: sentence[a:b] for name, (a, b) in zip(self.names, cut, strict=True)}


def _places(sentence: str, pieces: Sequence[str], at: int, end: int) -> list[int] | None:
    """The places of the pieces, one after another; None where one is missing."""
    places = []
    for piece in pieces:
        place = sentence.find(piece, at, end)
        if place < 0:
            return None
        places.append(place)
        at = place + len(piece)
    return places


def template_of(message: str, translation: str) -> Template:
    """The template of a message of the catalogue that has placeholders."""
    pieces = _PLACE.split(message)
    return Template(tuple(map(_plain, pieces[::2])), tuple(pieces[1::2]), translation)


def _plain(text: str) -> str:
    """Braces that stand for themselves are doubled in the catalogue."""
    return text.replace("{{", "{").replace("}}", "}")


def entries(text: str) -> dict[str, str]:
    """Message -> translation of a catalogue in gettext's form (PO), without its head.

    Raises:
        ValueError: a line is not of that form.
    """
    found: dict[str, str] = {}
    message: list[str] = []
    translation: list[str] = []
    current = message
    for line in [*text.splitlines(), 'msgid ""']:
        word, _, rest = line.partition(" ")
        if word == "msgid":
            if translation:
                found["".join(message)] = "".join(translation)
            current = message = []
            translation = []
        elif word == "msgstr":
            current = translation
        elif line.startswith('"'):
            rest = line
        else:
            continue
        current.append(json.loads(rest))
    return {message: translation for message, translation in found.items() if message and translation}


@cache
def _catalogue() -> tuple[dict[str, str], list[Template]]:
    """The messages that are translated word for word, and the templates."""
    exact: dict[str, str] = {}
    templates = []
    for message, translation in entries(CATALOGUE.read_text(encoding="utf-8")).items():
        if _PLACE.search(message):
            templates.append(template_of(message, translation))
        else:
            exact[_plain(message)] = _plain(translation)
    return exact, templates
