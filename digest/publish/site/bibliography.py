"""Papers as BibTeX and RIS, as reference managers read them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date as Date
from functools import lru_cache

from digest.model import Paper
from digest.publish.site.tex import plain

# a brace counts in BibTeX even when it is escaped
_SPECIAL = str.maketrans({
    "\\": r"\textbackslash{}", "{": "(", "}": ")", "%": r"\%", "&": r"\&", "#": r"\#", "_": r"\_", "$": r"\$",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
})  # fmt: skip
_PARTICLES = frozenset("van von der den de di da du del della la le el al bin ibn ter".split())
_SUFFIX = re.compile(r"(?:Jr|Sr|I{2,3}|IV)\.?$")


def bibtex(paper: Paper, day: Date) -> str:
    """One `@misc` entry as arXiv recommends it; the year of submission where it is known, else of `day`."""
    fields = {
        "title": f"{{{_escaped(title_of(paper))}}}",
        "author": " and ".join(_author(author) for author in paper.authors),
        "year": str(year_of(paper, day)),
    }
    if paper.id:
        fields |= {"eprint": paper.id, "archivePrefix": "arXiv"}
        if paper.categories:
            fields["primaryClass"] = paper.categories[0]
        fields["url"] = f"https://arxiv.org/abs/{paper.id}"
    if paper.doi:
        fields["doi"] = _escaped(plain(paper.doi))
    if paper.comments and plain(paper.comments):
        fields["note"] = _escaped(plain(paper.comments))
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@misc{{{key_of(paper, day)},\n{body}\n}}\n"


def bibtex_of(papers: Iterable[Paper], day: Date) -> str:
    """All of them, each key once."""
    taken, found = dict[str, int](), []
    for paper in papers:
        entry = bibtex(paper, day)
        key = entry[entry.index("{") + 1 : entry.index(",")]
        taken[key] = taken.get(key, 0) + 1
        if taken[key] > 1:
            entry = entry.replace(f"{{{key},", f"{{{key}x{taken[key]},", 1)
        found.append(entry)
    return "\n".join(found)


def ris_of(papers: Iterable[Paper], day: Date) -> str:
    """All of them in RIS; lines end in CR LF, as the format asks."""
    return "\r\n".join(_ris(paper, day) for paper in papers)


def title_of(paper: Paper) -> str:
    """As pages show it: the identifier of a paper without a title."""
    return plain(paper.title) or paper.versioned_id or "?"


def year_of(paper: Paper, day: Date) -> int:
    """The year of the first version: by the record, by the identifier, or that of `day`."""
    if paper.published:
        return paper.published.year
    number = re.fullmatch(r"(\d\d)(0[1-9]|1[0-2])\.\d{4,5}", paper.id)
    return 2000 + int(number[1]) if number else day.year


def key_of(paper: Paper, day: Date) -> str:
    """A citation key: family name, year, first long word of the title, as arXiv and Scholar make them."""
    family = _ascii(_name(paper.authors[0])[0]) if paper.authors else ""
    word = next(
        (one for one in re.findall(r"[A-Za-z]+", _ascii(plain(paper.title), " ")) if len(one) > 3), ""
    )
    key = f"{family}{year_of(paper, day)}{word}".lower()
    return key if family and word else f"arxiv{re.sub(r'[^0-9A-Za-z]', '', paper.id)}{key}"


def _ris(paper: Paper, day: Date) -> str:
    lines = ["TY  - UNPB", f"TI  - {title_of(paper)}"]
    lines += [f"AU  - {', '.join(one for one in _name(author) if one)}" for author in paper.authors]
    lines.append(f"PY  - {year_of(paper, day)}")
    lines.append(f"AB  - {plain(paper.abstract)}")
    if paper.id:
        lines += [f"UR  - https://arxiv.org/abs/{paper.id}", f"AN  - arXiv:{paper.id}"]
    if paper.doi:
        lines.append(f"DO  - {plain(paper.doi)}")
    if paper.comments and plain(paper.comments):
        lines.append(f"N1  - {plain(paper.comments)}")
    lines += [f"KW  - {category}" for category in paper.categories]
    return "\r\n".join([*lines, "ER  - ", ""])


@lru_cache(maxsize=4096)
def _name(author: str) -> tuple[str, str]:
    """Family name and given names; a name of one word is all family."""
    family, comma, given = plain(author).partition(", ")
    if comma:
        return family, given
    words = family.split()
    begin = len(words) - 1
    if begin > 1 and _SUFFIX.fullmatch(words[-1]):
        begin -= 1
    while begin > 1 and words[begin - 1].lower() in _PARTICLES:
        begin -= 1
    return " ".join(words[begin:]), " ".join(words[:begin])


def _author(author: str) -> str:
    if " and " in author:  # of a group: BibTeX would take it for two
        return f"{{{_escaped(plain(author))}}}"
    return _escaped(", ".join(one for one in _name(author) if one))


def _escaped(text: str) -> str:
    return text.translate(_SPECIAL)


def _ascii(text: str, between: str = "") -> str:
    bare = text if text.isascii() else unicodedata.normalize("NFKD", text)
    kept = "".join(c for c in bare if not unicodedata.combining(c))
    return re.sub(r"[^0-9A-Za-z]+", between, kept)
