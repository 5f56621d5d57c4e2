from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from digest.config import TextSettings
from digest.model import Text
from digest.text.reader import TextReader
from tests.text.mutate import mutants
from tests.text.typeset import paper


@pytest.mark.parametrize("number", [12, pytest.param(60, marks=pytest.mark.slow)])
def test_damaged_files_have_an_outcome_and_the_workers_say_nothing(
    number: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A share of what `tests/benchmarks/mutants_text.py` does with real papers."""
    sources = [paper(tmp_path / f"{pages}.pdf", pages=pages).read_bytes() for pages in (3, 5)]
    paths = []
    for i, content in enumerate(mutants(sources, number, seed=7)):
        paths.append(tmp_path / f"mutant{i}.pdf")
        paths[-1].write_bytes(content)

    async def run() -> list[Text]:
        async with TextReader(TextSettings(deadline=60), tmp_path, "", _never) as reader:
            return await asyncio.gather(*(reader.read_file(path, "any-model") for path in paths))

    texts = asyncio.run(run())

    assert all(bool(text.passages) != bool(text.origin.reason) for text in texts)
    assert {text.origin.source for text in texts} == {"pdf", "abstract"}
    assert not any("longer" in (text.origin.reason or "") for text in texts)
    assert capfd.readouterr() == ("", "")


async def _never(url: str, target: Path, limit_bytes: int) -> int:
    raise AssertionError(url)
