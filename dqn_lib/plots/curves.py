"""How a run went, on the ruler between luck and the optimum."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from numpy.typing import ArrayLike, NDArray

from dqn_lib.mountain_car import ENV_ID, OPTIMAL_CHECK_RETURN, OPTIMAL_RETURN, RANDOM_RETURN, SOLVED_RETURN
from dqn_lib.plots.style import (
    ESTIMATE,
    INK,
    LEARNED,
    LUCKY,
    OPTIMAL,
    SERIES,
    SOLVED,
    TARGET,
    Picture,
    finish,
    new_axes,
    number,
    styled,
)
from dqn_lib.statistics import bootstrap_interval
from dqn_lib.training import Check, TrainingLog


@dataclass(frozen=True)
class ReferenceReturns:
    """The marks of one environment, as mean returns; `best_name` and `label` say what they are of."""

    luck: float
    threshold: float
    best: float
    best_name: str = "optimum"
    label: str = "return"

    @property
    def marks(self) -> tuple[tuple[float, str, str], ...]:
        """Value, colour and name of each mark, from the best one down."""
        return (
            (self.best, OPTIMAL, f"{number(self.best)} {self.best_name}"),
            (self.threshold, SOLVED, f"{number(self.threshold)} solved"),
            (self.luck, LUCKY, f"{number(self.luck)} luck"),
        )

    @property
    def words(self) -> str:
        """The marks in a sentence."""
        return f"Luck is {self.luck:g}, solved is {self.threshold:g}, the {self.best_name} is {self.best:g}."

    def limits(self, below: float = 0.06, above: float = 0.12) -> tuple[float, float]:
        """The axis, with these shares of its length to spare beyond the marks."""
        length = self.best - self.luck
        return self.luck - below * length, self.best + above * length


CLOSE = 0.08  # of the ruler: marks nearer than this get their names apart
MOUNTAIN_CAR = ReferenceReturns(
    RANDOM_RETURN, SOLVED_RETURN, OPTIMAL_RETURN, label="return (minus the steps taken)"
)
CHECK_REFERENCES = ReferenceReturns(
    RANDOM_RETURN, SOLVED_RETURN, OPTIMAL_CHECK_RETURN, label=MOUNTAIN_CAR.label
)  # for returns from their starts


def references_for(
    environments: Iterable[str], known: ReferenceReturns = MOUNTAIN_CAR
) -> ReferenceReturns | None:
    """The marks of what was measured in these environments: `known` for MountainCar-v0 alone, None else."""
    return known if set(environments) == {ENV_ID} else None


def check_environments(checks: Iterable[Check]) -> None:
    """Raise if one of the checks is known to have been made in another world than MountainCar-v0."""
    for check in checks:
        if check.environment not in ("", ENV_ID):
            raise ValueError(f"checks must be of one run on {ENV_ID}, got one made in {check.environment}")


def draw_references(ax: Axes, ruler: ReferenceReturns) -> None:
    """The marks as lines across the axes, named beside the right edge."""
    near = ruler.best - ruler.threshold < CLOSE * (ruler.best - ruler.luck)
    lifts = (5, -5, 0) if near else (0, 0, 0)  # points, so that one name does not cover the other
    for (value, colour, name), lift in zip(ruler.marks, lifts, strict=True):
        ax.axhline(value, color=colour, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
        ax.annotate(
            name, (1, value), (8, lift), xycoords=("axes fraction", "data"), annotation_clip=False,
            textcoords="offset points", ha="left", va="center", color=colour, fontsize=9, fontweight="bold",
        )  # fmt: skip
    ax.set_ylim(ruler.limits())


@styled
def learning_curve(
    log: TrainingLog, ax: Axes | None = None, *, ruler: ReferenceReturns | None = None
) -> Picture:
    """Returns against environment steps: a dot per training episode, a point per greedy check.

    `ruler` has the marks to read them against. Without one there are those of MountainCar-v0 if every check
    was made there, and none in any other environment.
    """
    ax = new_axes(ax)
    ruler = ruler or references_for((check.environment for check in log.checks), CHECK_REFERENCES)
    if ruler:
        draw_references(ax, ruler)
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


def _check_series(name: str, series: Mapping[str, Any]) -> None:
    if not 1 <= len(series) <= len(SERIES):
        raise ValueError(f"{name} must hold 1 to {len(SERIES)} lines, got {len(series)}")


@styled
def compare_runs(
    logs: Mapping[str, TrainingLog],
    ax: Axes | None = None,
    *,
    title: str,
    ruler: ReferenceReturns | None = None,
) -> Picture:
    """The greedy policy's mean return against environment steps, one line for each run.

    `ruler` has the marks to read it against, as in `learning_curve`.
    """
    _check_series("logs", logs)
    ax = new_axes(ax)
    checks = [check for log in logs.values() for check in log.checks]
    if ruler := ruler or references_for((check.environment for check in checks), CHECK_REFERENCES):
        draw_references(ax, ruler)
    for (name, log), colour, dashes in zip(logs.items(), SERIES, DASHES, strict=False):
        steps, means = [check.step for check in log.checks], [check.mean for check in log.checks]
        ax.plot(steps, means, color=colour, linestyle=dashes, linewidth=1.8, label=name)
    ax.set(xlabel="environment steps", ylabel="mean return of the greedy policy")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=len(logs), columnspacing=1.4)
    ends = ", ".join(f"{name} ends at {log.checks[-1].mean:.1f}" for name, log in logs.items())
    where = " between luck and the optimum" if ruler else ""
    return finish(ax, f"Learning curves{where}: {ends}.", title)


DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1, 1.5)))


@styled
def line_plot(
    series: Mapping[str, ArrayLike], x: ArrayLike | None = None, ax: Axes | None = None, *,
    title: str, xlabel: str, ylabel: str, log: bool = False,
) -> Picture:  # fmt: skip
    """Each of `series` `(n,)` against `x`, with its name; told apart by colour and by dashes."""
    _check_series("series", series)
    ax = new_axes(ax, 8, 3.6)
    for (name, values), colour, dashes in zip(series.items(), SERIES, DASHES, strict=False):
        place = np.arange(len(np.asarray(values))) if x is None else x
        ax.plot(place, values, color=colour, linestyle=dashes, label=name)
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
    return finish(ax, f"{title}. {ylabel} against {xlabel}: {ends}.", title)


@styled
def compare_costs(seconds: Mapping[str, float], ax: Axes | None = None, *, title: str) -> Picture:
    """What each of several ways costs, in milliseconds, on a logarithmic axis."""
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
    ax.xaxis.set_major_formatter(lambda value, _: number(value))
    ax.set(
        xlabel="milliseconds (each mark is ten times the one before)",
        xlim=(low, 6 * max(milliseconds.values())), ylim=(len(seconds) - 0.5, -0.5),
    )  # fmt: skip
    listed = ", ".join(f"{name} {value:.2g} ms" for name, value in milliseconds.items())
    return finish(ax, f"{title}. {listed}.", title)


@styled
def learning_bands(
    runs: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    ax: Axes | None = None,
    *,
    title: str,
    every: int = 1_000,
    ruler: ReferenceReturns | None = None,
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
    if ruler := ruler or references_for((run.get("environment", "") for run in shown), CHECK_REFERENCES):
        draw_references(ax, ruler)
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


class TargetTrace(NamedTuple):
    """What two networks said about the same state, at the gradient steps `updates`; each `(n,)`."""

    updates: NDArray[np.int64]
    estimate: NDArray[np.float64]  # by the online network
    target: NDArray[np.float64]  # by the target network


def value_span(chases: Mapping[str, TargetTrace], exact: float) -> tuple[float, float]:
    """The lowest and the highest value of all lines, 0 included."""
    if not chases:
        raise ValueError("chases must hold at least one chase, got none")
    values = np.concatenate([[0.0, exact], *(array for one in chases.values() for array in one[1:])])
    return float(values.min()), float(values.max())


def draw_axes(ax: Axes, name: str, chases: Mapping[str, TargetTrace], exact: float) -> None:
    """Axes of the panel `name`, the same for all, with the exact value."""
    low, high = value_span(chases, exact)
    ax.axhline(exact, color=OPTIMAL, linestyle=(0, (4, 3)), linewidth=1.2, label=f"exact: {number(exact, 1)}")
    ax.set(
        xlabel="gradient steps",
        xlim=(0, chases[name].updates[-1]),
        ylim=(low - 0.08 * (high - low), high + 0.02 * (high - low)),
    )
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.set_title(name)


@styled
def target_traces(chases: Mapping[str, TargetTrace], exact: float) -> Picture:
    """One panel for each way to move the target: the online and the target network's value of one state."""
    value_span(chases, exact)
    picture = Picture(figsize=(12, 3.9), layout="constrained")
    panels = picture.subplots(1, len(chases), sharey=True, squeeze=False)[0]
    for ax, (name, one) in zip(panels, chases.items(), strict=True):
        draw_axes(ax, name, chases, exact)
        ax.plot(one.updates, one.target, color=TARGET, linewidth=2.6, label="target network")
        ax.plot(one.updates, one.estimate, color=ESTIMATE, linewidth=1.1, label="online network")
    panels[0].set_ylabel("value of the valley's floor")
    picture.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    gaps = ", ".join(
        f"{name}: {np.abs(one.estimate - one.target).mean():.1f}" for name, one in chases.items()
    )
    picture.alt = (
        f"What online and target network say about the valley's floor while learning; exact is {exact:.1f}. "
        f"Mean distance between the two: {gaps}."
    )
    return picture
