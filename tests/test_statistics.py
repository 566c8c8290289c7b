"""Intervals against published figures, their own definitions, and how often they are right."""

from itertools import product
from math import comb, sqrt

import numpy as np
import pytest

from dqn_lib.statistics import Z, bootstrap_interval, median, wilson_interval


@pytest.mark.parametrize(
    ("successes", "tries", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17, 1998, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(successes, tries, low, high):
    np.testing.assert_allclose(wilson_interval(successes, tries), (low, high), atol=5e-5)


@pytest.mark.parametrize(("successes", "tries"), [(0, 4), (1, 7), (9, 10), (300, 4_000), (12, 12)])
def test_its_ends_are_the_proportions_just_not_rejected(successes, tries):
    # |s / n - p| = Z sqrt(p (1 - p) / n), squared and solved for p
    share = successes / tries
    ends = np.roots([1 + Z**2 / tries, -(2 * share + Z**2 / tries), share**2])
    np.testing.assert_allclose(wilson_interval(successes, tries), np.sort(ends), atol=1e-12)


@pytest.mark.parametrize("small", [np.int8, np.int16, np.uint8])
def test_the_type_of_integer_does_not_matter(small):
    assert wilson_interval(small(100), small(120)) == wilson_interval(100, 120)


def coverage(interval, share, tries):
    """The probability that the interval of a binomial sample contains the true share."""
    return sum(
        comb(tries, s) * share**s * (1 - share) ** (tries - s)
        for s in range(tries + 1)
        if interval(s, tries)[0] <= share <= interval(s, tries)[1]
    )


def textbook(successes, tries):
    share = successes / tries
    half = Z * sqrt(share * (1 - share) / tries)
    return share - half, share + half


def test_it_covers_the_true_proportion_95_times_in_100():
    shares = np.linspace(0.02, 0.98, 49)
    found = [coverage(wilson_interval, share, 20) for share in shares]
    assert 0.94 < np.mean(found) < 0.97
    assert min(found) > 0.83
    assert coverage(textbook, 0.02, 20) < 0.4
    assert coverage(wilson_interval, 0.02, 20) > 0.9


def test_the_interval_of_failures_mirrors_that_of_successes():
    for successes in range(18):
        low, high = wilson_interval(successes, 17)
        np.testing.assert_allclose(wilson_interval(17 - successes, 17), (1 - high, 1 - low), atol=1e-15)


def test_four_times_the_tries_halve_the_width():
    narrow, wide = (np.diff(wilson_interval(tries // 4, tries))[0] for tries in (4_000, 1_000))
    assert narrow == pytest.approx(wide / 2, rel=0.01)


def test_it_stays_inside_0_and_1_and_is_never_a_point():
    for tries in range(1, 60):
        for successes in range(tries + 1):
            low, high = wilson_interval(successes, tries)
            assert 0 <= low < high <= 1


def test_the_proportion_is_always_inside():
    for tries in (*range(1, 200), 1_000, 2_000, 4_000):
        for successes in (0, 1, tries // 2, tries):
            low, high = wilson_interval(successes, tries)
            assert low <= successes / tries <= high, (successes, tries)


@pytest.mark.parametrize(
    ("successes", "tries", "message"),
    [
        (0, 0, "tries must be at least 1, got 0"),
        (1, -3, "tries must be at least 1, got -3"),
        (1, 2.0, "tries must be an integer, got 2.0"),
        (-1, 5, r"successes must lie in \[0, 5\], got -1"),
        (6, 5, r"successes must lie in \[0, 5\], got 6"),
        (0.5, 5, "successes must be an integer, got 0.5"),
        (True, 5, "successes must be an integer, got True"),
    ],
)
def test_invalid_counts_are_refused_by_name(successes, tries, message):
    with pytest.raises((TypeError, ValueError), match=message):
        wilson_interval(successes, tries)


@pytest.mark.parametrize("statistic", [np.mean, np.median])
def test_a_bootstrap_interval_is_that_of_all_possible_resamples(statistic):
    values = [-100.0, -103.0, -111.0, -150.0, -98.5]
    every = [statistic(drawn) for drawn in product(values, repeat=5)]
    expected = np.quantile(every, [0.025, 0.975], method="nearest")
    np.testing.assert_allclose(bootstrap_interval(values, statistic, resamples=200_000), expected, atol=0.7)


def test_a_bootstrap_interval_is_repeatable_and_has_a_seed():
    values = np.random.default_rng(1).normal(size=20)
    assert bootstrap_interval(values) == bootstrap_interval(values)
    assert bootstrap_interval(values) != bootstrap_interval(values, seed=1)


def test_equal_values_have_an_interval_of_width_zero():
    assert bootstrap_interval([-98.0] * 4) == (-98, -98)
    assert bootstrap_interval([1_000.0, 2_000.0, np.inf], np.median) == (1_000, np.inf)


def test_a_band_has_an_interval_at_every_moment():
    curves = np.random.default_rng(0).normal(size=(10, 7)) + np.arange(7)
    low, high = bootstrap_interval(curves)
    assert low.shape == high.shape == (7,)
    assert (low < curves.mean(axis=0)).all() and (curves.mean(axis=0) < high).all()
    alone = bootstrap_interval(curves[:, 3])
    assert (low[3], high[3]) == alone


def test_with_ten_normal_values_it_is_right_about_nine_times_in_ten():
    rng = np.random.default_rng(0)
    intervals = [bootstrap_interval(rng.normal(size=10), resamples=500) for _ in range(1_000)]
    assert 0.87 < np.mean([low <= 0 <= high for low, high in intervals]) < 0.93


def test_no_values_no_interval():
    with pytest.raises(ValueError, match=r"values must hold at least one run, got the shape \(0,\)"):
        bootstrap_interval([])
    with pytest.raises(ValueError, match=r"got the shape \(\)"):
        bootstrap_interval(3.0)
    with pytest.raises(ValueError, match="resamples must be at least 1, got 0"):
        bootstrap_interval([1.0], resamples=0)


@pytest.mark.parametrize(
    ("needed", "middle"),
    [
        ([3_000, 1_000, 2_000], 2_000),
        ([1_000, None, 2_000], 2_000),  # without the one that never got there it would be 1,500
        ([1_000, None, None], np.inf),
        ([1_000, None], np.inf),
        ([None], np.inf),
    ],
)
def test_an_unsolved_run_makes_the_median_larger(needed, middle):
    assert median(needed) == middle


@pytest.mark.parametrize("needed", [[], [1_000, np.nan]])
def test_a_median_of_no_values_or_of_nan_is_refused(needed):
    with pytest.raises(ValueError, match="at least one number, and none of them NaN"):
        median(needed)
