"""How sure can one be, after a few runs? The intervals that everything in this course is shown with."""

from collections.abc import Callable, Iterable
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dqn_lib.config import check_integer

Z = 1.96  # 95 % of a normal distribution lies within this many standard deviations


def wilson_interval(successes: int, tries: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share, as two numbers in [0, 1] (Wilson, JASA 22, 1927).

    Unlike the textbook's mean plus or minus two standard errors it stays honest at 0 of n and n of n.
    """
    check_integer("tries", tries, low=1)
    check_integer("successes", successes, low=0, high=tries)
    successes, tries = int(successes), int(tries)  # a NumPy integer of a few bits would overflow below
    share = successes / tries
    middle = (share + Z**2 / (2 * tries)) / (1 + Z**2 / tries)
    half = Z / (1 + Z**2 / tries) * sqrt(share * (1 - share) / tries + Z**2 / (4 * tries**2))
    # At the ends the interval reaches 0 or 1 exactly, which rounding would miss by a hair.
    return (middle - half if successes else 0.0), (middle + half if successes < tries else 1.0)


def median(values: Iterable[float | None]) -> float:
    """The median of what each run needed; None is a run that never got there, and counts as infinite.

    To leave such runs out would make the median better the more of them fail.

    Raises:
        ValueError: if there is no value at all, or one of them is NaN.
    """
    needed = np.array([np.inf if value is None else value for value in values], dtype=float)
    if not needed.size or np.isnan(needed).any():
        raise ValueError(f"values must be at least one number, and none of them NaN, got {needed.tolist()}")
    return float(np.median(needed))


def bootstrap_interval(
    values: ArrayLike, statistic: Callable = np.mean, *, resamples: int = 10_000, seed: int = 0
) -> tuple[Any, Any]:
    """The 95 % percentile bootstrap interval of a statistic of `values` `(n, ...)`, over the first axis.

    Draw n of the n values with replacement, many times, and see between what the statistic moves (Efron,
    Annals of Statistics 7, 1979). `statistic` takes an `axis`, such as `np.mean` or `np.median`. Several
    runs at several moments, `(n, moments)`, give the band of a learning curve: `(moments,)` twice. With few
    values it is too narrow: what no run has shown, it cannot know. An infinite value is a run that never got
    there; NaN is refused with a ValueError, as is an empty array.
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
