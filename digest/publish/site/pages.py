"""The pages as HTML, from templates that escape what they are handed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from digest.config import SiteSettings
from digest.model import LANGUAGES, AnnounceType, Counts, Record, Section
from digest.publish.site.bibliography import bibtex
from digest.publish.site.groups import Group, grouped
from digest.publish.site.tex import rich, tex_to_text
from digest.publish.site.view import PaperView
from digest.publish.site.words import words_of

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_COMPOUND = re.compile(r"(?<![\w&#-])[A-Za-z0-9]{1,12}(?:-[A-Za-z0-9]{1,12}){1,2}(?![\w-])", re.ASCII)


@dataclass(frozen=True)
class SectionPage:
    """One section on one day, as its page shows it; `sample`: recorded answers of the sample day."""

    section: Section
    date: Date
    counts: Counts
    source: str
    notes: tuple[str, ...]
    views: tuple[PaperView, ...]
    sample: bool = False

    @property
    def folder(self) -> str:
        """The folder of its page, from the root of the site."""
        return self.date.isoformat()

    @property
    def path(self) -> str:
        """The path of its page, from the root of the site."""
        return f"{self.folder}/{self.section.key}.html"

    @property
    def feed(self) -> str:
        """The name of the section's feed; those of all sections and of interests are taken."""
        key = self.section.key
        return f"section-{key}" if key in {"all", "interests"} else key


class SectionSummary(Record):
    """The facts that the overview tells of a section on a day.

    Attributes:
        kinds: papers a kind.
        tasks: the most common ones, with the papers of each.
        mine: papers near the reader's interests.
        top: anchor, title and line of the papers at the top of the page.
        sample: recorded answers of the sample day.
    """

    section: Section
    date: Date
    kinds: Mapping[AnnounceType, int]
    flagged: int
    tasks: tuple[tuple[str, int], ...]
    mine: int
    top: tuple[tuple[str, str, str], ...]
    sample: bool = False

    @property
    def papers(self) -> int:
        """The number of papers of all kinds."""
        return sum(self.kinds.values())

    @property
    def path(self) -> str:
        """The path of its page, from the root of the site."""
        return f"{self.date.isoformat()}/{self.section.key}.html"


@dataclass(frozen=True)
class Neighbours:
    """The ways from a page to others: paths from the root of the site; empty: nowhere."""

    before: str = ""
    after: str = ""
    week: str = ""


class Pages:
    """Renders pages in one language."""

    def __init__(self, settings: SiteSettings) -> None:
        self._settings = settings

    def section(self, leaf: SectionPage, day: Sequence[SectionPage], near: Neighbours) -> str:
        """A section's papers on a day; `day` holds all its sections, for going from one to the other."""
        return self._render(
            "section", "../", leaf=leaf, date=leaf.date, day=day, near=near, parts=parts_of(leaf.views),
            more=f"{leaf.section.key}.more.html",
        )  # fmt: skip

    def section_nav(self, date: Date, near: Neighbours) -> str:
        """The links of that page to its neighbours."""
        return self._render("section_nav", "../", date=date, near=near)

    def abstracts(self, leaf: SectionPage) -> str:
        """The folded parts of that page: abstract, all authors, provenance."""
        return self._render("abstracts", "../", leaf=leaf)

    def week_nav(self, week: tuple[int, int], near: Neighbours) -> str:
        """The links of a week's page to its neighbours."""
        return self._render("week_nav", "../", week=week, near=near)

    def week(self, week: tuple[int, int], days: Sequence[SectionPage], near: Neighbours) -> str:
        """The new papers of a section in a week; its name is that of the latest day."""
        fresh = [(view, leaf) for leaf in days for view in leaf.views if view.kind != "replaced"]
        leaves = {id(view): leaf for view, leaf in fresh}
        groups = grouped([view for view, _ in fresh])
        return self._render(
            "week", "../", section=days[-1].section, week=week, days=days, near=near, groups=groups,
            leaves=leaves, of=id, total=len(fresh),
        )  # fmt: skip

    def day(self, date: Date, facts: Sequence[SectionSummary], before: str, after: str) -> str:
        """The sections of a day."""
        return self._render("day", "../", date=date, facts=facts, before=before, after=after)

    def index(self, days: Sequence[tuple[Date, Sequence[SectionSummary]]]) -> str:
        """The latest day, and the way to the others; days newest first."""
        return self._render("index", "", days=days, months=months_of([day for day, _ in days])[:2])

    def calendar(self, days: Sequence[tuple[Date, Sequence[SectionSummary]]]) -> str:
        """All days, newest first."""
        return self._render(
            "calendar", "", days=days, months=months_of([day for day, _ in days]), counts=dict(days)
        )

    def interests(self, found: Sequence[tuple[PaperView, SectionPage]], *, active: bool) -> str:
        """Papers near the reader's interests."""
        return self._render("interests", "", found=found, active=active)

    def alone(self, name: str, **values: object) -> str:
        """A page that lives from its script: search, starred."""
        return self._render(name, "", **values)

    def _render(self, name: str, root: str, **values: object) -> str:
        template = _template(self._settings.lang, f"{name}.html.j2")
        return template.render(root=root, site=self._settings, **values)


