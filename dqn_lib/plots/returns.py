"""How returns are spread, when nobody has learnt anything yet."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from dqn_lib.plots.style import LEARNED, LUCKY, Picture, number, styled


@styled
def compare_returns(returns: Mapping[str, ArrayLike]) -> Picture:
    """A histogram of returns `(episodes,)` for each environment named, side by side."""
    picture = Picture(figsize=(10, 3.4), layout="constrained")
    words = []
    for ax, (name, given) in zip(
        picture.subplots(1, len(returns), squeeze=False)[0], returns.items(), strict=True
    ):
        values = np.asarray(given, dtype=float)
        same = np.ptp(values) == 0
        ax.hist(
            values, bins=values[0] + np.arange(-10.5, 11.5) if same else 40, color=LUCKY if same else LEARNED
        )
        finding = (
            f"every return is {number(values[0])}"
            if same
            else f"from {number(values.min())} to {number(values.max())}"
        )
        ax.set(xlabel="return of an episode", ylabel="episodes")
        ax.set_title(f"{name}: {finding}")
        words.append(f"{name}, {len(values):,} random episodes: {finding}.")
    picture.alt = "Histograms of returns. " + " ".join(words)
    return picture
