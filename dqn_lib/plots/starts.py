"""Where the last steps are lost: steps to the flag for every start position."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from dqn_lib import mountain_car as car
from dqn_lib.plots.style import LEARNED, OPTIMAL, Picture, finish, new_axes, number, styled

FLOOR = -np.pi / 6  # the lowest point of the valley, where cos(3x) is 0


@styled
def steps_by_start(
    learned: NDArray[np.float64],
    exact: NDArray[np.float64],
    starts: NDArray[np.float64],
    ax: Axes | None = None,
) -> Picture:
    """Steps to the flag against start position: returns `(n,)` of two policies from starts `(n, 2)`."""
    ax = new_axes(ax, 9, 3.6)
    order = np.argsort(starts[:, 0])
    positions = starts[order, 0]
    for returns, colour, name in ((learned, LEARNED, "learned"), (exact, OPTIMAL, "exact")):
        label = f"{name}, mean {-returns.mean():.1f}"
        ax.plot(positions, -returns[order], ".", color=colour, markersize=4, label=label)
    ax.axvline(FLOOR, color="0.6", linewidth=1, linestyle=":")
    ax.annotate(
        "valley floor", (FLOOR, 0), (4, 6), xycoords=("data", "axes fraction"), textcoords="offset points",
        fontsize=9, color="0.4",
    )  # fmt: skip
    ax.set(xlabel="start position", ylabel="steps to the flag", xlim=car.START_POSITIONS)
    ax.set_xticks(np.linspace(*car.START_POSITIONS, 5))
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), markerscale=2.5)
    lost = float((exact - learned).mean())
    alt = f"Steps to the flag by start position: the learned policy takes {lost:.1f} more than the optimum."
    return finish(ax, alt, f"On average the learned car takes {number(lost, 1)} steps more than the best one")
