"""Published days, as a run leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from digest.config import Settings, load
from digest.model import AnnounceType, Entry, Flag, Section, Summary
from digest.publish.files import write_digest
from tests.publish.samples import digest_of, entry

DAY = date(2026, 1, 28)
NOW = datetime(2026, 1, 28, 1, 0, tzinfo=UTC)

SECTIONS = {"audio": "音频", "text": "自然语言处理", "video": "计算机视觉"}


def paper(number: int, line: str = "", kind: AnnounceType = "new", **values: object) -> Entry:
    """A paper with a line of its own; `values` as for `entry`."""
    values = {"title": f"Paper {number}", **values}
    return entry(
        kind, id=f"2601.{number:05d}", version=1, summary=Summary(line=line or _line(number)), **values
    )


def flagged(number: int) -> Entry:
    """A paper whose line failed its checks."""
    return paper(number, flag=Flag(code="checks", reason="行文可疑"))


def publish(
    folder: Path, papers: Sequence[Entry], section: str = "audio", day: date = DAY, **values: object
) -> None:
    """Write a day's digest below `folder`; `values` replace fields of it."""
    digest = digest_of(*papers, day=day)
    named = Section(key=section, title=SECTIONS[section], categories=("cs.SD",))
    write_digest(digest.model_copy(update={"section": named, "source": "listing", **values}), folder)


def loaded(folder: Path, text: str) -> Settings:
    """Settings whose digests are in `folder`, with a table [deliver] and what it holds."""
    file = folder / "digest.toml"
    file.write_text(f'[site]\nurl = "https://lab.example/arxiv"\n{text}', encoding="utf-8")
    return load({"run": {"out": folder / "runs"}}, {}, file)


def _line(number: int) -> str:
    return f"该论文属于语音识别任务，旨在解决第 {number} 个问题，提出一种新的方法。"
