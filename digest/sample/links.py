"""The links in an entry of a listing page: of authors, and of addresses in texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from urllib.parse import quote_plus

from digest.sample.data import SamplePaper

_MOST_AUTHORS = 100
_SHORTEST_LINKED = 4
_LINKS = re.compile(
    r"(?P<url>https?://[^\s<>\"]*[^\s<>\".,;:!?)\]}'])"
    r"|(?P<doi>\b10\.\d{4,9}/[-._;()/:A-Za-z0-9]*[A-Za-z0-9])"
    r"|(?P<host>\b(?:[\w-]+\.)+(?:ai|cn|com|dev|edu|io|net|org|we)\b(?:/[^\s<>\"]*[^\s<>\".,;:!?)\]}'])?)",
    re.IGNORECASE,
)
"""The texts that arXiv makes links of: URLs, DOIs, and whatever ends like a host."""


def linked_authors(record: SamplePaper) -> str:
    """The line of authors: 100 linked names, short ones and everything that is no name between them."""
    if not record.authors:
        return "(author list is unavailable)"
    archive = record.categories[0].partition(".")[0]
    shown = []
    for author in _cut(record.authors):
        before, name, after = _name_parts(author)
        if len(name) < _SHORTEST_LINKED:
            shown.append(escape(author))
            continue
        *given, family = name.split()
        query = quote_plus(f"{family}, {' '.join(word[0] for word in given)}", safe=",")
        target = f"https://arxiv.org/search/{archive}?searchtype=author&amp;query={query}"
        shown.append(f'{escape(before)}<a href="{target}">{escape(name)}</a>{escape(after)}')
    return ", ".join(shown)


def _name_parts(author: str) -> tuple[str, str, str]:
    """The text before the linked name, the name, and its affiliation."""
    found = re.fullmatch(r"((?:for )?the )?(.*?)(\s*\(.*\))?", author, re.IGNORECASE)
    assert found is not None  # the expression matches every line
    return found[1] or "", found[2].replace(", ", " "), found[3] or ""


def _cut(authors: Sequence[str]) -> Sequence[str]:
    """The authors up to the 100th linked one; all of them if only one would be missing."""
    linked = [place for place, one in enumerate(authors) if len(_name_parts(one)[1]) >= _SHORTEST_LINKED]
    if len(linked) < _MOST_AUTHORS + 2:
        return authors
    return authors[: linked[_MOST_AUTHORS - 1] + 1]


def with_links(text: str) -> str:
    """The text with its links as arXiv shows them: URLs and hosts behind the words `this https URL`."""
    parts, end = [], 0
    for link in _LINKS.finditer(text):
        parts += [escape(text[end : link.start()]), _link(link)]
        end = link.end()
    return "".join([*parts, escape(text[end:])])


def _link(found: re.Match[str]) -> str:
    if doi := found["doi"]:
        target = escape(f"https://doi.org/{doi}")
        return f'<a href="{target}" data-doi="{escape(doi)}" class="link-https link-external">{target}</a>'
    target = found["url"] or f"http://{found['host']}"
    scheme = target.partition(":")[0]
    attributes = f'rel="external noopener nofollow" class="link-external link-{scheme}"'
    return f'<a href="{escape(target)}" {attributes}>this {scheme} URL</a>'
