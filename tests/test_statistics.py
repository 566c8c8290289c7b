"""Intervals against published figures, their own definitions, and how often they are right."""

from itertools import product

import numpy as np
import pytest

from dqn_lib.statistics import bootstrap_interval, median, wilson_interval


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


def test_the_type_of_integer_does_not_matter():
    assert wilson_interval(np.int8(100), np.int8(120)) == wilson_interval(100, 120)


def test_it_has_a_width_inside_0_and_1_and_contains_the_proportion():
    for tries in (*range(1, 60), 1_000, 4_000):
        for successes in {*range(min(tries, 60) + 1), tries // 2, tries}:
            low, high = wilson_interval(successes, tries)
            assert 0 <= low <= successes / tries <= high <= 1 and low < high, (successes, tries)


@pytest.mark.parametrize(
    ("successes", "tries", "message"),
    [
        (0, 0, "tries must be at least 1, got 0"),
        (1, 2.0, "tries must be an integer, got 2.0"),
        (6, 5, r"successes must lie in \[0, 5\], got 6"),
        (0.5, 5, "successes must be an integer, got 0.5"),
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
    assert bootstrap_interval(values) == bootstrap_interval(values) != bootstrap_interval(values, seed=1)


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
