"""Which steps explored? One episode as a strip, a line for each step."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from dqn_lib.mountain_car import ACTION_NAMES
from dqn_lib.plots.style import ACTIONS, INK, Picture, finish, new_axes, styled


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
