"""The search index over all days: an inverted index in small files that a browser loads as scripts.

Scripts, because from a folder or a stick a page may load nothing else. `assets/search.js` reads these:

- `search/<year>/head.js`: of each week the digests in it, in order, with the kinds of their papers; and which
  of the other files there are;
- `search/<year>/<bucket>.js`: of each week but the year's newest the terms of a bucket and the papers that
  have them, as base-36 differences between numbers: twice a paper's place in its week, and one more where its
  title has the term;
- `search/<year>/new-<digit>.js`: the same of the newest week, with the 16 buckets that begin with a digit;
- `search/text/<date>-<section>-<block>.js`: what is shown of the papers.

A week is a line of its year's files, and the newest has files of its own, so that a new day costs the
indexing of one week, and 17 files. Terms are English words, and pairs of neighbouring Chinese characters: a
Chinese word is found however its text is segmented.

Pagefind was used before. Over 100,000 papers it took 105 s of processor time, 64 KB of cache a paper, and
0.2 to 3.6 s an answer, with papers among the results that lack a word; and it can not search from a folder.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from digest.publish.site.build_cache import DONE, BuildCache, fingerprint_of
from digest.publish.site.digest_files import Week
from digest.publish.site.pages import SectionPage
from digest.publish.site.view import PaperView

FOLDER, HEAD, NEW = "search", "head", "new-"
BUCKETS = 256
BLOCK = 50
"""Papers whose text is in one file."""

SKIPPED = "a an and are as at be by for from in is it of on or that the this to via we with"
"""Words in so many papers that looking for them finds nothing out."""

_SKIPPED = frozenset(SKIPPED.split())
_LONGEST = 40
_CHINESE = "\u3040-\u30ff\u3400-\u9fff"
_RUN = re.compile(rf"[{_CHINESE}]+|[^\W_{_CHINESE}]+")
_ACCENT = re.compile("[\u0300-\u036f]")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

Write = Callable[[str, str], None]
"""Writes a file: its name from the root of the site, its text."""


class Index:
    """The index of a site; what changes is collected week by week, and written a year at a time.

    Args:
        site: its folder.
    """

    def __init__(self, site: Path) -> None:
        self._site = site
        self._lines: dict[int, dict[str, dict[str, str]]] = defaultdict(dict)
        self._there: dict[int, frozenset[str]] = {}

    def has(self, week: Week) -> bool:
        """True where the week stands in the files of its year, none of which is missing."""
        year, number = week
        if year not in self._there:
            weeks, files = _read_part(self._path(year, HEAD))
            whole = all(self._path(year, file).exists() for file in files)
            self._there[year] = frozenset(weeks if whole else ())
        return f"{number:02d}" in self._there[year]

    def add(self, week: Week, leaves: Sequence[SectionPage]) -> None:
        """Take in the papers of a week, in the place of those that it had before."""
        year, number = week
        places: dict[str, list[int]] = defaultdict(list)
        place, heads = 0, []
        for leaf in leaves:
            heads.append(_head(leaf))
            for view in leaf.views:
                for term, in_title in terms_of_paper(view).items():
                    places[term].append(2 * place + in_title)
                place += 1
        buckets: dict[str, dict[str, str]] = defaultdict(dict)
        for term, found in places.items():
            buckets[_bucket(term)][term] = _differences(found)
        lines = {name: _json(values) for name, values in buckets.items()}
        self._lines[year][f"{number:02d}"] = {HEAD: _json(heads), **lines}

    def write(self, weeks: Iterable[Week], cache: BuildCache, write: Write) -> list[int]:
        """Write the years in which a week changed, came or went.

        Args:
            weeks: all that there are.
            cache: of the site.
            write: writes a file.

        Returns:
            The years, newest first.
        """
        by_year = {year: [f"{number:02d}" for _, number in all_of] for year, all_of in _by_year(weeks)}
        for year, numbers in by_year.items():
            name, mark = f"search {year}", fingerprint_of(numbers)
            changed = self._lines.pop(year, {})
            if cache.get(name, mark) is not None and not changed:
                continue
            files = self._write_year(year, numbers, changed, write)
            cache.put(name, mark, files, DONE)
        return sorted(by_year, reverse=True)

    def _write_year(
        self, year: int, numbers: Sequence[str], changed: Mapping[str, Mapping[str, str]], write: Write
    ) -> list[str]:
        """Write the files of a year that holds the weeks `numbers`; returns their names."""
        heads, files = _read_part(self._path(year, HEAD))
        newest = numbers[-1]
        if sorted(heads) == numbers and set(changed) == {newest}:
            kept = [file for file in files if not file.startswith(NEW)]
            buckets = {bucket: {newest: line} for bucket, line in changed[newest].items()}
        else:
            kept, buckets = [], self._merged(year, numbers, changed, files)
        text = dict[str, dict[str, str]]()
        for bucket, lines in sorted(buckets.items()):
            if bucket != HEAD and newest in lines:
                text.setdefault(NEW + bucket[0], {})[newest + bucket] = lines.pop(newest)
            if bucket != HEAD and lines:
                text[bucket] = lines
        for file, lines in text.items():
            write(self._name(year, file), _file(f"{year}/{file}", lines))
        heads |= {number: parts[HEAD] for number, parts in changed.items()}
        heads = {number: heads[number] for number in numbers}
        write(self._name(year, HEAD), _file(f"{year}/{HEAD}", heads, [*kept, *text]))
        return [self._name(year, file) for file in (HEAD, *kept, *text)]

    def _merged(
        self,
        year: int,
        numbers: Sequence[str],
        changed: Mapping[str, Mapping[str, str]],
        files: Iterable[str],
    ) -> dict[str, dict[str, str]]:
        """Bucket -> week -> line of all the weeks `numbers`: what changed, and the rest from the files."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for file in files if len(changed) < len(numbers) else ():
            for key, line in _read_part(self._path(year, file))[0].items():
                found[key[2:] or file][key[:2]] = line
        for number, parts in changed.items():
            for bucket in {*found, *parts}:
                found[bucket].pop(number, None)
            for bucket, line in parts.items():
                found[bucket][number] = line
        there = set(numbers)
        return {
            bucket: {number: lines[number] for number in sorted(there & lines.keys())}
            for bucket, lines in found.items()
        }

    def _name(self, year: int, file: str) -> str:
        return f"{FOLDER}/{year}/{file}.js"

    def _path(self, year: int, file: str) -> Path:
        return self._site / self._name(year, file)


