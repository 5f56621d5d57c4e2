"""The venue and the links that authors name in comments and abstract."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

_YEAR = r"(?:19|20)\d\d"
_NAME = re.compile(
    # an acronym, with two capitals at least
    rf"(?<![A-Za-z])(?P<name>(?=[A-Za-z-]*[A-Z][a-z]*[A-Z])[A-Z][A-Za-z]+(?:-[A-Z][A-Za-z]+)?|Interspeech|Odyssey)"
    rf"(?:[\s,'’()-]|Conference)*(?P<year>{_YEAR}|(?<=['’])\d\d)(?!\d)"
)
_BEFORE = re.compile(rf"(?<!\d)(?P<year>{_YEAR})\s+(?:IEEE\S*\s+|ACM\s+)?(?P<name>[A-Z]{{3,}})(?![A-Za-z])")
_SUBMITTED = re.compile(
    r"\b(?:submitted|submission|under (?:review|submission)|in submission|submit|preprint)\b", re.IGNORECASE
)
_ACCEPTED = re.compile(r"\b(?:accept\w*|to appear|publish\w*|presented|camera|proceedings)\b", re.IGNORECASE)
_NO_VENUE = frozenset(
    {"IEEE", "ACM", "CC", "BY", "PDF", "DOI", "ISBN", "USA", "UK", "AI", "ML", "ARXIV", "AND"}
)
_URL = re.compile(
    r"https?://[^\s<>\"'{}|\\^`\u2018-\u201f\u3000-\u303f\uff00-\uffef"
    r"\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069]+",
    re.IGNORECASE,
)
_LIMIT = 8
"""Links shown of one paper."""

LinkKind = Literal["code", "data", "model", "video", "page"]

_HOSTS: dict[str, LinkKind] = {
    "github.com": "code", "gitlab.com": "code", "codeberg.org": "code", "bitbucket.org": "code",
    "anonymous.4open.science": "code", "gitee.com": "code",
    "zenodo.org": "data", "kaggle.com": "data", "figshare.com": "data",
    "osf.io": "data", "physionet.org": "data",
    "huggingface.co": "model", "modelscope.cn": "model",
    "youtube.com": "video", "youtu.be": "video", "bilibili.com": "video", "vimeo.com": "video",
}  # fmt: skip


@dataclass(frozen=True)
class Venue:
    """The place where a paper appears, or was sent."""

    name: str
    submitted: bool


@dataclass(frozen=True)
class Link:
    """An address that authors give: its kind, and what to show."""

    kind: LinkKind
    url: str


def venue_of(comments: str | None, journal: str | None = None) -> Venue | None:
    """The first conference or journal with a year that `comments` name: ICASSP 2026.

    A journal reference of arXiv's own record goes before.
    """
    if journal and (short := " ".join(journal.split())):
        return Venue(short if len(short) <= 60 else f"{short[:59]}…", submitted=False)
    text = _URL.sub(" ", comments or "")[:2000]
    found = _NAME.search(text) or _BEFORE.search(text)
    while found and found["name"].upper() in _NO_VENUE:
        found = _NAME.search(text, found.end())
    if found is None:
        return None
    year = found["year"] if len(found["year"]) == 4 else f"20{found['year']}"
    before = re.split(r"[.;]\s", text[: found.start()])[-1]
    submitted = bool(_SUBMITTED.search(before)) and not _ACCEPTED.search(before)
    return Venue(f"{found['name']} {year}", submitted)


def links_of(*texts: str | None) -> tuple[Link, ...]:
    """The web addresses in the texts, in order, each once."""
    found: dict[str, Link] = {}
    for text in texts:
        for match in _URL.finditer(text or ""):
            url = match[0].rstrip(".,;:!?*_~")
            while url.endswith((")", "]")) and url.count(url[-1]) > url.count({")": "(", "]": "["}[url[-1]]):
                url = url[:-1].rstrip(".,;:")
            link = _link(url)
            if link and len(found) < _LIMIT:
                found.setdefault(url.rstrip("/").lower(), link)
    return tuple(found.values())


def _link(url: str) -> Link | None:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:  # brackets that enclose no address
        return None
    if "." not in host or host.endswith(("arxiv.org", "doi.org")):
        return None
    kind = _HOSTS.get(host)
    if host == "huggingface.co" and parts.path.startswith("/datasets/"):
        kind = "data"
    return Link(kind or "page", url)
