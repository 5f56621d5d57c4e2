"""A message from a selection: cut between papers to what the service takes, and saying how many are left."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from digest.config import SiteSettings
from digest.deliver.markup import Markup
from digest.deliver.selection import Part, Selection
from digest.deliver.services import MessageFormat
from digest.publish.site.pages import day_in_words
from digest.publish.site.view import PaperView
from digest.publish.site.words import kinds_in_words, words_of

_LONGEST_LINE, _LONGEST_TITLE, _REASONS = 400, 200, 2
_MOST_HEADINGS = 12
"""Sections of a day beyond which their names would take the room of the papers."""


@dataclass(frozen=True)
class Composed:
    """A message to a recipient.

    Attributes:
        title: in plain text, without markup; empty where it begins the body.
        body: in the markup of the form it was made for.
        shown: paper -> hash of what is said of it, by section.
        left: papers of the sections that it does not show.
    """

    title: str
    body: str
    shown: Mapping[str, Mapping[str, str]]
    left: int

    @property
    def papers(self) -> int:
        """The number of papers that it shows."""
        return sum(map(len, self.shown.values()))


def compose(
    selection: Selection, form: MessageFormat, site: SiteSettings, limit: int | None, title_room: int
) -> Composed:
    """A message with as many papers as the form takes, and no more than `limit`.

    Args:
        selection: what to show, the most important first.
        form: markup and length.
        site: title and address of the pages.
        limit: papers; None: any number.
        title_room: characters of a title apart from the text; 0: it begins the text.
    """
    words = words_of(selection.lang)["message"]
    title = f"{site.title} · {day_in_words(selection.day, selection.lang)}"
    counted = f"{title} · {words['count'].format(selection.total)}"
    if title_room and len(counted) > title_room:
        counted = title
    head = [*_title(counted, form.markup, title_room), *_head(selection, form)]
    if not selection.wanted:
        head.append(form.markup.escape(words["none_near" if selection.total else "nothing"]))
    return _filled(selection, form, site, limit, counted[:title_room], head)


def correct(selection: Selection, form: MessageFormat, site: SiteSettings, title_room: int) -> Composed:
    """A note about papers whose line changed after it was sent: those that are `wanted`."""
    words = words_of(selection.lang)["message"]
    count = words["corrected"].format(len(selection.wanted))
    title = f"{count} · {site.title} · {day_in_words(selection.day, selection.lang)}"
    markup = form.markup
    head = [*_title(title, markup, title_room), *_recorded(selection, markup), markup.escape(words["again"])]
    return _filled(selection, form, site, None, title[:title_room], head)


def said_of(view: PaperView) -> str:
    """A hash of what a message says of a paper: another one, and there is something to correct."""
    return hashlib.sha256(_said(view, words_of("zh")).encode("utf-8", "replace")).hexdigest()[:12]


def _filled(
    selection: Selection,
    form: MessageFormat,
    site: SiteSettings,
    limit: int | None,
    title: str,
    head: Sequence[str],
) -> Composed:
    markup, several = form.markup, 1 < len(selection.parts) <= _MOST_HEADINGS
    headings = {part.key: markup.bold(markup.escape(part.leaf.section.title)) for part in selection.parts}
    tail = _tail(selection, site, markup, selection.total)
    fixed = [*head, *(headings.values() if several else ()), *tail]
    room = form.limit - sum(_cost(block, form) for block in fixed)
    chosen: dict[str, list[PaperView]] = {key: [] for key in headings}
    taken = 0
    for view, key in selection.wanted:
        cost = _cost(_entry(len(selection.wanted), view, selection, markup), form)
        if taken == limit:
            break
        if cost <= room:  # a shorter one may still fit
            chosen[key].append(view)
            taken, room = taken + 1, room - cost
    blocks, number = [*head], 0
    for key, views in chosen.items():
        if several and views:
            blocks.append(headings[key])
        for view in views:
            number += 1
            blocks.append(_entry(number, view, selection, markup))
    left = selection.total - taken
    blocks += _tail(selection, site, markup, left)
    shown = {key: {view.paper.id: said_of(view) for view in views} for key, views in chosen.items()}
    return Composed(title, markup.paragraph.join(blocks), shown, left)


def _cost(block: str, form: MessageFormat) -> int:
    return form.measure(block + form.markup.paragraph)


def _title(title: str, markup: Markup, room: int) -> list[str]:
    return [] if room else [markup.bold(markup.escape(title))]


def _recorded(selection: Selection, markup: Markup) -> list[str]:
    words = words_of(selection.lang)
    said = f"{words['sample']} · {words['sample_note']}"
    return [markup.bold(markup.escape(said))] if selection.sample else []


def _head(selection: Selection, form: MessageFormat) -> list[str]:
    markup, words = form.markup, words_of(selection.lang)
    counts = [markup.escape(_counts(part, words, selection)) for part in selection.parts]
    numbers = [markup.newline.join(counts)] if len(counts) <= _MOST_HEADINGS else []
    return [*_recorded(selection, markup), *numbers]


def _counts(part: Part, words: Mapping[str, Any], selection: Selection) -> str:
    numbers = [kinds_in_words(part.kinds, selection.lang)]
    if part.leaf.counts.flagged:
        numbers.append(f"{words['flagged']} {part.leaf.counts.flagged}")
    if part.withheld:
        numbers.append(words["message"]["withheld"].format(part.withheld))
    return f"{part.leaf.section.title}{words_of(selection.lang)['message']['colon']}{' · '.join(numbers)}"


def _tail(selection: Selection, site: SiteSettings, markup: Markup, left: int) -> list[str]:
    words, tail = words_of(selection.lang)["message"], list[str]()
    path = selection.parts[0].leaf.path if len(selection.parts) == 1 else f"{selection.day}/index.html"
    see = markup.link(markup.escape(words["see"]), f"{site.url}/{quote(path)}") if site.url else ""
    counted = markup.escape(words["left"].format(left)) if left else ""
    if counted or see:
        tail.append(words["colon"].join(one for one in (counted, see) if one))
    if selection.wanted:
        tail.append(markup.escape(words_of(selection.lang)["ai"]))
    return tail


def _entry(number: int, view: PaperView, selection: Selection, markup: Markup) -> str:
    words = words_of(selection.lang)
    line = markup.escape(_said(view, words))
    if view.interest.because:
        line += markup.escape(f"〔{words['why']}{'；'.join(view.interest.because[:_REASONS])}〕")
    title = markup.escape(view.title[:_LONGEST_TITLE])
    if view.kind == "replaced":
        title = f"{markup.escape(words_of(selection.lang)['message']['updated'])} · {title}"
    if view.paper.id:
        title = markup.link(title, f"https://arxiv.org/abs/{quote(view.paper.versioned_id)}")
    return f"{number}. {line}{markup.newline}{title}"


def _said(view: PaperView, words: Mapping[str, Any]) -> str:
    """The line, marked where it is doubtful; or why there is none."""
    flag = view.entry.flag
    if not view.line:
        return f"〔{words['no_line']}{f'：{flag.reason}' if flag else ''}〕"[:_LONGEST_LINE]
    return f"〔{words['doubt']}〕{view.line}"[:_LONGEST_LINE] if flag else view.line[:_LONGEST_LINE]
