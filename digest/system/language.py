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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Language = Literal["en", "zh"]
VARIABLE = "DIGEST_LANG"
CATALOGUE = Path(__file__).parent.parent / "locale" / "zh" / "digest.po"

_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
_NO_LANGUAGE = ("", "C", "POSIX")
_PLACE = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")
_SENTENCES = re.compile(r"(?<=[.!?)]) (?=[A-Z`])")
_FEW = 8
"""Letters of its own that a template needs to be told by."""

_CHINESE_STOPS = ("。", "！", "？", "；", "：", "，", "）")

NESTED = frozenset(
    {"advice", "error", "failure", "fault", "found", "hint", "last", "later", "message", "note", "problem"}
    | {"reason", "refusal", "said", "sentence", "sentences", "trouble", "what", "what_next", "when", "where"}
    | {"why", "words", "wrong", "usage", "cost", "took", "wait", "outage", "told", "now", "source", "day"}
    | {
        "exception",
        "place",
        "next",
        "extra",
        "left",
        "fault",
        "value",
        "also",
        "final",
        "shares",
        "meaning",
        "known",
    }
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
    """The language of a locale's name, such as zh_CN.UTF-8."""
    return "zh" if re.match(r"zh(?![a-z])", name, re.IGNORECASE) else "en"


def translated(sentence: str) -> str:
    """A sentence or several in the user's language; as it is where the catalogue has nothing for it."""
    return sentence if language() == "en" else _in_chinese(sentence)[1]


def _in_chinese(text: str) -> tuple[int, str]:
    """How many characters of a text the catalogue accounts for, and the text in Chinese.

    Of all templates that a text can be read by, the one is meant that accounts for most of it, together with
    the messages inside.
    """
    exact, templates = _catalogue()
    if text in exact:
        return len(text), exact[text]
    if not text.strip():
        return 0, text
    parts = _SENTENCES.split(text)
    readings = [(0, text)] if len(parts) == 1 else [_joined([_in_chinese(part) for part in parts])]
    for template in templates:
        if (values := template.read(text)) is not None and not template.is_chance(values):
            inside = {name: _in_chinese(values[name]) for name in template.nested}
            words = {**values, **{name: translation for name, (_, translation) in inside.items()}}
            accounted = template.certain + sum(length for length, _ in inside.values())
            readings.append((accounted, template.translation.format(**words)))
    return max(readings, key=lambda reading: reading[0])


def _joined(parts: Sequence[tuple[int, str]]) -> tuple[int, str]:
    """Sentences one after another; after a Chinese full stop there is no blank."""
    text = "".join(part if part.endswith(_CHINESE_STOPS) else f"{part} " for _, part in parts)
    return sum(length for length, _ in parts), text.rstrip()


@dataclass(frozen=True)
class Template:
    """A message with placeholders: the text around them, one piece more than there are names."""

    around: tuple[str, ...]
    names: tuple[str, ...]
    translation: str

    @property
    def certain(self) -> int:
        """How much of the sentence is the template's own, in characters."""
        return sum(map(len, self.around))

    @property
    def nested(self) -> tuple[str, ...]:
        """The placeholders that hold a message themselves."""
        return tuple(name for name in self.names if re.sub(r"_\d+$", "", name) in NESTED)

    def is_chance(self, values: Mapping[str, str]) -> bool:
        """True where a template with hardly a word of its own fits because a phrase stands before it."""
        words = sum(char.isalpha() for piece in self.around for char in piece)
        return words < _FEW and not self.around[0].strip() and " " in values[self.names[0]]

    def read(self, sentence: str) -> dict[str, str] | None:
        """What stands at the placeholders; None where the sentence is not of this template."""
        first, *between, last = self.around
        if not sentence.startswith(first) or not sentence.endswith(last):
            return None
        at, end = len(first), len(sentence) - len(last)
        values = []
        for piece in between:
            found = sentence.find(piece, at, end)
            if found < 0:
                return None
            values.append(sentence[at:found])
            at = found + len(piece)
        if at > end:
            return None
        return dict(zip(self.names, [*values, sentence[at:end]], strict=True))


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
    """What is translated word for word, and the templates."""
    exact: dict[str, str] = {}
    templates = []
    for message, translation in entries(CATALOGUE.read_text(encoding="utf-8")).items():
        if _PLACE.search(message):
            templates.append(template_of(message, translation))
        else:
            exact[_plain(message)] = _plain(translation)
    return exact, templates
