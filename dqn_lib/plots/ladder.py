"""Many runs on the ruler: what a change is worth, over several seeds."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from dqn_lib.mountain_car import LUCK, OPTIMUM, THRESHOLD
from dqn_lib.plots.learning_curve import RULER
from dqn_lib.plots.style import INK, LEARNED, Picture, finish, new_axes, number, styled

SIDES = {LUCK: "center", THRESHOLD: "right", OPTIMUM: "left"}  # so that the two good ends keep apart


@styled
def ladder(
    runs: Sequence[Mapping[str, Any]], names: Mapping[str, str], ax: Axes | None = None, *, title: str
) -> Picture:
    """A row for each variant: a dot for the final return of every seed, a bar for their mean.

    `runs` has a `variant`, a `seed`, a `final_return` and a `solved_at_step` (None: never) for each run;
    `names` says which variants to show, in order, and what to call them.
    """
    ax = new_axes(ax, 10, 1.3 + 0.5 * len(names))
    rng = np.random.default_rng(0)  # spreads the dots of a row, so that none hides another
    words = []
    for row, (variant, name) in enumerate(names.items()):
        chosen = [run for run in runs if run["variant"] == variant]
        if not chosen:
            raise ValueError(f"names must be of variants among the runs, got {variant!r}")
        values = np.array([run["final_return"] for run in chosen])
        steps = [run["solved_at_step"] for run in chosen if run["solved_at_step"] is not None]
        ax.plot(
            values, row + rng.uniform(-0.17, 0.17, len(values)), "o",
            color=LEARNED, alpha=0.55, markeredgewidth=0, markersize=6, clip_on=False,
        )  # fmt: skip
        ax.plot([values.mean()] * 2, [row - 0.33, row + 0.33], color=INK, linewidth=2.2)
        finding = f"{len(steps)} of {len(chosen)} solve it"
        finding += f", after {statistics.median(steps):,.0f} steps" if steps else ""
        ax.annotate(
            finding, (1, row), (12, 0), va="center", xycoords=("axes fraction", "data"),
            textcoords="offset points", annotation_clip=False,
        )  # fmt: skip
        words.append(f"{name}: {finding}, final mean {values.mean():.1f}.")
    for value, colour, name in RULER:
        ax.axvline(value, color=colour, linewidth=1.2, linestyle=(0, (4, 3)), zorder=0)
        ax.annotate(
            name.replace(" ", "\n"), (value, 1), (0, 2), ha=SIDES[value], va="bottom", color=colour,
            xycoords=("data", "axes fraction"), textcoords="offset points", annotation_clip=False,
            fontsize=8.5, fontweight="bold",
        )  # fmt: skip
    ax.set_yticks(range(len(names)), names.values())
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set(xlim=(LUCK - 3, OPTIMUM + 4), ylim=(len(names) - 0.45, -0.55))
    ax.set_xlabel("final mean return of the greedy policy: a dot a seed, a bar for the mean")
    picture = finish(ax, f"{title}. {number(LUCK)} is luck. {' '.join(words)}")
    ax.set_title(title, pad=30)
    return picture
