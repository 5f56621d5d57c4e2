"""A site from the digests in a folder: what changed is made anew, everything else stays as it is."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import groupby
from pathlib import Path

from digest.config import Settings
from digest.errors import DigestError, UsageError
from digest.publish.keeping import of_sample
from digest.publish.reader_markdown import render_reader
from digest.publish.site import bibliography, feeds, mail
from digest.publish.site.facts import facts_from, facts_of, facts_to
from digest.publish.site.interests import Judge
from digest.publish.site.library import load_library
from digest.publish.site.map import Map, week_path
from digest.publish.site.memory import DONE, Memory, code_fingerprint, fingerprint_of
from digest.publish.site.pages import Facts, Leaf, Pages
from digest.publish.site.search import SKIPPED, Index, texts_of
from digest.publish.site.sources import Source, Week, read, sources_in
from digest.publish.site.view import views_of

FEED_DAYS = 3
"""Announcement days that a feed reaches back."""

INTEREST_PAPERS = 200


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
        self._judge = Judge(settings.interests, load_library(settings.run.out), english=english)
        self._pages = Pages(settings.site)
        self._memory = Memory(target)
        self._sources = sources_in(settings.run.out, tuple(settings.sections))
        self._map = Map(self._sources)
        self._index = Index(target)
        self._built = Built(target / "index.html")
        self._common = (code_fingerprint(), settings.site, settings.interests, self._judge.fingerprint)
        self._files: set[str] = set()
        by_key = groupby(sorted(self._sources, key=lambda one: (one.key, one.date)), key=lambda one: one.key)
        self._recent = {one for _, own in by_key for one in list(own)[-FEED_DAYS:]}
        self._leaves: dict[Source, Leaf] = {}  # of the recent ones, as far as they were made

    def run(self) -> Built:
        before = self._memory.files()
        facts: list[Facts] = []
        for week, sources in groupby(self._sources, key=lambda one: one.week):
            facts += self._week(week, list(sources))
        self._newest()
        weeks = (one.week for one in self._sources)
        self._overview(facts, self._index.write(weeks, self._memory, self._write))
        self._memory.forget_others()
        self._remove(before - self._memory.files())
        self._memory.save(self._write_path)
        self._built.pages = len(facts)
        return self._built

    def _week(self, week: Week, sources: Sequence[Source]) -> list[Facts]:
        """The pages of a week, unless nothing in it or beside it changed."""
        name = f"{week[0]}-W{week[1]:02d}"
        marks = {one: self._mark(one, sources) for one in sources}
        own = [self._map.week(one.key, week) for one in sources]
        mark = fingerprint_of(list(marks.values()), own)
        if self._memory.unit(name, mark) is not None and self._index.has(week):
            kept = [self._memory.unit(_name(one), marks[one]) for one in sources]
            if None not in kept:
                return [facts_from(one) for one in kept if one is not None]
        wrong = len(self._built.unreadable)
        leaves = {source: leaf for source in sources if (leaf := self._leaf(source))}
        facts = []
        for source in sources:
            if source in leaves:
                facts.append(self._day_of_section(source, leaves, marks[source]))
            elif (last := self._memory.last(_name(source))) is not None:
                facts.append(facts_from(last))  # damaged since: its pages stay
        self._index.add(week, list(leaves.values()))
        self._files = set()
        self._days(facts, list(leaves.values()))
        for key, section in {leaf.section.key: leaf.section for leaf in leaves.values()}.items():
            inside = [leaf for leaf in leaves.values() if leaf.section.key == key]
            self._write(
                week_path(week, key), self._pages.week(section, week, inside, self._map.week(key, week))
            )
        self._memory.keep(name, "" if len(self._built.unreadable) > wrong else mark, self._files, DONE)
        return facts

    def _mark(self, source: Source, week: Sequence[Source]) -> str:
        """Of everything that a section's page of a day depends on."""
        day = [(one.key, one.stamp) for one in week if one.date == source.date]
        return fingerprint_of(
            self._common, day, source.key, self._map.section(source), self._map.day(source.date)
        )

    def _leaf(self, source: Source) -> Leaf | None:
        try:
            digest = read(source)
            if set("#?%") & set(source.key):
                raise UsageError(
                    f"{source.path}: a section's name with #, ? or % cannot stand in an address."
                )
        except DigestError as error:
            self._built.unreadable.append(str(error))
            return None
        english = self._settings.site.lang == "en"
        views = views_of(digest, self._judge, self._memory.titles, english=english)
        for view in views:
            if view.paper.id:
                self._memory.note_title(view.paper.id, source.date.isoformat(), view.title)
        leaf = Leaf(
            digest.section, source.date, digest.counts, digest.source, digest.notes, views, of_sample(digest)
        )
        if source in self._recent:
            self._leaves[source] = leaf
        return leaf

    def _day_of_section(self, source: Source, leaves: Mapping[Source, Leaf], mark: str) -> Facts:
        """The files of a section on a day."""
        kept = self._memory.unit(_name(source), mark)
        if kept is not None:
            return facts_from(kept)
        leaf = leaves[source]
        day = [other for one, other in leaves.items() if one.date == source.date]
        papers, stem = [view.paper for view in leaf.views], f"{leaf.folder}/{leaf.section.key}"
        self._files = set()
        self._write(leaf.path, self._pages.section(leaf, day, self._map.section(source)))
        self._write(f"{stem}.more.html", self._pages.abstracts(leaf))
        self._write(f"{stem}.bib", bibliography.bibtex_of(papers, leaf.date))
        self._write(f"{stem}.ris", bibliography.ris_of(papers, leaf.date))
        for file, text in texts_of(leaf).items():
            self._write(file, text)
        reader = source.path.with_name(f"{source.key}.reader.md")
        if not reader.exists() or reader.stat().st_mtime_ns < source.path.stat().st_mtime_ns:
            self._write_path(
                reader, render_reader(read(source))
            )  # of an imported digest, or an earlier version
        facts = facts_of(leaf)
        self._memory.keep(_name(source), mark, self._files, facts_to(facts))
        return facts

    def _days(self, facts: Sequence[Facts], leaves: Sequence[Leaf]) -> None:
        """The page and the mail of each day of a week."""
        for day, inside in groupby(facts, key=lambda one: one.date):
            self._write(f"{day}/index.html", self._pages.day(day, list(inside), *self._map.day(day)))
        for day, group in groupby(leaves, key=lambda leaf: leaf.date):
            self._write(f"{day}/mail.html", mail.render(day, list(group), self._settings.site))

    def _overview(self, facts: Sequence[Facts], searched: Sequence[int]) -> None:
        """The pages that lead to the others, unless nothing that they show has changed."""
        mark = fingerprint_of(self._common, facts, searched)
        if self._memory.unit("overview", mark) is not None:
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
        self._memory.keep("overview", mark, self._files, DONE)

    def _newest(self) -> None:
        """Feeds, and the page of the reader's interests: the newest papers of every section."""
        recent = sorted(self._recent, key=lambda one: (one.date, one.key), reverse=True)
        mark = fingerprint_of(self._common, [(one.date, one.key, one.stamp) for one in recent])
        if self._memory.unit("newest", mark) is not None:
            return
        self._files = set()
        wrong = len(self._built.unreadable)
        leaves = [leaf for one in recent if (leaf := self._leaves.get(one) or self._leaf(one))]
        del self._built.unreadable[wrong:]  # told already
        for name, text in feeds.feeds_of(leaves, self._settings.site).items():
            self._write(f"feeds/{name}", text)
        near = [(view, leaf) for leaf in leaves for view in leaf.views if view.interest.score > 0]
        near.sort(key=lambda one: (one[1].date, one[0].interest.score), reverse=True)
        active = self._judge.active
        self._write("interests.html", self._pages.interests(near[:INTEREST_PAPERS], active=active))
        self._memory.keep("newest", mark, self._files, DONE)

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
        if write_if_changed(path, text):
            self._built.written += 1


def write_if_changed(path: Path, text: str) -> bool:
    """Write `text` beside `path` and rename it into place, unless it is there already.

    Nothing waits for the disk: what a power cut takes is made again from the digests.

    Raises:
        UsageError: it cannot be written.
    """
    content = text.encode("utf-8", "replace")
    try:
        with suppress(FileNotFoundError):
            if path.stat().st_size == len(content) and path.read_bytes() == content:
                return False
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}.") from error
    return True


def _name(source: Source) -> str:
    return f"{source.date}/{source.key}"
