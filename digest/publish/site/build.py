"""A site from the digests in a folder: what changed is made anew, everything else stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date as Date
from importlib.resources import files
from itertools import groupby
from pathlib import Path

from digest.config import Settings
from digest.publish.keeping import of_sample
from digest.publish.site.build_cache import DONE, BuildCache, code_fingerprint, fingerprint_of
from digest.publish.site.digest_files import DigestFile, Week, digest_files, read_in_place
from digest.publish.site.interests import InterestScorer
from digest.publish.site.library import load_library
from digest.publish.site.navigation import Navigation, week_path
from digest.publish.site.pages import Pages, SectionPage, SectionSummary
from digest.publish.site.search import SKIPPED, Index, texts_of
from digest.publish.site.summaries import summary_of
from digest.publish.site.view import views_of
from digest.system.errors import DigestError, UsageError
from digest.system.files import write_bytes_atomically

FEED_DAYS = 3
"""Announcement days that a feed reaches back."""

INTEREST_PAPERS = 200

_TAKEN = ("index", "mail")
"""Names of pages of a day."""

_NAV = re.compile(r'<nav class="days".*?</nav>', re.DOTALL)
"""The links to the neighbours; the first in a page, before anything from a paper."""


@dataclass
class Built:
    """The result of a build.

    Attributes:
        index: the page to open.
        pages: of sections and days that there are.
        written: files that changed.
        unreadable: what was wrong with digests that were left out, one sentence each.
    """

    index: Path
    pages: int = 0
    written: int = 0
    removed: int = 0
    unreadable: list[str] = field(default_factory=list)


def build_site(settings: Settings, folder: Path | None = None) -> Built:
    """Bring the site up to date with the digests in `settings.run.out`.

    Args:
        settings: sections, interests and the looks.
        folder: of the site; default: as `[site] folder` says, in the folder of the digests.

    Raises:
        UsageError: a file cannot be written, or the library of interests is damaged.
    """
    target = folder or settings.run.out / settings.site.folder
    return _Build(settings, target).run()


class _Build:
    def __init__(self, settings: Settings, target: Path) -> None:
        self._settings, self._target = settings, target
        english = settings.site.lang == "en"
        self._scorer = InterestScorer(settings.interests, load_library(settings.run.out), english=english)
        self._pages = Pages(settings.site)
        self._cache = BuildCache(target)
        self._sources = digest_files(settings.run.out, tuple(settings.sections))
        self._map = Navigation(self._sources)
        self._index = Index(target)
        self._built = Built(target / "index.html")
        self._common = (code_fingerprint(), settings.site, settings.interests, self._scorer.fingerprint)
        self._files: set[str] = set()
        by_key = groupby(sorted(self._sources, key=lambda one: (one.key, one.date)), key=lambda one: one.key)
        self._recent = {one for _, own in by_key for one in list(own)[-FEED_DAYS:]}
        self._leaves: dict[DigestFile, SectionPage | None] = {}  # of the week at hand and of the recent ones

    def run(self) -> Built:
        before = self._cache.files()
        facts: list[SectionSummary] = []
        for week, sources in groupby(self._sources, key=lambda one: one.week):
            facts += self._week(week, list(sources))
            self._leaves = {one: leaf for one, leaf in self._leaves.items() if one in self._recent}
        self._newest()
        weeks = (one.week for one in self._sources)
        self._overview(facts, self._index.write(weeks, self._cache, self._write))
        self._cache.forget_others()
        self._remove(before - self._cache.files())
        self._cache.save(self._write_path)
        self._built.pages = len(facts)
        return self._built

    def _week(self, week: Week, sources: Sequence[DigestFile]) -> list[SectionSummary]:
        """The pages of a week: those that changed, and those beside which others came or went."""
        name, stamps = f"{week[0]}-W{week[1]:02d}", _stamps(sources)
        near = [(self._map.section(one), self._map.week(one.key, week)) for one in sources]
        near_days = [self._map.day(one.date) for one in sources]
        mark = fingerprint_of(self._common, stamps, near, near_days)
        kept = self._cache.get(name, mark)
        if kept is not None and self._index.has(week):
            for part in kept["parts"]:
                self._cache.get_stale(part)
            there = [self._cache.get_stale(one.name) for one in sources]
            return [SectionSummary.model_validate(one) for one in there if one is not None]
        seen = set(self._cache.seen)
        facts = [one for source in sources if (one := self._section(source, sources))]
        for date, day in groupby(sources, key=lambda one: one.date):
            self._day(date, list(day), [one for one in facts if one.date == date])
        for key in dict.fromkeys(one.key for one in sources):
            self._section_week(key, week, [one for one in sources if one.key == key])
        index, inside = f"index {name}", fingerprint_of(self._common, stamps)
        if self._cache.get(index, inside) is None or not self._index.has(week):
            self._unit(index, inside, sources, lambda leaves: self._index.add(week, leaves))
        parts = sorted(self._cache.seen - seen)
        self._cache.put(name, mark if self._whole(sources) else "", (), {"parts": parts})
        return facts

    def _unit(
        self, name: str, mark: str, sources: Sequence[DigestFile], make: Callable[[list[SectionPage]], None]
    ) -> None:
        """Make something of all of the sources that can be read; if that is not all, next time again."""
        self._files = set()
        make([leaf for one in sources if (leaf := self._leaf(one))])
        self._cache.put(name, mark if self._whole(sources) else "", self._files, DONE)

    def _whole(self, sources: Sequence[DigestFile]) -> bool:
        return all(self._leaves.get(one, one) for one in sources)

    def _leaf(self, source: DigestFile) -> SectionPage | None:
        if source not in self._leaves:
            try:
                self._leaves[source] = self._read(source)
            except DigestError as error:
                self._built.unreadable.append(str(error))
                self._leaves[source] = None
        return self._leaves[source]

    def _read(self, source: DigestFile) -> SectionPage:
        digest = read_in_place(source)
        if set("#?%") & set(source.key):
            raise UsageError(f"{source.path}: a section's name with #, ? or % cannot stand in an address.")
        if source.key in _TAKEN or source.key.endswith(".more"):
            raise UsageError(f"{source.path}: a section needs another name, since a page has this one.")
        english, titles = self._settings.site.lang == "en", self._cache.titles
        views = views_of(digest, self._scorer, english=english, earlier=titles.before)
        for view in views:
            if view.paper.id:
                titles.note(view.paper.id, source.date.isoformat(), view.title)
        return SectionPage(
            digest.section, source.date, digest.counts, digest.source, digest.notes, views, of_sample(digest)
        )

    def _section(self, source: DigestFile, week: Sequence[DigestFile]) -> SectionSummary | None:
        """The files of a section on a day; of one damaged since, they stay as they are."""
        day, near = [one for one in week if one.date == source.date], self._map.section(source)
        mark = fingerprint_of(self._common, source.key, _stamps(day))
        kept = self._cache.get(source.name, mark)
        page = f"{source.name}.html"
        if kept is not None and self._relink(page, self._pages.section_nav(source.date, near)):
            return SectionSummary.model_validate(kept)
        leaf = self._leaf(source)
        if leaf is None:
            last = self._cache.get_stale(source.name)
            return None if last is None else SectionSummary.model_validate(last)
        self._files = set()
        others = [other for one in day if (other := self._leaf(one))]
        self._write(page, self._pages.section(leaf, others, near))
        self._forms(source, leaf)
        facts = summary_of(leaf)
        self._cache.put(
            source.name, mark if self._whole(day) else "", self._files, facts.model_dump(mode="json")
        )
        return facts

    def _forms(self, source: DigestFile, leaf: SectionPage) -> None:
        """A section's other files: abstracts, BibTeX, RIS, what search shows, Markdown for readers."""
        from digest.publish.site import bibliography

        papers, stem = [view.paper for view in leaf.views], source.name
        self._write(f"{stem}.more.html", self._pages.abstracts(leaf))
        self._write(f"{stem}.bib", bibliography.bibtex_of(papers, leaf.date))
        self._write(f"{stem}.ris", bibliography.ris_of(papers, leaf.date))
        for file, text in texts_of(leaf).items():
            self._write(file, text)
        reader = source.path.with_name(f"{source.key}.reader.md")
        if not reader.exists() or reader.stat().st_mtime_ns < source.path.stat().st_mtime_ns:
            from digest.publish.reader_markdown import render_reader  # of an import, or an earlier version

            self._write_path(reader, render_reader(read_in_place(source)))

    def _relink(self, page: str, nav: str) -> bool:
        """Put other ways to the neighbours into a page that stays the same; False if there is none."""
        try:
            text = (self._target / page).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return False
        if not _NAV.search(text):
            return False
        self._write_path(self._target / page, _NAV.sub(lambda _: nav, text, count=1))
        return True

    def _day(self, date: Date, sources: Sequence[DigestFile], facts: Sequence[SectionSummary]) -> None:
        """The page and the mail of a day."""
        self._files = set()
        self._write(f"{date}/index.html", self._pages.day(date, facts, *self._map.day(date)))
        self._cache.put(f"day {date}", "", self._files, DONE)
        name, mark = f"mail {date}", fingerprint_of(self._common, _stamps(sources))
        if self._cache.get(name, mark) is None:
            self._unit(name, mark, sources, lambda leaves: self._mail(date, leaves))

    def _mail(self, date: Date, leaves: Sequence[SectionPage]) -> None:
        if leaves:
            from digest.publish.site import mail

            self._write(f"{date}/mail.html", mail.render(date, leaves, self._settings.site))

    def _section_week(self, key: str, week: Week, sources: Sequence[DigestFile]) -> None:
        """The page of a section's week."""
        page, near = week_path(week, key), self._map.week(key, week)
        mark = fingerprint_of(self._common, key, _stamps(sources))
        if self._cache.get(page, mark) is None or not self._relink(page, self._pages.week_nav(week, near)):
            self._unit(
                page,
                mark,
                sources,
                lambda leaves: self._write(page, self._pages.week(week, leaves, near)) if leaves else None,
            )

    def _overview(self, facts: Sequence[SectionSummary], searched: Sequence[int]) -> None:
        """The pages that lead to the others, unless nothing that they show has changed."""
        mark = fingerprint_of(self._common, facts, searched)
        if self._cache.get("overview", mark) is not None:
            return
        self._files = set()
        grouped = [(day, list(inside)) for day, inside in groupby(facts, key=lambda one: one.date)][::-1]
        self._write("index.html", self._pages.index(grouped))
        self._write("calendar.html", self._pages.calendar(grouped))
        self._write("starred.html", self._pages.alone("starred"))
        titles = list(dict.fromkeys(one.section.title for one in reversed(facts)))
        years = sorted({one.date.year for one in facts}, reverse=True)
        self._write(
            "search.html",
            self._pages.alone("search", searched=searched, skipped=SKIPPED, sections=titles, years=years),
        )
        for name in ("site.css", "site.js", "search.js", "icon.svg"):
            self._write(f"assets/{name}", (files(__package__) / "assets" / name).read_text(encoding="utf-8"))
        self._write(".nojekyll", "")  # GitHub Pages leaves folders alone then
        self._cache.put("overview", mark, self._files, DONE)

    def _newest(self) -> None:
        """Feeds, and the page of the reader's interests: the newest papers of every section."""
        recent = sorted(self._recent, key=lambda one: (one.date, one.key), reverse=True)
        mark = fingerprint_of(self._common, [(one.date, one.key, one.stamp) for one in recent])
        if self._cache.get("newest", mark) is not None:
            return
        from digest.publish.site import feeds  # on most evenings again nothing has changed

        self._files = set()
        leaves = [leaf for one in recent if (leaf := self._leaf(one))]
        for name, text in feeds.feeds_of(leaves, self._settings.site).items():
            self._write(f"feeds/{name}", text)
        near = [(view, leaf) for leaf in leaves for view in leaf.views if view.interest.score > 0]
        near.sort(key=lambda one: (one[1].date, one[0].interest.score), reverse=True)
        active = self._scorer.active
        self._write("interests.html", self._pages.interests(near[:INTEREST_PAPERS], active=active))
        self._cache.put("newest", mark, self._files, DONE)

    def _remove(self, stale: Iterable[str]) -> None:
        """Delete files of digests that are gone."""
        for name in stale:
            path = self._target / name
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise UsageError(f"{path} cannot be deleted: {error.strerror or error}.") from error
            with suppress(OSError):  # a folder that still holds something stays
                path.parent.rmdir()
            self._built.removed += 1

    def _write(self, name: str, text: str) -> None:
        self._files.add(name)
        self._write_path(self._target / name, text)

    def _write_path(self, path: Path, text: str) -> None:
        """Write a file; nothing waits for the disk: a power cut's losses are made again from the digests."""
        if write_bytes_atomically(path, text.encode("utf-8", "replace"), sync=False):
            self._built.written += 1


def _stamps(sources: Sequence[DigestFile]) -> list[tuple[str, str, str]]:
    return [(one.key, str(one.date), one.stamp) for one in sources]
