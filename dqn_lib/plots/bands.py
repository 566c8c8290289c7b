"""Learning curves of many seeds: where their mean goes, and how sure one can be of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from dqn_lib.plots.curves import DASHES
from dqn_lib.plots.ruler import CHECKS, Ruler, draw_ruler, ruler_of
from dqn_lib.plots.style import SERIES, Picture, finish, new_axes, styled
from dqn_lib.statistics import bootstrap_interval


@styled
def learning_bands(
    runs: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    ax: Axes | None = None,
    *,
    title: str,
    every: int = 1_000,
    ruler: Ruler | None = None,
) -> Picture:
    """The mean over the seeds of each check, in a band that is its 95 % bootstrap interval.

    `runs` has a `variant` and a `curve`, the mean returns of its checks, one every `every` environment
    steps; `names` says which variants to show, and what to call them. Without `ruler` there are the marks of
    MountainCar-v0 if every run has it as its `environment`, and none otherwise.
    """
    if not 1 <= len(names) <= len(SERIES):
        raise ValueError(f"names must be of 1 to {len(SERIES)} variants, got {len(names)}")
    ax = new_axes(ax, 8, 4.2)
    shown = [run for run in runs if run["variant"] in names]
    if ruler := ruler or ruler_of((run.get("environment", "") for run in shown), CHECKS):
        draw_ruler(ax, ruler)
    words = []
    for (variant, name), colour, dashes in zip(names.items(), SERIES, DASHES, strict=False):
        curves = [run["curve"] for run in runs if run["variant"] == variant]
        if not curves:
            raise ValueError(f"names must be of variants among the runs, got {variant!r}")
        checks = min(map(len, curves))  # a long last episode may skip one
        returns = np.array([curve[:checks] for curve in curves])
        steps, (low, high) = every * np.arange(checks), bootstrap_interval(returns)
        ax.fill_between(steps, low, high, color=colour, alpha=0.18, linewidth=0)
        ax.plot(steps, returns.mean(axis=0), color=colour, linestyle=dashes, linewidth=1.8, label=name)
        words.append(f"{name}, {len(curves)} seeds: ends at {returns[:, -1].mean():.1f}")
    ax.set(xlabel="environment steps", ylabel="mean return of the greedy policy")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=len(names), columnspacing=1.4)
    return finish(ax, f"{title}. {'; '.join(words)}. {ruler.words if ruler else ''}", title)
