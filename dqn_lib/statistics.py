"""Confidence intervals for a few runs: of a proportion, and of any statistic by bootstrap."""

from collections.abc import Callable, Iterable
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dqn_lib.config import check_integer

Z = 1.96  # 95 % of a normal distribution lies within this many standard deviations


def wilson_interval(successes: int, tries: int) -> tuple[float, float]:
    """The 95 % confidence interval of a proportion, as two numbers in [0, 1] (Wilson, JASA 22, 1927).

    Unlike the mean plus or minus two standard errors, it has a width above zero at 0 of n and n of n.

    Raises:
        TypeError: if an argument is not an integer.
        ValueError: if `tries` is less than 1, or `successes` is not in [0, tries].
    """
    check_integer("tries", tries, low=1)
    check_integer("successes", successes, low=0, high=tries)
    successes, tries = int(successes), int(tries)  # NumPy's small integers would overflow below
    share = successes / tries
    middle = (share + Z**2 / (2 * tries)) / (1 + Z**2 / tries)
    half = Z / (1 + Z**2 / tries) * sqrt(share * (1 - share) / tries + Z**2 / (4 * tries**2))
    # Without rounding errors, the interval ends at exactly 0 or 1 there.
    return (middle - half if successes else 0.0), (middle + half if successes < tries else 1.0)


def median(values: Iterable[float | None]) -> float:
    """The median of the steps or seconds that each run needed; None is a run that was not solved.

    Such a run counts as infinite. Without it, the median would improve with every run that fails.

    Raises:
        ValueError: if there are no values, or one of them is NaN.
    """
    numbers = np.array([np.inf if value is None else value for value in values], dtype=float)
    if not numbers.size or np.isnan(numbers).any():
        raise ValueError(f"values must be at least one number, and none of them NaN, got {numbers.tolist()}")
    return float(np.median(numbers))


def bootstrap_interval(
    values: ArrayLike, statistic: Callable = np.mean, *, resamples: int = 10_000, seed: int = 0
) -> tuple[Any, Any]:
    """The 95 % percentile bootstrap interval of a statistic of `values` `(n, ...)`, over the first axis.

    Draw n of the n values with replacement, many times, and take the 2.5 % and 97.5 % quantiles of the
    statistic (Efron, Annals of Statistics 7, 1979). `statistic` has a parameter `axis`, as `np.mean` and
    `np.median` do. Learning curves `(runs, checks)` give a band: its lower and upper end, each `(checks,)`.
    With few values the interval is too narrow. A value may be infinite: a run that was not solved.

    Raises:
        TypeError: if `resamples` is not an integer.
        ValueError: if `resamples` is less than 1, there are no values, or one of them is NaN.
    """
    check_integer("resamples", resamples, low=1)
    values = np.asarray(values, dtype=float)
    if not values.ndim or not len(values):
        raise ValueError(f"values must hold at least one run, got the shape {values.shape}")
    if np.isnan(values).any():
        raise ValueError("values must be numbers, got NaN among them")
    drawn = np.random.default_rng(seed).integers(len(values), size=(len(values), resamples))
    low, high = np.quantile(statistic(values[drawn], axis=0), [0.025, 0.975], axis=0, method="nearest")
    return low, high
