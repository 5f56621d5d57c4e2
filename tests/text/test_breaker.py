"""When arXiv refuses most PDFs, it is left alone."""

from __future__ import annotations

from digest.text.breaker import Breaker


def opened_after(refused: list[bool]) -> int | None:
    """After how many PDFs, each refused or not, no more are asked for."""
    breaker = Breaker()
    for number, is_refused in enumerate(refused, start=1):
        if not is_refused:
            breaker.came()
        elif breaker.refused("HTTP 403"):
            assert breaker.open
            return number
    return None


def test_it_opens_when_most_are_refused_whenever_that_begins() -> None:
    assert opened_after([True] * 44) == 8
    assert opened_after([False] * 100 + [True] * 44) == 108
    assert opened_after([True, True, True, True, False] * 9) == 9


def test_single_papers_do_not_open_it() -> None:
    assert opened_after([True, False, False, False] * 20) is None
    assert opened_after([True, False] * 40) is None
    assert opened_after([True] * 7) is None
