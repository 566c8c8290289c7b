"""Many runs on the ruler: what a change is worth, over several seeds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from dqn_lib.experiments.summary import Summary, summarise
from dqn_lib.plots.ruler import Ruler, ruler_of
from dqn_lib.plots.style import INK, LEARNED, SERIES, Picture, finish, new_axes, number, styled

OWN = SERIES[1]
BAND = "#C9DDEB"


@styled
def ladder(
    runs: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    ax: Axes | None = None,
    *,
    title: str,
    intervals: bool = False,
    own: Sequence[Mapping[str, Any]] = (),
    ruler: Ruler | None = None,
) -> Picture:
    """A row for each variant: a dot for the final return of every seed, a bar for their mean.

    `runs` has a `variant`, a `seed`, a `final_return` and a `solved_at_step` (None: never) for each run;
    `names` says which variants to show, in order, and what to call them. With `intervals` a band shows the
    95 % bootstrap interval of each mean, and the shares get theirs in words. `own` are more such runs, each
    shown as a diamond in the row of its variant; they count in no mean. Without `ruler` there are the marks
    of MountainCar-v0 if every run has it as its `environment`, and none otherwise.
    """
    ax = new_axes(ax, 10, 1.5 + 0.5 * len(names))
    rng = np.random.default_rng(0)  # spreads the dots of a row, so that none hides another
    words = []
    for row, (variant, name) in enumerate(names.items()):
        chosen = [run for run in runs if run["variant"] == variant]
        if not chosen:
            raise ValueError(f"names must be of variants among the runs, got {variant!r}")
        finals = np.array([run["final_return"] for run in chosen])
        summary = summarise(chosen)
        if intervals:
            low, high = summary.mean_final_interval
            ax.add_patch(Rectangle((low, row - 0.33), high - low, 0.66, color=BAND, linewidth=0, zorder=1))
        ax.plot(
            finals, row + rng.uniform(-0.17, 0.17, len(finals)), "o",
            color=LEARNED, alpha=0.55, markeredgewidth=0, markersize=6, clip_on=False,
        )  # fmt: skip
        ax.plot([summary.mean_final] * 2, [row - 0.33, row + 0.33], color=INK, linewidth=2.2)
        mine = [run["final_return"] for run in own if run["variant"] == variant]
        ax.plot(mine, [row] * len(mine), "D", color=OWN, markeredgecolor="white", markersize=9, zorder=5)
        finding = found(summary, intervals)
        ax.annotate(
            finding, (1, row), (12, 0), va="center", xycoords=("axes fraction", "data"),
            textcoords="offset points", annotation_clip=False,
        )  # fmt: skip
        words.append(f"{name}: {finding}, final mean {summary.mean_final:.1f}.")
        words += [f"Your own run ends at {final:.1f}." for final in mine]
    ruler = ruler or ruler_of(run.get("environment", "") for run in runs if run["variant"] in names)
    if ruler:
        draw_marks(ax, ruler)
        low, high = ruler.limits(0.03, 0.04)
        worst = min(run["final_return"] for run in (*runs, *own) if run["variant"] in names)
        ax.set_xlim(min(low, worst - 0.03 * (high - low)), high)  # where luck is not the worst there is
    ax.set_yticks(range(len(names)), names.values())
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(len(names) - 0.45, -0.55)
    marks = ["a dot a seed", "a bar for the mean"]
    marks += ["a band for its 95 % interval"] * intervals + ["a diamond for your own run"] * bool(own)
    ax.set_xlabel(f"final mean return of the greedy policy\n({', '.join(marks)})")
    luck = f"{number(ruler.luck)} is luck. " if ruler else ""
    picture = finish(ax, f"{title}. {luck}{' '.join(words)}")
    ax.set_title(title, pad=30)
    return picture


def found(summary: Summary, interval: bool) -> str:
    """How many seeds solve it, and after how many steps the middle one of all seeds does."""
    words = f"{summary.solved} of {summary.runs} solve it"
    if interval:
        few, many = summary.solved_interval
        words += f" ({100 * few:.0f} to {100 * many:.0f} %)"
    return words + (f", after {summary.median_steps:,.0f} steps" if np.isfinite(summary.median_steps) else "")


def draw_marks(ax: Axes, ruler: Ruler) -> None:
    """The ruler's marks as upright lines, named above; the two good ones keep apart."""
    for (value, colour, name), side in zip(ruler.marks, ("left", "right", "center"), strict=True):
        ax.axvline(value, color=colour, linewidth=1.2, linestyle=(0, (4, 3)), zorder=0)
        ax.annotate(
            name.replace(" ", "\n", 1), (value, 1), (0, 2), ha=side, va="bottom", color=colour,
            xycoords=("data", "axes fraction"), textcoords="offset points", annotation_clip=False,
            fontsize=8.5, fontweight="bold",
        )  # fmt: skip
