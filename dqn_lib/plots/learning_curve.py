"""How a run went, on the ruler between luck and the optimum."""

import numpy as np
from matplotlib.axes import Axes

from dqn_lib.mountain_car import LUCK, OPTIMUM, THRESHOLD
from dqn_lib.plots.style import (
    INK,
    LEARNED,
    LUCKY,
    OPTIMAL,
    SOLVED,
    Picture,
    finish,
    new_axes,
    number,
    styled,
)
from dqn_lib.training import TrainingLog

RULER = (
    (OPTIMUM, OPTIMAL, f"{number(OPTIMUM)} optimum"),
    (THRESHOLD, SOLVED, f"{number(THRESHOLD)} solved"),
    (LUCK, LUCKY, f"{number(LUCK)} luck"),
)


def draw_ruler(ax: Axes) -> None:
    """The two ends of the ruler and the threshold, named beside the right edge."""
    for value, colour, name in RULER:
        ax.axhline(value, color=colour, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
        ax.annotate(
            name, (1, value), (8, 0), xycoords=("axes fraction", "data"), annotation_clip=False,
            textcoords="offset points", ha="left", va="center", color=colour, fontsize=9, fontweight="bold",
        )  # fmt: skip
    ax.set_ylim(LUCK - 6, OPTIMUM + 12)


@styled
def learning_curve(log: TrainingLog, ax: Axes | None = None) -> Picture:
    """Returns against environment steps: a dot per training episode, a point per greedy check."""
    ax = new_axes(ax)
    draw_ruler(ax)
    ax.scatter(
        [episode.step for episode in log.episodes],
        [episode.total_reward for episode in log.episodes],
        s=9, color=INK, alpha=0.25, linewidths=0, label="a training episode, exploring", zorder=2,
    )  # fmt: skip
    steps, means = [check.step for check in log.checks], [check.mean for check in log.checks]
    ax.plot(
        steps, means, "o-", color=LEARNED, markersize=4, label="greedy policy, mean of its checks", zorder=3
    )
    ax.set_xlabel("environment steps")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylabel("return (minus the steps taken)")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, markerscale=1.6)
    solved = log.solved_at()
    if means and solved is not None:
        title = f"Solved after {solved:,} steps; best check {number(np.max(means), 1)}"
    else:
        title = f"Not solved yet: best check {number(np.max(means), 1)}" if means else "Nothing checked yet"
    alt = (
        f"Learning curve over {steps[-1] if steps else 0:,} environment steps. {title}. "
        f"Luck is {LUCK:g}, solved is {THRESHOLD:g}, the optimum is {OPTIMUM:g}."
    )
    return finish(ax, alt, title)
