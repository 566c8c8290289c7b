"""Shares with their uncertainty: of so many tries, so many worked."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from dqn_lib.plots.style import LEARNED, Picture, finish, new_axes, styled
from dqn_lib.statistics import wilson_interval


@styled
def shares(
    names: Sequence[object],
    successes: ArrayLike,
    tries: int,
    ax: Axes | None = None,
    *,
    title: str,
    xlabel: str,
    ylabel: str,
) -> Picture:
    """A dot for the share of `tries` that succeeded, with its 95 % Wilson interval, for each name."""
    ax = new_axes(ax, 8, 3.6)
    successes = np.asarray(successes)
    middle = 100 * successes / tries
    low, high = 100 * np.array([wilson_interval(int(one), tries) for one in successes]).T
    places = np.arange(len(middle))
    ax.errorbar(
        places, middle, (middle - low, high - middle), fmt="o", color=LEARNED, capsize=4, markersize=7
    )
    for place, share in zip(places, middle, strict=True):
        ax.annotate(
            f"{share:.3g} %", (place, share), (9, 0), textcoords="offset points", va="center", fontsize=9
        )
    ax.set_xticks(places, [str(name) for name in names])
    top = max(high.max(), 1.0)
    ax.set(xlabel=xlabel, ylabel=ylabel, xlim=(-0.5, len(middle) - 0.2), ylim=(-0.03 * top, 1.06 * top))
    listed = ", ".join(f"{name}: {share:.3g} %" for name, share in zip(names, middle, strict=True))
    return finish(ax, f"{title}. {ylabel} by {xlabel}, of {tries:,} each: {listed}.", title)
