from __future__ import annotations

import operator
import random
from itertools import product
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.evaluate.comparison.statistics import (
    detectable,
    holm,
    interval,
    kappa,
    paired,
    papers_for,
    papers_for_none,
    sign_flip,
    sign_test,
    sparse_interval,
    wilson,
)


def differences(n: int, shift: float, seed: int = 1) -> list[float]:
    generator = random.Random(seed)
    return [generator.gauss(shift, 17) if generator.random() < 0.9 else 0.0 for _ in range(n)]


def test_the_interval_is_that_of_a_plain_bootstrap() -> None:
    data, generator = differences(44, 5), random.Random(3)
    means = sorted(fmean(generator.choices(data, k=44)) for _ in range(4000))
    assert interval(data) == pytest.approx((means[100], means[3900]), abs=0.6)
    assert interval([2.0, 2.0]) == (2.0, 2.0)
    assert interval([2.0]) == (2.0, 2.0)


def test_few_papers_are_flipped_exactly() -> None:
    data = differences(11, 8)
    observed = abs(sum(data)) - 1e-9
    flipped = [abs(sum(map(operator.mul, data, signs))) for signs in product((-1, 1), repeat=11)]
    assert sign_flip(data) == pytest.approx(sum(value >= observed for value in flipped) / 2**11, abs=1e-9)
    assert sign_flip([3.0]) == sign_flip([0.0, 3.0]) == sign_flip([0.0]) == 1


@pytest.mark.slow  # 600 comparisons
def test_equal_systems_are_told_apart_in_3_to_7_of_100_cases() -> None:
    wrong = sum(sign_flip(differences(44, 0, seed), flips=499, seed=seed) < 0.05 for seed in range(600))
    assert 0.03 <= wrong / 600 <= 0.07


def test_a_real_difference_is_found() -> None:
    result = paired([50.0] * 44, [50.0 + d for d in differences(44, 12)])
    assert result.p < 0.01
    assert 0 < result.low < result.difference < result.high
    assert result.wins + result.ties + result.losses == result.n == 44
    assert result.losses < result.wins


def test_no_difference_at_all_excludes_only_what_so_few_papers_can() -> None:
    result = paired([100.0] * 44, [100.0] * 44)
    assert (result.p, result.sd) == (1.0, 0.0)
    assert (result.low, result.high) == pytest.approx((-8.03, 8.03), abs=0.01)  # 0 of 44, Wilson
    assert paired([5.0] * 3, [5.0] * 3, bound=None).high == 0


def test_wilson_and_sign_test_by_hand() -> None:
    assert wilson(29, 44) == pytest.approx((0.511, 0.781), abs=0.001)
    assert wilson(0, 44) == pytest.approx((0, 0.0803), abs=0.0001)
    assert sign_test(5, 0) == 2 / 2**5
    assert sign_test(29, 15) < 0.05 < sign_test(28, 16)
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_only_raises_and_keeps_the_order(ps: list[float]) -> None:
    adjusted = holm(ps)
    assert all(p <= q <= 1 for p, q in zip(ps, adjusted, strict=True))
    ranked = [adjusted[index] for index in sorted(range(len(ps)), key=ps.__getitem__)]
    assert ranked == sorted(ranked)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_planning_agrees_with_the_measured_noise() -> None:
    assert detectable(17.1, 44) == pytest.approx(7.2, abs=0.05)
    assert detectable(24.3, 500) == pytest.approx(3.0, abs=0.06)
    assert papers_for(17.1, 8) == 36
    assert papers_for_none(2, 100) == 189
    assert 100 * wilson(0, 189)[1] <= 2


def test_kappa() -> None:
    assert kappa([]) is None
    assert kappa([("a", "a")]) is None  # nothing varies
    assert kappa([("a", "a"), ("b", "b"), ("a", "a"), ("b", "b")]) == 1
    assert kappa([("a", "b"), ("b", "a"), ("a", "b"), ("b", "a")]) == -1


@pytest.mark.parametrize(("n", "wins", "losses"), [(44, 0.02, 0.04), (44, 0.01, 0.03), (11, 0.05, 0.10)])
def test_few_differences_do_not_narrow_the_interval(n: int, wins: float, losses: float) -> None:
    """Non-inferiority, where the truth lies at the margin: nominally claimed in 2.5 % of the cases."""
    chance, claimed, rounds = random.Random(n), 0, 300
    for _ in range(rounds):
        draws = [chance.random() for _ in range(n)]
        differences = [100 if d < wins else -100 if d < wins + losses else 0 for d in draws]
        claimed += sparse_interval(differences, 100)[0] > 100 * (wins - losses)
    assert claimed / rounds <= 0.03


def test_small_losses_leave_room_for_large_ones() -> None:
    quiet = paired([50.0] * 44, [50.0] * 44)
    assert paired([50.0] * 44, [49.9] + [50.0] * 43).low <= quiet.low


def test_a_single_paper_proves_nothing() -> None:
    result = paired([0.0], [100.0])
    assert result.low < 0 < result.high