@dataclass(frozen=True)
class Parts:
    """A section's papers in the order of its page."""

    mine: tuple[PaperView, ...]
    groups: tuple[Group, ...]
    replaced: tuple[PaperView, ...]


def parts_of(views: Sequence[PaperView]) -> Parts:
    """The papers of interest first, the nearest before the others; then by task; replaced ones apart."""
    mine = sorted((view for view in views if view.interest.score > 0), key=lambda view: -view.interest.score)
    other = [view for view in views if view.interest.score <= 0]
    return Parts(
        tuple(mine),
        grouped([view for view in other if view.kind != "replaced"]),
        tuple(view for view in other if view.kind == "replaced"),
    )


def months_of(days: Sequence[Date]) -> list[tuple[int, int, list[list[Date | None]]]]:
    """The months that hold the days, newest first: year, month, weeks from Monday."""
    import calendar

    found = []
    for year, month in sorted({(day.year, day.month) for day in days}, reverse=True):
        weeks = [
            [Date(year, month, number) if number else None for number in week]
            for week in calendar.monthcalendar(year, month)
        ]
        found.append((year, month, weeks))
    return found


def day_in_words(day: Date, lang: str) -> str:
    """2026 年 1 月 28 日 周三."""
    if lang == "en":
        return f"{day:%A}, {day.day} {day:%B} {day.year}"
    return f"{day.year} 年 {day.month} 月 {day.day} 日 周{'一二三四五六日'[day.weekday()]}"


def compounds(line: str) -> Markup:
    """A line in which short words with hyphens, such as EmoBench-M, are not torn apart."""
    whole = _COMPOUND.sub(r'<span class="same">\g<0></span>', str(escape(line)))
    return Markup(whole)  # noqa: S704 - escaped; what is put in spans has letters, digits and hyphens


@cache
def _template(lang: str, name: str) -> Template:
    return _environment(lang).get_template(name)


@cache
def _environment(lang: str) -> Environment:
    """Made when a page is: where none changed, that is none."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("digest.publish.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        rich=rich,
        plain=tex_to_text,
        compounds=compounds,
        bibtex=bibtex,
        words=lambda day: day_in_words(day, lang),
    )
    environment.globals.update(
        w=words_of(lang), lang=lang, kind_words=words_of(lang)["kinds"],
        paper_kinds=words_of(lang)["paper_kinds"],
        html_lang={name: words_of(name)["html"] for name in LANGUAGES},
        link_words={"code": "code", "data": "data", "model": "model_link", "video": "video", "page": "page"},
    )  # fmt: skip
    return environment
