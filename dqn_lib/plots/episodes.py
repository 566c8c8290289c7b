"""A drive by hand: its return on the ruler, and its way over position and velocity."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from dqn_lib import mountain_car as car
from dqn_lib.mountain_car import ACTION_NAMES
from dqn_lib.plots.curves import MOUNTAIN_CAR, draw_references
from dqn_lib.plots.maps import phase_plane
from dqn_lib.plots.style import ACTIONS, INK, LEARNED, LUCKY, Picture, finish, new_axes, number, styled

STEEP = "#F3D9C9"  # where gravity beats the engine


@styled
def forces() -> Picture:
    """Above the hill, below what moves the car there at every step: gravity, and the engine at full power."""
    picture = Picture(figsize=(8, 5), layout="constrained")
    above, below = picture.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    x = np.linspace(car.MIN_POSITION, car.MAX_POSITION, 400)
    gravity = -car.GRAVITY * np.cos(3 * x)
    top = float(car.height(car.GOAL_POSITION))
    too_steep = np.abs(gravity) > car.FORCE

    above.fill_between(x, car.height(x), color="#D9D4C7", linewidth=0)
    above.plot(x, car.height(x), color=INK, linewidth=1.5)
    above.plot(car.GOAL_POSITION, top, ">", color=ACTIONS[2], markersize=11)
    above.annotate(
        "flag",
        (car.GOAL_POSITION, car.height(car.GOAL_POSITION)),
        (0, 9),
        textcoords="offset points",
        ha="center",
    )
    above.axvspan(*car.START_POSITIONS, ymax=0.05, color=INK)
    above.annotate(
        "starts here", (np.mean(car.START_POSITIONS), 0.1), (0, 8), textcoords="offset points", ha="center"
    )
    above.set(ylabel="height", ylim=(0, 1.2), yticks=[])
    for ax in (above, below):
        ax.fill_between(
            x, 0, 1, where=too_steep, transform=ax.get_xaxis_transform(), color=STEEP, linewidth=0, zorder=0
        )
        ax.set_xlim(car.MIN_POSITION, car.MAX_POSITION)
    below.plot(x, 1000 * gravity, color=INK, linewidth=2, label="gravity")
    for sign, colour, name in (
        (1, ACTIONS[2], "engine to the right"),
        (-1, ACTIONS[0], "engine to the left"),
    ):
        below.axhline(1000 * sign * car.FORCE, color=colour, linewidth=2, label=name)
    below.axhline(0, color=LUCKY, linewidth=0.8)
    below.set(xlabel="position", ylabel="change of velocity\n(thousandths a step)")
    below.legend(loc="upper left", bbox_to_anchor=(1, 1))
    above.set_title("On the shaded slopes gravity is stronger than the engine")
    picture.alt = (
        "The hill, and below it gravity and the engine's push along the track. Between valley and flag "
        f"gravity pulls back with up to {1000 * car.GRAVITY:g} thousandths a step, the engine pushes with "
        f"{1000 * car.FORCE:g}."
    )
    return picture


@styled
def exploration_strip(explored: ArrayLike, ax: Axes | None = None) -> Picture:
    """Steps `(n,)`: the random action that was taken there, or -1 where the car drove greedily."""
    ax = new_axes(ax, 10, 1.7)
    explored = np.asarray(explored)
    colours, names = ("white", *ACTIONS), ("greedy", *(f"random: {name}" for name in ACTION_NAMES))
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
    share = np.mean(explored >= 0)
    title = f"{share:.0%} of these steps explored"
    return finish(ax, f"A strip of {len(explored)} steps. {title}.", title)


@styled
def own_episode(states: ArrayLike, returns: ArrayLike, *, name: str = "you", note: str = "") -> Picture:
    """The latest drive, states `(length + 1, 2)`, and the returns `(drives,)` of all, the latest included.

    `name` labels the latest drive; `note` goes above the picture if there is something to explain.
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
        f"{car.RANDOM_RETURN:g}, to the optimum, {car.OPTIMAL_RETURN:g}. Right, its way over position and "
        f"velocity: {end}."
    ).strip()
    return picture
