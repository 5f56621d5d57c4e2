"""A digest as Markdown for readers: `<section>.reader.md`, escaped, dated, with folds, as GitHub shows it.

The other form (`markdown.py`) is the published one, byte for byte; this one is for looking at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import escape

from digest.config import InterestSettings
from digest.model import Digest
from digest.publish.keeping import of_sample
from digest.publish.site.interests import InterestScorer
from digest.publish.site.tex import tex_to_text
from digest.publish.site.view import PaperView, views_of
from digest.publish.site.words import words_of

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$&!@])")
_NUMBERED = re.compile(r"^(\d+)([.)])|^([-+=])")


def render_reader(digest: Digest) -> str:
    """The digest with the counts as an equation, links to arXiv's pages, and abstracts in folds.

    Everything from papers and models is escaped: no tag, link, picture or mention can come of it.
    """
    section, counts = digest.section, digest.counts
    views = views_of(digest, InterestScorer(InterestSettings()), english=False)
    kinds = {kind: [view for view in views if view.kind == kind] for kind in ("new", "cross", "replaced")}
    zh = words_of("zh")
    equation = (
        f"{zh['announced']} {counts.announced} = {zh['listed']} {counts.listed} = "
        f"{zh['summarised']} {counts.summarised} + {zh['marked']} {counts.flagged}"
    )
    head = [
        f"# {_escaped(section.title)} {digest.date or ''}".rstrip(),
        " · ".join(
            [_escaped(", ".join(section.categories)), *(f"{zh[k]} {len(v)}" for k, v in kinds.items())]
        ),
        equation,
        f"_{_escaped(zh['imported'] if digest.source == 'import' else zh['ai'])}_",
        *([f"> {zh['sample']} · {zh['sample_note']}"] if of_sample(digest) else []),
        *(f"> {_escaped(note)}" for note in digest.notes),
    ]
    parts = [f"## {zh[kind]} {len(own)}\n\n{_entries(own)}" for kind, own in kinds.items() if own]
    return "\n\n".join([*head, *parts]).rstrip() + "\n"


def _entries(views: Sequence[PaperView]) -> str:
    return "\n\n".join(_entry(number, view) for number, view in enumerate(views, 1))


def _entry(number: int, view: PaperView) -> str:
    paper, zh = view.paper, words_of("zh")
    title = _escaped(view.title)
    version = f" · v{paper.version}" if view.kind == "replaced" and paper.version else ""
    lines = [f"### {number}. [{title}]({view.address})" if view.address else f"### {number}. {title}"]
    lines += [_escaped(line) for line in (view.line, view.also) if line]
    if view.entry.flag:
        label = zh["doubt"] if view.entry.summary else zh["no_line"]
        lines.append(f"**{label}**：{_escaped(view.entry.flag.reason)}")
    about = [_escaped(one) for one in (view.task, *paper.categories) if one]
    pdf = f" · [PDF](https://arxiv.org/pdf/{paper.versioned_id})" if paper.id else ""
    lines.append(" · ".join(about) + version + pdf)
    lines.append(_fold(view))
    return "\n\n".join(lines)


def _fold(view: PaperView) -> str:
    """Abstract and authors in HTML: in a fold, GitHub reads Markdown only after an empty line."""
    paper, zh = view.paper, words_of("zh")
    body = [f"<b>{zh['authors']}</b> {_inert('; '.join(tex_to_text(author) for author in paper.authors))}"]
    if paper.comments and tex_to_text(paper.comments):
        body.append(f"<b>{zh['comments']}</b> {_inert(tex_to_text(paper.comments))}")
    body.append(_inert(tex_to_text(paper.abstract)))
    inside = "".join(f"<p>{one}</p>" for one in body)
    return f"<details><summary>{zh['abstract']}</summary>{inside}</details>"


def _inert(text: str) -> str:
    """Text inside an element: characters that Markdown or GitHub would still read become entities."""
    return re.sub(
        r"[$@#`*_~\[\]\\]", lambda found: f"&#{ord(found[0])};", str(escape(text)).replace("&#", "\0")
    ).replace("\0", "&#")


def _escaped(text: str) -> str:
    """Text in one line, with what Markdown would read as its own made harmless."""
    one = _SPECIAL.sub(r"\\\1", tex_to_text(text)).replace(
        r"\@", "&#64;"
    )  # a backslash does not stop a mention
    return _NUMBERED.sub(lambda found: f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}", one)
