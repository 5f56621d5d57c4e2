"""Invented digests, and strategies for hostile ones."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import strategies as st

from digest.model import (
    KINDS,
    AnnounceType,
    Counts,
    Digest,
    Entry,
    Finding,
    Flag,
    Listing,
    Paper,
    Section,
    Summary,
    TextOrigin,
)
from digest.publish.counts import counts_of

AUDIO = Section(key="audio", title="音频", categories=("cs.SD", "eess.AS"))

PAGE = """\
# 音频 cs.SD;  eess.AS

- **最新发布 2 篇**

- **更新 1 篇**

## 最新发布

#### [new 001] A Kettle That Listens
- **分类: cs.SD; cs.AI**

- **简介: 该论文属于声音事件检测任务，旨在解决水壶误报问题。**

- **链接: [https://arxiv.org/pdf/2601.00001v1](https://arxiv.org/pdf/2601.00001v1)**

> **作者:** Ada Byron; Émilie du Châtelet
>
> **备注:** 4 pages, $x < y$ | **bold**
>
> **摘要:** We listen to kettles.
>
---
#### [new 002] Tuning Forks, Revisited
- **分类: eess.AS; 68T05, 91A80; I.2.7**

- **简介: 该论文属于调音任务。**

- **链接: [https://arxiv.org/pdf/2601.00002v1](https://arxiv.org/pdf/2601.00002v1)**

> **作者:** Hermann Helmholtz
>
> **摘要:** Forks hum.
>
---
## 更新

#### [replaced 001] On Bells
- **分类: cs.SD**

- **简介: 该论文属于钟声合成任务。**

- **链接: [https://arxiv.org/pdf/2511.00003v4](https://arxiv.org/pdf/2511.00003v4)**

> **作者:** Marin Mersenne
>
> **摘要:** Bells ring.
>
---
"""
"""A whole digest of our form, small enough to break in every place."""


def entry(kind: AnnounceType = "new", **values: object) -> Entry:
    """An entry with a line; `values` replace fields of the entry or of its paper."""
    paper = Paper(
        id="2601.00009",
        version=2,
        title="A Title",
        authors=("A. Author", "B. Author"),
        abstract="An abstract.",
        categories=("cs.SD", "cs.LG"),
    )
    inner = {key: value for key, value in values.items() if key in Paper.model_fields}
    outer = {key: value for key, value in values.items() if key not in Paper.model_fields}
    paper = Paper.model_validate({**paper.model_dump(), **inner})
    listing = Listing(id=paper.id, version=paper.version, kind=kind, category="cs.SD", position=1)
    plain = Entry(listing=listing, paper=paper, summary=Summary(line="该论文属于某任务。"))
    return plain.model_copy(update=outer)


def digest_of(*entries: Entry, day: date | None = date(2026, 1, 28)) -> Digest:
    """A digest of the audio section that holds `entries`."""
    return Digest(section=AUDIO, date=day, entries=entries, counts=counts_of(entries, len(entries)))


def full_digest() -> Digest:
    """A digest in which no field has its default."""
    finding = Finding(rule="echo", severity=2, evidence="“quoted”")
    rich = entry(
        "cross",
        comments="8 pages",
        published=datetime(2026, 1, 26, 17, 0, tzinfo=UTC),
        updated=datetime(2026, 1, 27, 17, 0, tzinfo=UTC),
        doi="10.1000/1",
        journal_ref="J. Kettles 1",
        summary=Summary(
            kind="method",
            task="水壶检测",
            problem="误报",
            contribution="提出新法",
            line="该论文属于水壶检测任务。",
            prompt="fields@abc",
            model="m",
            completion="key",
            attempts=2,
        ),
        flag=Flag(code="checks", reason="待核"),
        findings=(finding,),
        text=TextOrigin(
            source="pdf", sections=("Introduction (1-2)",), tokens=9, pages=4, findings=(finding,)
        ),
    )
    digest = digest_of(rich, entry("replaced", version=None))
    return digest.model_copy(
        update={
            "source": "catchup",
            "declared": {"cs.SD": {"new": 1, "cross": 0, "replaced": 1}},
            "notes": ("The feed was stale.",),
            "counts": Counts(announced=3, listed=2, summarised=1, flagged=1),
        }
    )


_STRUCTURE = [
    "\n---\n",
    "\n>\n---\n#### [new 002] x",
    "---",
    ">",
    "#### [new 001] ",
    "## 更新",
    "\n## 更新\n\n",
    "# 音频 cs.SD",
    "- **分类: ",
    "\n- **简介: ",
    "- **链接: []()**",
    "\n>\n> **备注:** ",
    "\n> **摘要:** ",
    "**",
    "**\n",
    "; ",
    "\r\n",
    "\x00\x0c\x1b",
    "\u2028\u00a0\u3000",
    "\ud800",
    "|$<b>&*_`\\",
    "〔待核〕",
    "〔未生成：",
    "〕",
    " ",
]
hostile = st.lists(st.sampled_from(_STRUCTURE) | st.text(max_size=8), max_size=5).map("".join)
"""Text that looks like structure, with everything that must not reach a line of Markdown."""

_ids = st.sampled_from(["2601.19781", "0704.0001", "hep-th/9901001", "math.GT/0309136", ""])
_papers = st.builds(
    Paper,
    id=_ids,
    version=st.none() | st.integers(1, 9999),
    title=hostile,
    authors=st.lists(hostile, max_size=3).map(tuple),
    abstract=hostile,
    comments=st.none() | hostile,
    categories=st.lists(st.sampled_from(["cs.SD", "quant-ph", "91A80, 91B62"]), max_size=3).map(tuple),
)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """An entry whose paper and line are hostile."""
    paper = draw(_papers)
    listing = Listing(
        id=paper.id, version=paper.version, kind=draw(st.sampled_from(KINDS)), category="cs.SD", position=1
    )
    summary = draw(st.none() | st.builds(Summary, line=hostile))
    flag = draw(st.none() | st.builds(Flag, code=st.just("checks"), reason=hostile))
    return Entry(listing=listing, paper=paper, summary=summary, flag=flag)


digests = st.lists(entries(), max_size=4).map(lambda chosen: digest_of(*chosen))
