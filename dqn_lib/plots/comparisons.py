"""Many runs on the ruler: what a change is worth, over several seeds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from dqn_lib import mountain_car as car
from dqn_lib.experiments.results import Summary, summarise
from dqn_lib.plots.curves import ReferenceReturns, references_for
from dqn_lib.plots.style import (
    INK,
    LEARNED,
    LUCKY,
    OPTIMAL,
    SERIES,
    Picture,
    finish,
    new_axes,
    number,
    styled,
)
from dqn_lib.statistics import wilson_interval

OWN = SERIES[1]
BAND = "#C9DDEB"


@styled
def compare_variants(
    runs: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    ax: Axes | None = None,
    *,
    title: str,
    intervals: bool = False,
    own: Sequence[Mapping[str, Any]] = (),
    ruler: ReferenceReturns | None = None,
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
    ruler = ruler or references_for(run.get("environment", "") for run in runs if run["variant"] in names)
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


def draw_marks(ax: Axes, ruler: ReferenceReturns) -> None:
    """The ruler's marks as upright lines, named above; the two good ones keep apart."""
    for (value, colour, name), side in zip(ruler.marks, ("left", "right", "center"), strict=True):
        ax.axvline(value, color=colour, linewidth=1.2, linestyle=(0, (4, 3)), zorder=0)
        ax.annotate(
            name.replace(" ", "\n", 1), (value, 1), (0, 2), ha=side, va="bottom", color=colour,
            xycoords=("data", "axes fraction"), textcoords="offset points", annotation_clip=False,
            fontsize=8.5, fontweight="bold",
        )  # fmt: skip


@styled
def proportions(
    names: Sequence[object],
    successes: ArrayLike,
    tries: int,
    ax: Axes | None = None,
    *,
    title: str,
    xlabel: str,
    ylabel: str,
) -> Picture:
    """A dot for the share of `tries` that succeeded, with its 95 % Wilson interval, for each name."""
    ax = new_axes(ax, 8, 3.6)
    successes = np.asarray(successes)
    middle = 100 * successes / tries
    low, high = 100 * np.array([wilson_interval(int(one), tries) for one in successes]).T
    places = np.arange(len(middle))
    ax.errorbar(
        places, middle, (middle - low, high - middle), fmt="o", color=LEARNED, capsize=4, markersize=7
    )
    for place, share in zip(places, middle, strict=True):
        ax.annotate(
            f"{share:.3g} %", (place, share), (9, 0), textcoords="offset points", va="center", fontsize=9
        )
    ax.set_xticks(places, [str(name) for name in names])
    top = max(high.max(), 1.0)
    ax.set(xlabel=xlabel, ylabel=ylabel, xlim=(-0.5, len(middle) - 0.2), ylim=(-0.03 * top, 1.06 * top))
    listed = ", ".join(f"{name}: {share:.3g} %" for name, share in zip(names, middle, strict=True))
    return finish(ax, f"{title}. {ylabel} by {xlabel}, of {tries:,} each: {listed}.", title)


@styled
def compare_returns(returns: Mapping[str, ArrayLike]) -> Picture:
    """A histogram of returns `(episodes,)` for each environment named, side by side."""
    picture = Picture(figsize=(10, 3.4), layout="constrained")
    words = []
    for ax, (name, given) in zip(
        picture.subplots(1, len(returns), squeeze=False)[0], returns.items(), strict=True
    ):
        values = np.asarray(given, dtype=float)
        same = np.ptp(values) == 0
        ax.hist(
            values, bins=values[0] + np.arange(-10.5, 11.5) if same else 40, color=LUCKY if same else LEARNED
        )
        finding = (
            f"every return is {number(values[0])}"
            if same
            else f"from {number(values.min())} to {number(values.max())}"
        )
        ax.set(xlabel="return of an episode", ylabel="episodes")
        ax.set_title(f"{name}: {finding}")
        words.append(f"{name}, {len(values):,} random episodes: {finding}.")
    picture.alt = "Histograms of returns. " + " ".join(words)
    return picture


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
