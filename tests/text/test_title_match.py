from __future__ import annotations

import pytest

from digest.text.title_match import occurs

TOP = "Counting Herons with Patient Microphones A. Egret, B. Stork Abstract We count herons."


@pytest.mark.parametrize(
    ("title", "page"),
    [
        ("Counting Herons with Patient Microphones", TOP),
        ("Counting herons with\n  patient microphones", TOP.upper()),
        ("Counting Herons with Patient Microphones", "COUNTING H ERONS WITH P ATIENT M ICROPHONES A. Egret"),
        (r"$\alpha$-Counting Herons with \emph{Patient} Microphones", "α-" + TOP),
        ("Schrödinger's Heron", "Schro¨dinger’s Heron B. Stork"),
        ("Efficient flight", "Eﬃcient ﬂight"),
        ("Counting Herons, Revisited, with Patient Microphones", TOP),
        ("苍鹭计数", "苍鹭计数 作者 摘要"),
        ("$E=mc^2$", "Energy and mass"),
    ],
)
def test_a_title_is_found_however_it_is_set(title: str, page: str) -> None:
    assert occurs(title, [page])


def test_a_title_may_stand_behind_a_cover() -> None:
    assert occurs("Counting Herons with Patient Microphones", ["Archive of Marshes. Deposited 2026.", TOP])


@pytest.mark.parametrize(
    ("title", "page"),
    [
        ("Listening for Bitterns at Dawn", TOP),
        ("Counting Storks with Patient Cameras", TOP),
        ("Patient Microphones", "x" * 1200 + " patient listeners with microphones"),
        ("Counting Herons", ""),
    ],
)
def test_another_paper_is_told_apart(title: str, page: str) -> None:
    assert not occurs(title, [page])
