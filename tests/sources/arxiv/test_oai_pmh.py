from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.sources.arxiv.oai_pmh import parse_oai, set_of
from digest.system.errors import SourceError


@pytest.mark.parametrize(
    ("category", "name"),
    [
        ("cs.SD", "cs:cs:SD"),
        ("eess.AS", "eess:eess:AS"),
        ("quant-ph", "physics:quant-ph"),
        ("hep-th", "physics:hep-th"),
        ("physics.plasm-ph", "physics:physics:plasm-ph"),
        ("cond-mat.soft", "physics:cond-mat:soft"),
        ("nlin.CD", "physics:nlin:CD"),
    ],
)
def test_sets(category: str, name: str) -> None:
    assert set_of(category) == name


def test_a_record_with_its_history(shared: Path) -> None:
    text = (shared / "arxiv" / "oai" / "getrecord_arXivRaw_2505.08175.xml").read_text(encoding="utf-8")
    (paper,) = parse_oai(text).papers
    assert paper.versioned_id == "2505.08175v2"
    assert paper.published == datetime(2025, 5, 12, 18, 30, tzinfo=UTC)
    assert paper.updated == datetime(2025, 5, 13, 18, 30, tzinfo=UTC)
    assert paper.categories == ("cs.SD", "cs.AI", "cs.LG", "cs.MM", "eess.AS")
    assert len(paper.authors) == 11


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("listrecords_arXivRaw_cs.SD_2025-05-14", 8),
        ("listrecords_arXivRaw_eess.AS_2025-05-16", 16),
        ("norecordsmatch", 0),
    ],
)
def test_recorded_answers(shared: Path, name: str, count: int) -> None:
    read = parse_oai((shared / "arxiv" / "oai" / f"{name}.xml").read_text(encoding="utf-8"))
    assert len(read.papers) == count
    assert read.token is None


def test_records_of_another_format_are_refused_and_never_skipped(shared: Path) -> None:
    with pytest.raises(SourceError, match="incomplete record"):
        parse_oai((shared / "arxiv" / "oai" / "resume_page1.xml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["badargument_set", "getrecord_iddoesnotexist"])
def test_errors_are_errors(shared: Path, name: str) -> None:
    with pytest.raises(SourceError, match="answers with an error"):
        parse_oai((shared / "arxiv" / "oai" / f"{name}.xml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", ["", "Rate exceeded.", "<feed/>"])
def test_what_is_no_oai_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="no OAI-PMH"):
        parse_oai(text)
