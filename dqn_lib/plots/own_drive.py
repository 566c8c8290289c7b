"""A drive by hand: its return on the ruler, and its way over position and velocity."""

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from dqn_lib import mountain_car as car
from dqn_lib.plots.maps import phase_plane
from dqn_lib.plots.ruler import MOUNTAIN_CAR, draw_ruler
from dqn_lib.plots.style import INK, LEARNED, Picture, number, styled


@styled
def own_drive(states: ArrayLike, returns: ArrayLike, *, name: str = "you", note: str = "") -> Picture:
    """The latest drive, states `(length + 1, 2)`, and the returns `(drives,)` of all, the latest included.

    `name` labels the latest drive; `note` goes above the picture if there is something to explain.
    """
    states, returns = np.asarray(states), np.asarray(returns, dtype=float)
    picture = Picture(figsize=(11, 4.2), layout="constrained")
    left, right = picture.subplots(1, 2, width_ratios=[1, 1.15])
    if note:
        picture.suptitle(note, x=0.01, ha="left", fontsize=11, fontweight="bold")
    draw_ruler(left, MOUNTAIN_CAR)
    left.set_ylim(top=max(left.get_ylim()[1], returns.max() + 8))
    drives = np.arange(1, len(returns) + 1)
    left.plot(drives[:-1], returns[:-1], "o", color=INK, alpha=0.5, markersize=4)
    left.plot(drives[-1], returns[-1], "o", color=LEARNED, markersize=10, zorder=3)
    left.annotate(
        f"{name}: {number(returns[-1])}", (drives[-1], returns[-1]), (0, 9), textcoords="offset points",
        ha="center", va="bottom", color=LEARNED, fontweight="bold",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )  # fmt: skip
    last = max(len(returns), 4)
    ticks = MaxNLocator(integer=True).tick_values(1, last)
    left.set(
        xlim=(1 - 0.3 * last, 1.3 * last),  # room for the label at either end
        xticks=[tick for tick in ticks if 1 <= tick <= len(returns)],
        xlabel="drive",
        ylabel="return (minus the steps taken)",
    )
    reached = bool(states[-1, 0] >= car.GOAL_POSITION)
    outcome = f"The flag after {len(states) - 1} steps" if reached else "The time limit, no flag"
    left.set_title(f"{outcome}: return {number(returns[-1])}")
    furthest = f"no further right than {number(states[:, 0].max(), 2)}"
    end = "out of the valley to the flag" if reached else furthest
    phase_plane([states], right, title=f"The way of this drive: {end}")
    picture.alt = (
        f"{note} Left, the return {returns[-1]:g} of drive {len(returns)} ({name}) on the ruler from luck, "
        f"{car.LUCK:g}, to the optimum, {car.OPTIMUM:g}. Right, its way over position and velocity: {end}."
    ).strip()
    return picture
