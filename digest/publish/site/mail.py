"""A day as one HTML file for mail programs: tables, styles in place, no script, not cut off by Gmail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date as Date
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

from digest.config import SiteSettings
from digest.publish.site.pages import SectionPage, day_in_words, parts_of
from digest.publish.site.view import PaperView
from digest.publish.site.words import kinds_in_words, words_of

LIMIT = 95_000
"""Bytes of a mail. Gmail cuts what is longer than 102 KB."""

_FRAME = 4_000
"""Bytes kept for head, headings and foot."""

_SANS = "-apple-system,'Segoe UI',Roboto,'PingFang SC','Microsoft YaHei',sans-serif"
_PAPER = Markup(
    '<tr><td style="padding:10px 0;border-bottom:1px solid #e6e6e1">'
    '<div style="font-size:16px;line-height:1.7;color:#1b1e23">{line}</div>{also}'
    '<div style="font-size:13px;line-height:1.5;color:#565d67;padding-top:2px">'
    "{title}{venue}</div>{because}</td></tr>\n"
)
_ALSO = Markup('<div lang="{}" style="font-size:14px;line-height:1.6;color:#1b1e23">{}</div>')
_LINKED = Markup('<a href="{}" style="color:#1d4e7a;text-decoration:none">{}</a>')
_HEADING = Markup(
    '<tr><td style="padding:22px 0 4px;font-size:18px;font-weight:bold;color:#1b1e23">{title} '
    '<span style="font-size:13px;font-weight:normal;color:#565d67">{counts}</span></td></tr>\n'
)
_NOTE = Markup('<tr><td style="padding:10px 0;font-size:14px;color:#565d67">{}</td></tr>\n')
_PAGE = Markup(
    '<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title></head>\n'
    '<body style="margin:0;padding:0;background:#ffffff">\n'
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>'
    '<td align="center" style="padding:16px">\n'
    '<table role="presentation" width="640" cellpadding="0" cellspacing="0" border="0" '
    'style="width:100%;max-width:640px;font-family:{font}">\n'
    '<tr><td style="font-size:24px;font-weight:bold;color:#1b1e23">{title}</td></tr>\n'
    '<tr><td style="font-size:13px;color:#565d67;padding:4px 0 6px">{ai}</td></tr>\n'
    "{rows}</table>\n</td></tr></table>\n</body></html>\n"
)


def render(
    day: Date,
    leaves: Sequence[SectionPage],
    site: SiteSettings,
    limit: int | None = None,
    *,
    mine_only: bool = False,
) -> str:
    """The mail of a day: papers of interest first, then each section's new ones, as many as fit.

    What does not fit is counted, and linked where the site has an address.

    Args:
        day: the announcement date.
        leaves: its sections.
        site: title, language and address of the pages.
        limit: papers at most.
        mine_only: leave all but those of interest to the count.
    """
    words = words_of(site.lang)
    room = LIMIT - _FRAME - 600 * len(leaves)
    rows, taken = list[Markup](), set[int]()
    mine = [(view, leaf) for leaf in leaves for view in parts_of(leaf.views).mine]
    mine.sort(key=lambda item: -item[0].interest.score)
    if mine:
        rows.append(_HEADING.format(title=words["mine"], counts=len(mine)))
        room = _fill(rows, [view for view, _ in mine], taken, room, words, limit)
    share = room // max(1, len(leaves))
    for leaf in leaves:
        parts = parts_of(leaf.views)
        views = [] if mine_only else [view for group in parts.groups for view in group.views]
        rows.append(_heading(leaf, site))
        left = _fill(rows, views, taken, share, words, limit)
        share += max(0, left) // max(1, len(leaves))  # what one section leaves, the others may have
        missing = sum(id(view) not in taken for view in leaf.views)
        if missing:
            rows.append(_NOTE.format(_missing(leaf, missing, site)))
    page = _PAGE.format(
        lang=words["html"],
        title=f"{site.title} · {day_in_words(day, site.lang)}",
        ai=f"{words['sample']} · {words['sample_note']}"
        if any(leaf.sample for leaf in leaves)
        else words["ai"],
        rows=Markup("").join(rows),
        font=_SANS,
    )
    return str(page)


def _fill(
    rows: list[Markup],
    views: Sequence[PaperView],
    taken: set[int],
    room: int,
    words: Mapping[str, Any],
    limit: int | None,
) -> int:
    """Add papers while there is room, in bytes, up to `limit` in all; returns what is left of the room."""
    for view in views:
        if len(taken) == limit:
            break
        row = _paper(view, words)
        size = len(row.encode("utf-8", "replace"))
        if size > room:
            continue  # a shorter one may still fit
        rows.append(row)
        taken.add(id(view))
        room -= size
    return room


def _paper(view: PaperView, words: Mapping[str, Any]) -> Markup:
    title, flag = escape(view.title[:300]), view.entry.flag
    line = view.line or (flag.reason if flag else "")
    if flag:
        line = f"〔{words['doubt'] if view.line else words['no_line']}〕{line}"
    linked = _LINKED.format(view.address, title) if view.address else title
    venue = f" · {view.venue.name}" if view.venue and not view.venue.submitted else ""
    because = Markup("")
    if view.interest.because:
        because = Markup('<div style="font-size:13px;color:#a83420">{}</div>').format(
            words["why"] + "；".join(view.interest.because[:5])
        )
    also = _ALSO.format(words_of(view.also_lang)["html"], view.also[:600]) if view.also else ""
    return _PAPER.format(line=line[:600], also=also, title=linked, venue=venue, because=because)


def _heading(leaf: SectionPage, site: SiteSettings) -> Markup:
    counts = kinds_in_words([view.kind for view in leaf.views], site.lang)
    return _HEADING.format(title=leaf.section.title, counts=counts)


def _missing(leaf: SectionPage, number: int, site: SiteSettings) -> Markup:
    said = words_of(site.lang)["rest"].format(number)
    return _LINKED.format(f"{site.url}/{quote(leaf.path)}", said) if site.url else escape(said)
