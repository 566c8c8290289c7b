"""How a run went, on the ruler between luck and the optimum."""

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes

from dqn_lib.plots.ruler import CHECKS, Ruler, draw_ruler, ruler_of
from dqn_lib.plots.style import INK, LEARNED, Picture, finish, new_axes, number, styled
from dqn_lib.training import TrainingLog


@styled
def learning_curve(log: TrainingLog, ax: Axes | None = None, *, ruler: Ruler | None = None) -> Picture:
    """Returns against environment steps: a dot per training episode, a point per greedy check.

    `ruler` has the marks to read them against. Without one there are those of MountainCar-v0 if every check
    was made there, and none in any other environment.
    """
    ax = new_axes(ax)
    ruler = ruler or ruler_of((check.environment for check in log.checks), CHECKS)
    if ruler:
        draw_ruler(ax, ruler)
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
    ax.set_ylabel(ruler.label if ruler else "return")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, markerscale=1.6)
    best = f"best check {number(np.max(means), 1)}" if means else "nothing checked yet"
    title, marks = best.capitalize(), ""
    if ruler:
        worst = min([ruler.luck, *means, *(episode.total_reward for episode in log.episodes)])
        ax.set_ylim(replace(ruler, luck=worst).limits())  # one can do worse than luck
        solved, marks = log.solved_at(ruler.threshold), ruler.words
        if solved is not None:
            title = f"Solved after {solved:,} steps; {best}"
        elif means:
            title = f"Not solved yet: {best}"
    alt = f"Learning curve over {steps[-1] if steps else 0:,} environment steps. {title}. {marks}"
    return finish(ax, alt, title)
