from __future__ import annotations

from digest.cli.prompts import load
from digest.model import Paper
from digest.summarize.prompt_text import MOST, cuts, within


def test_no_paper_fills_the_prompt() -> None:
    long = Paper(
        id="2601.00001",
        version=1,
        title="Herons " * 10_000,
        abstract="word " * 200_000,
        comments="x" * 1_000_000,
        authors=tuple(f"A. Heron {i}" for i in range(3000)),
    )

    for name in ("fields", "line"):
        asked = sum(len(message.content) for message in load(name).render(long))
        assert asked < 30_000
    assert len(cuts(long)) == 3
    assert "only the first 8,000 of 1,000,000 characters of the abstract are in the prompt" in cuts(long)


def test_an_abstract_of_20_000_characters_is_cut_between_words() -> None:
    cut = within("abstract", "heron " * 3_400)

    assert cut.endswith("heron […]")
    assert len(cut) <= MOST["abstract"] + 4


def test_what_arxiv_takes_is_left_as_it_is() -> None:
    longest = "a" * 6_200

    assert within("abstract", longest) == longest
    assert cuts(Paper(id="2601.00001", version=1, title="T", abstract=longest)) == ()


def test_text_without_spaces_is_cut_at_its_length_not_at_its_first_word() -> None:
    assert len(within("abstract", "我们 " + "研" * 20_000)) > 7_900
