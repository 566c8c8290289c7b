"""Comparisons: variants over several seeds, proportions, returns and costs side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from dqn_lib import mountain_car as car
from dqn_lib.experiments.results import Summary, summarise
from dqn_lib.plots.curves import REFERENCE_LINE, ReferenceReturns, references_for
from dqn_lib.plots.style import (
    INK,
    LEARNED,
    OPTIMAL,
    RANDOM,
    SERIES,
    Picture,
    add_texts,
    format_number,
    house_style,
    new_axes,
)
from dqn_lib.statistics import wilson_interval

OWN = SERIES[1]
BAND = "#C9DDEB"
VALLEY_FLOOR = -np.pi / 6  # the position where the hill is lowest


@house_style()
def compare_variants(
    runs: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    ax: Axes | None = None,
    *,
    title: str,
    intervals: bool = False,
    own: Sequence[Mapping[str, Any]] = (),
    references: ReferenceReturns | None = None,
) -> Picture:
    """A row for each variant: a dot for the final return of each seed, a bar for their mean.

    Each of `runs` has a `variant`, a `seed`, a `final_return` and a `solved_at_step` (None: never); `names`
    maps the variants to show, in order, to their labels. With `intervals`, a band shows the 95 % bootstrap
    interval of each mean, and the text that of the proportion solved. Runs in `own` have the same form: each
    is a diamond in the row of its variant, and counts in no mean. Without `references`, those of
    MountainCar-v0 are drawn if it is the `environment` of every run, and none otherwise.

    Raises:
        ValueError: if a variant among `names` has no runs.
    """
    ax = new_axes(ax, 10, 1.5 + 0.5 * len(names))
    rng = np.random.default_rng(0)  # spreads the dots of a row vertically
    rows = []
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
        result = format_summary(summary, intervals)
        ax.annotate(
            result, (1, row), (12, 0), va="center", xycoords=("axes fraction", "data"),
            textcoords="offset points", annotation_clip=False,
        )  # fmt: skip
        rows.append(f"{name}: {result}; final mean {summary.mean_final:.1f}.")
        rows += [f"Your own run ends at {final:.1f}." for final in mine]
    references = references or references_for(
        run.get("environment", "") for run in runs if run["variant"] in names
    )
    if references:
        _draw_vertical_references(ax, references)
        low, high = references.limits(0.03, 0.04)
        worst = min(run["final_return"] for run in (*runs, *own) if run["variant"] in names)
        ax.set_xlim(min(low, worst - 0.03 * (high - low)), high)  # some are worse than the random policy
    ax.set_yticks(range(len(names)), names.values())
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(len(names) - 0.45, -0.55)
    key = ["dot: one seed", "bar: mean"]
    key += ["band: its 95 % interval"] * intervals + ["diamond: your own run"] * bool(own)
    ax.set_xlabel(f"final mean return of the greedy policy\n({', '.join(key)})")
    picture = add_texts(ax, f"{title}. {references.alt if references else ''} {' '.join(rows)}")
    ax.set_title(title, pad=30)
    return picture


def format_summary(summary: Summary, interval: bool) -> str:
    """How many seeds solve it, and the median of the steps that all seeds take."""
    text = f"{summary.solved} of {summary.runs} solve it"
    if interval:
        few, many = summary.solved_interval
        text += f" ({100 * few:.0f} to {100 * many:.0f} %)"
    return text + (f", median {summary.median_steps:,.0f} steps" if np.isfinite(summary.median_steps) else "")


def _draw_vertical_references(ax: Axes, references: ReferenceReturns) -> None:
    """Draw the references as vertical lines, with their names above."""
    for (value, colour, name), side in zip(references.marks, ("left", "right", "center"), strict=True):
        ax.axvline(value, color=colour, zorder=0, **REFERENCE_LINE)
        ax.annotate(
            name.replace(" ", "\n", 1), (value, 1), (0, 2), ha=side, va="bottom", color=colour,
            xycoords=("data", "axes fraction"), textcoords="offset points", annotation_clip=False,
            fontsize=8.5, fontweight="bold",
        )  # fmt: skip


@house_style()
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
    """For each name, the proportion of `tries` that succeeded, with its 95 % Wilson interval.

    Raises:
        ValueError: if there are more successes than tries.
    """
    ax = new_axes(ax, 8, 3.6)
    successes = np.asarray(successes)
    middle = 100 * successes / tries
    low, high = 100 * np.array([wilson_interval(int(one), tries) for one in successes]).T
    places = np.arange(len(middle))
    ax.errorbar(
        places, middle, (middle - low, high - middle), fmt="o", color=LEARNED, capsize=4, markersize=7
    )
    for place, percent in zip(places, middle, strict=True):
        ax.annotate(
            f"{percent:.1f} %", (place, percent), (9, 0), textcoords="offset points", va="center", fontsize=9
        )
    ax.set_xticks(places, [str(name) for name in names])
    top = max(high.max(), 1.0)
    ax.set(xlabel=xlabel, ylabel=ylabel, xlim=(-0.5, len(middle) - 0.2), ylim=(-0.03 * top, 1.06 * top))
    listed = ", ".join(f"{name}: {percent:.1f} %" for name, percent in zip(names, middle, strict=True))
    return add_texts(ax, f"{title}. {ylabel} by {xlabel}, of {tries:,} each: {listed}.", title)


@house_style()
def compare_returns(returns: Mapping[str, ArrayLike]) -> Picture:
    """A histogram of returns `(episodes,)` for each environment, side by side."""
    picture = Picture(figsize=(10, 3.4), layout="constrained")
    panels = picture.subplots(1, len(returns), squeeze=False)[0]
    alts = []
    for ax, (name, given) in zip(panels, returns.items(), strict=True):
        values = np.asarray(given, dtype=float)
        low, high = format_number(values.min()), format_number(values.max())
        if np.ptp(values) == 0:
            bins, colour, result = values[0] + np.arange(-10.5, 11.5), RANDOM, f"every return is {low}"
        else:
            bins, colour, result = 40, LEARNED, f"from {low} to {high}"
        ax.hist(values, bins=bins, color=colour)
        ax.set(xlabel="return of an episode", ylabel="episodes")
        ax.set_title(f"{name}: {result}")
        alts.append(f"{name}, {len(values):,} random episodes: {result}.")
    picture.alt = "Histograms of returns. " + " ".join(alts)
    return picture


@house_style()
def compare_costs(seconds: Mapping[str, float], ax: Axes | None = None, *, title: str) -> Picture:
    """The cost of each alternative in milliseconds, on a logarithmic axis."""
    ax = new_axes(ax, 8, 0.9 + 0.42 * len(seconds))
    milliseconds = {name: 1000 * value for name, value in seconds.items()}
    rows = range(len(seconds))
    low = min(milliseconds.values()) / 3
    ax.hlines(rows, low, list(milliseconds.values()), color=LEARNED, linewidth=1.5)
    ax.plot(list(milliseconds.values()), rows, "o", color=LEARNED, markersize=8)
    for row, value in zip(rows, milliseconds.values(), strict=True):
        text = f"{value:,.0f} ms" if value >= 10 else f"{value:.2g} ms"
        ax.annotate(text, (value, row), (9, 0), textcoords="offset points", va="center")
    ax.set_yticks(rows, list(seconds))
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda value, _: format_number(value))
    ax.set(
        xlabel="milliseconds (each mark is ten times the one before)",
        xlim=(low, 6 * max(milliseconds.values())), ylim=(len(seconds) - 0.5, -0.5),
    )  # fmt: skip
    listed = ", ".join(f"{name} {value:.2g} ms" for name, value in milliseconds.items())
    return add_texts(ax, f"{title}. {listed}.", title)


@house_style()
def steps_by_start(
    learned: NDArray[np.float64],
    exact: NDArray[np.float64],
    starts: NDArray[np.float64],
    ax: Axes | None = None,
) -> Picture:
    """Steps to the flag by start position: returns `(n,)` of two policies from starts `(n, 2)`."""
    ax = new_axes(ax, 9, 3.6)
    order = np.argsort(starts[:, 0])
    positions = starts[order, 0]
    for returns, colour, name in ((learned, LEARNED, "learned"), (exact, OPTIMAL, "exact")):
        label = f"{name}, mean {-returns.mean():.1f}"
        ax.plot(positions, -returns[order], ".", color=colour, markersize=4, label=label)
    ax.axvline(VALLEY_FLOOR, color="0.6", linewidth=1, linestyle=":")
    ax.annotate(
        "valley floor", (VALLEY_FLOOR, 0), (4, 6), xycoords=("data", "axes fraction"),
        textcoords="offset points", fontsize=9, color="0.4",
    )  # fmt: skip
    ax.set(xlabel="start position", ylabel="steps to the flag", xlim=car.START_POSITIONS)
    ax.set_xticks(np.linspace(*car.START_POSITIONS, 5))
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), markerscale=2.5)
    lost = float((exact - learned).mean())
    alt = f"Steps to the flag by start position: the learned policy takes {lost:.1f} more than the exact one."
    title = f"From these starts the learned policy takes {format_number(lost, 1)} steps more on average"
    return add_texts(ax, alt, title)
