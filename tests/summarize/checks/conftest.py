"""Published lines of 2026 beside their papers."""

from __future__ import annotations

from pathlib import Path

import pytest

from digest.publish.markdown_parser import parse
from digest.summarize.checks import source_of
from tests.summarize.checks.planted import Case


def _cases(path: Path) -> list[Case]:
    digest = parse(path.read_text(encoding="utf-8"), str(path))
    sources = [source_of(entry.paper) for entry in digest.entries]
    lines = [entry.summary.line if entry.summary else "" for entry in digest.entries]
    day = tuple(zip(lines, sources, strict=True))
    ids = [entry.paper.id for entry in digest.entries]
    return [Case(id_, line, source, day) for id_, (line, source) in zip(ids, day, strict=True) if line]


@pytest.fixture(scope="session")
def seed(shared: Path) -> list[Case]:
    """The lines of the digest that the project was asked to reproduce."""
    return _cases(shared / "seed" / "audio-20260128.md")


@pytest.fixture(scope="session")
def published(shared: Path, seed: list[Case]) -> list[Case]:
    """All published lines of 2026 that are at hand."""
    return [*seed, *(case for path in sorted((shared / "days").glob("2026*.md")) for case in _cases(path))]
