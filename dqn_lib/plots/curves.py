"""Curves over the steps of a run, against the reference returns of its environment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from numpy.typing import ArrayLike, NDArray

from dqn_lib.diagnostics import judge_curve
from dqn_lib.experiments.results import load_results
from dqn_lib.mountain_car import ENV_ID, OPTIMAL_CHECK_RETURN, OPTIMAL_RETURN, RANDOM_RETURN, SOLVED_RETURN
from dqn_lib.plots.style import (
    ESTIMATE,
    INK,
    LEARNED,
    OPTIMAL,
    RANDOM,
    SERIES,
    SOLVED,
    TARGET,
    Picture,
    add_texts,
    format_number,
    house_style,
    new_axes,
)
from dqn_lib.statistics import bootstrap_interval
from dqn_lib.training import Check, TrainingLog

DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1, 1.5)))
REFERENCE_LINE = {"linewidth": 1.2, "linestyle": (0, (4, 3))}
MIN_GAP = 0.08  # part of the axis: references that are closer get their names moved apart


@dataclass(frozen=True)
class ReferenceReturns:
    """Mean returns to compare with, of one environment; `best_name` and `label` say what they measure."""

    random: float
    solved: float
    best: float
    best_name: str = "best policy"
    label: str = "return"

    @property
    def marks(self) -> tuple[tuple[float, str, str], ...]:
        """Value, colour and name of each reference, from the best one down."""
        return (
            (self.best, OPTIMAL, f"{format_number(self.best)} {self.best_name}"),
            (self.solved, SOLVED, f"{format_number(self.solved)} solved"),
            (self.random, RANDOM, f"{format_number(self.random)} random policy"),
        )

    @property
    def alt(self) -> str:
        """The references in words."""
        best_name = self.best_name.replace("\n", " ")
        return f"Random policy {self.random:g}, solved {self.solved:g}, {best_name} {self.best:g}."

    def limits(self, below: float = 0.06, above: float = 0.12) -> tuple[float, float]:
        """The ends of an axis, with these parts of its length as margins."""
        length = self.best - self.random
        return self.random - below * length, self.best + above * length


MOUNTAIN_CAR = ReferenceReturns(
    RANDOM_RETURN, SOLVED_RETURN, OPTIMAL_RETURN, label="return (minus the steps taken)"
)  # on average over all starts
CHECK_REFERENCES = replace(
    MOUNTAIN_CAR, best=OPTIMAL_CHECK_RETURN, best_name="best policy\n(same starts)"
)  # from the 100 starts of a check


def references_for(
    environments: Iterable[str], known: ReferenceReturns = MOUNTAIN_CAR
) -> ReferenceReturns | None:
    """`known` if all `environments` are MountainCar-v0, else None."""
    return known if set(environments) == {ENV_ID} else None


def check_environments(checks: Iterable[Check]) -> None:
    """Check that `checks` were made in MountainCar-v0, where their environment is known.

    Raises:
        ValueError: if one was made in another environment.
    """
    for check in checks:
        if check.environment not in ("", ENV_ID):
            raise ValueError(f"checks must be of one run on {ENV_ID}, got one made in {check.environment}")


def draw_references(ax: Axes, references: ReferenceReturns) -> None:
    """Draw the references as horizontal lines, with their names to the right of the axes."""
    near = references.best - references.solved < MIN_GAP * (references.best - references.random)
    offsets = (5, -5, 0) if near else (0, 0, 0)  # points
    for (value, colour, name), offset in zip(references.marks, offsets, strict=True):
        ax.axhline(value, color=colour, zorder=1, **REFERENCE_LINE)
        ax.annotate(
            name, (1, value), (8, offset), xycoords=("axes fraction", "data"), annotation_clip=False,
            textcoords="offset points", ha="left", va="center", color=colour, fontsize=9, fontweight="bold",
        )  # fmt: skip
    ax.set_ylim(references.limits())


@house_style()
def learning_curve(
    log: TrainingLog, ax: Axes | None = None, *, references: ReferenceReturns | None = None
) -> Picture:
    """Returns against environment steps: a dot for each training episode, a line through the greedy checks.

    Without `references`, those of MountainCar-v0 are drawn if every check was made there, and none otherwise.
    """
    ax = new_axes(ax)
    references = references or references_for((check.environment for check in log.checks), CHECK_REFERENCES)
    if references:
        draw_references(ax, references)
    ax.scatter(
        [episode.step for episode in log.episodes],
        [episode.total_reward for episode in log.episodes],
        s=9, color=INK, alpha=0.25, linewidths=0, label="training episode, with exploration", zorder=2,
    )  # fmt: skip
    steps, means = [check.step for check in log.checks], [check.mean for check in log.checks]
    ax.plot(steps, means, "o-", color=LEARNED, markersize=4, label="greedy policy, mean return", zorder=3)
    ax.set_xlabel("environment steps")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylabel(references.label if references else "return")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, markerscale=1.6)
    best = f"best check {format_number(np.max(means), 1)}" if means else "nothing checked yet"
    title, levels = best.capitalize(), ""
    if references:
        worst = min([references.random, *means, *(episode.total_reward for episode in log.episodes)])
        ax.set_ylim(replace(references, random=worst).limits())  # some runs are worse than the random policy
        solved, levels = log.solved_at(references.solved), references.alt
        if solved is not None:
            title = f"Solved after {solved:,} steps; {best}"
        elif means:
            title = f"Not solved yet: {best}"
    alt = f"Learning curve over {steps[-1] if steps else 0:,} environment steps. {title}. {levels}"
    return add_texts(ax, alt, title)


def _check_lines(name: str, lines: Mapping[str, Any]) -> None:
    if not 1 <= len(lines) <= len(SERIES):
        raise ValueError(f"{name} must hold 1 to {len(SERIES)} lines, got {len(lines)}")


def _label_returns(ax: Axes, columns: int) -> None:
    ax.set(xlabel="environment steps", ylabel="mean return of the greedy policy")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=columns, columnspacing=1.4)


@house_style()
def compare_runs(
    logs: Mapping[str, TrainingLog],
    ax: Axes | None = None,
    *,
    title: str,
    references: ReferenceReturns | None = None,
) -> Picture:
    """The greedy policy's mean return against environment steps, one line for each run.

    `references` are as in `learning_curve`.

    Raises:
        ValueError: unless there are one to four runs.
    """
    _check_lines("logs", logs)
    ax = new_axes(ax)
    checks = [check for log in logs.values() for check in log.checks]
    references = references or references_for((check.environment for check in checks), CHECK_REFERENCES)
    if references:
        draw_references(ax, references)
    for (name, log), colour, dashes in zip(logs.items(), SERIES, DASHES, strict=False):
        steps, means = [check.step for check in log.checks], [check.mean for check in log.checks]
        ax.plot(steps, means, color=colour, linestyle=dashes, linewidth=1.8, label=name)
    _label_returns(ax, len(logs))
    ends = ", ".join(f"{name} ends at {log.checks[-1].mean:.1f}" for name, log in logs.items())
    return add_texts(ax, f"Learning curves: {ends}. {references.alt if references else ''}", title)


@house_style()
def line_plot(
    series: Mapping[str, ArrayLike], x: ArrayLike | None = None, ax: Axes | None = None, *,
    title: str, xlabel: str, ylabel: str, log: bool = False,
) -> Picture:  # fmt: skip
    """Each of `series` `(n,)` against `x` or its index, with its own colour and dashes.

    Raises:
        ValueError: unless there are one to four series.
    """
    _check_lines("series", series)
    ax = new_axes(ax, 8, 3.6)
    for (name, values), colour, dashes in zip(series.items(), SERIES, DASHES, strict=False):
        places = np.arange(len(np.asarray(values))) if x is None else x
        ax.plot(places, values, color=colour, linestyle=dashes, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if log:
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_formatter("{x:,.6g}")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    ends = ", ".join(
        f"{name} from {np.asarray(v)[0]:.3g} to {np.asarray(v)[-1]:.3g}" for name, v in series.items()
    )
    return add_texts(ax, f"{title}. {ylabel} against {xlabel}: {ends}.", title)


@house_style()
def learning_bands(
    runs: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    ax: Axes | None = None,
    *,
    title: str,
    every: int = 1_000,
    references: ReferenceReturns | None = None,
) -> Picture:
    """The mean over seeds at each check, in a band: its 95 % bootstrap interval.

    Each of `runs` has a `variant` and a `curve`, the mean returns of its checks, one every `every`
    environment steps; `names` maps the variants to show to their labels. Without `references`, those of
    MountainCar-v0 are drawn if it is the `environment` of every run, and none otherwise.

    Raises:
        ValueError: unless `names` are one to four variants that have runs.
    """
    if not 1 <= len(names) <= len(SERIES):
        raise ValueError(f"names must be of 1 to {len(SERIES)} variants, got {len(names)}")
    ax = new_axes(ax, 8, 4.2)
    shown = [run for run in runs if run["variant"] in names]
    references = references or references_for((run.get("environment", "") for run in shown), CHECK_REFERENCES)
    if references:
        draw_references(ax, references)
    ends = []
    for (variant, name), colour, dashes in zip(names.items(), SERIES, DASHES, strict=False):
        curves = [run["curve"] for run in shown if run["variant"] == variant]
        if not curves:
            raise ValueError(f"names must be of variants among the runs, got {variant!r}")
        checks = min(map(len, curves))  # a run whose last episode is long has one check less
        returns = np.array([curve[:checks] for curve in curves])
        steps, (low, high) = every * np.arange(checks), bootstrap_interval(returns)
        ax.fill_between(steps, low, high, color=colour, alpha=0.18, linewidth=0)
        ax.plot(steps, returns.mean(axis=0), color=colour, linestyle=dashes, linewidth=1.8, label=name)
        ends.append(f"{name}, {len(curves)} seeds: ends at {returns[:, -1].mean():.1f}")
    _label_returns(ax, len(names))
    return add_texts(ax, f"{title}. {'; '.join(ends)}. {references.alt if references else ''}", title)


@house_style()
def in_the_band(log: TrainingLog, ax: Axes | None = None, *, name: str = "your agent") -> Picture:
    """The checks of a run on MountainCar-v0, among those of thirty seeds with the settings of lesson 11.

    The band holds all thirty, its darker part the middle 80 %, the line is their median. The title is the
    verdict of `judge_curve`, which the alt text has in full.

    Raises:
        ValueError: if the log has no checks, or they were made in another environment.
    """
    check_environments(log.checks)
    runs = load_results("own_agent")
    verdict = judge_curve(log, runs)
    ax = new_axes(ax, 8, 4.2)
    draw_references(ax, CHECK_REFERENCES)
    curves = np.array([run["curve"] for run in runs])
    steps = 1_000 * np.arange(curves.shape[1])
    lowest, low, middle, high, highest = np.percentile(curves, [0, 10, 50, 90, 100], axis=0)
    ax.fill_between(steps, lowest, highest, color=INK, alpha=0.08, linewidth=0, label="thirty seeds")
    ax.fill_between(steps, low, high, color=INK, alpha=0.12, linewidth=0, label="80 % of them")
    ax.plot(steps, middle, color=INK, alpha=0.5, linewidth=1.2, label="their median")
    own = [check.step for check in log.checks], [check.mean for check in log.checks]
    ax.plot(*own, "o-", color=LEARNED, markersize=4, label=name, zorder=3)
    _label_returns(ax, 4)
    return add_texts(
        ax, f"{name.capitalize()} among thirty seeds. {verdict!r}", f"{verdict.kind.capitalize()}"
    )


class TargetTrace(NamedTuple):
    """The value of one state by two networks, at the gradient steps `updates`; each `(n,)`."""

    updates: NDArray[np.int64]
    estimate: NDArray[np.float64]  # by the online network
    target: NDArray[np.float64]  # by the target network


def draw_trace_axes(ax: Axes, name: str, traces: Mapping[str, TargetTrace], exact: float) -> None:
    """Set up the axes of the panel `name`: the same for all, and a line at the exact value."""
    values = np.concatenate([[0.0, exact], *(array for trace in traces.values() for array in trace[1:])])
    low, high = float(values.min()), float(values.max())
    ax.axhline(exact, color=OPTIMAL, label=f"exact: {format_number(exact, 1)}", **REFERENCE_LINE)
    ax.set(
        xlabel="gradient steps",
        xlim=(0, traces[name].updates[-1]),
        ylim=(low - 0.08 * (high - low), high + 0.02 * (high - low)),
    )
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.set_title(name)


@house_style()
def target_traces(traces: Mapping[str, TargetTrace], exact: float) -> Picture:
    """A panel for each update rule: the value of one state by the online and by the target network.

    Raises:
        ValueError: if there are no traces.
    """
    if not traces:
        raise ValueError("traces must hold at least one trace, got none")
    picture = Picture(figsize=(12, 3.9), layout="constrained")
    panels = picture.subplots(1, len(traces), sharey=True, squeeze=False)[0]
    for ax, (name, trace) in zip(panels, traces.items(), strict=True):
        draw_trace_axes(ax, name, traces, exact)
        ax.plot(trace.updates, trace.target, color=TARGET, linewidth=2.6, label="target network")
        ax.plot(trace.updates, trace.estimate, color=ESTIMATE, linewidth=1.1, label="online network")
    panels[0].set_ylabel("value of the valley's floor")
    picture.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    gaps = ", ".join(
        f"{name}: {np.abs(trace.estimate - trace.target).mean():.1f}" for name, trace in traces.items()
    )
    picture.alt = (
        "The value of the valley's floor by the online and the target network while they learn; exact is "
        f"{exact:.1f}. Mean distance between the two: {gaps}."
    )
    return picture
