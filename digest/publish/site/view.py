"""An entry as pages show it: everything worked out, nothing yet written as HTML."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from digest.model import AnnounceType, Digest, Entry, Finding, Language, Paper
from digest.publish.site.comments import Link, Venue, links_of, venue_of
from digest.publish.site.interests import Interest, InterestScorer
from digest.publish.site.tex import tex_to_text, visible

_TASK = re.compile(r"(?:属于|研究|聚焦|针对|面向|关注)(?P<task>[^，。；、：]{2,24}?)(?:这一|的)?任务")
"""The form in which a line names its task, where no field does: 该论文属于语音识别任务."""

FIRST_AUTHORS = 3

Earlier = Callable[[str, str], str]
"""Paper and day (YYYY-MM-DD) -> its title in the last digest before that day; empty if it was in none."""


@dataclass(frozen=True)
class PaperView:
    """One paper on a page.

    Attributes:
        anchor: unique on its page, fit for an address.
        number: place in arXiv's order, from 1.
        line: in the language of the pages where there is one, in the other one otherwise.
        lang: of `line`.
        also: the line in the other language, where the digest has both.
        was: the title of the version before, where it was another.
    """

    entry: Entry
    anchor: str
    number: int
    kind: AnnounceType
    title: str
    line: str
    lang: Language
    also: str
    task: str
    venue: Venue | None
    links: tuple[Link, ...]
    interest: Interest
    followed: frozenset[str]
    was: str = ""

    @property
    def paper(self) -> Paper:
        """The metadata of arXiv."""
        return self.entry.paper

    @property
    def address(self) -> str:
        """The paper's page at arXiv; empty for a published file that does not name it."""
        return f"https://arxiv.org/abs/{self.paper.versioned_id}" if self.paper.id else ""

    @property
    def also_lang(self) -> Language:
        """The language of `also`."""
        return "zh" if self.lang == "en" else "en"

    @property
    def first_authors(self) -> tuple[str, ...]:
        """The authors shown before the fold: the first, and those that the reader follows."""
        authors = self.paper.authors
        return authors[:FIRST_AUTHORS] + tuple(one for one in authors[FIRST_AUTHORS:] if one in self.followed)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of the checks that a reader may care for."""
        return tuple(one for one in self.entry.findings if one.severity >= 2)


def views_of(
    digest: Digest, judge: InterestScorer, *, english: bool, earlier: Earlier | None = None
) -> tuple[PaperView, ...]:
    """The entries of a digest in arXiv's order.

    Args:
        digest: a section on a day.
        judge: says how near a paper is to the reader's interests.
        english: whether an English line goes before the Chinese one.
        earlier: tells the titles that papers had before.
    """
    day, taken, views = digest.date.isoformat() if digest.date else "", set[str](), []
    for number, entry in enumerate(digest.entries, 1):
        anchor = re.sub(r"[^A-Za-z0-9._-]", "-", entry.paper.id) or f"n{number}"
        if anchor in taken:
            anchor = f"{anchor}-{number}"
        taken.add(anchor)
        views.append(_view(entry, anchor, number, digest, english))
    judged = judge([view.entry for view in views])
    return tuple(
        replace(view, interest=interest, followed=judge.followed(view.paper), was=_was(view, earlier, day))
        for view, interest in zip(views, judged, strict=True)
    )


def _view(entry: Entry, anchor: str, number: int, digest: Digest, english: bool) -> PaperView:
    entry = _harmless(entry)
    paper = entry.paper
    lines = _lines(entry, "en" if english else "zh")
    (lang, line), (_, also) = (*lines, ("zh", ""), ("zh", ""))[:2]
    return PaperView(
        entry=entry,
        anchor=anchor,
        number=number,
        kind=announce_type_of(entry, digest),
        title=tex_to_text(paper.title) or paper.versioned_id or "?",
        line=line,
        lang=lang,
        also=also,
        task=task_of(entry),
        venue=venue_of(paper.comments, paper.journal_ref),
        links=links_of(paper.comments, paper.abstract),
        interest=Interest(),
        followed=frozenset(),
    )


def _harmless(entry: Entry) -> Entry:
    """The entry without control and direction marks in flag, findings, names: they are shown as they are."""
    flag, summary, text = entry.flag, entry.summary, entry.text
    categories = tuple(visible(one) for one in entry.paper.categories)
    changed: dict[str, object] = {"paper": entry.paper.model_copy(update={"categories": categories})}
    if flag:
        changed["flag"] = flag.model_copy(update={"reason": visible(flag.reason)})
    if summary:
        names = {"model": visible(summary.model), "prompt": visible(summary.prompt)}
        changed["summary"] = summary.model_copy(update=names)
    if text:
        told = {
            "sections": tuple(visible(one) for one in text.sections),
            "reason": visible(text.reason or ""),
        }
        changed["text"] = text.model_copy(update=told)
    if entry.findings:
        changed["findings"] = tuple(
            one.model_copy(update={"evidence": visible(one.evidence)}) for one in entry.findings
        )
    return entry.model_copy(update=changed)


def _lines(entry: Entry, first: Language) -> list[tuple[Language, str]]:
    """The lines that there are, each with its language, the one in the language `first` before the other."""
    if entry.summary is None:
        return []
    said: dict[Language, str] = {**entry.summary.translations, entry.summary.lang: entry.summary.line}
    order = sorted(said.items(), key=lambda one: one[0] != first)
    return [(lang, bare) for lang, line in order if (bare := tex_to_text(line))]


def announce_type_of(entry: Entry, digest: Digest) -> AnnounceType:
    """The kind of the paper's announcement.

    Published Markdown calls cross-listed papers new; of those, the primary category tells.
    """
    kind, categories = entry.listing.kind, entry.paper.categories
    if digest.source == "import" and kind == "new" and categories:
        return "new" if categories[0] in digest.section.categories else "cross"
    return kind


def task_of(entry: Entry) -> str:
    """The task that the summary names in a field or in its line; empty where it names none."""
    if entry.summary is None:
        return ""
    if entry.summary.task:
        return tex_to_text(entry.summary.task)
    found = _TASK.search(entry.summary.line)
    return tex_to_text(found["task"]) if found else ""


def _was(view: PaperView, earlier: Earlier | None, day: str) -> str:
    if earlier is None or view.kind != "replaced" or not view.paper.id:
        return ""
    before = earlier(view.paper.id, day)
    return before if before != view.title else ""
