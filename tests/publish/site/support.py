"""Digests on disk, and sites made of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from digest.config import Settings, load
from digest.model import AnnounceType, Digest, Entry, Finding, Flag, Section, Summary, TextOrigin
from digest.publish.counts import counts_of
from digest.publish.files import write_digest
from digest.publish.site.build import Built, build_site
from tests.publish.samples import AUDIO, entry

HOSTILE_TITLE = (
    '<script>alert(1)</script> ]]> "><img src=x onerror=alert(2)> '
    "\u202eevil\u202c $\\text{<b>}$ <Transformer>"
)
TEXT = Section(key="text", title="自然语言处理", categories=("cs.CL",))


def paper(number: int, kind: AnnounceType = "new", task: str = "语音识别", **values: Any) -> Entry:
    """An entry with a task, the `number`-th of its month."""
    summary = Summary(
        kind="method",
        task=task,
        line=f"该论文属于{task}任务，提出第{number}种方法。",
        prompt="fields@abc",
        model="m-1",
    )
    given = {"id": f"2601.{number:05d}", "title": f"Paper {number}", "summary": summary, **values}
    return entry(kind, **given)


def hostile() -> Entry:
    """Everything that a paper and a model can try at once."""
    line = "<b>该论文</b>属于<script>alert(3)</script>任务 ]]> \u202e"
    return entry(
        id="2601.09999",
        title=HOSTILE_TITLE,
        abstract="A <iframe src=javascript:alert(4)> & $x<y$ </details></article>" + "long words " * 1900,
        comments='javascript:alert(5) see http://evil.example/"onload=alert(6) and https://github.com/a/b.',
        authors=("<i>A</i> B", *(f"Author {n} Name" for n in range(2999))),
        summary=Summary(line=line, task="<u>任务</u>", prompt="p@1", model="<m>"),
        flag=Flag(code="checks", reason="<q>数字不符</q>"),
        findings=(Finding(rule="numbers", severity=3, evidence="<3>"),),
        text=TextOrigin(source="abstract", reason="no <PDF>"),
    )


def digest_on(day: date, *entries: Entry, section: Section = AUDIO, source: str = "listing") -> Digest:
    """A digest of a section."""
    counts = counts_of(entries, len(entries))
    return Digest(section=section, date=day, entries=entries, counts=counts, source=source)


def put(folder: Path, *digests: Digest) -> None:
    """Write digests as `digest run` does."""
    for one in digests:
        write_digest(one, folder)


def settings(folder: Path, **tables: Any) -> Settings:
    """Settings whose digests are in `folder`."""
    return load({"run": {"out": folder}, **tables})


def built(folder: Path, **tables: Any) -> Built:
    """The site of the digests in `folder`, in its folder `site`."""
    return build_site(settings(folder, **tables))