def texts_of(leaf: SectionPage) -> dict[str, str]:
    """File name from the root of the site -> what is shown of a digest's papers, block by block."""
    found = {}
    for block in range(0, len(leaf.views), BLOCK):
        name = f"text/{leaf.date}-{leaf.section.key}-{block // BLOCK}"
        rows = [
            [view.anchor, view.title, view.line or _reason(view), view.also]
            for view in leaf.views[block : block + BLOCK]
        ]
        found[f"{FOLDER}/{name}.js"] = f"digestSearch({_json(name)},{_json(rows)})\n"
    return found


def terms_of_paper(view: PaperView) -> dict[str, bool]:
    """Word that the paper is found by -> True where its title has it."""
    authors = " ".join(view.paper.authors)
    rest = f"{view.line} {view.also} {view.task} {authors} {view.paper.id}"
    return dict.fromkeys(terms(rest), False) | dict.fromkeys(terms(view.title), True)


def terms(text: str) -> set[str]:
    """The words of a text without accents, and pairs of neighbouring Chinese characters.

    The last character of a Chinese run is a term too: each character then begins one, and is found alone.
    """
    found = set[str]()
    for run in _RUN.findall(_folded(text)):
        if "\u3040" <= run[0] <= "\u9fff":
            found.update(run[at : at + 2] for at in range(len(run)))
        elif run not in _SKIPPED:
            found.add(run[:_LONGEST])
    return found


def _folded(text: str) -> str:
    lower = text.lower()
    return lower if lower.isascii() else _ACCENT.sub("", unicodedata.normalize("NFKD", lower))


def _reason(view: PaperView) -> str:
    return view.entry.flag.reason if view.entry.flag else ""


def _head(leaf: SectionPage) -> list[Any]:
    """Day, key and title of a digest, whether it is the sample's, and its papers' kinds: n27c3r14."""
    runs = groupby(view.kind[0] for view in leaf.views)
    kinds = "".join(f"{kind}{sum(1 for _ in same)}" for kind, same in runs)
    return [leaf.date.isoformat(), leaf.section.key, leaf.section.title, int(leaf.sample), kinds]


def _bucket(term: str) -> str:
    """By what a term begins with, so that all that begin alike are in one file."""
    number = 0
    for character in term[:1] if "\u3040" <= term[0] <= "\u9fff" else term[:3]:
        number = (number * 31 + ord(character)) % BUCKETS
    return f"{number:02x}"


def _differences(numbers: Sequence[int]) -> str:
    steps = [numbers[0], *(after - before for before, after in pairwise(numbers))]
    return " ".join([_SMALL[step] if step < len(_SMALL) else _base36(step) for step in steps])


def _base36(number: int) -> str:
    if number < 36:
        return _DIGITS[number]
    return _base36(number // 36) + _DIGITS[number % 36]


_SMALL = [_base36(number) for number in range(36 * 36)]


def _json(values: object) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _file(name: str, lines: Mapping[str, str], files: Sequence[str] = ()) -> str:
    """A file of the index: a line a week, or a week and bucket, and at the end the year's other files."""
    held = "".join(f'"{key}":{line},\n' for key, line in lines.items())
    return f"digestSearch({_json(name)},{{\n{held}}},{_json(files)})\n"


def _read_part(path: Path) -> tuple[dict[str, str], list[str]]:
    """Key -> its line in a file of the index, and the files named there; nothing if it is damaged."""
    try:
        _, *lines, last, _ = path.read_text(encoding="utf-8").split("\n")
        files: list[str] = json.loads(last.removeprefix("},").removesuffix(")"))
    except (OSError, ValueError):
        return {}, []
    return {(parts := line.split('":', 1))[0][1:]: parts[1][:-1] for line in lines}, files


def _by_year(weeks: Iterable[Week]) -> Iterable[tuple[int, Iterable[Week]]]:
    return groupby(sorted(set(weeks)), key=lambda week: week[0])
