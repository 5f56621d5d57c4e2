"""The papers of a day that a channel gets, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date as Date
from itertools import chain, zip_longest
from typing import Literal

from digest.config import Settings
from digest.publish.files import published_digest
from digest.publish.keeping import of_sample
from digest.publish.site.interests import InterestScorer
from digest.publish.site.library import load_library
from digest.publish.site.pages import SectionPage, parts_of
from digest.publish.site.view import PaperView, views_of


@dataclass(frozen=True)
class Part:
    """One section of a day, as its digest has it.

    Attributes:
        kinds: of the announcement of each entry.
        withheld: papers that arXiv counts and does not show.
    """

    leaf: SectionPage
    kinds: tuple[str, ...]
    withheld: int = 0

    @property
    def key(self) -> str:
        """The section's key."""
        return self.leaf.section.key

    @property
    def missing(self) -> str:
        """The reason why it is no digest to send; empty where it holds all that was announced.

        A quick look with --limit does not; a published file that was imported may have no lines.
        """
        counts = self.leaf.counts
        told = counts.summarised + counts.flagged
        return (
            ""
            if counts.kept
            else f"of {counts.announced} papers it lists {counts.listed}, {told} with a line"
        )


@dataclass(frozen=True)
class Selection:
    """The sections and papers that a message is made from.

    Attributes:
        parts: the sections, in the order of the settings.
        wanted: the papers to show, the most important first, each once, with the key of its section.
        total: papers of all the sections, each once.
        lang: of the message.
    """

    day: Date
    parts: tuple[Part, ...]
    wanted: tuple[tuple[PaperView, str], ...]
    total: int
    lang: Literal["zh", "en"]

    @property
    def sample(self) -> bool:
        """True where a part of it is recorded."""
        return any(part.leaf.sample for part in self.parts)


class DigestReader:
    """Reads digests as channels show them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._judges: dict[bool, InterestScorer] = {}

    def part(self, day: Date, key: str, lang: str) -> Part | None:
        """A published section, if there is one.

        Raises:
            DigestError: the digest, or the library of interests, cannot be read.
        """
        digest = published_digest(self._settings.run.out, day, key)
        if digest is None:
            return None
        english = lang == "en"
        if english not in self._judges:
            library = load_library(self._settings.run.out)
            self._judges[english] = InterestScorer(self._settings.interests, library, english=english)
        views = views_of(digest, self._judges[english], english=english)
        section = digest.section.model_copy(update={"key": key})
        leaf = SectionPage(section, day, digest.counts, digest.source, digest.notes, views, of_sample(digest))
        return Part(leaf, tuple(entry.listing.kind for entry in digest.entries), digest.withheld)


def select(
    day: Date, parts: Sequence[Part], only: Literal["all", "interests"], lang: Literal["zh", "en"]
) -> Selection:
    """The papers of interest first; then, where all are wanted, the new ones of each section in turn."""
    mine = [(view, part.key) for part in parts for view in parts_of(part.leaf.views).mine]
    mine.sort(key=lambda one: -one[0].interest.score)
    others: list[tuple[PaperView, str]] = []
    if only == "all":
        lists = [[(view, part.key) for view in _new(part)] for part in parts]
        others = [one for one in chain.from_iterable(zip_longest(*lists)) if one is not None]
    papers = {_name(view) for part in parts for view in part.leaf.views}
    return Selection(day, tuple(parts), tuple(_once([*mine, *others])), len(papers), lang)


def _new(part: Part) -> list[PaperView]:
    return [view for group in parts_of(part.leaf.views).groups for view in group.views]


def _once(found: Sequence[tuple[PaperView, str]]) -> Iterator[tuple[PaperView, str]]:
    seen = set[object]()
    for view, key in found:
        if (name := _name(view)) not in seen:
            seen.add(name)
            yield view, key


def _name(view: PaperView) -> object:
    return view.paper.id or id(view)
