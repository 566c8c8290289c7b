"""Single episodes: where the agent explored, and a drive by hand among the ones before it."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from dqn_lib import mountain_car as car
from dqn_lib.plots.curves import MOUNTAIN_CAR, draw_references
from dqn_lib.plots.maps import phase_plane
from dqn_lib.plots.style import (
    ACTIONS,
    INK,
    LEARNED,
    Picture,
    add_texts,
    format_number,
    house_style,
    new_axes,
)


@house_style()
def exploration_strip(explored: ArrayLike, ax: Axes | None = None) -> Picture:
    """The steps of an episode `(n,)`: the random action taken there, or -1 where it was the greedy one."""
    ax = new_axes(ax, 10, 1.7)
    explored = np.asarray(explored)
    colours = ("white", *ACTIONS)
    names = ("greedy", *(f"random: {name}" for name in car.ACTION_NAMES))
    ax.imshow(
        explored[None], aspect="auto", extent=(0, len(explored), 0, 1), interpolation="nearest",
        cmap=ListedColormap(colours), norm=BoundaryNorm(np.arange(-1.5, 3), 4),
    )  # fmt: skip
    ax.set(yticks=[], xlabel="step of the episode")
    for side in ("top", "right"):
        ax.spines[side].set_visible(True)
    patches = [
        Patch(facecolor=colour, edgecolor=INK, linewidth=0.4, label=name)
        for colour, name in zip(colours, names, strict=True)
    ]
    ax.legend(handles=patches, loc="upper left", bbox_to_anchor=(1, 1.05))
    title = f"{np.mean(explored >= 0):.0%} of these steps explored"
    return add_texts(ax, f"A strip of {len(explored)} steps. {title}.", title)


@house_style()
def own_episode(states: ArrayLike, returns: ArrayLike, *, name: str = "you", note: str = "") -> Picture:
    """The latest drive, states `(length + 1, 2)`, and the returns `(drives,)` of all drives so far.

    `name` labels the latest drive; `note` is a headline.
    """
    states, returns = np.asarray(states), np.asarray(returns, dtype=float)
    picture = Picture(figsize=(11, 4.2), layout="constrained")
    left, right = picture.subplots(1, 2, width_ratios=[1, 1.15])
    if note:
        picture.suptitle(note, x=0.01, ha="left", fontsize=11, fontweight="bold")
    draw_references(left, MOUNTAIN_CAR)
    left.set_ylim(top=max(left.get_ylim()[1], returns.max() + 8))
    drives = np.arange(1, len(returns) + 1)
    left.plot(drives[:-1], returns[:-1], "o", color=INK, alpha=0.5, markersize=4)
    left.plot(drives[-1], returns[-1], "o", color=LEARNED, markersize=10, zorder=3)
    left.annotate(
        f"{name}: {format_number(returns[-1])}", (drives[-1], returns[-1]), (0, 9),
        textcoords="offset points", ha="center", va="bottom", color=LEARNED, fontweight="bold",
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
    left.set_title(f"{outcome}: return {format_number(returns[-1])}")
    furthest = f"no further right than {format_number(states[:, 0].max(), 2)}"
    end = "out of the valley to the flag" if reached else furthest
    phase_plane([states], right, title=f"The path: {end}")
    picture.alt = (
        f"{note} Left, the return {returns[-1]:g} of drive {len(returns)} ({name}). {MOUNTAIN_CAR.alt} "
        f"Right, its path over position and velocity: {end}."
    ).strip()
    return picture
