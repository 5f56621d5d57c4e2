from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from digest.model import KINDS, AnnounceType, Listing, Paper
from digest.sources.arxiv.category_day import CategoryDay, merge, repeats

ENTRIES = st.lists(
    st.tuples(st.integers(1, 9), st.sampled_from(KINDS)), max_size=12, unique_by=lambda one: one[0]
)


def of_day(
    category: str, entries: Sequence[tuple[int, AnnounceType]], day: date = date(2026, 1, 28)
) -> CategoryDay:
    ordered = sorted(entries, key=lambda one: KINDS.index(one[1]))
    listings = tuple(
        Listing(id=f"2601.{number:05}", kind=kind, category=category, position=place)
        for place, (number, kind) in enumerate(ordered, start=1)
    )
    papers = tuple(Paper(id=one.id, title=f"{category} {one.id}", abstract="") for one in listings)
    return CategoryDay(category=category, date=day, declared={}, listings=listings, papers=papers)


def test_new_before_cross_before_replaced_and_earlier_category_between_equals() -> None:
    first = of_day("cs.SD", [(1, "cross"), (2, "replaced"), (3, "new")])
    second = of_day("eess.AS", [(1, "new"), (2, "cross"), (3, "new"), (4, "replaced")])
    listings, papers = merge([first, second])
    assert [(one.id[-1], one.kind, one.category) for one in listings] == [
        ("3", "new", "cs.SD"),
        ("1", "new", "eess.AS"),
        ("2", "cross", "eess.AS"),
        ("4", "replaced", "eess.AS"),
    ]
    assert [one.title.split()[0] for one in papers] == ["cs.SD", "eess.AS", "eess.AS", "eess.AS"]


@given(ENTRIES, ENTRIES)
def test_every_paper_once_with_its_best_kind(
    first: list[tuple[int, AnnounceType]], second: list[tuple[int, AnnounceType]]
) -> None:
    listings, papers = merge([of_day("cs.SD", first), of_day("eess.AS", second)])
    best: dict[str, int] = {}
    for number, kind in (*first, *second):
        name = f"2601.{number:05}"
        best[name] = min(best.get(name, 9), KINDS.index(kind))
    assert {one.id: KINDS.index(one.kind) for one in listings} == best
    assert [one.id for one in papers] == [one.id for one in listings]
    assert [KINDS.index(one.kind) for one in listings] == sorted(best.values())


def test_the_same_papers_under_a_new_date_are_a_repetition() -> None:
    old = of_day("cs.SD", [(1, "new"), (2, "replaced")], date(2026, 1, 27))
    assert repeats(of_day("cs.SD", [(1, "new"), (2, "replaced")]), old)
    assert not repeats(of_day("cs.SD", [(1, "new"), (3, "replaced")]), old)
    assert not repeats(of_day("cs.SD", []), of_day("cs.SD", []))
    replaced_twice = of_day("cs.SD", [(2, "replaced")])
    assert not repeats(replaced_twice, replaced_twice)
