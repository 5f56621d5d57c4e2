"""Real papers and real damage, where the material is at hand."""

from __future__ import annotations

import asyncio
import re
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from digest.config import TextSettings
from digest.model import Text
from digest.text.errors import PdfError
from digest.text.extract import extract
from digest.text.pdf_pages import read_pages
from digest.text.reader import TextReader

pytestmark = pytest.mark.slow

TITLES = {
    "1206.5538v3": "Representation Learning: A Review and New Perspectives",
    "1311.2542v3": "Toward a unified theory of sparse dimensionality reduction in Euclidean space",
    "1409.0473v7": "Neural Machine Translation by Jointly Learning to Align and Translate",
    "1506.07503v1": "Attention-Based Models for Speech Recognition",
    "1508.04025v5": "Effective Approaches to Attention-based Neural Machine Translation",
    "1609.03499v2": "WaveNet: A Generative Model for Raw Audio",
    "1703.10135v2": "Tacotron: Towards End-to-End Speech Synthesis",
    "1704.04861v1": "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
    "1706.07269v3": "Explanation in Artificial Intelligence: Insights from the Social Sciences",
    "1711.10456v1": "Accelerated Gradient Descent Escapes Saddle Points Faster than Gradient Descent",
    "1712.05884v1": "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions",
    "1712.05884v2": "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions",
    "1807.07281v2": "ClariNet: Parallel Wave Generation in End-to-End Text-to-Speech",
    "1811.12560v2": "An Introduction to Deep Reinforcement Learning",
    "1906.10742v2": "Machine Learning Testing: Survey, Landscapes and Horizons",
    "2009.06122_repo-copy": "ICASSP 2021 Deep Noise Suppression Challenge",
    "2407.10671v4": "Qwen2 Technical Report",
    "2504.18425_repo-copy": "Kimi-Audio Technical Report",
}
WITHOUT_CONCLUSION = {"2009.06122_repo-copy", "2504.18425_repo-copy"}
TWO_COLUMNS = (
    "1206.5538v3",
    "1508.04025v5",
    "1704.04861v1",
    "1712.05884v2",
    "1906.10742v2",
    "2009.06122_repo-copy",
)
REFERENCE = re.compile(r"^\[\d+\]\s+[A-Z]|arXiv preprint|\bpp\. \d+|Proceedings of the", re.MULTILINE)

OUTCOMES = {
    "annotated_cjk_1712.05884v2": None,
    "cjk_chinese-tables": None,
    "cjk_kampo_vertical": "no running text in PDF",
    "corrupt_zen": None,
    "derived_encrypted_owneronly": None,
    "derived_encrypted_userpw": "PDF is encrypted",
    "derived_gzipped": "not a PDF",
    "derived_header_only": "PDF is damaged",
    "derived_html_instead": "not a PDF",
    "derived_prefix_junk_2KB": "not a PDF",
    "derived_random_bytes": "not a PDF",
    "derived_scanned_image_only_1712.05884": "hardly any text in PDF, it may be scanned",
    "derived_text_captcha": "not a PDF",
    "derived_truncated_10pct": "PDF is damaged",
    "derived_truncated_50pct": "PDF is damaged",
    "derived_truncated_90pct": None,
    "derived_zero_byte": "PDF is empty",
    "derived_zeroed_middle": None,
    "encrypted_r4-owner-password": "hardly any text in PDF, it may be scanned",
    "encrypted_r6-user-password": "PDF is encrypted",
    "has-bad-fonts": "hardly any text in PDF, it may be scanned",
    "scan_small_ocr": "hardly any text in PDF, it may be scanned",
    "two_column_issue_olmocr": None,
}


class Read(NamedTuple):
    good: dict[str, Text]
    bad: dict[str, Text]


@pytest.fixture(scope="module")
def texts(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Read:
    async def never(url: str, target: Path, limit_bytes: int) -> int:
        raise AssertionError(url)

    async def run() -> Read:
        async with TextReader(TextSettings(), tmp_path_factory.mktemp("pdf"), "", never) as reader:
            found = []
            for folder in ("pdf", "pdf_bad"):
                paths = sorted((shared / folder).glob("*.pdf"))
                read = await asyncio.gather(*(reader.read_file(path, "any-model") for path in paths))
                found.append(dict(zip((path.stem for path in paths), read, strict=True)))
            return Read(*found)

    return asyncio.run(run())


@pytest.mark.parametrize("name", TITLES)
def test_a_real_paper_gives_introduction_and_conclusion_within_the_budget(texts: Read, name: str) -> None:
    text = texts.good[name]
    passages = {passage.heading: passage for passage in text.passages}

    assert text.origin.reason is None
    assert text.origin.findings == ()
    assert text.origin.tokens <= 2000
    assert len(passages["Introduction"].content) > 1000
    assert ("Conclusion" in passages) is (name not in WITHOUT_CONCLUSION)
    assert not any(REFERENCE.search(passage.content) for passage in text.passages)
    assert not re.search(r"[ﬀ-ﬆ\x00-\x09\x0b-\x1f\ufffd]", " ".join(p.content for p in text.passages))
    assert "arXiv:" not in passages["Introduction"].content[:200]


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_bad_file_has_its_outcome(texts: Read, name: str) -> None:
    text = texts.bad[name]

    assert text.origin.reason == OUTCOMES[name]
    assert bool(text.passages) is (OUTCOMES[name] is None)
    # what came is no PDF of the paper, whatever arXiv has: it is asked for again
    assert text.transient is (OUTCOMES[name] in {"not a PDF", "PDF is damaged"})


def test_annotations_of_a_reader_are_reported_and_left_out(texts: Read) -> None:
    text = texts.bad["annotated_cjk_1712.05884v2"]

    assert {finding.rule for finding in text.origin.findings} == {"annotation"}
    assert not re.search("[\u4e00-\u9fff]", " ".join(passage.content for passage in text.passages))


@pytest.mark.parametrize("name", TITLES)
def test_a_paper_is_told_from_the_next_one_by_its_title(shared: Path, name: str) -> None:
    path = shared / "pdf" / f"{name}.pdf"
    names = [*TITLES, *TITLES]
    others = [TITLES[other] for other in names[names.index(name) + 2 :][:3]]

    assert extract(path, TITLES[name], "any-model", 300, 3).passages
    for other in others:
        with pytest.raises(PdfError, match="title not found"):
            extract(path, other, "any-model", 300, 3)


@pytest.mark.parametrize("name", TWO_COLUMNS)
def test_columns_are_read_one_after_the_other(shared: Path, name: str) -> None:
    pages = read_pages(shared / "pdf" / f"{name}.pdf", 6).pages

    for page in pages:
        long = [line.left > 300 for line in page.lines if len(line.content) > 35]
        back_to_the_left = sum(before and not after for before, after in pairwise(long))
        assert back_to_the_left <= 1, f"page {page.number}"
